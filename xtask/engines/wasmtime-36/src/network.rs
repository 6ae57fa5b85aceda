//! Network access of a guest: none, or loopback addresses only.

use std::net::SocketAddr;

use wasmlab_protocol::Network;
use wasmtime_wasi::WasiCtxBuilder;

/// Gives `wasi` the network of the specification.
pub(crate) fn allow(wasi: &mut WasiCtxBuilder, network: Network) {
    let open = network == Network::Loopback;
    wasi.allow_tcp(open).allow_udp(open).allow_ip_name_lookup(false);
    // Without a check, the host refuses every address.
    if open {
        wasi.socket_addr_check(|address, _| Box::pin(async move { permitted(address) }));
    }
}

/// Whether `address` is on this machine. This version does not check again when a bound socket starts to listen, so the
/// wildcard address is refused for every use.
fn permitted(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// Whether a request to `address` is permitted.
pub(crate) fn reachable(network: Network, address: SocketAddr) -> bool {
    network == Network::Loopback && permitted(address)
}

#[cfg(test)]
mod tests {
    use super::permitted;

    #[test]
    fn only_loopback_is_permitted() {
        for (address, expected) in [
            ("127.0.0.1:80", true),
            ("[::1]:80", true),
            ("[::ffff:127.0.0.1]:80", true),
            ("0.0.0.0:0", false),
            ("[::]:80", false),
            ("10.0.0.1:80", false),
            ("[::ffff:192.0.2.1]:80", false),
        ] {
            assert_eq!(permitted(address.parse().expect("an address")), expected, "{address}");
        }
    }
}

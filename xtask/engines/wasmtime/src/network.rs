//! Network access of a guest: none, or loopback addresses only.

use std::net::SocketAddr;

use wasmlab_protocol::Network;
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::sockets::SocketAddrUse;

/// Gives `wasi` the network of the specification.
pub(crate) fn allow(wasi: &mut WasiCtxBuilder, network: Network) {
    let open = network == Network::Loopback;
    wasi.allow_tcp(open).allow_udp(open).allow_ip_name_lookup(false);
    // Without a check, the host refuses every address.
    if open {
        wasi.socket_addr_check(|address, usage| Box::pin(async move { permitted(address, usage) }));
    }
}

/// Whether `address` is on this machine.
fn permitted(address: SocketAddr, usage: SocketAddrUse) -> bool {
    let ip = address.ip().to_canonical();
    // A socket that connects or sends without `bind` is bound by the system to the wildcard address and a port of its
    // choice. It cannot be reached there: listening is checked again, and so is every datagram.
    let by_system = ip.is_unspecified() && address.port() == 0;
    ip.is_loopback() || (by_system && matches!(usage, SocketAddrUse::TcpBind | SocketAddrUse::UdpBind))
}

/// Whether a request to `address` is permitted.
pub(crate) fn reachable(network: Network, address: SocketAddr) -> bool {
    network == Network::Loopback && permitted(address, SocketAddrUse::TcpConnect)
}

#[cfg(test)]
mod tests {
    use super::permitted;
    use wasmtime_wasi::sockets::SocketAddrUse;

    fn check(address: &str, bind: bool, connect: bool, listen: bool) {
        let address = address.parse().expect("an address");
        for (usage, expected) in [
            (SocketAddrUse::TcpBind, bind),
            (SocketAddrUse::UdpBind, bind),
            (SocketAddrUse::TcpConnect, connect),
            (SocketAddrUse::TcpAccept, connect),
            (SocketAddrUse::UdpSend, connect),
            (SocketAddrUse::UdpReceive, connect),
            (SocketAddrUse::TcpListen, listen),
        ] {
            assert_eq!(permitted(address, usage), expected, "{address} for {usage:?}");
        }
    }

    #[test]
    fn only_loopback_is_permitted() {
        check("127.0.0.1:80", true, true, true);
        check("127.3.2.1:80", true, true, true);
        check("[::1]:80", true, true, true);
        check("[::ffff:127.0.0.1]:80", true, true, true);
        for outside in
            ["0.0.0.0:80", "[::]:80", "10.0.0.1:80", "192.0.2.1:80", "[2001:db8::1]:80", "[::ffff:192.0.2.1]:80"]
        {
            check(outside, false, false, false);
        }
        // The address that the system chooses for a connecting socket.
        check("0.0.0.0:0", true, false, false);
        check("[::]:0", true, false, false);
    }
}

//! Loopback ports for guests that open their listening sockets themselves.

use std::collections::BTreeMap;
use std::io;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the ephemeral ports of every system (Linux: 32768 and up), so that no outgoing connection takes the port
/// before the guest binds it.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// Returns a free port, a different one each time.
///
/// # Errors
/// If none is free.
pub fn free() -> io::Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Labs that run in parallel start at different ports.
    let start = (std::process::id() % u32::from(COUNT)) as u16;
    for _ in 0..COUNT {
        let port = FIRST + (start.wrapping_mul(7).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed))) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, format!("no port between {FIRST} and {} is free", FIRST + COUNT - 1)))
}

/// Replaces each `{port:NAME}` in `text` with the port number.
pub fn substitute(text: &str, ports: &BTreeMap<String, u16>) -> String {
    ports
        .iter()
        .fold(text.to_owned(), |text, (name, port)| text.replace(&format!("{{port:{name}}}"), &port.to_string()))
}

#[cfg(test)]
mod tests {
    use super::{free, substitute};
    use std::net::TcpListener;

    #[test]
    fn ports_in_use_are_skipped() {
        let first = free().unwrap();
        let _taken: Vec<_> = (first..first + 50).filter_map(|p| TcpListener::bind(("127.0.0.1", p)).ok()).collect();
        let next = free().unwrap();
        assert!(!(first..first + 50).contains(&next), "{next} is taken");
    }

    #[test]
    fn port_names_are_substituted() {
        let ports = [("a".to_owned(), 20_001)].into();
        assert_eq!(substitute("127.0.0.1:{port:a}/{port:b}", &ports), "127.0.0.1:20001/{port:b}");
    }
}

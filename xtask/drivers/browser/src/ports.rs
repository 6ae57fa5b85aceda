//! The ports of a cell: those that its guest may connect to, and those between driver, browser and page, if the lab
//! restricts which ports this process may use.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use wasmlab_protocol::{CellSpec, Network};

/// `SERVER,BROWSER`: ports to serve the page on, and for the browser's protocol. If unset, any free ports.
const VARIABLE: &str = "WASMLAB_DRIVER_PORTS";

/// The ports that the guest may connect to.
pub fn of_guest(spec: &CellSpec) -> impl Iterator<Item = u16> {
    let ports = spec.connect_ports.iter().chain(&spec.ports);
    ports.filter(|_| spec.network == Network::Loopback).copied()
}

/// Both ports; 0 for any.
#[must_use]
pub fn given() -> (u16, u16) {
    let text = std::env::var(VARIABLE).unwrap_or_default();
    let ports = text.split_once(',').and_then(|(server, browser)| Some((server.parse().ok()?, browser.parse().ok()?)));
    ports.unwrap_or_default()
}

/// The address of DevTools on this port, `HOST:PORT/PATH`, once it listens. A browser that was given a port writes no
/// file.
#[must_use]
pub fn devtools(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    let host = format!("127.0.0.1:{port}");
    write!(stream, "GET /json/version HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    // If the connection stays open, reading ends at its limit with what has arrived.
    stream.take(64 << 10).read_to_end(&mut answer).ok();
    let text = String::from_utf8_lossy(&answer);
    let (_, rest) = text.split_once("\"webSocketDebuggerUrl\"")?;
    let (_, rest) = rest.split_once("ws://")?;
    let address = rest.split('"').next()?;
    address.starts_with(&host).then(|| address.to_owned())
}

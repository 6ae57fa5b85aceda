//! The ports between driver, browser and page, where the lab bounds what this process may use.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// `SERVER,BROWSER`: where the page is served, and where the browser's protocol listens. Without it any free ones.
const VARIABLE: &str = "WASMLAB_DRIVER_PORTS";

/// Both ports; 0 for any.
#[must_use]
pub fn given() -> (u16, u16) {
    let text = std::env::var(VARIABLE).unwrap_or_default();
    let ports = text.split_once(',').and_then(|(server, browser)| Some((server.parse().ok()?, browser.parse().ok()?)));
    ports.unwrap_or_default()
}

/// `HOST:PORT/PATH` of the DevTools on this port, once they listen: a browser that was told its port writes no file.
#[must_use]
pub fn devtools(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    let host = format!("127.0.0.1:{port}");
    write!(stream, "GET /json/version HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    // A connection that stays open ends by its limit: what came is enough.
    stream.take(64 << 10).read_to_end(&mut answer).ok();
    let text = String::from_utf8_lossy(&answer);
    let (_, rest) = text.split_once("\"webSocketDebuggerUrl\"")?;
    let (_, rest) = rest.split_once("ws://")?;
    let address = rest.split('"').next()?;
    address.starts_with(&host).then(|| address.to_owned())
}

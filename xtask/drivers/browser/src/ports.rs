//! The ports of a cell: those that its guest may connect to, and those between driver, browser and page, if the lab
//! restricts which ports this process may use.

use std::io::Read;
use std::time::Duration;

use serde_json::Value;
use wasmlab_protocol::browser_start::PORTS_VARIABLE;
use wasmlab_protocol::{CellSpec, Network};

/// The ports that the guest may connect to.
pub fn of_guest(spec: &CellSpec) -> impl Iterator<Item = u16> {
    let ports = spec.connect_ports.iter().chain(&spec.ports);
    ports.filter(|_| spec.network == Network::Loopback).copied()
}

/// The ports of [`PORTS_VARIABLE`]; 0 for any.
#[must_use]
pub fn given() -> (u16, u16) {
    let text = std::env::var(PORTS_VARIABLE).unwrap_or_default();
    let ports = text.split_once(',').and_then(|(server, browser)| Some((server.parse().ok()?, browser.parse().ok()?)));
    ports.unwrap_or_default()
}

/// The address of DevTools on this port, `HOST:PORT/PATH`, once it listens. A browser with a given port does not write
/// it to a file.
#[must_use]
pub fn devtools(port: u16) -> Option<String> {
    // A proxy named by the environment would not reach this machine's ports.
    let config = ureq::Agent::config_builder().proxy(None).timeout_global(Some(Duration::from_secs(2)));
    let host = format!("127.0.0.1:{port}");
    let response = config.build().new_agent().get(format!("http://{host}/json/version")).call().ok()?;
    let version: Value = serde_json::from_reader(response.into_body().into_reader().take(64 << 10)).ok()?;
    let address = version["webSocketDebuggerUrl"].as_str()?.strip_prefix("ws://")?;
    address.starts_with(&host).then(|| address.to_owned())
}

//! Runs a cell in a page of a headless browser: serves the page on loopback, opens it through the DevTools protocol
//! (Chromium) or WebDriver BiDi (Firefox), writes what the page reports to the observation, and the guest's output to
//! its own streams.
//!
//! `driver-browser probe`, or `driver-browser run SPEC --browser BROWSER --pages DIR [--packages node_modules]
//! [--component DIR]`, where the last is jco's output for a component.
//!
//! Each cell has its own browser, so that the lab's limits cover exactly the cell's processes. Sharing one browser
//! would save 0.15 s of CPU time per cell (Chromium 156's headless shell: 0.32 s alone, 0.17 s in a context of a
//! shared one; 13 s for all columns of a cold run), but the protocol does not tell which renderer belongs to which
//! page, and pages could exhaust each other's memory.
//!
//! Exits, together with the browser, as soon as the page reports the guest's end.

mod bidi;
mod browser;
mod cell;
mod chromium;
mod client;
mod devtools;
mod firefox;
mod ports;
mod server;

use std::process::ExitCode;

use lexopt::Arg::Value;
use wasmlab_protocol::{EXIT_INVALID_SPEC, EngineInfo, PROTOCOL_VERSION};

/// The columns: the plain page, with a polyfill of WASI 0.1, and with components transpiled by jco.
const MODES: &[&str] =
    &["chromium", "chromium+wasi-shim", "chromium+jco", "firefox", "firefox+wasi-shim", "firefox+jco"];

const USAGE: &str = "usage: driver-browser probe | driver-browser run SPEC.json --browser FILE --pages DIR \
                     [--packages DIR] [--component DIR]";

fn main() -> ExitCode {
    let mut args = lexopt::Parser::from_env();
    let done = match args.next() {
        Ok(Some(Value(command))) if command == "probe" => probe(),
        Ok(Some(Value(command))) if command == "run" => cell::Request::read(args).and_then(cell::Request::run),
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("driver-browser: {message}");
            ExitCode::from(EXIT_INVALID_SPEC)
        }
    }
}

fn probe() -> Result<(), String> {
    let probe = EngineInfo {
        protocol: PROTOCOL_VERSION,
        engine: "browser".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        modes: MODES.iter().map(ToString::to_string).collect(),
        switches: Vec::new(),
    };
    println!("{}", serde_json::to_string(&probe).map_err(|e| e.to_string())?);
    Ok(())
}

//! Runs a cell in a page of a browser without a window: serves the page on loopback, opens it through the DevTools
//! protocol (Chromium) or WebDriver BiDi (Firefox), writes what the page reports into the observation and what the guest prints to its own streams.
//!
//! `driver-browser probe`, or `driver-browser run SPEC --browser BROWSER --pages DIR [--packages node_modules]
//! [--component DIR]`, where the last is jco's translation of a component.
//! Each cell has a browser of its own, which dies with it: its descendants are all that it costs and all that it
//! can harm, and the lab's limits (resident size above all) see them. One browser for many cells would save
//! 0.15 s of processor time a cell (Chromium 156's headless shell: 0.32 s alone, 0.17 s in a context of a shared
//! one; 13 s of all columns of a cold run) and would give that up: no command of the protocol tells which
//! renderer is whose, and its other processes are everybody's.
//!
//! It ends as soon as the page reports the end, with the browser and all that belongs to it.

mod bidi;
mod browser;
mod cell;
mod chromium;
mod devtools;
mod firefox;
mod ports;
mod server;
mod socket;

use std::process::ExitCode;

use wasmlab_protocol::EXIT_INVALID_SPEC;
use wasmlab_protocol::{EngineInfo, PROTOCOL_VERSION};

/// The columns: the page by itself, with a polyfill of WASI 0.1, and with components translated by jco.
const MODES: &[&str] =
    &["chromium", "chromium+wasi-shim", "chromium+jco", "firefox", "firefox+wasi-shim", "firefox+jco"];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["probe"] => probe(),
        ["run", spec, ref options @ ..] => cell::Request::read(spec, options).and_then(cell::Request::run),
        _ => Err(
            "usage: driver-browser probe | driver-browser run SPEC.json --browser FILE --pages DIR [--packages DIR] \
             [--component DIR]"
                .to_owned(),
        ),
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

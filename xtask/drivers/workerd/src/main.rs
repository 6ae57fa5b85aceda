//! Runs a cell in a worker of workerd, Cloudflare's runtime: writes a configuration with the lab's script, the module
//! and what came with it, starts `workerd test`, which calls the script once and needs no port, and writes what the
//! script says into the observation and to its own streams.
//!
//! `driver-workerd probe`, or `driver-workerd run SPEC --workerd PROGRAM --scripts DIR [--packages node_modules]
//! [--component DIR]`, where the last is jco's translation of a component.

mod cell;
mod config;
mod worker;

use std::process::ExitCode;

use lexopt::Arg::Value;
use wasmlab_protocol::{EXIT_INVALID_SPEC, EngineInfo, PROTOCOL_VERSION};

/// The columns: a worker by itself, with WASI 0.1 from Cloudflare's package, and with components translated by jco.
const MODES: &[&str] = &["workerd", "workerd+workers-wasi", "workerd+jco"];

const USAGE: &str = "usage: driver-workerd probe | driver-workerd run SPEC.json --workerd FILE --scripts DIR \
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
            eprintln!("driver-workerd: {message}");
            ExitCode::from(EXIT_INVALID_SPEC)
        }
    }
}

fn probe() -> Result<(), String> {
    let probe = EngineInfo {
        protocol: PROTOCOL_VERSION,
        engine: "workerd".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        modes: MODES.iter().map(ToString::to_string).collect(),
        switches: Vec::new(),
    };
    println!("{}", serde_json::to_string(&probe).map_err(|e| e.to_string())?);
    Ok(())
}

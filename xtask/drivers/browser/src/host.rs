//! Keeps a browser running for several cells: `host PROGRAM PROFILE PORT…`. Its pages reach these ports of the loopback
//! address only.
//!
//! Prints the address of the browser's protocol, and exits when the browser does.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::firefox;

/// Runs the command with these arguments.
pub fn main(args: impl Iterator<Item = OsString>) -> ExitCode {
    match host(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("driver-browser: {message}");
            ExitCode::FAILURE
        }
    }
}

fn host(mut args: impl Iterator<Item = OsString>) -> Result<(), String> {
    let usage = || "usage: driver-browser host PROGRAM PROFILE PORT…".to_owned();
    let program = PathBuf::from(args.next().ok_or_else(usage)?);
    let profile = PathBuf::from(args.next().ok_or_else(usage)?);
    let ports: Option<Vec<u16>> = args.map(|port| port.to_str()?.parse().ok()).collect();
    let ports = ports.filter(|ports| !ports.is_empty()).ok_or_else(usage)?;
    let browser = firefox::start(&program, &profile, &ports)?;
    println!("{}", browser.address());
    browser.wait()
}

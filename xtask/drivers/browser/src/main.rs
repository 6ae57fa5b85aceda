//! Runs a cell in a page of a headless browser: serves the page on loopback, opens it through the DevTools protocol
//! (Chromium) or WebDriver BiDi (Firefox), writes what the page reports to the observation, and the guest's output to
//! its own streams.
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

use wasmlab_driver::Driver;

/// The modes are the columns: the plain page, with a polyfill of WASI 0.1, and with components transpiled by jco.
const DRIVER: Driver = Driver {
    name: "browser",
    version: env!("CARGO_PKG_VERSION"),
    modes: &["chromium", "chromium+wasi-shim", "chromium+jco", "firefox", "firefox+wasi-shim", "firefox+jco"],
    run: cell::run,
};

fn main() -> ExitCode {
    DRIVER.main()
}

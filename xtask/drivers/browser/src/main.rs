//! Runs a cell in a page of a headless browser: serves the page on loopback, opens it through the DevTools protocol
//! (Chromium) or WebDriver BiDi (Firefox), writes what the page reports to the event file, and the guest's output to
//! its own streams.
//!
//! A cell has its own browser, or a context of its own in a browser that serves several cells one after the other:
//! Firefox needs 2 s of CPU time to start. Such a browser is started by `host`, and the lab uses its results only if
//! the guest ended by itself: the lab's limits then cover the browser, not the cell, and a page could leave something
//! behind. Chromium's headless shell starts in 0.15 s, and is not shared. In a session, the page is loaded again for each
//! of several cells.
//!
//! Exits, together with a browser of its own, as soon as the page reports the guest's end.

mod bidi;
mod browser;
mod cell;
mod chromium;
mod client;
mod devtools;
mod firefox;
mod host;
mod open_page;
mod ports;
mod server;

use std::process::ExitCode;

use wasmlab_driver::Driver;

use cell::PageSession;

/// The modes are the columns: the plain page, with a polyfill of WASI 0.1, and with components transpiled by jco.
const DRIVER: Driver = Driver {
    name: "browser",
    version: env!("CARGO_PKG_VERSION"),
    modes: &["chromium", "chromium+wasi-shim", "chromium+jco", "firefox", "firefox+wasi-shim", "firefox+jco"],
    run: cell::run,
    open_session: Some(|cell| Ok(Box::new(PageSession::open(cell)?))),
};

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    match args.next() {
        Some(command) if command == "host" => host::main(args),
        _ => DRIVER.main(),
    }
}

//! Runs one cell: serves its page, opens it in a browser, and records what happens there.

use std::sync::mpsc::{self, Receiver};

use wasmlab_driver::{Cell, CellEnd, Report};
use wasmlab_engine::Recorder;
use wasmlab_protocol::Cause;

use crate::bidi::{self, Tab};
use crate::server::Server;
use crate::{chromium, devtools, firefox, host, ports};

/// An event in the page, as reported by the page or the browser.
#[derive(Debug)]
pub enum PageEvent {
    /// A report of the page, or a message of the browser about it.
    Report(Report),
    /// The page's process or the browser crashed; nothing more will come.
    Crashed(String),
    /// The guest left the page that reports its end; nothing more will come.
    Left(String),
}

impl PageEvent {
    /// A line on the guest's stderr.
    pub fn stderr_line(line: &str) -> Self {
        Self::Report(Report::Stderr(format!("{line}\n").into_bytes()))
    }
}

/// Runs the page. If the cell has its own browser, that has exited when this returns.
///
/// # Errors
/// Why the page cannot be opened.
pub fn run(cell: Cell, recorder: &mut Recorder) -> Result<CellEnd, String> {
    let is_firefox = cell.spec.mode.starts_with("firefox");
    let profile = cell.temporary("browser-profile");
    let program = cell.program.clone();
    let mut reachable: Vec<u16> = ports::of_guest(&cell.spec).collect();
    let (sender, events) = mpsc::channel();
    let server =
        Server::start(cell, sender.clone()).map_err(|e| format!("failed to serve the page on 127.0.0.1: {e}"))?;
    let refused = |e: String| format!("the protocol of {}: {e}", program.display());
    if let Some(address) = std::env::var(host::VARIABLE).ok().filter(|_| is_firefox) {
        let tab = bidi::open(&address, &server.page(), Tab::OfNewContext, sender).map_err(refused)?;
        let end = record(&events, recorder);
        // What the page still does must not reach the next cell.
        tab.close().map_err(refused)?;
        return Ok(end);
    }
    reachable.push(server.port());
    let start = if is_firefox { firefox::start } else { chromium::start };
    let browser = start(&program, &profile, &reachable)?;
    if is_firefox {
        bidi::open(browser.address(), &server.page(), Tab::First, sender).map_err(refused)?;
    } else {
        devtools::open(browser.address(), &server.page(), sender).map_err(refused)?;
    }
    Ok(record(&events, recorder))
}

/// Records events until the guest ends.
fn record(events: &Receiver<PageEvent>, recorder: &mut Recorder) -> CellEnd {
    while let Ok(event) = events.recv() {
        match event {
            PageEvent::Report(report) => {
                if let Some(cause) = report.record(recorder) {
                    return CellEnd::Cause(cause);
                }
            }
            PageEvent::Left(how) => {
                return CellEnd::Cause(Cause::HostError { message: format!("the page {how} before the guest ended") });
            }
            PageEvent::Crashed(why) => return CellEnd::Crashed(why),
        }
    }
    CellEnd::Cause(Cause::EngineError { message: "the page went silent".to_owned() })
}

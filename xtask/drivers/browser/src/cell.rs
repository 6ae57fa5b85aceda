//! Runs cells: serves their page, opens it in a browser, and records what happens there.

use std::path::Path;
use std::sync::mpsc::{self, Receiver};

use wasmlab_driver::{CellEnd, CellInput, ScriptMessage, Session};
use wasmlab_engine::EventWriter;
use wasmlab_protocol::Cause;
use wasmlab_protocol::browser_start::BROWSER_VARIABLE;

use crate::bidi::{self, Tab};
use crate::browser::Browser;
use crate::open_page::OpenPage;
use crate::server::Server;
use crate::{chromium, devtools, firefox, ports};

/// An event in the page, as reported by the page or the browser.
#[derive(Debug)]
pub enum PageEvent {
    /// A message from the page's script, or the browser's message about it.
    Message(ScriptMessage),
    /// The page's process or the browser crashed; nothing more will come.
    Crashed(String),
    /// The guest left the page that reports its end; nothing more will come.
    Left(String),
}

impl PageEvent {
    /// A line on the guest's stderr.
    pub fn stderr_line(line: &str) -> Self {
        Self::Message(ScriptMessage::Stderr(format!("{line}\n").into_bytes()))
    }
}

/// A page in a browser, which runs cells one after the other.
pub struct PageSession {
    server: Server,
    page: OpenPage,
    events: Receiver<PageEvent>,
    /// Killed when dropped; `None` if the browser serves other cells, too.
    _browser: Option<Browser>,
}

/// Runs the page. If the cell has its own browser, that has exited when this returns.
///
/// # Errors
/// Why the page cannot be opened.
pub fn run(cell: CellInput, writer: &mut EventWriter) -> Result<CellEnd, String> {
    let program = cell.program.clone();
    let mut session = PageSession::open(&cell)?;
    let end = session.run(cell, writer)?;
    // What the page still does must not reach the next cell.
    session.page.close().map_err(of_protocol(&program))?;
    Ok(end)
}

impl PageSession {
    /// Opens an empty page, in which this cell can be the first.
    ///
    /// # Errors
    /// Why it cannot be opened.
    pub fn open(cell: &CellInput) -> Result<Self, String> {
        let is_firefox = cell.spec.mode.starts_with("firefox");
        let (sender, events) = mpsc::channel();
        let server =
            Server::start(sender.clone()).map_err(|e| format!("failed to serve the page on 127.0.0.1: {e}"))?;
        let refused = of_protocol(&cell.program);
        if let Some(address) = std::env::var(BROWSER_VARIABLE).ok().filter(|_| is_firefox) {
            let page = bidi::open(&address, Tab::OfNewContext, sender).map_err(refused)?;
            return Ok(Self { server, page, events, _browser: None });
        }
        let reachable: Vec<u16> = ports::of_guest(&cell.spec).chain([server.port()]).collect();
        let start = if is_firefox { firefox::start } else { chromium::start };
        let browser = start(&cell.program, &cell.temporary("browser-profile"), &reachable)?;
        let page = match is_firefox {
            true => bidi::open(browser.address(), Tab::First, sender),
            false => devtools::open(browser.address(), sender),
        };
        Ok(Self { server, page: page.map_err(refused)?, events, _browser: Some(browser) })
    }
}

impl Session for PageSession {
    fn run(&mut self, cell: CellInput, writer: &mut EventWriter) -> Result<CellEnd, String> {
        let program = cell.program.clone();
        self.server.serve(cell);
        self.page.navigate(&self.server.page()).map_err(of_protocol(&program))?;
        Ok(record(&self.events, writer))
    }
}

/// Names the program in an error of its protocol.
fn of_protocol(program: &Path) -> impl Fn(String) -> String {
    move |e| format!("the protocol of {}: {e}", program.display())
}

/// Records events until the guest ends.
fn record(events: &Receiver<PageEvent>, writer: &mut EventWriter) -> CellEnd {
    while let Ok(event) = events.recv() {
        match event {
            PageEvent::Message(message) => {
                if let Some(cause) = message.record(writer) {
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

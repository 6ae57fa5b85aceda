//! Runs one cell, from its specification to its last event.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};

use lexopt::prelude::{Long, Value};
use wasmlab_engine::Recorder;
use wasmlab_protocol::{Cause, CellSpec, Event, PROTOCOL_VERSION, Stage};

use crate::MODES;
use crate::server::{Server, Shared};
use crate::{bidi, chromium, devtools, firefox};

/// What happens in the page, as reported by the page or the browser.
#[derive(Debug)]
pub enum PageEvent {
    /// An event of the observation.
    Event(Event),
    /// Output of the guest.
    Stdout(Vec<u8>),
    /// Error output of the guest, and the browser's complaints.
    Stderr(Vec<u8>),
    /// The page's process or the browser crashed; nothing more will come.
    Crashed(String),
    /// The guest left the page that reports its end; nothing more will come.
    Left(String),
}

/// The parsed command line.
pub struct Request {
    spec: CellSpec,
    browser: PathBuf,
    pages: PathBuf,
    packages: Option<PathBuf>,
    component: Option<PathBuf>,
}

impl Request {
    /// Reads the specification and the options after `run`.
    ///
    /// # Errors
    /// What is missing or invalid.
    pub fn read(mut args: lexopt::Parser) -> Result<Self, String> {
        let (mut spec, mut browser, mut pages, mut packages, mut component) = (None, None, None, None, None);
        while let Some(arg) = args.next().map_err(|e| e.to_string())? {
            let field = match arg {
                Value(file) if spec.is_none() => {
                    spec = Some(PathBuf::from(file));
                    continue;
                }
                Long("browser") => &mut browser,
                Long("pages") => &mut pages,
                Long("packages") => &mut packages,
                Long("component") => &mut component,
                other => return Err(other.unexpected().to_string()),
            };
            *field = Some(PathBuf::from(args.value().map_err(|e| e.to_string())?));
        }
        let spec = spec.ok_or("the cell's specification is missing: name its file")?;
        Ok(Self {
            spec: read_spec(&spec).map_err(|e| format!("{}: {e}", spec.display()))?,
            browser: browser.ok_or("--browser is missing: name a program")?,
            pages: pages.ok_or("--pages is missing: name the folder of the lab's JavaScript")?,
            packages,
            component,
        })
    }

    /// Runs the cell.
    ///
    /// # Errors
    /// If the observation cannot be written; anything else becomes the cell's cause.
    pub fn run(self) -> Result<(), String> {
        let path = self.spec.events.clone();
        let mut recorder = Recorder::open(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let end = self.observe(&mut recorder);
        std::io::stdout().flush().ok();
        match end {
            End::Cause(cause) => recorder.end(cause).map_err(|e| format!("{}: {e}", path.display())),
            End::Crashed(why) => {
                // A signal without a last event is how the crash of an engine looks, which this is.
                eprintln!("driver-browser: {why}");
                std::process::abort()
            }
        }
    }

    /// Runs the page; the browser has exited when this returns.
    fn observe(self, recorder: &mut Recorder) -> End {
        let broken = |message: String| End::Cause(Cause::EngineError { message });
        recorder.stage(Stage::Load).ok();
        let module = match fs::read(&self.spec.module) {
            Ok(bytes) => bytes,
            Err(e) => return broken(format!("failed to read {}: {e}", self.spec.module.display())),
        };
        let is_firefox = self.spec.mode.starts_with("firefox");
        let (sender, events) = mpsc::channel();
        // The lab uses a pipe; the folder for temporary files is the cell's own.
        let is_pipe = self.spec.events.starts_with("/dev");
        let beside = if is_pipe { std::env::temp_dir() } else { self.spec.events.with_file_name("") };
        let profile = beside.join("browser-profile");
        let Self { spec, pages, packages, component, .. } = self;
        let shared = Shared { spec, module, pages, packages, component, events: sender.clone() };
        let server = match Server::start(Arc::new(shared)) {
            Ok(server) => server,
            Err(e) => return broken(format!("failed to serve the page on 127.0.0.1: {e}")),
        };
        let start = if is_firefox { firefox::start } else { chromium::start };
        let browser = match start(&self.browser, &profile) {
            Ok(browser) => browser,
            Err(e) => return broken(e),
        };
        let open = if is_firefox { bidi::open } else { devtools::open };
        if let Err(e) = open(browser.address(), &server.page(), sender) {
            return broken(format!("the protocol of {}: {e}", self.browser.display()));
        }
        record(&events, recorder)
    }
}

/// The end of a cell.
enum End {
    /// Ended with this cause.
    Cause(Cause),
    /// The browser crashed, with this message.
    Crashed(String),
}

/// Records events until the guest ends.
fn record(events: &Receiver<PageEvent>, recorder: &mut Recorder) -> End {
    while let Ok(event) = events.recv() {
        match event {
            PageEvent::Stdout(bytes) => write(&mut std::io::stdout(), &bytes),
            PageEvent::Stderr(bytes) => write(&mut std::io::stderr(), &bytes),
            PageEvent::Event(Event::End { cause, .. }) => return End::Cause(cause),
            // Times are measured by the driver, from the start of the browser.
            PageEvent::Event(Event::Stage { stage, cached, .. }) => {
                recorder.write(&Event::Stage { stage, micros: recorder.micros(), cached }).ok();
            }
            PageEvent::Event(event) => _ = recorder.write(&event),
            PageEvent::Left(how) => {
                return End::Cause(Cause::HostError { message: format!("the page {how} before the guest ended") });
            }
            PageEvent::Crashed(why) => return End::Crashed(why),
        }
    }
    End::Cause(Cause::EngineError { message: "the page went silent".to_owned() })
}

/// Writes the guest's output. It is not an error if nobody reads it any more.
fn write(to: &mut dyn Write, bytes: &[u8]) {
    to.write_all(bytes).and_then(|()| to.flush()).ok();
}

fn read_spec(path: &Path) -> Result<CellSpec, String> {
    let text = fs::read(path).map_err(|e| e.to_string())?;
    // Check the protocol version first: a newer specification has fields unknown to this binary.
    let json: serde_json::Value = serde_json::from_slice(&text).map_err(|e| e.to_string())?;
    match json["protocol"].as_u64() {
        Some(protocol) if protocol == u64::from(PROTOCOL_VERSION) => {}
        _ => {
            return Err(format!(
                "protocol {}, this driver speaks {PROTOCOL_VERSION}: build it again",
                json["protocol"]
            ));
        }
    }
    let spec: CellSpec = serde_json::from_value(json).map_err(|e| e.to_string())?;
    if !MODES.contains(&spec.mode.as_str()) {
        return Err(format!("no mode `{}`; there is {}", spec.mode, MODES.join(", ")));
    }
    Ok(spec)
}

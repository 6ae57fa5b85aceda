//! Code that drivers share: their command line, how a cell starts and ends, and the data about a cell for scripts.
//!
//! A driver runs a cell in a program that the lab cannot embed, such as a browser: it starts the program with the lab's
//! JavaScript, and writes what the script reports to the event file and to its own streams. A driver binary consists
//! of a [`Driver`] constant and a function that runs a [`CellInput`].

pub mod chromium;
mod command_line;
mod script;
mod script_message;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

pub use script::cell_json;
pub use script_message::ScriptMessage;

use command_line::CellRequest;
use wasmlab_engine::EventWriter;
use wasmlab_protocol::{Cause, CellSpec, EXIT_INVALID_SPEC, Stage};

/// A driver binary.
#[derive(Clone, Copy, Debug)]
pub struct Driver {
    /// Its name: the binary is `driver-NAME`.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Its modes, which are the ids of the columns that it runs.
    pub modes: &'static [&'static str],
    /// Runs a cell whose mode is one of [`Driver::modes`]; the program has exited when it returns. An error becomes
    /// [`Cause::EngineError`].
    pub run: fn(CellInput, &mut EventWriter) -> Result<CellEnd, String>,
    /// Starts a program that runs several cells, this one first; `None` if it cannot.
    pub open_session: Option<OpenSession>,
}

/// Starts a program that runs several cells, this one first. The error says why it cannot.
pub type OpenSession = fn(&CellInput) -> Result<Box<dyn Session>, String>;

/// A program that runs several cells, one after the other.
pub trait Session {
    /// Runs a cell.
    ///
    /// # Errors
    /// Why it cannot be run.
    fn run(&mut self, cell: CellInput, writer: &mut EventWriter) -> Result<CellEnd, String>;
}

/// A cell and what it is run with.
#[derive(Debug)]
pub struct CellInput {
    /// Its specification.
    pub spec: CellSpec,
    /// The guest's bytes.
    pub module: Vec<u8>,
    /// The program to start.
    pub program: PathBuf,
    /// Folder of the lab's JavaScript.
    pub scripts: PathBuf,
    /// Folder of npm packages (`node_modules`).
    pub packages: Option<PathBuf>,
    /// Folder with jco's output for the component.
    pub component: Option<PathBuf>,
}

/// How a cell ended.
#[derive(Debug)]
pub enum CellEnd {
    /// The guest ended, or could not be run, for this cause.
    Cause(Cause),
    /// The program crashed, with this message.
    Crashed(String),
}

impl Driver {
    /// The `main` of a driver binary: `info`, or `run SPEC` with its options.
    pub fn main(&self) -> ExitCode {
        match self.execute(lexopt::Parser::from_env()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => {
                eprintln!("driver-{}: {message}", self.name);
                ExitCode::from(EXIT_INVALID_SPEC)
            }
        }
    }

    /// Runs a cell in a session, which the first one opens, and says on stdout when it is done.
    fn run_job(
        &self,
        request: CellRequest,
        open: OpenSession,
        session: &mut Option<Box<dyn Session>>,
    ) -> Result<(), String> {
        self.record(request, |cell, writer| match session {
            Some(session) => session.run(cell, writer),
            None => session.insert(open(&cell)?).run(cell, writer),
        })?;
        writeln!(std::io::stdout(), "done").map_err(|e| format!("stdout: {e}"))
    }

    /// Records what `run` does with a cell, up to its last event.
    fn record(
        &self,
        request: CellRequest,
        run: impl FnOnce(CellInput, &mut EventWriter) -> Result<CellEnd, String>,
    ) -> Result<(), String> {
        let path = request.spec.events.clone();
        let failed = |e: std::io::Error| format!("{}: {e}", path.display());
        let mut writer = EventWriter::open(&path).map_err(failed)?;
        writer.stage(Stage::Load).ok();
        let end = request.load().and_then(|cell| run(cell, &mut writer));
        let end = end.unwrap_or_else(|message| CellEnd::Cause(Cause::EngineError { message }));
        // The guest's output must come before the last event, so that a reader of that event has all of the output.
        std::io::stdout().flush().ok();
        match end {
            CellEnd::Cause(cause) => writer.end(cause).map_err(failed),
            CellEnd::Crashed(why) => {
                // The lab recognizes the crash of an engine by a signal without a last event.
                eprintln!("driver-{}: {why}", self.name);
                std::process::abort()
            }
        }
    }
}

impl CellInput {
    /// A path in the cell's own folder for temporary files.
    #[must_use]
    pub fn temporary(&self, name: &str) -> PathBuf {
        // The lab passes a pipe, which has no folder.
        let is_pipe = self.spec.events.starts_with("/dev");
        let folder = if is_pipe { std::env::temp_dir() } else { self.spec.events.with_file_name("") };
        folder.join(name)
    }
}

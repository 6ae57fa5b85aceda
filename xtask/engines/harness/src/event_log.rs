//! Writes an engine's events, from several threads.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use wasmlab_protocol::{Cause, Event, Stage, Value};

use crate::EventWriter;

/// A [`EventWriter`] that host functions can share.
///
/// Its methods do not fail: an engine that cannot write its events has nothing left to do, so the process exits,
/// and the lab sees a cell without a last event.
#[derive(Clone, Debug)]
pub struct EventLog {
    writer: Arc<Mutex<EventWriter>>,
    host_calls: Arc<AtomicU32>,
}

/// Maximum number of recorded host calls, so that a guest that calls forever does not fill the disk.
pub const MAX_HOST_CALLS: u32 = 1_000;

impl EventLog {
    /// Opens the event file at `path` and starts the clock.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        let writer = Arc::new(Mutex::new(EventWriter::open(path)?));
        Ok(Self { writer, host_calls: Arc::default() })
    }

    /// Records that `stage` is entered.
    pub fn stage(&self, stage: Stage) {
        self.with(|writer| writer.stage(stage));
    }

    /// Records that [`Stage::Compile`] is entered with cached code.
    pub fn compile_cached(&self) {
        self.with(|writer| {
            let micros = writer.micros();
            writer.write(&Event::Stage { stage: Stage::Compile, micros, cached: true })
        });
    }

    /// Records the results of an export call.
    pub fn call_returned(&self, export: &str, results: Vec<Value>) {
        self.with(|writer| writer.write(&Event::CallReturned { export: export.to_owned(), results }));
    }

    /// Records a call to a host function, for the first [`MAX_HOST_CALLS`] calls.
    pub fn host_call(&self, function: &str, args: Vec<Value>) {
        let next = |calls| (calls < MAX_HOST_CALLS).then_some(calls + 1);
        if self.host_calls.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok() {
            self.with(|writer| writer.write(&Event::HostCall { function: function.to_owned(), args }));
        }
    }

    /// Writes the last event.
    pub fn end(&self, cause: Cause) {
        self.with(|writer| writer.end(cause));
    }

    fn with(&self, write: impl FnOnce(&mut EventWriter) -> io::Result<()>) {
        let result = write(&mut self.writer.lock().unwrap_or_else(PoisonError::into_inner));
        if let Err(error) = result {
            eprintln!("failed to write the events: {error}");
            std::process::exit(super::EXIT_INVALID_SPEC.into());
        }
    }
}

//! Writes events.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use wasmlab_protocol::{Cause, Event, Stage};

/// Appends events to an event file, each with a single `write`, so that a killed engine leaves complete lines.
#[derive(Debug)]
pub struct EventWriter {
    file: File,
    started: Instant,
}

impl EventWriter {
    /// Opens (or creates) the file at `path` for appending.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        Ok(Self { file, started: Instant::now() })
    }

    /// Writes one event.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&mut self, event: &Event) -> io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }

    /// Records that `stage` is entered.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn stage(&mut self, stage: Stage) -> io::Result<()> {
        self.write(&Event::Stage { stage, micros: self.micros(), cached: false })
    }

    /// Writes the last event.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn end(&mut self, cause: Cause) -> io::Result<()> {
        self.write(&Event::End { cause, micros: self.micros() })
    }

    /// Microseconds since the writer was opened.
    #[must_use]
    pub fn micros(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

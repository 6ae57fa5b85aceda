//! Reads engines' reports while they run, so that compiling and running have separate limits.

use std::io;
#[cfg(not(target_os = "linux"))]
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use wasmlab_process::ReportPipe;
use wasmlab_protocol::{Event, Stage};

/// Bytes that are kept of a cell's reports.
const MAX_REPORTED_BYTES: usize = 16 << 20;

/// Where the engines of a cell report: an inherited pipe, which nothing else can replace; a file on systems where
/// children inherit nothing.
#[derive(Clone, Debug)]
pub enum EventChannel {
    /// The pipe.
    Pipe(Arc<ReportPipe>),
    /// The file, which need not be there yet.
    File(PathBuf),
}

impl EventChannel {
    /// A new one; `file` is where it would be, were it a file.
    ///
    /// # Errors
    /// When the lab has no descriptor left.
    #[cfg_attr(not(target_os = "linux"), expect(clippy::unnecessary_wraps, reason = "a pipe may fail"))]
    pub fn new(file: &Path) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        let new = ReportPipe::new(MAX_REPORTED_BYTES).map(|pipe| Self::Pipe(Arc::new(pipe)));
        #[cfg(not(target_os = "linux"))]
        let new = Ok(Self::File(file.to_owned()));
        let _ = file;
        new
    }

    /// Where an engine opens it.
    pub fn path(&self) -> PathBuf {
        match self {
            Self::Pipe(pipe) => pipe.path(),
            Self::File(path) => path.clone(),
        }
    }

    /// The pipe, for the process that is to inherit it.
    pub fn pipe(&self) -> Option<Arc<ReportPipe>> {
        match self {
            Self::Pipe(pipe) => Some(Arc::clone(pipe)),
            Self::File(_) => None,
        }
    }

    /// What was reported from the byte `from` on.
    fn since(&self, from: usize) -> Vec<u8> {
        match self {
            Self::Pipe(pipe) => pipe.since(from),
            #[cfg(target_os = "linux")]
            Self::File(_) => Vec::new(),
            #[cfg(not(target_os = "linux"))]
            Self::File(path) => {
                let mut bytes = Vec::new();
                let Ok(mut file) = std::fs::File::open(path) else { return bytes };
                let read = file
                    .seek(SeekFrom::Start(from as u64))
                    .and_then(|_| file.take(MAX_REPORTED_BYTES as u64).read_to_end(&mut bytes));
                if read.is_ok() { bytes } else { Vec::new() }
            }
        }
    }

    /// Whether instantiating was reported to have begun.
    pub fn has_instantiated(&self) -> bool {
        let begun = |e: &Event| matches!(e, Event::Stage { stage: Stage::Instantiate | Stage::Run, .. });
        self.events().iter().any(begun)
    }

    /// Every reported event, up to the first invalid line: what follows a torn line cannot be trusted.
    pub fn events(&self) -> Vec<Event> {
        events(&self.since(0))
    }
}

fn events(bytes: &[u8]) -> Vec<Event> {
    bytes.split(|b| *b == b'\n').map_while(|line| serde_json::from_slice(line).ok()).collect()
}

/// Follows what is reported, and knows how long each stage may take.
pub struct StageLimits {
    reports: EventChannel,
    read: usize,
    /// An unfinished line.
    rest: Vec<u8>,
    /// When instantiating was first seen to have begun, as the child's age.
    instantiated: Option<Duration>,
    /// Nothing was reported yet: the runtime may not speak the protocol.
    silent: bool,
    /// The limit of one that reports nothing.
    unsaid: Duration,
}

impl StageLimits {
    /// Follows these. A child that reports nothing may take `unsaid`.
    pub fn new(reports: EventChannel, unsaid: Duration) -> Self {
        Self { reports, read: 0, rest: Vec::new(), instantiated: None, silent: true, unsaid }
    }

    /// Whether a child of this age is past its limit.
    pub fn is_exceeded(&mut self, age: Duration, compile: Duration, run: Duration) -> bool {
        if self.instantiated.is_none() {
            self.advance(age);
        }
        match self.instantiated {
            Some(began) => age.saturating_sub(began) > run,
            None if self.silent => age > self.unsaid,
            None => age > compile,
        }
    }

    fn advance(&mut self, age: Duration) {
        let mut new = self.reports.since(self.read);
        self.read += new.len();
        self.rest.append(&mut new);
        while let Some(end) = self.rest.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            self.silent = false;
            if let Ok(Event::Stage { stage: Stage::Instantiate | Stage::Run, .. }) = serde_json::from_slice(&line) {
                self.instantiated = Some(age);
                return;
            }
        }
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::{EventChannel, StageLimits, events};
    use std::io::Write;
    use std::path::Path;
    use std::time::Duration;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn compiling_and_running_have_limits_of_their_own() {
        let reports = EventChannel::new(Path::new("none")).unwrap();
        let mut stages = StageLimits::new(reports.clone(), S(20));
        assert!(!stages.is_exceeded(S(19), S(60), S(10)) && stages.is_exceeded(S(21), S(60), S(10)), "silent");
        let mut file = std::fs::File::options().append(true).create(true).open(reports.path()).unwrap();
        writeln!(file, r#"{{"event":"stage","stage":"compile","micros":1}}"#).unwrap();
        assert!(!stages.is_exceeded(S(50), S(60), S(10)) && stages.is_exceeded(S(61), S(60), S(10)), "compiling");
        write!(file, r#"{{"event":"stage","stage":"ru"#).unwrap();
        assert!(!stages.is_exceeded(S(55), S(60), S(10)), "a torn line says nothing");
        writeln!(file, r#"n","micros":2}}"#).unwrap();
        assert!(
            !stages.is_exceeded(S(56), S(60), S(10)) && stages.is_exceeded(S(67), S(60), S(10)),
            "running since 56"
        );
        assert_eq!(reports.events().len(), 2);
    }

    #[test]
    fn reading_stops_at_a_line_that_is_no_event() {
        let stage = r#"{"event":"stage","stage":"run","micros":1}"#;
        assert_eq!(events(format!("{stage}\n{{\"event\":\n{stage}\n").as_bytes()).len(), 1);
        assert!(events(b"").is_empty());
    }
}

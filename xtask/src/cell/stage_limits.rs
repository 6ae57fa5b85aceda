//! Reads engines' events while they run, so that compiling and running can have separate limits.

use std::io;
#[cfg(not(target_os = "linux"))]
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use wasmlab_process::ReportPipe;
use wasmlab_protocol::{Event, Stage};

/// Bytes of events kept per cell.
const MAX_REPORTED_BYTES: usize = 16 << 20;

/// Where the engines of a cell write their events: an inherited pipe, which nothing can replace, or a file on systems
/// where children inherit no descriptors.
#[derive(Clone, Debug)]
pub enum EventChannel {
    /// The pipe.
    Pipe(Arc<ReportPipe>),
    /// The file; it may not exist yet.
    File(PathBuf),
}

impl EventChannel {
    /// Opens a channel; `file` is used on systems without inherited pipes.
    ///
    /// # Errors
    /// If the lab is out of descriptors.
    #[cfg_attr(not(target_os = "linux"), expect(clippy::unnecessary_wraps, reason = "a pipe may fail"))]
    pub fn new(file: &Path) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        let new = ReportPipe::new(MAX_REPORTED_BYTES).map(|pipe| Self::Pipe(Arc::new(pipe)));
        #[cfg(not(target_os = "linux"))]
        let new = Ok(Self::File(file.to_owned()));
        let _ = file;
        new
    }

    /// The path under which an engine opens it.
    pub fn path(&self) -> PathBuf {
        match self {
            Self::Pipe(pipe) => pipe.path(),
            Self::File(path) => path.clone(),
        }
    }

    /// The pipe, for the process that inherits it.
    pub fn pipe(&self) -> Option<Arc<ReportPipe>> {
        match self {
            Self::Pipe(pipe) => Some(Arc::clone(pipe)),
            Self::File(_) => None,
        }
    }

    /// The text written so far, starting at byte `from`.
    pub fn since(&self, from: usize) -> Vec<u8> {
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

    /// Whether an engine has started to instantiate.
    pub fn has_instantiated(&self) -> bool {
        self.events().iter().any(is_begun)
    }

    /// Every event of [`events`].
    pub fn events(&self) -> Vec<Event> {
        events(&self.since(0))
    }
}

/// Whether the guest is instantiated, or already runs.
fn is_begun(event: &Event) -> bool {
    matches!(event, Event::Stage { stage: Stage::Instantiate | Stage::Run, .. })
}

/// Every event up to the first invalid line: nothing after an incomplete line can be trusted.
pub fn events(bytes: &[u8]) -> Vec<Event> {
    bytes.split(|b| *b == b'\n').map_while(|line| serde_json::from_slice(line).ok()).collect()
}

/// Follows the events of a child and checks its stage limits.
pub struct StageLimits {
    reports: EventChannel,
    read: usize,
    /// An incomplete line.
    rest: Vec<u8>,
    /// The child's age when instantiation was first seen.
    instantiated: Option<Duration>,
    /// No events so far: the runtime may not use the protocol.
    silent: bool,
    /// The limit of a child without events.
    silent_limit: Duration,
}

impl StageLimits {
    /// Follows these events. A child without any may run for `silent_limit`.
    pub fn new(reports: EventChannel, silent_limit: Duration) -> Self {
        Self { reports, read: 0, rest: Vec::new(), instantiated: None, silent: true, silent_limit }
    }

    /// Whether a child of this age has exceeded its limit.
    pub fn is_exceeded(&mut self, age: Duration, compile: Duration, run: Duration) -> bool {
        if self.instantiated.is_none() {
            self.advance(age);
        }
        match self.instantiated {
            Some(began) => age.saturating_sub(began) > run,
            None if self.silent => age > self.silent_limit,
            None => age > compile,
        }
    }

    fn advance(&mut self, age: Duration) {
        let new = self.reports.since(self.read);
        self.read += new.len();
        self.add(new, age);
    }

    /// Reads what was written since the last call. A guest may have written it, so its lines are not moved one by one.
    fn add(&mut self, mut new: Vec<u8>, age: Duration) {
        let Some(end) = new.iter().rposition(|b| *b == b'\n') else { return self.rest.append(&mut new) };
        let rest = new.split_off(end + 1);
        self.rest.append(&mut new);
        let lines = std::mem::replace(&mut self.rest, rest);
        self.silent = false;
        if lines.split(|b| *b == b'\n').any(|line| serde_json::from_slice(line).is_ok_and(|event| is_begun(&event))) {
            self.instantiated = Some(age);
        }
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::{EventChannel, StageLimits, events};
    use std::io::Write;
    use std::path::Path;
    use std::time::{Duration, Instant};

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn compiling_and_running_have_separate_limits() {
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
    fn many_lines_do_not_keep_the_supervisor_busy() {
        let mut stages = StageLimits::new(EventChannel::new(Path::new("none")).unwrap(), S(20));
        let began = Instant::now();
        stages.add(vec![b'\n'; 1 << 21], S(1));
        stages.add(br#"{"event":"stage","stage":"run""#.to_vec(), S(2));
        stages.add(b",\"micros\":1}\n\n{".to_vec(), S(3));
        assert_eq!((stages.instantiated, stages.rest), (Some(S(3)), b"{".to_vec()));
        assert!(began.elapsed() < S(30), "it takes minutes if each line moves the others");
    }

    #[test]
    fn reading_stops_at_an_invalid_event() {
        let stage = r#"{"event":"stage","stage":"run","micros":1}"#;
        assert_eq!(events(format!("{stage}\n{{\"event\":\n{stage}\n").as_bytes()).len(), 1);
        assert!(events(b"").is_empty());
    }
}

//! Following an engine's events while it runs, so that translating and running have limits of their own.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use wasmlab_protocol::{Event, Stage};

/// Reads what was appended to an observation file since it was last asked.
pub struct Stages {
    path: PathBuf,
    read: u64,
    /// An unfinished line.
    rest: Vec<u8>,
    /// When instantiating was first seen to have begun, as the child's age.
    instantiated: Option<Duration>,
    /// Nothing was reported yet: the runtime may not speak the protocol.
    silent: bool,
    /// The limit of one that reports nothing.
    unsaid: Duration,
}

impl Stages {
    /// Follows the file at `path`, which need not be there yet. A child that reports nothing may take `unsaid`.
    pub fn new(path: PathBuf, unsaid: Duration) -> Self {
        Self { path, read: 0, rest: Vec::new(), instantiated: None, silent: true, unsaid }
    }

    /// Whether a child of this age is past its limit.
    pub fn over(&mut self, age: Duration, compile: Duration, run: Duration) -> bool {
        if self.instantiated.is_none() {
            self.follow(age);
        }
        match self.instantiated {
            Some(began) => age.saturating_sub(began) > run,
            None if self.silent => age > self.unsaid,
            None => age > compile,
        }
    }

    fn follow(&mut self, age: Duration) {
        let Ok(mut file) = File::open(&self.path) else { return };
        let mut new = Vec::new();
        // Instantiating comes within the first lines: there is no need to read a flood of later ones.
        if file.seek(SeekFrom::Start(self.read)).is_err() || file.take(1 << 20).read_to_end(&mut new).is_err() {
            return;
        }
        self.read += new.len() as u64;
        self.rest.append(&mut new);
        while let Some(end) = self.rest.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            self.silent = false;
            if let Ok(Event::Stage { stage: Stage::Instantiate | Stage::Run, .. }) = serde_json::from_slice(&line) {
                self.instantiated = Some(age);
            }
        }
    }
}

/// Whether the engine said that instantiating has begun.
pub fn has_begun(path: &Path) -> bool {
    let begun = |e: &Event| matches!(e, Event::Stage { stage: Stage::Instantiate | Stage::Run, .. });
    read(path).iter().any(begun)
}

/// Every event of a file that a finished engine left; lines that are none end the reading: what follows
/// a torn line is not to be trusted.
pub fn read(path: &Path) -> Vec<Event> {
    const MOST: u64 = 16 << 20;
    let mut bytes = Vec::new();
    let Ok(file) = File::open(path) else { return Vec::new() };
    if file.take(MOST).read_to_end(&mut bytes).is_err() {
        return Vec::new();
    }
    bytes.split(|b| *b == b'\n').map_while(|line| serde_json::from_slice(line).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Stages, read};
    use std::io::Write;
    use std::time::Duration;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn compiling_and_running_have_limits_of_their_own() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("events");
        let mut stages = Stages::new(path.clone(), S(20));
        assert!(!stages.over(S(19), S(60), S(10)) && stages.over(S(21), S(60), S(10)), "silent");
        let mut file = std::fs::File::create(&path).unwrap();
        writeln!(file, r#"{{"event":"stage","stage":"compile","micros":1}}"#).unwrap();
        assert!(!stages.over(S(50), S(60), S(10)) && stages.over(S(61), S(60), S(10)), "compiling");
        write!(file, r#"{{"event":"stage","stage":"ru"#).unwrap();
        assert!(!stages.over(S(55), S(60), S(10)), "a torn line says nothing");
        writeln!(file, r#"n","micros":2}}"#).unwrap();
        assert!(!stages.over(S(56), S(60), S(10)) && stages.over(S(67), S(60), S(10)), "running since 56");
    }

    #[test]
    fn reading_stops_at_a_line_that_is_no_event() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("events");
        let stage = r#"{"event":"stage","stage":"run","micros":1}"#;
        std::fs::write(&path, format!("{stage}\n{{\"event\":\n{stage}\n")).unwrap();
        assert_eq!(read(&path).len(), 1);
        assert!(read(&dir.path().join("none")).is_empty());
    }
}

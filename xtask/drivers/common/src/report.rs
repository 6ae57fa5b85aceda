//! Reports of a script while the guest runs.

use std::io::Write;

use wasmlab_engine::Recorder;
use wasmlab_protocol::{Cause, Event};

/// A report of the script.
#[derive(Debug)]
pub enum Report {
    /// An event of the observation.
    Event(Event),
    /// Output of the guest.
    Stdout(Vec<u8>),
    /// Error output of the guest, and messages of its host.
    Stderr(Vec<u8>),
}

impl Report {
    /// Writes it to the observation or to the driver's own streams. Returns the cause if the guest has ended.
    pub fn record(self, recorder: &mut Recorder) -> Option<Cause> {
        match self {
            Self::Stdout(bytes) => write(&mut std::io::stdout(), &bytes),
            Self::Stderr(bytes) => write(&mut std::io::stderr(), &bytes),
            Self::Event(Event::End { cause, .. }) => return Some(cause),
            // Times are measured by the driver, from the start of the program.
            Self::Event(Event::Stage { stage, cached, .. }) => {
                recorder.write(&Event::Stage { stage, micros: recorder.micros(), cached }).ok();
            }
            Self::Event(event) => _ = recorder.write(&event),
        }
        None
    }
}

/// Writes the guest's output. It is not an error if its reader is gone.
fn write(to: &mut dyn Write, bytes: &[u8]) {
    to.write_all(bytes).and_then(|()| to.flush()).ok();
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmlab_protocol::Stage;

    #[test]
    fn only_the_end_of_the_guest_is_returned() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut recorder = Recorder::open(file.path()).unwrap();
        let stage = Event::Stage { stage: Stage::Run, micros: 0, cached: true };
        let call = Event::HostCall { function: "env.f".to_owned(), args: Vec::new() };
        for event in [stage, call.clone()] {
            assert_eq!(Report::Event(event).record(&mut recorder), None);
        }
        let end = Event::End { cause: Cause::Returned, micros: 0 };
        assert_eq!(Report::Event(end).record(&mut recorder), Some(Cause::Returned));
        let written = std::fs::read_to_string(file.path()).unwrap();
        let events: Vec<Event> = written.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(matches!(&events[..], [Event::Stage { cached: true, .. }, second] if *second == call), "{events:?}");
    }
}

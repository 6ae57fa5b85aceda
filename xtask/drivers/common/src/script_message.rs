//! What a script sends while the guest runs.

use std::io::Write;

use wasmlab_engine::EventWriter;
use wasmlab_protocol::{Cause, Event};

/// A message from the script.
#[derive(Debug)]
pub enum ScriptMessage {
    /// An event for the event file.
    Event(Event),
    /// Output of the guest.
    Stdout(Vec<u8>),
    /// Error output of the guest, and messages of its host.
    Stderr(Vec<u8>),
}

impl ScriptMessage {
    /// Writes it to the event file or to the driver's own streams. Returns the cause if the guest has ended.
    pub fn record(self, writer: &mut EventWriter) -> Option<Cause> {
        match self {
            Self::Stdout(bytes) => write(&mut std::io::stdout(), &bytes),
            Self::Stderr(bytes) => write(&mut std::io::stderr(), &bytes),
            Self::Event(Event::End { cause, .. }) => return Some(cause),
            // Times are measured by the driver, from the start of the program.
            Self::Event(Event::Stage { stage, cached, .. }) => {
                writer.write(&Event::Stage { stage, micros: writer.micros(), cached }).ok();
            }
            Self::Event(event) => _ = writer.write(&event),
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
        let mut writer = EventWriter::open(file.path()).unwrap();
        let stage = Event::Stage { stage: Stage::Run, micros: 0, cached: true };
        let call = Event::HostCall { function: "env.f".to_owned(), args: Vec::new() };
        for event in [stage, call.clone()] {
            assert_eq!(ScriptMessage::Event(event).record(&mut writer), None);
        }
        let end = Event::End { cause: Cause::Returned, micros: 0 };
        assert_eq!(ScriptMessage::Event(end).record(&mut writer), Some(Cause::Returned));
        let written = std::fs::read_to_string(file.path()).unwrap();
        let events: Vec<Event> = written.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(matches!(&events[..], [Event::Stage { cached: true, .. }, second] if *second == call), "{events:?}");
    }
}

//! Running one process, and telling what it prints as it comes where somebody listens.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{Heard, Listen};
use wasmlab_model::observation::Part;
use wasmlab_process::{self as process, Command, Ended, Running, Stream, Watch};

/// How often a listener hears.
const TOLD: Duration = Duration::from_millis(20);

/// Starts the process, does `meanwhile`, and waits for the end.
///
/// # Errors
/// When the process cannot be started.
pub fn run(
    command: &Command,
    part: Part,
    watch: Option<Watch>,
    listen: Option<Listen>,
    meanwhile: impl FnOnce(&Running),
) -> io::Result<Ended> {
    if let Some(listen) = listen {
        listen(Heard::Starting(part, command));
    }
    let running = process::start(command, watch)?;
    let Some(listen) = listen else {
        meanwhile(&running);
        return Ok(running.wait());
    };
    let done = AtomicBool::new(false);
    let told = std::thread::scope(|scope| {
        let listener = scope.spawn(|| {
            let mut told = [0, 0];
            while !done.load(Ordering::SeqCst) {
                tell(&running, &mut told, listen);
                if running.wait_end(TOLD) {
                    break;
                }
            }
            told
        });
        meanwhile(&running);
        while !running.wait_end(TOLD) {}
        done.store(true, Ordering::SeqCst);
        listener.join().unwrap_or_default()
    });
    let ended = running.wait();
    for (stream, bytes, from) in [(Stream::Stdout, &ended.stdout, told[0]), (Stream::Stderr, &ended.stderr, told[1])] {
        if let Some(rest) = bytes.get(from..).filter(|r| !r.is_empty()) {
            listen(Heard::Printed(stream, rest));
        }
    }
    Ok(ended)
}

fn tell(running: &Running, told: &mut [usize; 2], listen: Listen) {
    for (index, stream) in [Stream::Stdout, Stream::Stderr].into_iter().enumerate() {
        let new = running.since(stream, told[index]);
        if !new.is_empty() {
            told[index] += new.len();
            listen(Heard::Printed(stream, &new));
        }
    }
}

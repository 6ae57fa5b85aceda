//! Runs one process and streams its output to a sink, if there is one.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wasmlab_model::observation::ProcessRole;
use wasmlab_process::{self as process, Command, CompletedProcess, OutputStream, Running, Watch};

/// Receives a process's command before it starts, then its output as it arrives.
pub type OutputSink<'a> = &'a (dyn Fn(ProcessEvent) + Sync);

/// An event passed to an [`OutputSink`].
#[derive(Clone, Copy, Debug)]
pub enum ProcessEvent<'a> {
    /// A process is about to be started.
    Starting(ProcessRole, &'a Command),
    /// The process printed this.
    Printed(OutputStream, &'a [u8]),
}

/// How often a sink receives output.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Starts the process, calls `meanwhile`, and waits for it to end.
///
/// # Errors
/// If the process cannot be started.
pub fn run(
    command: &Command,
    role: ProcessRole,
    watch: Option<Watch>,
    sink: Option<OutputSink>,
    meanwhile: impl FnOnce(&Running),
) -> io::Result<CompletedProcess> {
    if let Some(sink) = sink {
        sink(ProcessEvent::Starting(role, command));
    }
    let running = process::start(command, watch)?;
    let Some(sink) = sink else {
        meanwhile(&running);
        return Ok(running.wait());
    };
    let done = AtomicBool::new(false);
    let emitted = std::thread::scope(|scope| {
        let emitter = scope.spawn(|| {
            let mut emitted = [0, 0];
            while !done.load(Ordering::SeqCst) {
                emit_output(&running, &mut emitted, sink);
                if running.wait_end(POLL_INTERVAL) {
                    break;
                }
            }
            emitted
        });
        meanwhile(&running);
        while !running.wait_end(POLL_INTERVAL) {}
        done.store(true, Ordering::SeqCst);
        emitter.join().unwrap_or_default()
    });
    let completed = running.wait();
    for (stream, bytes, from) in
        [(OutputStream::Stdout, &completed.stdout, emitted[0]), (OutputStream::Stderr, &completed.stderr, emitted[1])]
    {
        if let Some(rest) = bytes.get(from..).filter(|r| !r.is_empty()) {
            sink(ProcessEvent::Printed(stream, rest));
        }
    }
    Ok(completed)
}

fn emit_output(running: &Running, emitted: &mut [usize; 2], sink: OutputSink) {
    for (index, stream) in [OutputStream::Stdout, OutputStream::Stderr].into_iter().enumerate() {
        let new = running.since(stream, emitted[index]);
        if !new.is_empty() {
            emitted[index] += new.len();
            sink(ProcessEvent::Printed(stream, &new));
        }
    }
}

//! Supervision on systems other than Linux: threads that read, and a loop that checks limits. It kills the child but
//! not its descendants, and measures neither CPU time nor memory.

use std::io::{self, Read, Write};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::running::{Shared, State};
use super::{Command, CompletedProcess, ExitReason, Input, Running, Watch, cancelled};

const TICK: Duration = Duration::from_millis(5);

/// Starts the child and its supervising thread.
pub fn start(command: &Command, mut watch: Option<Watch>) -> io::Result<Running> {
    let mut builder = std::process::Command::new(&command.program);
    builder.args(&command.args).env_clear().envs(&command.env).current_dir(&command.cwd);
    // On Linux, where only tests use this, register the child at once so that the sub-reaper does not treat it as an
    // orphan.
    #[cfg(target_os = "linux")]
    let mut supervised = super::descendants::supervised();
    let mut child = builder.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    #[cfg(target_os = "linux")]
    {
        supervised.insert(child.id().cast_signed(), 0);
        drop(supervised);
    }
    let started = Instant::now();
    let shared = Arc::new(Shared::default());
    if let Input::Bytes(bytes) = &command.stdin {
        let mut state = shared.lock();
        state.stdin.clone_from(bytes);
        state.stdin_ends = true;
    }
    let limits = command.limits;
    if let Some(pipe) = child.stdout.take() {
        read_in_thread(pipe, limits.output, Arc::clone(&shared), |state| &mut state.stdout);
    }
    if let Some(pipe) = child.stderr.take() {
        read_in_thread(pipe, limits.output, Arc::clone(&shared), |state| &mut state.stderr);
    }
    if let Some(pipe) = child.stdin.take() {
        write_in_thread(pipe, Arc::clone(&shared));
    }
    let thread_shared = Arc::clone(&shared);
    let thread = std::thread::spawn(move || {
        let mut ending = None;
        let end = loop {
            match child.try_wait() {
                Ok(Some(status)) => {
                    break ending.unwrap_or_else(|| status.code().map_or(ExitReason::Signaled(0), ExitReason::Exited));
                }
                Ok(None) => {}
                Err(_) => break ExitReason::Signaled(0),
            }
            let age = started.elapsed();
            let (stop, kept) = {
                let state = thread_shared.lock();
                (state.stop.is_some(), (state.stdout.len() + state.stderr.len()) as u64)
            };
            let why = if cancelled() {
                Some(ExitReason::Interrupted)
            } else if stop {
                Some(ExitReason::Stopped)
            } else if kept > limits.output {
                Some(ExitReason::OutputLimit)
            } else if age > limits.wall {
                Some(ExitReason::TimeLimit)
            } else {
                watch.as_mut().is_some_and(|w| w(age)).then_some(ExitReason::WatchLimit)
            };
            if let (Some(why), None) = (why, &ending) {
                ending = Some(why);
                let _ = child.kill();
            }
            std::thread::sleep(TICK);
        };
        #[cfg(target_os = "linux")]
        super::descendants::supervised().remove(&child.id().cast_signed());
        // Output written just before the end may still be on its way through the reading threads.
        std::thread::sleep(2 * TICK);
        let mut state = thread_shared.lock();
        let (stdout, stderr) = (std::mem::take(&mut state.stdout), std::mem::take(&mut state.stderr));
        state.ended = Some(CompletedProcess {
            exit_reason: end,
            stdout,
            stderr,
            wall: started.elapsed(),
            cpu: Duration::ZERO,
            peak_rss: 0,
        });
        thread_shared.changed.notify_all();
    });
    Ok(Running::new(shared, thread))
}

fn read_in_thread(
    mut pipe: impl Read + Send + 'static,
    limit: u64,
    shared: Arc<Shared>,
    of: fn(&mut State) -> &mut Vec<u8>,
) {
    std::thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(n @ 1..) = pipe.read(&mut buffer) {
            let mut state = shared.lock();
            if of(&mut state).len() as u64 <= limit {
                of(&mut state).extend_from_slice(&buffer[..n]);
            }
            shared.changed.notify_all();
        }
    });
}

fn write_in_thread(mut pipe: impl Write + Send + 'static, shared: Arc<Shared>) {
    std::thread::spawn(move || {
        loop {
            let (bytes, ends, ended) = {
                let mut state = shared.lock();
                (std::mem::take(&mut state.stdin), state.stdin_ends, state.ended.is_some())
            };
            if ended || pipe.write_all(&bytes).and_then(|()| pipe.flush()).is_err() || ends {
                return;
            }
            std::thread::sleep(TICK);
        }
    });
}

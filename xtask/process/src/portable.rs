//! Supervision on systems other than Linux: threads that read, and a loop that checks limits. It kills the child but
//! not its descendants, and measures neither CPU time nor memory.

use std::io::{self, Read, Write};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::running::{ChildState, SharedState};
use super::{Command, CompletedProcess, ExitReason, Limits, Running, Watch, cancelled};

const TICK: Duration = Duration::from_millis(5);

/// Starts the child and its supervising thread.
pub fn start(command: &Command, watch: Option<Watch>) -> io::Result<Running> {
    let mut child = spawn(command)?;
    let started = Instant::now();
    let shared = Arc::new(SharedState::with_input(&command.stdin));
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
    let supervisor = Supervisor { child, started, shared: Arc::clone(&shared), limits, watch };
    let thread = std::thread::spawn(move || supervisor.supervise());
    Ok(Running::new(shared, thread))
}

fn spawn(command: &Command) -> io::Result<Child> {
    let mut builder = std::process::Command::new(&command.program);
    builder.args(&command.args).env_clear().envs(&command.env).current_dir(&command.cwd);
    builder.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // On Linux, where only tests use this, register the child at once so that the sub-reaper does not treat it as an
    // orphan.
    #[cfg(target_os = "linux")]
    let mut supervised = super::descendants::supervised();
    let child = builder.spawn()?;
    #[cfg(target_os = "linux")]
    supervised.insert(child.id().cast_signed(), 0);
    Ok(child)
}

struct Supervisor {
    child: Child,
    started: Instant,
    shared: Arc<SharedState>,
    limits: Limits,
    watch: Option<Watch>,
}

impl Supervisor {
    fn supervise(mut self) {
        let exit_reason = self.wait();
        #[cfg(target_os = "linux")]
        super::descendants::supervised().remove(&self.child.id().cast_signed());
        // Output written just before the end may still be on its way through the reading threads.
        std::thread::sleep(2 * TICK);
        let mut state = self.shared.lock();
        let (stdout, stderr) = (std::mem::take(&mut state.stdout), std::mem::take(&mut state.stderr));
        state.completed = Some(CompletedProcess {
            exit_reason,
            stdout,
            stderr,
            wall: self.started.elapsed(),
            cpu: Duration::ZERO,
            peak_rss: 0,
        });
        self.shared.changed.notify_all();
    }

    /// Waits for the child's end; kills it at a limit.
    fn wait(&mut self) -> ExitReason {
        let mut ending = None;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => {
                    return ending.unwrap_or_else(|| status.code().map_or(ExitReason::Signaled(0), ExitReason::Exited));
                }
                Ok(None) => {}
                Err(_) => return ExitReason::Signaled(0),
            }
            if let (Some(reason), None) = (self.reason_to_end(), &ending) {
                ending = Some(reason);
                let _ = self.child.kill();
            }
            std::thread::sleep(TICK);
        }
    }

    fn reason_to_end(&mut self) -> Option<ExitReason> {
        let age = self.started.elapsed();
        let (stop, output_len) = {
            let state = self.shared.lock();
            (state.stop.is_some(), state.output_len())
        };
        if cancelled() {
            Some(ExitReason::Interrupted)
        } else if stop {
            Some(ExitReason::Stopped)
        } else if output_len > self.limits.output {
            Some(ExitReason::OutputLimit)
        } else if age > self.limits.wall {
            Some(ExitReason::TimeLimit)
        } else {
            self.watch.as_mut().is_some_and(|watch| watch(age)).then_some(ExitReason::WatchLimit)
        }
    }
}

fn read_in_thread(
    mut pipe: impl Read + Send + 'static,
    limit: u64,
    shared: Arc<SharedState>,
    output: fn(&mut ChildState) -> &mut Vec<u8>,
) {
    std::thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(n @ 1..) = pipe.read(&mut buffer) {
            let mut state = shared.lock();
            if output(&mut state).len() as u64 <= limit {
                output(&mut state).extend_from_slice(&buffer[..n]);
            }
            shared.changed.notify_all();
        }
    });
}

fn write_in_thread(mut pipe: impl Write + Send + 'static, shared: Arc<SharedState>) {
    std::thread::spawn(move || {
        loop {
            let (bytes, ends, has_ended) = {
                let mut state = shared.lock();
                (std::mem::take(&mut state.stdin), state.stdin_ends, state.completed.is_some())
            };
            if has_ended || pipe.write_all(&bytes).and_then(|()| pipe.flush()).is_err() || ends {
                return;
            }
            std::thread::sleep(TICK);
        }
    });
}

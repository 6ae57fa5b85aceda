//! A running child: the lab reads its output, writes to its stdin, waits for it and ends it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::{CompletedProcess, Deadline, ExitReason, Input, net_time};

/// An output stream of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputStream {
    /// stdout.
    Stdout,
    /// stderr.
    Stderr,
}

/// A running child and the thread that supervises it. Dropping it ends the child.
#[derive(Debug)]
pub struct Running {
    shared: Arc<SharedState>,
    started: Instant,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// State shared by the supervising thread and the others.
#[derive(Debug, Default)]
pub struct SharedState {
    state: Mutex<ChildState>,
    /// Notified when the state has changed.
    pub changed: Condvar,
    /// Time the child has waited for a processor, microseconds.
    pub cpu_wait: AtomicU64,
}

/// The output and the ending of the child, as seen so far.
#[derive(Debug, Default)]
pub struct ChildState {
    /// Stdout so far.
    pub stdout: Vec<u8>,
    /// Stderr so far.
    pub stderr: Vec<u8>,
    /// Bytes still to be written to the child's stdin.
    pub stdin: Vec<u8>,
    /// Close stdin once `stdin` is written.
    pub stdin_ends: bool,
    /// Set when the lab wants the child to end.
    pub stop: Option<StopSignal>,
    /// How the child ended, once it has.
    pub completed: Option<CompletedProcess>,
}

/// How to end a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopSignal {
    /// SIGTERM, then SIGKILL.
    Terminate,
    /// SIGINT, then SIGKILL.
    Interrupt,
    /// SIGKILL at once.
    Kill,
}

impl SharedState {
    /// The state of a child that is about to start with this stdin.
    pub fn with_input(input: &Input) -> Self {
        let state = match input {
            Input::Bytes(bytes) => ChildState { stdin: bytes.clone(), stdin_ends: true, ..ChildState::default() },
            Input::Piped => ChildState::default(),
        };
        Self { state: Mutex::new(state), ..Self::default() }
    }

    /// Locks the state, also after a panic of another thread.
    pub fn lock(&self) -> MutexGuard<'_, ChildState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ChildState {
    /// The output of `stream` so far, or all of it once the child has ended.
    fn output(&self, stream: OutputStream) -> &[u8] {
        match (&self.completed, stream) {
            (Some(completed), OutputStream::Stdout) => &completed.stdout,
            (Some(completed), OutputStream::Stderr) => &completed.stderr,
            (None, OutputStream::Stdout) => &self.stdout,
            (None, OutputStream::Stderr) => &self.stderr,
        }
    }

    /// Size of both outputs so far, bytes.
    pub fn output_len(&self) -> u64 {
        (self.stdout.len() + self.stderr.len()) as u64
    }

    /// Takes stdout and stderr, each cut to `limit` bytes.
    #[cfg(target_os = "linux")]
    pub fn take_output(&mut self, limit: u64) -> (Vec<u8>, Vec<u8>) {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.stdout.truncate(limit);
        self.stderr.truncate(limit);
        (std::mem::take(&mut self.stdout), std::mem::take(&mut self.stderr))
    }
}

impl Running {
    /// A child that `thread` supervises.
    pub(crate) fn new(shared: Arc<SharedState>, thread: std::thread::JoinHandle<()>) -> Self {
        Self { shared, started: Instant::now(), thread: Some(thread) }
    }

    /// Waits for the child to end, at its limits at the latest.
    #[must_use]
    pub fn wait(mut self) -> CompletedProcess {
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            // The supervisor has no path that panics. If it does anyway, report it instead of hanging.
            return CompletedProcess {
                exit_reason: ExitReason::Signaled(0),
                stdout: Vec::new(),
                stderr: b"the lab's supervisor thread panicked".to_vec(),
                wall: Duration::ZERO,
                cpu: Duration::ZERO,
                peak_rss: 0,
            };
        }
        let mut state = self.shared.lock();
        match state.completed.take() {
            Some(completed) => completed,
            None => unreachable!("the supervisor always reports how the child ended"),
        }
    }

    /// Waits until the child has ended; `false` if `limit` passes first.
    #[must_use]
    pub fn wait_end(&self, limit: Duration) -> bool {
        self.wait_until(limit, |state| state.completed.is_some().then_some(true)).unwrap_or(false)
    }

    /// Waits until `stream` contains `text`; `false` if the limit passes or the child ends first.
    #[must_use]
    pub fn wait_text(&self, stream: OutputStream, text: &str, limit: Duration) -> bool {
        let mut searched = 0;
        let mut has = |state: &ChildState| is_in_rest(text.as_bytes(), state.output(stream), &mut searched);
        self.wait_until(limit, |state| if has(state) { Some(true) } else { state.completed.is_some().then_some(false) })
            .unwrap_or(false)
    }

    fn wait_until<T>(&self, limit: Duration, mut done: impl FnMut(&ChildState) -> Option<T>) -> Option<T> {
        let deadline = Deadline::new(self, limit);
        let mut state = self.shared.lock();
        loop {
            if let Some(value) = done(&state) {
                return Some(value);
            }
            let left = deadline.left()?;
            state = self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Time the child has waited for a processor because others used it; updated five times a second.
    #[must_use]
    pub fn cpu_wait(&self) -> Duration {
        Duration::from_micros(self.shared.cpu_wait.load(Ordering::Relaxed))
    }

    /// Extends `limit` by the factor by which waiting for a processor has slowed the child down so far. For waits whose
    /// length must be known in advance.
    #[must_use]
    pub fn extended(&self, limit: Duration) -> Duration {
        let age = self.started.elapsed();
        let slower = age.as_secs_f64() / net_time(age, self.cpu_wait()).as_secs_f64().max(f64::EPSILON);
        limit.mul_f64(slower.max(1.0))
    }

    /// Adds to the child's stdin; written as fast as the child reads.
    pub fn write(&self, bytes: &[u8]) {
        self.shared.lock().stdin.extend_from_slice(bytes);
    }

    /// Closes the child's stdin once everything is written.
    pub fn end_input(&self) {
        self.shared.lock().stdin_ends = true;
    }

    /// Waits until `stream` has `len` bytes after its first `from` bytes, or until `len` is `None` and there is a
    /// line break after them. Returns those bytes, with the line break; fewer if the limit passes or the child ends
    /// first.
    #[must_use]
    pub fn wait_bytes(&self, stream: OutputStream, from: usize, len: Option<usize>, limit: Duration) -> Vec<u8> {
        let available = |state: &ChildState| {
            let rest = state.output(stream).get(from..).unwrap_or_default();
            let end = match len {
                Some(len) => Some(len).filter(|len| *len <= rest.len()),
                None => rest.iter().position(|byte| *byte == b'\n').map(|at| at + 1),
            };
            (end.is_some(), rest[..end.unwrap_or(rest.len())].to_vec())
        };
        let is_over = |state: &ChildState| {
            let (is_complete, bytes) = available(state);
            (is_complete || state.completed.is_some()).then_some(bytes)
        };
        self.wait_until(limit, is_over).unwrap_or_else(|| available(&self.shared.lock()).1)
    }

    /// Asks the child to end; [`Running::wait`] returns once it has.
    pub fn stop(&self, how: StopSignal) {
        self.shared.lock().stop.get_or_insert(how);
    }

    /// The output of `stream` after its first `from` bytes; empty once the child has ended.
    #[must_use]
    pub fn since(&self, stream: OutputStream, from: usize) -> Vec<u8> {
        let state = self.shared.lock();
        let bytes = if stream == OutputStream::Stdout { &state.stdout } else { &state.stderr };
        bytes.get(from..).unwrap_or_default().to_vec()
    }

    /// The last complete line of stderr so far, to show progress.
    #[must_use]
    pub fn last_line(&self) -> Option<String> {
        let state = self.shared.lock();
        let tail = &state.stderr[state.stderr.len().saturating_sub(400)..];
        let text = String::from_utf8_lossy(tail);
        text.lines().rev().map(str::trim).find(|l| !l.is_empty()).map(str::to_owned)
    }
}

/// Whether `text` is in the output after its first `searched` bytes, which are then those that need not be searched
/// again: a child may print much in small pieces, and meanwhile its supervisor waits for the lock.
fn is_in_rest(text: &[u8], output: &[u8], searched: &mut usize) -> bool {
    // When the child ends, its output is cut at the limit.
    let rest = output.get(*searched..).unwrap_or_default();
    // The text may have begun.
    *searched = output.len().saturating_sub(text.len());
    text.is_empty() || rest.windows(text.len()).any(|w| w == text)
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.stop(StopSignal::Kill);
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_in_rest;

    #[test]
    fn output_is_searched_once() {
        let mut searched = 0;
        let mut check = |output: &str, expected| {
            assert_eq!(is_in_rest(b"cd", output.as_bytes(), &mut searched), expected, "{output}");
        };
        check("", false);
        check("aabbc", false);
        check("aabbcd", true);
        check("cdbbcxxx", false);
        check("cd", false);
        check("cd", true);
    }
}

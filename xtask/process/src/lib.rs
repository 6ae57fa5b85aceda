//! The only place that starts guests, engines and compilers.
//!
//! Every child runs in a session of its own, with the environment it is given and nothing else, under
//! limits of wall-clock time, output, resident memory and file size. At a limit the whole group gets
//! SIGTERM, then SIGKILL; descendants that left the group are found and ended too. No call here waits
//! without a limit. On systems other than Linux a simpler supervisor kills the child alone.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
mod descendants;
#[cfg(target_os = "linux")]
mod guard;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod namespace;
#[cfg(target_os = "linux")]
use linux as system;
#[cfg(any(not(target_os = "linux"), test))]
mod portable;
#[cfg(not(target_os = "linux"))]
use portable as system;
mod regular_file;
pub use regular_file::{open_regular, read_regular};
mod removal;
pub use removal::remove_tree;
mod report_pipe;
pub use report_pipe::ReportPipe;
mod disk_space;
mod sandbox;
pub use disk_space::{DiskSpace, disk_space};
pub use sandbox::{Ports, Sandbox, Support, support};
mod deadline;
pub use deadline::{Deadline, net_time};
mod disk_usage;
pub use disk_usage::{DiskUsage, disk_usage};
#[cfg(test)]
mod tests;

/// What to start.
#[derive(Clone, Debug)]
pub struct Command {
    /// The program, a path.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Its whole environment.
    pub env: BTreeMap<OsString, OsString>,
    /// Its working directory.
    pub cwd: PathBuf,
    /// What it reads on stdin.
    pub stdin: Input,
    /// Descriptors of the lab that it inherits under the same numbers.
    pub inherit: Vec<i32>,
    /// Its limits.
    pub limits: Limits,
    /// What it may touch on this machine; `None`: what the lab itself may. Guests have one, compilers have none.
    pub sandbox: Option<Sandbox>,
    /// What it tells the lab beside its output, by a descriptor that it inherits.
    pub report: Option<Arc<ReportPipe>>,
}

/// What a child reads on stdin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// These bytes, then the end.
    Bytes(Vec<u8>),
    /// What [`Running::write`] sends, until it ends.
    Piped,
}

/// Limits of one child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Wall-clock time, on a machine at rest: what the child waits for a processor does not count.
    pub wall: Duration,
    /// Time between SIGTERM and SIGKILL.
    pub grace: Duration,
    /// Bytes of stdout and stderr together.
    pub output: u64,
    /// Resident bytes of the child and its descendants together.
    pub memory: u64,
    /// Size of the largest file that it may write, bytes.
    pub file: u64,
}

impl Limits {
    /// For compilers: much of everything, but not without end.
    #[must_use]
    pub fn compiler(wall: Duration) -> Self {
        Self { wall, grace: Duration::from_secs(2), output: 64 << 20, memory: 16 << 30, file: 8 << 30 }
    }
}

/// How a child ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExitReason {
    /// By itself, with this code.
    Exited(i32),
    /// By this signal, which the lab did not send.
    Signaled(i32),
    /// At the limit of wall-clock time.
    TimeLimit,
    /// At a limit that the watcher set, in its words.
    WatchLimit,
    /// At the limit of output.
    OutputLimit,
    /// At the limit of memory.
    MemoryLimit,
    /// By [`Running::stop`].
    Stopped,
    /// Because the user interrupted the lab.
    Interrupted,
}

/// A child that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletedProcess {
    /// How.
    pub exit_reason: ExitReason,
    /// Its stdout, as far as the limit.
    pub stdout: Vec<u8>,
    /// Its stderr, as far as the limit.
    pub stderr: Vec<u8>,
    /// From start to end.
    pub wall: Duration,
    /// User and system time.
    pub cpu: Duration,
    /// Largest resident size, bytes.
    pub peak_rss: u64,
}

impl CompletedProcess {
    /// Whether it exited with 0.
    #[must_use]
    pub fn success(&self) -> bool {
        self.exit_reason == ExitReason::Exited(0)
    }
}

/// Which output of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// stdout.
    Stdout,
    /// stderr.
    Stderr,
}

/// Asked some fifty times a second while a child runs, with its age, of which what it waited for a processor does not
/// count; `true` ends it ([`ExitReason::WatchLimit`]).
pub type Watch = Box<dyn FnMut(Duration) -> bool + Send>;

/// Set once, by Ctrl-C: every child is ended and nothing new is started.
static CANCELLED: AtomicBool = AtomicBool::new(false);

/// Ends every child, now and in future. Safe to call from a signal handler's thread.
pub fn cancel() {
    CANCELLED.store(true, Ordering::SeqCst);
}

/// Whether [`cancel`] was called.
#[must_use]
pub fn cancelled() -> bool {
    CANCELLED.load(Ordering::SeqCst)
}

/// Starts a child and waits for its end.
///
/// # Errors
/// When the program cannot be started; never because of what it does.
pub fn run(command: &Command) -> io::Result<CompletedProcess> {
    Ok(start(command, None)?.wait())
}

/// Starts a child that is supervised by a thread of its own.
///
/// # Errors
/// When the program cannot be started.
pub fn start(command: &Command, watch: Option<Watch>) -> io::Result<Running> {
    system::start(command, watch)
}

/// Ends descendants of earlier children that nothing accounts for. Called when a run is over.
pub fn end_orphans() {
    #[cfg(target_os = "linux")]
    descendants::kill_orphans();
}

/// Goes on in a process whose descendants end with it even if it is killed. Before there is a second thread.
pub fn enter_guard() {
    #[cfg(target_os = "linux")]
    guard::enter();
}

/// Ends every descendant of the lab at once, for a lab that is about to end itself.
pub fn kill_all() {
    #[cfg(target_os = "linux")]
    descendants::kill_all();
}

/// A child that runs, and the thread that supervises it. Dropping it ends the child.
#[derive(Debug)]
pub struct Running {
    shared: Arc<Shared>,
    started: Instant,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// What the supervising thread and the others share.
#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// How long it waited for a processor so far, microseconds.
    starved: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// Bytes that the child is still to read.
    stdin: Vec<u8>,
    /// Close stdin as soon as `stdin` is written.
    stdin_ends: bool,
    /// The lab wants it ended, by SIGTERM first or by this signal.
    stop: Option<StopSignal>,
    ended: Option<CompletedProcess>,
}

/// A wish to end the child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopSignal {
    /// SIGTERM, then SIGKILL.
    Terminate,
    /// SIGINT, then SIGKILL.
    Interrupt,
    /// SIGKILL at once.
    Kill,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    fn new(shared: Arc<Shared>, thread: std::thread::JoinHandle<()>) -> Self {
        Self { shared, started: Instant::now(), thread: Some(thread) }
    }

    /// Waits for the end, which the limits bring at the latest.
    #[must_use]
    pub fn wait(mut self) -> CompletedProcess {
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            // The supervisor has no panicking path; should it ever, say so instead of hanging.
            return CompletedProcess {
                exit_reason: ExitReason::Signaled(0),
                stdout: Vec::new(),
                stderr: b"the lab's supervisor failed".to_vec(),
                wall: Duration::ZERO,
                cpu: Duration::ZERO,
                peak_rss: 0,
            };
        }
        let mut state = self.shared.lock();
        match state.ended.take() {
            Some(ended) => ended,
            None => unreachable!("the supervisor's last act is to say how the child ended"),
        }
    }

    /// Waits until the child has ended; `false` when `limit` passes first.
    #[must_use]
    pub fn wait_end(&self, limit: Duration) -> bool {
        self.wait_until(limit, |state| state.ended.is_some().then_some(true)).unwrap_or(false)
    }

    /// Waits until `stream` contains `text`; `false` when the limit passes or the child ends first.
    #[must_use]
    pub fn wait_text(&self, stream: Stream, text: &str, limit: Duration) -> bool {
        let has = |state: &State| {
            let bytes = match (&state.ended, stream) {
                (Some(ended), Stream::Stdout) => &ended.stdout,
                (Some(ended), Stream::Stderr) => &ended.stderr,
                (None, Stream::Stdout) => &state.stdout,
                (None, Stream::Stderr) => &state.stderr,
            };
            text.is_empty() || bytes.windows(text.len()).any(|w| w == text.as_bytes())
        };
        self.wait_until(limit, |state| if has(state) { Some(true) } else { state.ended.is_some().then_some(false) })
            .unwrap_or(false)
    }

    fn wait_until<T>(&self, limit: Duration, mut done: impl FnMut(&State) -> Option<T>) -> Option<T> {
        let patience = Deadline::new(self, limit);
        let mut state = self.shared.lock();
        loop {
            if let Some(value) = done(&state) {
                return Some(value);
            }
            let left = patience.left()?;
            state = self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// How long the child waited for a processor so far, because of others; looked at five times a second.
    #[must_use]
    pub fn cpu_wait(&self) -> Duration {
        Duration::from_micros(self.shared.starved.load(Ordering::Relaxed))
    }

    /// `limit`, for a wait that cannot be made longer once it has begun: as much longer as all took until now that
    /// the child had to wait for a processor.
    #[must_use]
    pub fn extended(&self, limit: Duration) -> Duration {
        let age = self.started.elapsed();
        let slower = age.as_secs_f64() / net_time(age, self.cpu_wait()).as_secs_f64().max(f64::EPSILON);
        limit.mul_f64(slower.max(1.0))
    }

    /// Gives the child more to read; it is passed on as the child takes it.
    pub fn write(&self, bytes: &[u8]) {
        self.shared.lock().stdin.extend_from_slice(bytes);
    }

    /// Asks for the child's end; [`Running::wait`] tells when it has come.
    pub fn stop(&self, how: StopSignal) {
        self.shared.lock().stop.get_or_insert(how);
    }

    /// What `stream` has beyond its first `from` bytes; nothing once the child has ended.
    #[must_use]
    pub fn since(&self, stream: Stream, from: usize) -> Vec<u8> {
        let state = self.shared.lock();
        let bytes = if stream == Stream::Stdout { &state.stdout } else { &state.stderr };
        bytes.get(from..).unwrap_or_default().to_vec()
    }

    /// The last whole line of stderr so far, for progress.
    #[must_use]
    pub fn last_line(&self) -> Option<String> {
        let state = self.shared.lock();
        let tail = &state.stderr[state.stderr.len().saturating_sub(400)..];
        let text = String::from_utf8_lossy(tail);
        text.lines().rev().map(str::trim).find(|l| !l.is_empty()).map(str::to_owned)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.stop(StopSignal::Kill);
            let _ = thread.join();
        }
    }
}

/// The part of the lab's environment that compilers and package managers need: where tools and their
/// homes are, how the network is reached, the language. Nothing else is passed on.
#[must_use]
pub fn tool_env() -> BTreeMap<OsString, OsString> {
    const PASSED_ON: &[&str] = &[
        "PATH",
        "HOME",
        "USER",
        "LANG",
        "LC_ALL",
        "TMPDIR",
        "CARGO_HOME",
        "RUSTUP_HOME",
        "RUSTUP_TOOLCHAIN",
        "CARGO_NET_OFFLINE",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "CARGO_HTTP_CAINFO",
        "SystemRoot",
        "USERPROFILE",
        "TEMP",
        "TMP",
    ];
    std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(|n| PASSED_ON.contains(&n))).collect()
}

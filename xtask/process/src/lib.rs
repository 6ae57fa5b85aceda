//! The only place that starts guests, engines and compilers.
//!
//! Every child runs in its own session, with only the environment it is given, and with limits on wall-clock time,
//! output, resident memory and file size. At a limit the whole group gets SIGTERM, then SIGKILL; descendants that left
//! the group are found and killed too. Every wait has a limit. On systems other than Linux, a simpler supervisor kills
//! only the child itself.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
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
mod system_calls;
#[cfg(target_os = "linux")]
use linux as system;
#[cfg(any(not(target_os = "linux"), test))]
mod portable;
#[cfg(not(target_os = "linux"))]
use portable as system;
mod regular_file;
pub use regular_file::{open_limited, open_regular, read_limited, read_regular, read_text};
mod removal;
pub use removal::remove_tree;
mod report_pipe;
pub use report_pipe::ReportPipe;
mod disk_space;
mod inherited_limits;
mod sandbox;
pub use disk_space::{DiskSpace, disk_space};
pub use inherited_limits::inherited_limits;
pub use sandbox::{Ports, Sandbox, Support, support};
mod deadline;
pub use deadline::{Deadline, net_time};
mod disk_usage;
pub use disk_usage::{DiskUsage, disk_usage};
mod directory;
pub use directory::Directory;
mod sparse_copy;
pub use sparse_copy::copy_sparse;
#[cfg(test)]
mod tests;

/// A process to start.
#[derive(Clone, Debug)]
pub struct Command {
    /// Path of the program.
    pub program: PathBuf,
    /// Arguments, without the program.
    pub args: Vec<OsString>,
    /// The complete environment.
    pub env: BTreeMap<OsString, OsString>,
    /// Working directory.
    pub cwd: PathBuf,
    /// Stdin.
    pub stdin: Input,
    /// Descriptors of the lab that the child inherits under the same numbers.
    pub inherit: Vec<i32>,
    /// Its limits.
    pub limits: Limits,
    /// What it may access on this machine; `None`: whatever the lab itself may. Guests have a sandbox, compilers do
    /// not.
    pub sandbox: Option<Sandbox>,
    /// A pipe on which it reports to the lab, beside its output.
    pub report: Option<Arc<ReportPipe>>,
}

/// The stdin of a child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// These bytes, then end of file.
    Bytes(Vec<u8>),
    /// Whatever [`Running::write`] sends, until the child ends.
    Piped,
}

/// Limits of one child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Wall-clock time on an idle machine: time spent waiting for a processor does not count.
    pub wall: Duration,
    /// Time between SIGTERM and SIGKILL.
    pub grace: Duration,
    /// Bytes of stdout and stderr together.
    pub output: u64,
    /// Resident bytes of the child and its descendants together.
    pub memory: u64,
    /// Size of the largest file it may write, bytes.
    pub file: u64,
}

impl Limits {
    /// Generous limits for compilers.
    #[must_use]
    pub fn compiler(wall: Duration) -> Self {
        Self { wall, grace: Duration::from_secs(2), output: 64 << 20, memory: 16 << 30, file: 8 << 30 }
    }
}

/// Why a child ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExitReason {
    /// Exited with this code.
    Exited(i32),
    /// Killed by this signal, which the lab did not send.
    Signaled(i32),
    /// Reached the wall-clock limit.
    TimeLimit,
    /// Ended by its [`Watch`].
    WatchLimit,
    /// Reached the output limit.
    OutputLimit,
    /// Reached the memory limit.
    MemoryLimit,
    /// Ended by [`Running::stop`].
    Stopped,
    /// The user interrupted the lab.
    Interrupted,
}

impl fmt::Display for ExitReason {
    /// What to put after the program's name: `exited with code 1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exited with code {code}"),
            Self::Signaled(signal) => write!(f, "was killed by signal {signal}"),
            Self::TimeLimit => f.write_str("exceeded its time limit"),
            Self::WatchLimit => f.write_str("exceeded a limit"),
            Self::OutputLimit => f.write_str("exceeded its output limit"),
            Self::MemoryLimit => f.write_str("exceeded its memory limit"),
            Self::Stopped => f.write_str("was stopped"),
            Self::Interrupted => f.write_str("was interrupted"),
        }
    }
}

/// A child that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletedProcess {
    /// Why it ended.
    pub exit_reason: ExitReason,
    /// Stdout, up to the limit.
    pub stdout: Vec<u8>,
    /// Stderr, up to the limit.
    pub stderr: Vec<u8>,
    /// Wall-clock time from start to end.
    pub wall: Duration,
    /// User and system time.
    pub cpu: Duration,
    /// Peak resident size, bytes.
    pub peak_rss: u64,
}

impl CompletedProcess {
    /// Whether it exited with 0.
    #[must_use]
    pub fn success(&self) -> bool {
        self.exit_reason == ExitReason::Exited(0)
    }
}

/// An output stream of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// stdout.
    Stdout,
    /// stderr.
    Stderr,
}

/// Called about fifty times a second while a child runs, with its age less the time it waited for a processor; `true`
/// ends the child ([`ExitReason::WatchLimit`]).
pub type Watch = Box<dyn FnMut(Duration) -> bool + Send>;

/// Set by Ctrl-C and never reset: every child is ended, and none is started.
static CANCELLED: AtomicBool = AtomicBool::new(false);

/// Ends every child, and prevents new ones. Safe to call from the thread that handles signals.
pub fn cancel() {
    CANCELLED.store(true, Ordering::SeqCst);
}

/// Whether [`cancel`] was called.
#[must_use]
pub fn cancelled() -> bool {
    CANCELLED.load(Ordering::SeqCst)
}

/// Starts a child and waits for it to end.
///
/// # Errors
/// If the program cannot be started; never because of what it does.
pub fn run(command: &Command) -> io::Result<CompletedProcess> {
    Ok(start(command, None)?.wait())
}

/// Starts a child, supervised by its own thread.
///
/// # Errors
/// If the program cannot be started.
pub fn start(command: &Command, watch: Option<Watch>) -> io::Result<Running> {
    system::start(command, watch)
}

/// Kills descendants of earlier children that belong to no supervised child. Called at the end of a run.
pub fn end_orphans() {
    #[cfg(target_os = "linux")]
    descendants::kill_orphans();
}

/// Continues in a process whose descendants end with it even if it is killed. Call it before a second thread is
/// started.
pub fn enter_guard() {
    #[cfg(target_os = "linux")]
    guard::enter();
}

/// Kills every descendant of the lab at once, for a lab that is about to exit.
pub fn kill_all() {
    #[cfg(target_os = "linux")]
    descendants::kill_all();
}

/// A running child and the thread that supervises it. Dropping it ends the child.
#[derive(Debug)]
pub struct Running {
    shared: Arc<Shared>,
    started: Instant,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// State shared by the supervising thread and the others.
#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// Time the child has waited for a processor, microseconds.
    starved: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// Bytes still to be written to the child's stdin.
    stdin: Vec<u8>,
    /// Close stdin once `stdin` is written.
    stdin_ends: bool,
    /// Set when the lab wants the child to end.
    stop: Option<StopSignal>,
    ended: Option<CompletedProcess>,
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

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    fn new(shared: Arc<Shared>, thread: std::thread::JoinHandle<()>) -> Self {
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
        match state.ended.take() {
            Some(ended) => ended,
            None => unreachable!("the supervisor always reports how the child ended"),
        }
    }

    /// Waits until the child has ended; `false` if `limit` passes first.
    #[must_use]
    pub fn wait_end(&self, limit: Duration) -> bool {
        self.wait_until(limit, |state| state.ended.is_some().then_some(true)).unwrap_or(false)
    }

    /// Waits until `stream` contains `text`; `false` if the limit passes or the child ends first.
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

    /// Time the child has waited for a processor because others used it; updated five times a second.
    #[must_use]
    pub fn cpu_wait(&self) -> Duration {
        Duration::from_micros(self.shared.starved.load(Ordering::Relaxed))
    }

    /// `limit`, extended for a wait whose length is fixed when it begins: by as much as the child's waiting for a
    /// processor has slowed it down so far.
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

    /// Asks the child to end; [`Running::wait`] returns once it has.
    pub fn stop(&self, how: StopSignal) {
        self.shared.lock().stop.get_or_insert(how);
    }

    /// The output of `stream` after its first `from` bytes; empty once the child has ended.
    #[must_use]
    pub fn since(&self, stream: Stream, from: usize) -> Vec<u8> {
        let state = self.shared.lock();
        let bytes = if stream == Stream::Stdout { &state.stdout } else { &state.stderr };
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

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.stop(StopSignal::Kill);
            let _ = thread.join();
        }
    }
}

/// The part of the lab's environment that compilers and package managers need: paths of tools and their home
/// directories, network settings, locale. Nothing else is passed on.
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

//! How a child is started, and how it ended.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::{ReportPipe, Sandbox};

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
    /// Its access to this machine; `None`: whatever the lab itself may access. Guests have a sandbox, compilers do
    /// not.
    pub sandbox: Option<Sandbox>,
    /// A pipe on which it reports to the lab, in addition to its output.
    pub report: Option<Arc<ReportPipe>>,
}

/// The stdin of a child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// These bytes, then end of file.
    Bytes(Vec<u8>),
    /// Whatever [`crate::Running::write`] sends, until the child ends.
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
    /// Ended by its [`crate::Watch`].
    WatchLimit,
    /// Reached the output limit.
    OutputLimit,
    /// Reached the memory limit.
    MemoryLimit,
    /// Ended by [`crate::Running::stop`].
    Stopped,
    /// The user interrupted the lab.
    Interrupted,
}

impl fmt::Display for ExitReason {
    /// A phrase to put after the program's name: `exited with code 1`.
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

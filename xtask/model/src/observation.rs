//! Observations: the events in a cell, without judgement.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wasmlab_protocol::{Cause, Event, Stage};

/// Everything observed in one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The engine's events, in order; empty for runtimes that do not use the protocol.
    pub events: Vec<Event>,
    /// How the process ended.
    pub outcome: Outcome,
    /// The guest's stdout, lossily decoded, up to the output limit.
    pub stdout: String,
    /// Stderr of the guest and the runtime.
    pub stderr: String,
    /// The command line, program first.
    pub argv: Vec<String>,
    /// Wall-clock time, microseconds.
    pub wall_micros: u64,
    /// User and system time of the process and the children it waited for, microseconds.
    pub cpu_micros: u64,
    /// Peak resident size of the process, bytes. Never less than the lab's own size when it forked, because the kernel
    /// counts that too.
    pub peak_rss_bytes: u64,
    /// How many client steps passed, and the first that failed, if there is a script.
    pub client_progress: Option<ClientProgress>,
    /// Files outside the guest's directories that it changed or read: proof of a sandbox escape.
    pub escapes: Vec<String>,
    /// Inputs of the scenario that this runtime cannot be given; the guest was started without them. See
    /// [`crate::subjects::PREOPENED_SOCKET`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsupported_inputs: Vec<String>,
    /// Requests received by the lab's test servers, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<RecordedRequest>,
    /// Purpose of the last process.
    #[serde(default)]
    pub role: ProcessRole,
    /// Earlier processes, if the cell takes several: an ahead-of-time compiler, previous calls. Their times are
    /// included in the sums above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub previous: Vec<ProcessRecord>,
    /// Contents of the files that the scenario checks, by guest path.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, FoundFile>,
    /// The runtime got a module with the guest's imports and nothing else. It lacks one of them, so the guest itself was
    /// not compiled.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub imports_only: bool,
}

/// A file as found after the guest ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundFile {
    /// Why there is no text, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// Its text, up to 1 MiB, lossily decoded, with the date of the run replaced by `{today}`.
    pub text: String,
}

impl FoundFile {
    /// A file that could not be read, with the reason.
    #[must_use]
    pub fn missing(why: String) -> Self {
        Self { missing: Some(why), text: String::new() }
    }
}

/// A request that a guest sent to one of the lab's test servers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedRequest {
    /// Name of the test server.
    pub server: String,
    /// Method.
    pub method: String,
    /// Path, with the query.
    pub path: String,
    /// Headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Body, lossily decoded.
    pub body: String,
    /// Why the request is malformed or was not expected, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// One process of a cell that takes several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProcessRecord {
    /// Its purpose.
    pub role: ProcessRole,
    /// The command line, program first.
    pub argv: Vec<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// Its stdout.
    pub stdout: String,
    /// Its stderr.
    pub stderr: String,
    /// Wall-clock time, microseconds.
    pub wall_micros: u64,
}

/// The purpose of a process in a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProcessRole {
    /// Compiles the module ahead of time.
    Precompile,
    /// Runs the guest.
    #[default]
    Guest,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Exited with this code.
    Exited(i32),
    /// Ended by this signal, which the lab did not send.
    Signaled(i32),
    /// Ended by the lab at a limit.
    Limit(Limit),
    /// Ended by the lab because the client steps were complete (its last step sent a signal).
    Stopped,
    /// Could not be started; the system's error message.
    NotStarted(String),
    /// Interrupted by the user; such an observation is never cached.
    Interrupted,
}

/// A limit that a process reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// Wall-clock time, milliseconds.
    Time(u64),
    /// Wall-clock time before the guest's first instruction, milliseconds.
    CompileTime(u64),
    /// Wall-clock time of a process that did not report whether the guest had started.
    CompileOrRun {
        /// The share allowed for compiling, milliseconds.
        compile_ms: u64,
        /// The share allowed for running, milliseconds.
        run_ms: u64,
    },
    /// stdout or stderr, bytes.
    Output(u64),
    /// Resident size of the process and its descendants, bytes.
    Memory(u64),
    /// Data written to its directories.
    Disk {
        /// Maximum size, bytes.
        bytes: u64,
        /// Maximum number of files and directories.
        files: u64,
    },
}

/// How far the client got.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientProgress {
    /// Steps that passed.
    pub steps_passed: usize,
    /// Steps in total.
    pub steps: usize,
    /// The first step that failed, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// The failed step only tried to reach the guest, and nothing listened on its port.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unreachable: bool,
}

/// How far the guest got in the engine. Embedded engines report it; for command-line runtimes the adapter derives it
/// from exit code and output.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GuestProgress {
    /// The last stage that was entered.
    pub stage: Option<Stage>,
    /// Why it ended, if known.
    pub cause: Option<Cause>,
    /// Calls that returned and calls to host functions, in order.
    pub calls: Vec<Event>,
    /// Indices into [`Run::call`] of calls that this execution path cannot make: each call gets a new instance, and
    /// these need the instance of the previous call.
    ///
    /// [`Run::call`]: crate::scenario::Run::call
    pub skipped_calls: Vec<usize>,
    /// The guest's stdout, if the observed one also contains the runtime's own messages.
    pub stdout: Option<String>,
    /// The same for stderr.
    pub stderr: Option<String>,
    /// The runtime does not check imports at instantiation; a missing one shows only when it is called.
    pub unchecked_imports: bool,
}

impl Observation {
    /// An empty observation: no process was started. The verdict derived from it is always
    /// `Error`.
    #[must_use]
    pub fn not_started() -> Self {
        Self {
            events: Vec::new(),
            outcome: Outcome::NotStarted("no process was started".to_owned()),
            stdout: String::new(),
            stderr: String::new(),
            argv: Vec::new(),
            wall_micros: 0,
            cpu_micros: 0,
            peak_rss_bytes: 0,
            client_progress: None,
            escapes: Vec::new(),
            unsupported_inputs: Vec::new(),
            requests: Vec::new(),
            role: ProcessRole::Guest,
            previous: Vec::new(),
            files: BTreeMap::new(),
            imports_only: false,
        }
    }

    /// Progress as reported by an embedded engine.
    #[must_use]
    pub fn reported_progress(&self) -> GuestProgress {
        let mut progress = GuestProgress::default();
        for event in &self.events {
            match event {
                Event::Stage { stage, .. } => progress.stage = Some(*stage),
                Event::End { cause, .. } => progress.cause = Some(cause.clone()),
                Event::ExecutionPath { .. } => {}
                Event::CallReturned { .. } | Event::HostCall { .. } => progress.calls.push(event.clone()),
            }
        }
        progress
    }

    /// How the host ran the module, if it has several ways and reported which one it took.
    #[must_use]
    pub fn execution_path(&self) -> Option<&str> {
        self.events.iter().find_map(|e| if let Event::ExecutionPath { path } = e { Some(path.as_str()) } else { None })
    }

    /// Wall-clock time of this cell's ahead-of-time compiler, microseconds, if it ran one.
    #[must_use]
    pub fn precompile_micros(&self) -> Option<u64> {
        self.previous.iter().find(|process| process.role == ProcessRole::Precompile).map(|process| process.wall_micros)
    }

    /// Time from entering the stage to the next event, microseconds, if both were recorded.
    #[must_use]
    pub fn stage_micros(&self, wanted: Stage) -> Option<u64> {
        let mut entered: Option<u64> = None;
        for event in &self.events {
            let at = match event {
                Event::Stage { micros, .. } | Event::End { micros, .. } => *micros,
                _ => continue,
            };
            if let Some(start) = entered {
                return Some(at.saturating_sub(start));
            }
            if matches!(event, Event::Stage { stage, .. } if *stage == wanted) {
                entered = Some(at);
            }
        }
        None
    }
}

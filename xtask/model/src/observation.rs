//! What happened in a cell: facts only, no judgement.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wasmlab_protocol::{Cause, Event, Stage};

/// In [`Observation::unsupported_inputs`]: a listening socket that the host opened.
pub const PREOPENED_SOCKET: &str = "preopened-socket";

/// All that was seen of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// What the engine reported, in order; empty for runtimes that do not speak the protocol.
    pub events: Vec<Event>,
    /// How the process ended.
    pub outcome: Outcome,
    /// The guest's stdout, lossily decoded, as far as the output limit.
    pub stdout: String,
    /// The guest's and the runtime's stderr.
    pub stderr: String,
    /// The command, program first.
    pub argv: Vec<String>,
    /// Wall-clock time, microseconds.
    pub wall_micros: u64,
    /// User and system time of the process and what it waited for, microseconds.
    pub cpu_micros: u64,
    /// Largest resident size of the process, bytes (at least that of the lab at the start of it: so
    /// the kernel counts).
    pub peak_rss_bytes: u64,
    /// Steps of the client's script that were done, and the one that failed, if any.
    pub client_script: Option<ScriptProgress>,
    /// Files outside the guest's directories that it changed or read: proof of an escape.
    pub escapes: Vec<String>,
    /// What the scenario gives to its guest and this runtime has no way to be given: the guest was started without
    /// it. [`PREOPENED_SOCKET`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsupported_inputs: Vec<String>,
    /// What the lab's servers were asked, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<RecordedRequest>,
    /// What the last process was for.
    #[serde(default)]
    pub role: ProcessRole,
    /// The processes before the last one, where a cell takes several: an ahead-of-time compiler, earlier
    /// calls. Their times count in the sums above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub previous: Vec<ProcessRecord>,
    /// What the guest left in the files that the scenario looks at, by the guest's names for them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, FoundFile>,
}

/// A file as it was found when the guest had ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundFile {
    /// Why there is no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// Its text, up to 1 MiB, lossily decoded, with the day of the run as `{today}`.
    pub text: String,
}

impl FoundFile {
    /// One that is not there, for this reason.
    #[must_use]
    pub fn missing(why: String) -> Self {
        Self { missing: Some(why), text: String::new() }
    }
}

/// A request that a guest made to a server of the lab's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedRequest {
    /// The server's name.
    pub server: String,
    /// Method.
    pub method: String,
    /// Path, with the query.
    pub path: String,
    /// Headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Body, lossily decoded.
    pub body: String,
    /// Why it was none, or one too many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// One process of a cell that took several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProcessRecord {
    /// What it was for.
    pub role: ProcessRole,
    /// The command, program first.
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

/// What a process of a cell is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProcessRole {
    /// It translates the module.
    Precompile,
    /// It runs the guest.
    #[default]
    Guest,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It exited with this code.
    Exited(i32),
    /// This signal, which the lab did not send, ended it.
    Signaled(i32),
    /// The lab ended it at a limit.
    Limit(Limit),
    /// The lab ended it because the script was through (its last step sent a signal).
    Stopped,
    /// It could not be started: the system's words.
    NotStarted(String),
    /// The user interrupted the run; such an observation is never cached.
    Interrupted,
}

/// Which limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// Wall-clock time, milliseconds.
    Time(u64),
    /// Wall-clock time before the guest's first instruction, milliseconds.
    CompileTime(u64),
    /// Wall-clock time of a process that did not say whether the guest had begun.
    CompileOrRun {
        /// The part of it that is for translating, milliseconds.
        compile_ms: u64,
        /// The part that is for running.
        run_ms: u64,
    },
    /// stdout or stderr, bytes.
    Output(u64),
    /// Resident size of the process and its descendants, bytes.
    Memory(u64),
    /// What it wrote into its folders.
    Disk {
        /// Bytes that it may take.
        bytes: u64,
        /// Files and folders that it may make.
        files: u64,
    },
}

/// How far the client's script came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptProgress {
    /// Steps that held.
    pub steps_passed: usize,
    /// Steps in all.
    pub steps: usize,
    /// The step that did not hold, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// That step only wanted to reach the guest, and nobody listened on its port.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unreachable: bool,
}

/// What an observation says of the guest's way through the engine. Engines of the lab report it;
/// for command-line runtimes their adapter reads it from exit code and output.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GuestProgress {
    /// The last stage that was entered.
    pub stage: Option<Stage>,
    /// Why it ended, where the engine said so.
    pub cause: Option<Cause>,
    /// Calls that returned and calls of host functions, in order.
    pub calls: Vec<Event>,
    /// The calls of the scenario that this way of running cannot make, by their place in [`Run::call`]: each of its
    /// calls has an instance of its own, and these need that of a call before.
    ///
    /// [`Run::call`]: crate::scenario::Run::call
    pub not_asked: Vec<usize>,
    /// The guest's stdout, where the runtime's own words stand between it and what was observed.
    pub stdout: Option<String>,
    /// The same of stderr.
    pub stderr: Option<String>,
    /// The runtime starts a guest without a look at its imports, and notices a missing one when it is called.
    pub unchecked_imports: bool,
}

impl Observation {
    /// Nothing was started, nothing happened: no verdict but an error can come of it.
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
            client_script: None,
            escapes: Vec::new(),
            unsupported_inputs: Vec::new(),
            requests: Vec::new(),
            role: ProcessRole::Guest,
            previous: Vec::new(),
            files: BTreeMap::new(),
        }
    }

    /// Progress as an engine of the lab reported it.
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

    /// How the host ran the module, where it has several ways and said which one it took.
    #[must_use]
    pub fn execution_path(&self) -> Option<&str> {
        self.events
            .iter()
            .find_map(|e| if let Event::ExecutionPath { path: way } = e { Some(way.as_str()) } else { None })
    }

    /// Wall-clock time of the process that translated the module, microseconds, where one did so in this cell.
    #[must_use]
    pub fn precompile_micros(&self) -> Option<u64> {
        self.previous.iter().find(|process| process.role == ProcessRole::Precompile).map(|process| process.wall_micros)
    }

    /// Microseconds from entering `stage` to the next event, where both were seen.
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

//! One cell of the matrix in a report, and the notes about cells.

use std::fmt;

use serde::{Deserialize, Serialize};
use wasmlab_protocol::Stage;

use super::INVALID_FILE;
use crate::assertions::Assertions;
use crate::checks::Check;
use crate::codes::{Blame, Code};
use crate::prediction::CellPrediction;
use crate::remedy::{Remedy, RemedyKind};
use crate::verdict::{Change, ProposalRefusal, Verdict};

/// A cell of the matrix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Cell {
    /// The scenario's name.
    pub scenario: String,
    /// The column's id.
    pub runtime: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The reason for the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// Who is blamed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blame: Vec<Blame>,
    /// The last stage that the guest entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub stage: Option<Stage>,
    /// The import, function or proposal concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// One line, quoting the runtime or the guest.
    pub detail: String,
    /// The remedy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// How useful the cell's own remedy is. Only needed until the row's columns are named; a report read from a file
    /// lacks it.
    #[serde(skip)]
    pub remedy_kind: RemedyKind,
    /// The runtime's message when it refused the module, which [`Self::detail`] also quotes. A report read from a file
    /// lacks it.
    #[serde(skip)]
    pub refusal: Option<ProposalRefusal>,
    /// The second obstacle, if `remedy` mentions one behind the first. A report read from a file lacks it.
    #[serde(skip)]
    pub next_obstacle: Option<Code>,
    /// The end of `remedy`, if it mentions a second obstacle: how to remove that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_obstacle_remedy: Option<String>,
    /// The remedy as data; empty if there is only the sentence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remedies: Vec<Remedy>,
    /// The guest's result for each capability that it tried, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// The assertions of a `.wast` file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assertions: Option<Assertions>,
    /// The exit code that the runtime reported for the guest, if the guest chose one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// How it compares to the snapshot.
    pub change: Change,
    /// The snapshot's result, if different; names both versions if the runtime's version changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_result: Option<String>,
    /// The runtime's version changed along with the result.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub changed_with_version: bool,
    /// The reason from a matching `[[known]]` entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
    /// The user requires a pass here (`check --must`, `wasmlab.toml`): anything else makes the exit code 1.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// The pass says only that the runtime loads the guest, a library: nothing in it was called (`check --load`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_loaded: bool,
    /// The ABI of which this runtime defines nothing, as a probe showed: `WASI`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_abi: Option<String>,
    /// The prediction from its runtime's profile; absent if there is no profile, or if the combination makes no sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prediction: Option<CellPrediction>,
    /// The guest is prebuilt.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prebuilt: bool,
    /// How the host ran the module, if it has several ways: `wasi`, `glue:emscripten`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_path: Option<String>,
    /// Runtime switches, off by default, that the pass needs, or that loading needs if nothing but the entry point is
    /// missing: command-line options, or the API call for an embedded engine.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub switches: Vec<String>,
    /// Result without these switches, one line: `unsupported-proposal (exceptions): …`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_result: Option<String>,
    /// The runtime got a module with the guest's imports and nothing else. It lacks one of them, so the guest itself was
    /// not compiled.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub imports_only: bool,
    /// The command line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub argv: Vec<String>,
    /// Wall-clock time, milliseconds.
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub duration_ms: f64,
    /// Compile time within it, milliseconds, if the engine reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compile_ms: Option<f64>,
    /// Run time within it, milliseconds, if the engine reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_ms: Option<f64>,
    /// CPU time, milliseconds.
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub cpu_ms: f64,
    /// Peak resident size, bytes.
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub peak_rss_bytes: u64,
    /// The observation comes from the cache.
    pub cached: bool,
    /// The guest's output.
    #[serde(default, skip_serializing_if = "Output::is_empty")]
    pub output: Output,
}

/// A guest's output; reports cut it to a few thousand characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Output {
    /// stdout.
    pub stdout: String,
    /// stderr.
    pub stderr: String,
    /// Files beside the report with the whole of a longer stream.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<OutputFile>,
}

/// A file with the whole of an output stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OutputFile {
    /// `stdout` or `stderr`.
    pub stream: String,
    /// Path from the report's folder: `output/hello.wasmi.stdout.txt`.
    pub path: String,
    /// Size of the stream, bytes.
    pub bytes: u64,
    /// Its contents; `None` in a report that was read from a file.
    #[serde(skip)]
    pub text: Option<String>,
}

impl Cell {
    /// An unmeasured, uncompared cell with this verdict.
    #[must_use]
    pub fn unmeasured(scenario: &str, runtime: &str, verdict: Verdict, detail: String) -> Self {
        Self {
            scenario: scenario.to_owned(),
            runtime: runtime.to_owned(),
            verdict,
            code: None,
            blame: Vec::new(),
            stage: None,
            subject: None,
            detail,
            remedy: None,
            remedy_kind: RemedyKind::default(),
            refusal: None,
            next_obstacle: None,
            next_obstacle_remedy: None,
            remedies: Vec::new(),
            checks: Vec::new(),
            assertions: None,
            exit_code: None,
            change: Change::Same,
            accepted_result: None,
            changed_with_version: false,
            known: None,
            required: false,
            only_loaded: false,
            missing_abi: None,
            prediction: None,
            prebuilt: false,
            execution_path: None,
            switches: Vec::new(),
            default_result: None,
            imports_only: false,
            argv: Vec::new(),
            duration_ms: 0.0,
            compile_ms: None,
            run_ms: None,
            cpu_ms: 0.0,
            peak_rss_bytes: 0,
            cached: false,
            output: Output::default(),
        }
    }

    /// The cell without its command line, times, memory and output.
    #[must_use]
    pub fn without_measurements(self) -> Self {
        let none = Self::unmeasured("", "", self.verdict, String::new());
        Self {
            argv: none.argv,
            duration_ms: none.duration_ms,
            compile_ms: none.compile_ms,
            run_ms: none.run_ms,
            cpu_ms: none.cpu_ms,
            peak_rss_bytes: none.peak_rss_bytes,
            cached: none.cached,
            output: none.output,
            ..self
        }
    }

    /// Whether it passes, but not with the runtime's defaults.
    #[must_use]
    pub fn passes_with_switch(&self) -> bool {
        self.verdict == Verdict::Pass && !self.switches.is_empty()
    }

    /// Whether the runtime got past linking: every import was found.
    #[must_use]
    pub fn is_linked(&self) -> bool {
        self.stage.is_some_and(|stage| stage >= Stage::Instantiate)
    }

    /// Whether the runtime does not define an import, or defines it differently.
    #[must_use]
    pub fn fails_to_link(&self) -> bool {
        self.verdict.is_gap_at_link(self.stage)
    }

    /// Whether the file itself is invalid, whatever the runtime.
    #[must_use]
    pub fn is_of_invalid_file(&self) -> bool {
        self.verdict == Verdict::NotApplicable && self.subject.as_deref() == Some(INVALID_FILE)
    }

    /// Whether the runtime lacks everything that this kind of guest needs: it does not accept components, or defines
    /// nothing of the guest's ABI. Such a runtime could not run the guest, whatever the guest does.
    #[must_use]
    pub fn lacks_guest_kind(&self) -> bool {
        self.verdict == Verdict::Gap && (self.code == Some(Code::NeedsComponentModel) || self.missing_abi.is_some())
    }
}

/// Symbol of a pass that needs a switch. Codes have letters, so none can have this symbol.
pub const PASS_WITH_SWITCH: char = '◐';

impl Output {
    /// Whether nothing was printed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stdout.is_empty() && self.stderr.is_empty()
    }
}

/// A note beside the cells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Note {
    /// The kind.
    pub kind: NoteKind,
    /// The scenario, runtime or file concerned.
    pub subject: String,
    /// One line of text.
    pub text: String,
    /// The entry of the user's file that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<FileLine>,
}

impl Note {
    /// A note that concerns no entry of a file.
    #[must_use]
    pub fn new(kind: NoteKind, subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self { kind, subject: subject.into(), text: text.into(), location: None }
    }
}

/// A line of a text file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FileLine {
    /// The file, as messages show it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

impl fmt::Display for FileLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Kinds of notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum NoteKind {
    /// A guest's imports, exports, proposals or size differ from its snapshot; counts as a regression.
    GuestChanged,
    /// A guest's size changed along with its toolchain.
    GuestChangedWithToolchain,
    /// A guest has no snapshot yet.
    GuestNew,
    /// A guest built from source differs from its prebuilt copy.
    PrebuiltDiffers,
    /// A `[[known]]` entry matches nothing that was measured; counts as a regression.
    KnownStale,
    /// An entry of `snapshots/predictions.toml` accepts a contradiction that did not occur; counts as a regression.
    PredictionStale,
    /// A run contradicts the profile of another version of its runtime.
    PredictionOfOtherVersion,
    /// A snapshot belongs to no scenario or runtime: `accept` removes it.
    SnapshotOrphan,
    /// A snapshot is damaged, or the difference could not be written beside it; the comparison is incomplete.
    SnapshotUnusable,
    /// Two columns of one engine differ: embedded and command line, or custom build and release.
    ColumnsDiffer,
    /// A guest exceeds a budget of `wasmlab.toml`: counts as a regression.
    OverBudget,
    /// A guest differs from the baseline's.
    GuestDiffersFromBaseline,
    /// A guest passed in the baseline on a runtime that did not run it now, or it is not in the baseline.
    NotCompared,
    /// An entry of `wasmlab.toml` matches nothing.
    AllowanceUnused,
    /// `must` in `wasmlab.toml` names a runtime that is not selected.
    RequirementUnchecked,
    /// A runtime that a check selects by name is not installed, or does not start.
    RuntimeAbsent,
    /// A remedy that was applied to a copy of the file and helped.
    RemedyProven,
    /// A remedy that was tried and did not help.
    RemedyTried,
    /// A remedy that was not tried, because its tool is not installed.
    RemedyUntried,
    /// A toolchain or runtime is not installed.
    Missing,
    /// The next steps.
    NextStep,
}

impl NoteKind {
    /// Whether this note makes the run exit with 1.
    #[must_use]
    pub fn fails_run(self) -> bool {
        matches!(
            self,
            Self::GuestChanged | Self::KnownStale | Self::PredictionStale | Self::PrebuiltDiffers | Self::OverBudget
        )
    }

    /// Whether this note is about a change, and not about what the user asked for.
    #[must_use]
    pub fn is_change(self) -> bool {
        matches!(
            self,
            Self::GuestChanged
                | Self::GuestChangedWithToolchain
                | Self::GuestNew
                | Self::PrebuiltDiffers
                | Self::KnownStale
                | Self::PredictionStale
                | Self::PredictionOfOtherVersion
                | Self::SnapshotOrphan
                | Self::SnapshotUnusable
                | Self::GuestDiffersFromBaseline
        )
    }
}

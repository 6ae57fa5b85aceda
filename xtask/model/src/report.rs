//! A run as written to `report.json`: everything that renderers and the walkthrough read.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wasmlab_protocol::Stage;

use crate::assertions::Assertions;
use crate::checks::Check;
use crate::codes::{Blame, Code};
use crate::facts::Facts;
use crate::prediction::CellPrediction;
use crate::remedy::Remedy;
use crate::verdict::{Change, Verdict};

mod consistency;
mod failure;
mod partition;

pub use failure::{Failure, FailureText};
pub use partition::Partition;

/// Version of the report format.
pub const SCHEMA_VERSION: u32 = 3;

/// The subject of cells whose file is not valid WebAssembly; no runtime was tried.
pub const INVALID_FILE: &str = "invalid-file";

/// One run of the lab.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RunReport {
    /// [`SCHEMA_VERSION`].
    pub schema: u32,
    /// `run-all` or `check`.
    pub command: String,
    /// The machine.
    pub host: HostInfo,
    /// Start time, RFC 3339, UTC; empty in a published report, which is not of one run.
    pub started: String,
    /// Duration, milliseconds.
    pub duration_ms: u64,
    /// The user interrupted the run; cells not reached are left out.
    pub interrupted: bool,
    /// The scenarios and runtimes selected, if not all.
    #[serde(default, skip_serializing_if = "Selection::is_everything")]
    pub selected: Selection,
    /// The report that the cells and guests are compared with in place of snapshots, as it was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// Toolchains that the scenarios use, by id.
    pub toolchains: BTreeMap<String, ToolInfo>,
    /// Columns, in registry order.
    pub runtimes: Vec<RuntimeInfo>,
    /// Rows, sorted by name.
    pub scenarios: Vec<ScenarioInfo>,
    /// Guests, sorted by scenario; a scenario that could not be built has none.
    pub artifacts: Vec<Artifact>,
    /// Texts of the codes that occur in the cells, in catalogue order, so that an old report renders the same later.
    pub codes: Vec<CodeText>,
    /// Cells, sorted by scenario, then in column order.
    pub cells: Vec<Cell>,
    /// Anything beyond the cells: changed artifacts, stale annotations, missing tools, next steps.
    pub notes: Vec<Note>,
}

impl RunReport {
    /// The texts of a code; `None` if no cell had it when the report was made.
    #[must_use]
    pub fn text(&self, code: Code) -> Option<&CodeText> {
        self.codes.iter().find(|text| text.code == code)
    }
}

/// A code of the catalogue, as it was when the report was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CodeText {
    /// The code.
    pub code: Code,
    /// Its letter in tables; `None` in reports from before codes had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<char>,
    /// The verdict it belongs to.
    pub verdict: Verdict,
    /// Who is blamed, unless a cell overrides it.
    pub blame: Vec<Blame>,
    /// Its meaning.
    pub meaning: String,
    /// The remedy, unless a cell has its own.
    pub remedy: String,
}

impl CodeText {
    /// The texts of every code that occurs in `cells`, in catalogue order.
    #[must_use]
    pub fn of(cells: &[Cell]) -> Vec<Self> {
        let codes: BTreeSet<Code> = cells.iter().filter_map(|cell| cell.code).collect();
        let text = |code: Code| {
            let entry = code.entry();
            Self {
                code,
                symbol: Some(entry.symbol),
                verdict: entry.verdict,
                blame: entry.blame.to_vec(),
                meaning: entry.meaning.to_owned(),
                remedy: entry.remedy.to_owned(),
            }
        };
        codes.into_iter().map(text).collect()
    }
}

/// The globs that selected rows and columns, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Selection {
    /// Scenario globs; empty means all.
    pub scenarios: Vec<String>,
    /// Runtime globs; empty means all.
    pub runtimes: Vec<String>,
    /// The part of the scenarios that was run, if the run was spread over several reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<Partition>,
}

impl Selection {
    /// Whether everything was selected.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}

/// The machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HostInfo {
    /// `linux`.
    pub os: String,
    /// `x86_64`.
    pub arch: String,
    /// Logical processors; 0 in a published report, which is not of one machine.
    pub cpus: usize,
    /// Version of the lab.
    pub lab: String,
}

/// A tool, found or missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ToolInfo {
    /// Whether it is installed.
    pub present: bool,
    /// Its version, as it reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Why it is missing, and the command that installs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

impl ToolInfo {
    /// The reason of one that an interrupted run did not look for.
    pub const NOT_LOOKED_FOR: &'static str = "the run was stopped before";

    /// Whether it was looked for and is not installed.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        !self.present && self.missing.as_deref() != Some(Self::NOT_LOOKED_FOR)
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RuntimeInfo {
    /// `wasmtime-winch`.
    pub id: String,
    /// `wasmtime`.
    pub engine: String,
    /// Its compiler, interpreter or host: `winch`, `node:wasi`.
    pub mode: String,
    /// Switches that all cells of this column run with; those that a single cell needs are in its command.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// A note that readers of the results need.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// A build given on the command line; it has no snapshots.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub custom_build: bool,
    /// Whether it is installed, and its version.
    #[serde(flatten)]
    pub tool: ToolInfo,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ScenarioInfo {
    /// The scenario's name.
    pub name: String,
    /// One line that says what it is.
    pub title: String,
    /// The program that its family builds in several ways.
    pub family: String,
    /// How it is compiled.
    pub route: String,
    /// Position within its family.
    #[serde(default)]
    pub rank: u8,
}

/// Where a guest comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Built from source on this machine.
    Built,
    /// From `fixtures/`.
    Prebuilt,
    /// A third-party binary.
    Fetched,
    /// A file given on the command line.
    Given,
}

impl Origin {
    /// The name in reports: `built`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Built => "built",
            Self::Prebuilt => "prebuilt",
            Self::Fetched => "fetched",
            Self::Given => "given",
        }
    }
}

/// A guest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Artifact {
    /// The scenario's name.
    pub scenario: String,
    /// SHA-256 of the binary, hexadecimal.
    pub sha256: String,
    /// Size, bytes.
    pub bytes: u64,
    /// Where it came from.
    pub origin: Origin,
    /// The toolchain that built it, with its version.
    pub toolchain: String,
    /// Build time, milliseconds; absent for a prebuilt guest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_ms: Option<u64>,
    /// Facts from reading the binary; absent if it is malformed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
    /// Every byte with its meaning, of a small guest; empty for a larger one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub annotated: Vec<ByteLine>,
}

/// A few bytes of a binary that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ByteLine {
    /// Offset of the first byte from the start of the file.
    pub offset: u64,
    /// The bytes, hexadecimal: `00 61 73 6d`.
    pub bytes: String,
    /// How deep it is nested: 0 for the header and the beginning of a section.
    pub depth: u64,
    /// What the bytes mean.
    pub meaning: String,
    /// Whether reading stopped here; `meaning` says why.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wrong: bool,
}

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
    /// What the remedy offers, as data; empty if only its sentence tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remedies: Vec<Remedy>,
    /// The guest's result for each capability that it tried, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// The assertions of a `.wast` file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assertions: Option<Assertions>,
    /// How it compares to the snapshot.
    pub change: Change,
    /// The snapshot's result, if different; names both versions if the runtime's version changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
    /// The runtime's version changed along with the result.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub changed_with_version: bool,
    /// The reason from a matching `[[known]]` entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
    /// The user requires a pass here (`check --must`, `wasmlab.toml`): anything else makes the exit code 1.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// The ABI of which this runtime defines nothing at all, as a probe showed: `WASI`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lacks_abi: Option<String>,
    /// What its runtime's profile says of the guest; absent if there is no profile, or if the question makes no sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prediction: Option<CellPrediction>,
    /// The guest is prebuilt.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prebuilt: bool,
    /// How the host ran the module, if it has several ways: `wasi`, `glue:emscripten`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_path: Option<String>,
    /// Runtime switches, off by default, that the pass needs: command-line options, or the API call for an embedded
    /// engine.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub switches: Vec<String>,
    /// Result without these switches, one line: `unsupported-proposal (exceptions): …`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_result: Option<String>,
    /// The command line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub argv: Vec<String>,
    /// Wall-clock time, milliseconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub duration_ms: f64,
    /// Compile time within it, milliseconds, if the engine reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compile_ms: Option<f64>,
    /// Run time within it, milliseconds, if the engine reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_ms: Option<f64>,
    /// CPU time, milliseconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cpu_ms: f64,
    /// Peak resident size, bytes.
    #[serde(default, skip_serializing_if = "is_zero")]
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
    /// Whether the runtime got past linking: every import was found.
    #[must_use]
    pub fn is_linked(&self) -> bool {
        self.stage.is_some_and(|stage| stage >= Stage::Instantiate)
    }

    /// Whether the file itself is invalid, whatever the runtime.
    #[must_use]
    pub fn is_of_invalid_file(&self) -> bool {
        self.verdict == Verdict::NotApplicable && self.subject.as_deref() == Some(INVALID_FILE)
    }

    /// Whether the runtime lacks all that this kind of guest needs: it takes no components, or has none of the guest's
    /// ABI. Such a runtime could not run the guest, whatever the guest does.
    #[must_use]
    pub fn is_of_other_kind(&self) -> bool {
        self.verdict == Verdict::Gap && (self.code == Some(Code::NeedsComponentModel) || self.lacks_abi.is_some())
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

/// Leaves out zero costs: of a cell that was not measured, and of a published report, which states none.
pub(crate) fn is_zero<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
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
}

/// Kinds of notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum NoteKind {
    /// An artifact's imports, exports, proposals or size differ from its snapshot; counts as a regression.
    ArtifactChanged,
    /// An artifact's size changed along with its toolchain.
    ArtifactChangedWithToolchain,
    /// An artifact has no snapshot yet.
    ArtifactNew,
    /// A guest built from source differs from its prebuilt copy.
    PrebuiltDiffers,
    /// A `[[known]]` entry matches nothing that was measured; counts as a regression.
    KnownStale,
    /// An entry of `snapshots/predictions.toml` accepts a contradiction that is none; counts as a regression.
    PredictionStale,
    /// A run contradicts the profile of another version of its runtime.
    PredictionOfOtherVersion,
    /// A snapshot belongs to no scenario or runtime: `bless` removes it.
    SnapshotOrphan,
    /// A snapshot is damaged, or the difference could not be written beside it; the comparison is incomplete.
    SnapshotUnusable,
    /// Two columns of one engine differ: embedded and command line, or custom build and release.
    ColumnsDiffer,
    /// A guest exceeds a budget of `wasmlab.toml`: counts as a regression.
    OverBudget,
    /// A guest differs from the baseline's.
    GuestChanged,
    /// An entry of `wasmlab.toml` matches nothing.
    AllowanceUnused,
    /// A remedy that was applied to a copy of the file and helped.
    RemedyProven,
    /// A remedy that was tried and did not help, or whose tool is absent.
    RemedyTried,
    /// A toolchain or runtime is not installed.
    Missing,
    /// The next steps.
    NextStep,
}

impl NoteKind {
    /// Whether this note makes the run exit with 1.
    #[must_use]
    pub fn is_worse(self) -> bool {
        matches!(
            self,
            Self::ArtifactChanged | Self::KnownStale | Self::PredictionStale | Self::PrebuiltDiffers | Self::OverBudget
        )
    }
}

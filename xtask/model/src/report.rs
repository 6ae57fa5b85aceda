//! A run as it is written to `report.json`: everything that renderers and the walkthrough read.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wasmlab_protocol::Stage;

use crate::checks::Check;
use crate::codes::{Blame, Code};
use crate::facts::Facts;
use crate::verdict::{Change, Verdict};

mod failure;

pub use failure::{Failure, FailureText};

/// Version of the report's format.
pub const SCHEMA_VERSION: u32 = 3;

/// The subject of cells whose file is no WebAssembly at all, or a part of it: no runtime was asked.
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
    /// When the run began, RFC 3339, UTC; empty where the report is not of one run: one that is published.
    pub started: String,
    /// How long it took, milliseconds.
    pub duration_ms: u64,
    /// The user stopped it: cells that were not reached are left out.
    pub interrupted: bool,
    /// What of the lab was asked for, where that was not all of it.
    #[serde(default, skip_serializing_if = "Selection::is_everything")]
    pub selected: Selection,
    /// The report that the cells and guests are compared with in place of snapshots, as it was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// Toolchains that the scenarios name, by id.
    pub toolchains: BTreeMap<String, ToolInfo>,
    /// Columns, in the registry's order.
    pub runtimes: Vec<RuntimeInfo>,
    /// Rows, sorted by name.
    pub scenarios: Vec<ScenarioInfo>,
    /// Guests, sorted by scenario; a scenario that could not be built has none.
    pub artifacts: Vec<Artifact>,
    /// What the codes of the cells mean, in the catalogue's order: a report explains itself, with the texts of its time.
    pub codes: Vec<CodeText>,
    /// Cells, sorted by scenario, then in the order of the columns.
    pub cells: Vec<Cell>,
    /// What else is to be known: changed artifacts, stale annotations, what is missing, what to do.
    pub notes: Vec<Note>,
}

impl RunReport {
    /// The texts of a code; none for a code that no cell had when the report was made.
    #[must_use]
    pub fn text(&self, code: Code) -> Option<&CodeText> {
        self.codes.iter().find(|text| text.code == code)
    }
}

/// A code of the catalogue, as it stood there when the report was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CodeText {
    /// The code.
    pub code: Code,
    /// Its letter in tables; absent in reports that were made before codes had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<char>,
    /// The verdict that it explains.
    pub verdict: Verdict,
    /// Whom it blames, unless a cell says otherwise.
    pub blame: Vec<Blame>,
    /// What it means.
    pub meaning: String,
    /// What would change it, unless a cell says otherwise.
    pub remedy: String,
}

impl CodeText {
    /// The texts of every code that `cells` have, in the catalogue's order.
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

/// The globs that rows and columns were chosen by, as they were typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Selection {
    /// Of the scenarios; none: every one.
    pub scenarios: Vec<String>,
    /// Of the runtimes; none: every one.
    pub runtimes: Vec<String>,
}

impl Selection {
    /// Whether nothing was chosen.
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
    /// Logical processors; 0 where the report is not of one machine: one that is published.
    pub cpus: usize,
    /// Version of the lab.
    pub lab: String,
}

/// A tool as it was found, or was not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ToolInfo {
    /// Whether it is here.
    pub present: bool,
    /// Its version, as it says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// If it is not here: why, and the command that gets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RuntimeInfo {
    /// `wasmtime-winch`.
    pub id: String,
    /// `wasmtime`.
    pub engine: String,
    /// How it translates, or which of its hosts is used: `winch`, `node:wasi`.
    pub mode: String,
    /// The switches that all its cells are run with; those that a cell needs beside them are in its command.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// What its name does not say and its results should not be read without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// A build of the user's own, named on the command line: it has no snapshots.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub custom_build: bool,
    /// What of it is here.
    #[serde(flatten)]
    pub tool: ToolInfo,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ScenarioInfo {
    /// The scenario's name.
    pub name: String,
    /// One line: what it is.
    pub title: String,
    /// The program that it is, seen through one route.
    pub family: String,
    /// The way it is compiled.
    pub route: String,
    /// Its place within its family.
    #[serde(default)]
    pub rank: u8,
}

/// Where a guest came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Built from source on this machine.
    Built,
    /// From `fixtures/`.
    Prebuilt,
    /// A third party's binary.
    Fetched,
    /// Named on the command line.
    Given,
}

impl Origin {
    /// As in reports: `built`.
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
    /// Its size.
    pub bytes: u64,
    /// Where it came from.
    pub origin: Origin,
    /// The toolchain that made it, as it says its version.
    pub toolchain: String,
    /// How long the build took, milliseconds; absent for a prebuilt guest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_ms: Option<u64>,
    /// What reading it tells; absent where it is malformed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
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
    /// Its reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// Whose gap it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blame: Vec<Blame>,
    /// How far the guest came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub stage: Option<Stage>,
    /// The import, function or proposal in question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// One line, with the runtime's or the guest's own words.
    pub detail: String,
    /// What would change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// What the guest says of each capability that it tried, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// How it stands to the snapshot.
    pub change: Change,
    /// What the snapshot says, where it says something else; names the versions where they differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
    /// The runtime's version changed together with the result.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub changed_with_version: bool,
    /// The `[[known]]` entry's reason, where one fits: the gap is a known gap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
    /// The user requires a pass here (`check --must`, `wasmlab.toml`): anything else makes the exit code 1.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// The ABI of the guest of which this runtime defines nothing at all, as a probe showed: `WASI 0.1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lacks_abi: Option<String>,
    /// The guest is a prebuilt one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prebuilt: bool,
    /// How the host ran the module, where it has several ways: `wasi`, `glue:emscripten`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_path: Option<String>,
    /// Switches of the runtime, off by default, that it passes with: a command line's own text, or the call of an
    /// embedded engine's API.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub switches: Vec<String>,
    /// What the runtime does without them, one line: `unsupported-proposal (exceptions): …`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_result: Option<String>,
    /// The command.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub argv: Vec<String>,
    /// Wall-clock time of the process, milliseconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub duration_ms: f64,
    /// Of which translating the module, milliseconds, where the engine says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compile_ms: Option<f64>,
    /// Of which running it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_ms: Option<f64>,
    /// Processor time, milliseconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cpu_ms: f64,
    /// Largest resident size, bytes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub peak_rss_bytes: u64,
    /// The observation came from the cache.
    pub cached: bool,
    /// What the guest printed.
    #[serde(default, skip_serializing_if = "Output::is_empty")]
    pub output: Output,
}

/// What a guest printed, cut to some thousand characters in reports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Output {
    /// stdout.
    pub stdout: String,
    /// stderr.
    pub stderr: String,
}

impl Cell {
    /// Whether the file itself is at fault, whatever runtime is asked.
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

/// The symbol of a pass that needs a switch: no code's, since codes have letters.
pub const PASS_WITH_SWITCH: char = '◐';

impl Output {
    /// Whether it printed nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stdout.is_empty() && self.stderr.is_empty()
    }
}

/// A cell that was not measured took nothing, and a report that is published does not say what one took.
fn is_zero<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Something to be known beside the cells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Note {
    /// What kind.
    pub kind: NoteKind,
    /// What it is about: a scenario, a runtime, a file.
    pub subject: String,
    /// The text, one line.
    pub text: String,
}

/// Kinds of notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum NoteKind {
    /// An artifact differs from its snapshot in imports, exports, proposals or size: counts as worse.
    ArtifactChanged,
    /// An artifact's size changed together with its toolchain.
    ArtifactChangedWithToolchain,
    /// An artifact has no snapshot yet.
    ArtifactNew,
    /// A built guest differs from its prebuilt one.
    PrebuiltDiffers,
    /// A `[[known]]` entry matches nothing that was measured: counts as worse.
    KnownStale,
    /// A snapshot belongs to no scenario or no runtime: `bless` removes it.
    SnapshotOrphan,
    /// A snapshot is damaged, or what differs could not be written beside it: the comparison is not complete.
    SnapshotUnusable,
    /// Two columns of one engine differ: embedded and by its command line, a custom build and the release.
    ColumnsDiffer,
    /// A guest exceeds a budget of `wasmlab.toml`: counts as worse.
    OverBudget,
    /// A guest differs from the baseline's.
    GuestChanged,
    /// An entry of `wasmlab.toml` matches nothing.
    AllowanceUnused,
    /// Something is missing on this machine.
    Missing,
    /// What to do next.
    NextStep,
}

impl NoteKind {
    /// Whether it makes the run's exit code 1.
    #[must_use]
    pub fn is_worse(self) -> bool {
        matches!(self, Self::ArtifactChanged | Self::KnownStale | Self::PrebuiltDiffers | Self::OverBudget)
    }
}

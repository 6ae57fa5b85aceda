//! A run as written to `report.json`: everything that renderers and the walkthrough read.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::codes::{Blame, Code};
use crate::facts::Facts;
use crate::verdict::Verdict;

mod byte_line;
mod cell;
mod consistency;
mod failure;
mod outcome;
mod partition;

pub use byte_line::{ByteLine, spaced_hex};
pub use cell::{Cell, FileLine, Note, NoteKind, Output, OutputFile, PASS_WITH_SWITCH};
pub use failure::{Failure, FailureText};
pub use outcome::Outcome;
pub use partition::Partition;

/// Version of the report format.
pub const SCHEMA_VERSION: u32 = 6;

/// The subject of cells whose file is empty, truncated or not WebAssembly at all; no runtime was tried.
pub const INVALID_FILE: &str = "invalid-file";

/// One run of the lab.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RunReport {
    /// Version of the format.
    pub schema: u32,
    /// `run-all`, `check`, `run-one` or `suite`.
    pub command: String,
    /// The machine.
    pub machine: MachineInfo,
    /// Start time, RFC 3339, UTC; empty in a published report, which does not come from a single run.
    pub started: String,
    /// Duration, milliseconds.
    pub duration_ms: u64,
    /// The user interrupted the run; cells not reached are left out.
    pub interrupted: bool,
    /// The scenarios and runtimes selected, if not all.
    #[serde(default, skip_serializing_if = "Selection::is_everything")]
    pub selected: Selection,
    /// The baseline, as named on the command line; if set, it replaces the snapshots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// Toolchains that the scenarios use, by id.
    pub toolchains: BTreeMap<String, ToolInfo>,
    /// Columns, in registry order.
    pub runtimes: Vec<RuntimeInfo>,
    /// Rows, sorted by name.
    pub scenarios: Vec<ScenarioInfo>,
    /// Guests, sorted by scenario; a scenario that could not be built has none.
    pub guests: Vec<GuestInfo>,
    /// Texts of the codes that occur in the cells, in catalogue order, so that an old report renders the same later.
    pub codes: Vec<CodeText>,
    /// Cells, sorted by scenario, then in column order.
    pub cells: Vec<Cell>,
    /// Anything beyond the cells: changed guests, stale annotations, missing tools, next steps.
    pub notes: Vec<Note>,
}

impl RunReport {
    /// The texts of a code; `None` if no cell had it when the report was made.
    #[must_use]
    pub fn text(&self, code: Code) -> Option<&CodeText> {
        self.codes.iter().find(|text| text.code == code)
    }

    /// The guest of a scenario; `None` if it was not built.
    #[must_use]
    pub fn guest(&self, scenario: &str) -> Option<&GuestInfo> {
        self.guests.iter().find(|guest| guest.scenario == scenario)
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
pub struct MachineInfo {
    /// `linux`.
    pub os: String,
    /// `x86_64`.
    pub arch: String,
    /// Logical processors; 0 in a published report, which is not about one machine.
    pub cpus: usize,
    /// Version of the lab.
    pub lab_version: String,
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
    /// The reason for a tool that an interrupted run did not look for.
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
    pub constant_switches: Vec<String>,
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
    /// Its family: the scenarios that build the same program by different routes.
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
pub struct GuestInfo {
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

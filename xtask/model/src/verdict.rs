//! The result of a cell.

use serde::{Deserialize, Serialize};
use wasmlab_protocol::Stage;

use crate::assertions::Assertions;
use crate::checks::Check;
use crate::codes::{Blame, Code};
use crate::remedy::RemedyKind;

/// The kinds of verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The guest ran and gave the expected result.
    Pass,
    /// The guest did not run, or only in part; the code says what stopped it.
    Gap,
    /// The guest ran, but gave a wrong result or escaped its sandbox.
    Fail,
    /// There is no guest to run.
    NotBuilt,
    /// The runtime is not installed.
    Absent,
    /// The combination of guest and runtime makes no sense.
    NotApplicable,
    /// The lab has no way to give the runtime what this guest needs. Nothing was started, and nobody is blamed.
    NotAttempted,
    /// The lab failed.
    Error,
}

impl Verdict {
    /// All of them, the most informative first.
    pub const ALL: [Self; 8] = [
        Self::Pass,
        Self::Gap,
        Self::Fail,
        Self::Error,
        Self::NotBuilt,
        Self::NotAttempted,
        Self::NotApplicable,
        Self::Absent,
    ];

    /// Whether it is a gap found at link time.
    #[must_use]
    pub fn is_gap_at_link(self, stage: Option<Stage>) -> bool {
        self == Self::Gap && stage == Some(Stage::Link)
    }

    /// The name in reports: `not-built`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Gap => "gap",
            Self::Fail => "fail",
            Self::NotBuilt => "not-built",
            Self::Absent => "absent",
            Self::NotApplicable => "not-applicable",
            Self::NotAttempted => "not-attempted",
            Self::Error => "error",
        }
    }

    /// What it means, for people.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Pass => "The guest ran and gave the expected result.",
            Self::Gap => "The guest did not run, or only in part; the code says what stopped it.",
            Self::Fail => "The guest ran, but gave a wrong result or escaped its sandbox.",
            Self::NotBuilt => {
                "There is no guest to run: its toolchain is missing or rejected the source, or the file was not fetched."
            }
            Self::Absent => {
                "The runtime is not installed, so nothing is known. `cargo xtask doctor` shows how to install it."
            }
            Self::NotApplicable => {
                "This guest cannot run on this runtime by design (for example, only a web page can load it), or there is \
                 nothing to run: the file is empty, truncated or not WebAssembly at all (`invalid-file`). Nothing was started."
            }
            Self::NotAttempted => {
                "The lab has no way to give the runtime what this guest needs. Nothing was started, and nobody is blamed."
            }
            Self::Error => {
                "The lab failed. This says nothing about the guest or the runtime. The detail has the reason."
            }
        }
    }

    /// Whether a runtime was actually started with the guest.
    #[must_use]
    pub fn is_measured(self) -> bool {
        matches!(self, Self::Pass | Self::Gap | Self::Fail)
    }

    /// Whether snapshots record it: measured results, and what the lab has no way to test.
    #[must_use]
    pub fn is_in_snapshots(self) -> bool {
        self.is_measured() || self == Self::NotAttempted
    }
}

/// A combination that the lab has no way to test; nothing was started. It has neither code nor blame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAttempted {
    /// What the lab could not do, kebab-case: `call-argument`. Stable across runs.
    pub subject: &'static str,
    /// Why not, one line.
    pub reason: String,
}

/// Subjects of [`Verdict::NotAttempted`] if a guest needed an input that it was not given.
pub const MISSING_INPUTS: &[&str] = &["arguments", "directory", "environment", "network", "stdin"];

/// A verdict with the reasons for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The kind.
    pub verdict: Verdict,
    /// The reason; `None` for a pass, an absent runtime, and a combination that is not applicable or was not attempted.
    pub code: Option<Code>,
    /// Who is blamed.
    pub blame: Vec<Blame>,
    /// The last stage that the guest entered.
    pub stage: Option<Stage>,
    /// The import, function or proposal concerned. Stable across runs.
    pub subject: Option<String>,
    /// One line for display, quoting the runtime or the guest.
    pub detail: String,
    /// The remedy, if different from the catalogue's.
    pub remedy: Option<String>,
    /// How useful this remedy is.
    pub remedy_kind: RemedyKind,
    /// The runtime's refusal of the module, if a proposal is the reason.
    pub refusal: Option<ProposalRefusal>,
    /// The guest's result for each capability that it tried, in its order.
    pub checks: Vec<Check>,
    /// The assertions of a `.wast` file, if the guest is part of one.
    pub assertions: Option<Assertions>,
}

/// A runtime's refusal of a module that needs a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposalRefusal {
    /// What the runtime lacks, in words; `None` if that is not known.
    pub lacks: Option<String>,
    /// The runtime's own message.
    pub message: String,
}

/// How a cell compares to its snapshot and to the scenario's `[[known]]` entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Matches the snapshot, or was not measured.
    Same,
    /// There is no snapshot yet.
    New,
    /// Passed before and does not now, now needs a switch, is now a `fail`, or now escapes its sandbox.
    Worse,
    /// The reason changed, the lab no longer attempts it, or the result is worse with a version of the runtime that is
    /// older than the earlier one.
    Different,
    /// The gap is gone. Reported as loudly as a regression, because some text is now wrong.
    FixedGap,
}

impl Change {
    /// The name in reports: `fixed-gap`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::New => "new",
            Self::Worse => "worse",
            Self::Different => "different",
            Self::FixedGap => "fixed-gap",
        }
    }

    /// Whether the result changed. New cells do not count: in a first run, every cell is new.
    #[must_use]
    pub fn is_change(self) -> bool {
        !matches!(self, Self::Same | Self::New)
    }
}

//! What a cell says.

use serde::{Deserialize, Serialize};
use wasmlab_protocol::Stage;

use crate::checks::Check;
use crate::codes::{Blame, Code};

/// The kinds of verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Ran, and everything that was expected was seen.
    Pass,
    /// Did not run, or not wholly, for a reason that has a code.
    Gap,
    /// Ran, wrong result, no known reason.
    Fail,
    /// There is no guest to run.
    NotBuilt,
    /// The runtime is not on this machine.
    Absent,
    /// The question makes no sense for this pair.
    NotApplicable,
    /// The lab has no way to ask yet: its own limit, nobody is blamed.
    NotAttempted,
    /// The lab's own fault.
    Error,
}

impl Verdict {
    /// As in reports: `not-built`.
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

    /// Whether the guest was really given to a runtime.
    #[must_use]
    pub fn is_measured(self) -> bool {
        matches!(self, Self::Pass | Self::Gap | Self::Fail)
    }

    /// Whether a snapshot holds it: what was measured, and what the lab has no way to ask yet.
    #[must_use]
    pub fn is_in_snapshots(self) -> bool {
        self.is_measured() || self == Self::NotAttempted
    }
}

/// A question that the lab has no way to ask yet, so that nothing was started. It has neither a code nor a blame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAttempted {
    /// What was to be asked, kebab-case: `call-argument`. Stable between runs.
    pub subject: &'static str,
    /// Why it cannot be asked, one line.
    pub reason: String,
}

/// A verdict with its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The kind.
    pub verdict: Verdict,
    /// The reason, for everything but a pass, an absence and a question that makes no sense.
    pub code: Option<Code>,
    /// Whose gap it is.
    pub blame: Vec<Blame>,
    /// How far the guest came.
    pub stage: Option<Stage>,
    /// What the code is about: the import, the function, the proposal. Stable between runs.
    pub subject: Option<String>,
    /// One line for people, with the runtime's or the guest's own words.
    pub detail: String,
    /// What would change it, where that is not what the catalogue says.
    pub remedy: Option<String>,
    /// What the guest says of each capability that it tried, in its order.
    pub checks: Vec<Check>,
}

/// How a cell stands to its snapshot and to the scenario's `[[known]]` entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// As the snapshot says; or nothing was measured.
    Same,
    /// No snapshot yet.
    New,
    /// Passed before (or was another gap), does not now.
    Worse,
    /// Another reason than before.
    Different,
    /// A gap that is gone: as loud as a regression, since somebody's text is now wrong.
    FixedGap,
}

impl Change {
    /// As in reports: `fixed-gap`.
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
}

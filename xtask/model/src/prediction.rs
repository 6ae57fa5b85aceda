//! Predictions of cells, made before they run from reading the guest and from the runtime's profile.

use serde::{Deserialize, Serialize};

use crate::codes::Code;

/// The predicted outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PredictedOutcome {
    /// The runtime provides everything that the file needs.
    Runs,
    /// It starts; whether it works depends on what the runtime does with some functions that it imports.
    MayFail,
    /// It is refused.
    Fails,
}

impl PredictedOutcome {
    /// The word in reports: `may-fail`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::MayFail => "may-fail",
            Self::Fails => "fails",
        }
    }
}

/// How a prediction compares with a cell that was run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Agreement {
    /// The same result: a pass, or the same code and subject.
    Same,
    /// The same code, about another subject; or a pass with other switches.
    OtherSubject,
    /// The runtime provided everything that the file needs, as predicted, and the result is the program's own: its
    /// library refused something without calling the host, or it needs more time or memory, or it does not print what
    /// its author expects.
    OwnResult,
    /// The prediction was that reading cannot decide, and the file started.
    Undecided,
    /// They contradict each other: the prediction or the run is wrong.
    Contradicts,
    /// Nothing was run, because the runtime is not on this machine.
    NotRun,
}

/// The prediction for a cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CellPrediction {
    /// The outcome, in one word.
    pub outcome: PredictedOutcome,
    /// The reason, if it fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// The import, proposal or export concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// If it may fail, the functions on which that depends; if imports are missing, the imports. At most the first few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<String>,
    /// How many more there are.
    #[serde(default, skip_serializing_if = "crate::report::is_zero")]
    pub omitted: usize,
    /// The switches that the runtime needs to run it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub switches: Vec<String>,
    /// How the run compares with it.
    pub agreement: Agreement,
    /// The version whose profile was used, if the version that ran has no profile, or if none ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_version: Option<String>,
    /// Why `snapshots/predictions.toml` accepts that the run contradicts the prediction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
}

impl CellPrediction {
    /// Whether the lab is wrong: the run contradicts the profile of its own version, and no entry explains why.
    #[must_use]
    pub fn is_lab_error(&self) -> bool {
        self.agreement == Agreement::Contradicts && self.profile_version.is_none() && self.accepted.is_none()
    }

    /// One line: `runs`, `may-fail: wasi_snapshot_preview1.fd_readdir`, `unsupported-proposal (simd)`.
    #[must_use]
    pub fn summary(&self) -> String {
        match (self.code, &self.subject) {
            (Some(code), Some(subject)) => format!("{code} ({subject})"),
            (Some(code), None) => code.id().to_owned(),
            (None, _) if self.outcome == PredictedOutcome::MayFail => {
                format!("may fail: {}", self.functions.join(", "))
            }
            (None, _) if !self.switches.is_empty() => format!("runs with {}", self.switches.join(" ")),
            (None, _) => self.outcome.id().to_owned(),
        }
    }
}

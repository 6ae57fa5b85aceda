//! Predictions of cells, made before they run from reading the guest and from the runtime's profile.

use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};

use crate::codes::Code;
use crate::names::first_listed_of;

/// The predicted outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PredictedOutcome {
    /// The runtime provides everything that the file needs.
    Runs,
    /// Reading cannot decide: the runtime may not do everything that the file needs, or was not measured for it.
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
    /// The runtime provided everything that the file needs, as predicted, and the program itself decided the result: its
    /// library refused something without calling the host, or it needs more time or memory, or it does not print what
    /// its author expects.
    OwnResult,
    /// The prediction was `may-fail`: a pass and a failure after the start agree with it; if something was not measured,
    /// every result does.
    Undecided,
    /// They contradict each other: the prediction or the run is wrong.
    Contradicts,
    /// Nothing was run, because the runtime is not installed.
    NotRun,
}

/// Something that a file needs, and that a runtime may not do as specified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Uncertainty {
    /// Why it is uncertain.
    pub kind: UncertaintyKind,
    /// Its name: `wasi_snapshot_preview1.fd_readdir`, `exceptions`, `limit locals`.
    pub name: String,
}

/// Why something is uncertain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum UncertaintyKind {
    /// An imported function does not behave as specified, or may not exist.
    Function,
    /// The runtime accepts the instruction and does not execute it.
    Instruction,
    /// The runtime accepts the proposal and runs it wrongly.
    Proposal,
    /// The module exports no memory, which functions of WASI may need.
    Memory,
    /// The profile does not say whether the runtime starts this export.
    EntryPoint,
    /// The profile does not say whether the runtime accepts this.
    Unmeasured,
}

impl Display for Uncertainty {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let name = &self.name;
        match self.kind {
            UncertaintyKind::Function => write!(f, "a call of {name}"),
            UncertaintyKind::Instruction => write!(f, "the instruction {name}"),
            UncertaintyKind::Proposal => write!(f, "the proposal {name}"),
            UncertaintyKind::Memory => write!(f, "the module exports no {name}"),
            UncertaintyKind::EntryPoint => write!(f, "the start of its export \"{name}\""),
            UncertaintyKind::Unmeasured => write!(f, "{name} (not measured)"),
        }
    }
}

/// What a prediction depends on, in words: `at a call of env.f, env.g; the proposal exceptions`. `omitted`: the number of
/// functions that are not listed.
#[must_use]
pub fn list_uncertain(uncertain: &[Uncertainty], omitted: usize) -> String {
    let functions = uncertain.iter().filter(|of| of.kind == UncertaintyKind::Function);
    let functions: Vec<&str> = functions.map(|of| of.name.as_str()).collect();
    let all = functions.len() + omitted;
    let calls = (all > 0).then(|| format!("at a call of {}", first_listed_of(&functions, functions.len(), all)));
    let others = uncertain.iter().filter(|of| of.kind != UncertaintyKind::Function).map(ToString::to_string);
    calls.into_iter().chain(others).collect::<Vec<_>>().join("; ")
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
    /// If it may fail, what that depends on; if it fails, what the runtime may refuse before that. At most the first few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uncertain: Vec<Uncertainty>,
    /// If imports are missing, the imports. At most the first few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_imports: Vec<String>,
    /// How many entries both lists leave out.
    #[serde(default, skip_serializing_if = "crate::is_default")]
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
    pub accepted_because: Option<String>,
}

impl CellPrediction {
    /// Whether the lab is wrong: the run contradicts the profile of its own version, and no entry explains why.
    #[must_use]
    pub fn is_lab_error(&self) -> bool {
        self.agreement == Agreement::Contradicts && self.profile_version.is_none() && self.accepted_because.is_none()
    }

    /// One line: `runs`, `may fail: at a call of wasi_snapshot_preview1.fd_readdir`, `unsupported-proposal (simd)`.
    #[must_use]
    pub fn summary(&self) -> String {
        match (self.code, &self.subject) {
            (Some(code), Some(subject)) => format!("{code} ({subject})"),
            (Some(code), None) => code.id().to_owned(),
            (None, _) if self.outcome == PredictedOutcome::MayFail => {
                format!("may fail: {}", list_uncertain(&self.uncertain, self.omitted))
            }
            (None, _) if !self.switches.is_empty() => format!("runs with {}", self.switches.join(" ")),
            (None, _) => self.outcome.id().to_owned(),
        }
    }
}

//! Facts and profiles to predictions: where a file runs, where not and why, without running it.
//!
//! [`predict`] goes through a cell as a runtime does: proposals, imports, the entry point, what the functions do that it
//! imports. At the first of these that the profile says the runtime refuses, it makes the observation that the runtime
//! would give and passes it to the judge, so that a prediction has the code, subject and remedy that the judge gives to a
//! run. Where reading cannot decide, the prediction names the functions on which it depends.
//!
//! [`agreement`] compares a prediction with a cell that was run.
//!
//! Pure: no file, no process. It also builds for wasm32-unknown-unknown.

mod agreement;
mod imports;
mod obstacle;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use agreement::{Agreement, agreement};
use wasmlab_judge::{Evidence, diagnose, proposals, switched};
use wasmlab_model::codes::Code;
use wasmlab_model::facts::Facts;
use wasmlab_model::observation::{GuestProgress, Observation, Outcome};
use wasmlab_model::profile::Profile;
use wasmlab_model::scenario::{EntryPointKind, Run};
use wasmlab_model::verdict::{Judgement, Verdict};
use wasmlab_protocol::{Cause, Event, Stage};

use obstacle::Obstacle;

/// What is to be run.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// What the file is, or why it cannot be read.
    pub facts: Result<&'a Facts, &'a str>,
    /// What is called, and what the guest gets.
    pub run: &'a Run,
    /// The file comes with the JavaScript of its toolchain, and this column runs that.
    pub glue: bool,
}

/// What is expected of a runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    /// The runtime gives the file all that it asks for.
    Runs,
    /// It starts; whether it works depends on what it does with the functions in [`Prediction::functions`].
    MayFail,
    /// It is refused, for the reason in [`Prediction::code`].
    Fails,
}

/// A prediction, with its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prediction {
    /// In one word.
    pub expected: Expected,
    /// The reason, if it fails.
    pub code: Option<Code>,
    /// The import, proposal or export concerned.
    pub subject: Option<String>,
    /// One line: what the runtime will say, from what it said of a probe.
    pub detail: String,
    /// What would change it.
    pub remedy: Option<String>,
    /// The runtime's switches that it needs to run.
    pub switches: Vec<String>,
    /// Functions that do not work on this runtime as they are specified, if the file imports such.
    pub functions: Vec<String>,
}

/// Maximum number of switches that are looked for one after the other.
const MAX_ROUNDS: usize = 4;

/// The prediction for a file on a runtime.
#[must_use]
pub fn predict(question: &Question, profile: &Profile) -> Prediction {
    let Some(first) = obstacle::first(question, profile, &[]) else { return runs(question, profile, Vec::new()) };
    let judged = judgement(question, profile, &first);
    let mut on: Vec<String> = Vec::new();
    let mut last: Option<(Obstacle, Judgement)> = None;
    for _ in 0..MAX_ROUNDS {
        let seen = last.as_ref().map_or(&first, |(seen, _)| seen);
        let more: Vec<String> = seen.switches.iter().filter(|switch| !on.contains(switch)).cloned().collect();
        if more.is_empty() {
            break;
        }
        on.extend(more);
        match obstacle::first(question, profile, &on) {
            None => return runs(question, profile, on),
            Some(next) => {
                let judged = judgement(question, profile, &next);
                last = Some((next, judged));
            }
        }
    }
    let judged = match last {
        Some((_, last)) => {
            let summary = last.code.map_or(last.verdict.id(), Code::id).to_owned();
            switched::tried(judged, &on, &last, &summary)
        }
        None => judged,
    };
    fails(judged)
}

fn runs(question: &Question, profile: &Profile, switches: Vec<String>) -> Prediction {
    let functions =
        question.facts.map(|facts| imports::doubtful(facts, question, profile, &switches)).unwrap_or_default();
    let expected = if functions.is_empty() { Expected::Runs } else { Expected::MayFail };
    let detail = match &functions[..] {
        [] => String::new(),
        names => format!("may fail at run time: {}", names.join(", ")),
    };
    Prediction { expected, code: None, subject: None, detail, remedy: None, switches, functions }
}

fn fails(judgement: Judgement) -> Prediction {
    let Judgement { code, subject, detail, remedy, .. } = judgement;
    let remedy = remedy.or_else(|| code.map(|code| code.entry().remedy.to_owned()));
    Prediction { expected: Expected::Fails, code, subject, detail, remedy, switches: Vec::new(), functions: Vec::new() }
}

/// What the judge says of the observation that this obstacle gives.
fn judgement(question: &Question, profile: &Profile, obstacle: &Obstacle) -> Judgement {
    let events = vec![
        Event::Stage { stage: obstacle.stage, micros: 0, cached: false },
        Event::End { cause: obstacle.cause.clone(), micros: 0 },
    ];
    let observation = Observation { events, outcome: Outcome::Exited(1), ..Observation::not_started() };
    let progress = GuestProgress {
        stage: Some(obstacle.stage),
        cause: Some(obstacle.cause.clone()),
        unchecked_imports: obstacle.unchecked,
        ..GuestProgress::default()
    };
    let evidence = Evidence { facts: question.facts, observation: &observation, progress: &progress, lab_guest: false };
    let judged = diagnose(&evidence).unwrap_or_else(|| Judgement {
        verdict: Verdict::Gap,
        code: None,
        blame: Vec::new(),
        stage: Some(obstacle.stage),
        subject: None,
        detail: String::new(),
        remedy: None,
        checks: Vec::new(),
    });
    match (&obstacle.cause, question.facts) {
        (Cause::Rejected { message, .. }, Ok(facts))
            if facts.refusal.is_none()
                && matches!(judged.code, Some(Code::UnsupportedProposal | Code::EngineCompileError)) =>
        {
            proposals::refine(judged, facts, message, &obstacle::probed(facts, profile))
        }
        _ => judged,
    }
}

/// Whether the question is about a program, not about an export or a server.
fn is_program(question: &Question) -> bool {
    question.run.entry == EntryPointKind::Command
}

/// The stage at which a runtime refuses a module for this cause.
fn stage_of(cause: &Cause) -> Stage {
    match cause {
        Cause::Rejected { .. } | Cause::CompileFailed { .. } => Stage::Compile,
        Cause::MissingImport { .. } | Cause::ImportTypeMismatch { .. } => Stage::Link,
        Cause::ResourceLimit { .. } => Stage::Instantiate,
        _ => Stage::Run,
    }
}

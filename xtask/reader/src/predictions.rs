//! The predictions for one file: the JSON form of `predict`.

use std::collections::BTreeMap;

use serde::Serialize;
use wasmlab_model::facts::{Facts, FirstUse};
use wasmlab_model::profile::Profile;
use wasmlab_model::remedy::Remedy;
use wasmlab_model::scenario::{EntryPointKind, Run, ScenarioFile};
use wasmlab_predict::row::{self, ColumnPrediction};
use wasmlab_predict::{PlannedRun, PredictedOutcome, Prediction, Uncertainty, predict};
use wasmlab_runtimes as runtimes;

/// The predictions for a file.
#[derive(Clone, Debug, Serialize)]
pub struct FilePredictions {
    /// Its name.
    pub file: String,
    /// Why it is not a valid file; the runtimes then refuse it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalid: Option<String>,
    /// One for each profile; none for a file that is no module or component at all.
    pub predictions: Vec<RuntimePrediction>,
}

/// A prediction for a runtime.
#[derive(Clone, Debug, Serialize)]
pub struct RuntimePrediction {
    /// The column: `wasmtime-cranelift`.
    pub runtime: String,
    /// The version of its program.
    pub version: String,
    /// The day of the profile: `2026-11-26`.
    pub measured: String,
    /// `runs`, `may-fail`, `fails`, `not-attempted` or `not-applicable`.
    pub outcome: &'static str,
    /// The reason, if it fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// The import, proposal or export concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The predicted detail.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// How to change the result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// The end of `remedy` that says how to remove a second obstacle behind the first one, if there is one.
    #[serde(skip)]
    pub next_obstacle_remedy: Option<String>,
    /// The remedies as data.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remedies: Vec<Remedy>,
    /// It fails only because it has no program to run: the runtime can load it.
    #[serde(skip_serializing_if = "wasmlab_model::is_default")]
    pub only_loads: bool,
    /// The runtime's switches that it needs to run or, with `only_loads`, to load.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub switches: Vec<String>,
    /// What it needs and this runtime may not do as specified; if it fails, what the runtime may refuse before that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub uncertain: Vec<Uncertainty>,
    /// Every import that it lacks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing_imports: Vec<String>,
    /// The number of entries left out of `uncertain` or `missing_imports`.
    #[serde(skip_serializing_if = "wasmlab_model::is_default")]
    pub omitted: usize,
    /// Where the file first uses the proposal that it lacks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_use: Option<FirstUse>,
}

/// Why a file has no facts, in a sentence.
#[derive(Clone, Copy, Debug)]
pub enum InvalidFile<'a> {
    /// It is not WebAssembly, or only a part of a binary, or text that cannot be parsed: it says nothing about runtimes.
    NotWebAssembly(&'a str),
    /// It is a malformed or invalid module or component.
    Malformed(&'a str),
}

impl<'a> InvalidFile<'a> {
    /// The sentence.
    #[must_use]
    pub const fn message(self) -> &'a str {
        match self {
            Self::NotWebAssembly(message) | Self::Malformed(message) => message,
        }
    }
}

/// Predicts where a file runs: as a program without inputs, or as a library whose export `invoke` is called. What is
/// not WebAssembly has no predictions.
#[must_use]
pub fn predict_file(
    file: &str,
    facts: Result<&Facts, InvalidFile<'_>>,
    invoke: Option<&str>,
    profiles: &[Profile],
) -> FilePredictions {
    if let Err(InvalidFile::NotWebAssembly(why)) = facts {
        return FilePredictions { file: file.to_owned(), invalid: Some(why.to_owned()), predictions: Vec::new() };
    }
    let facts = facts.map_err(InvalidFile::message);
    let spec = program(file, invoke);
    // A remedy depends on the other columns, as in `check`.
    let ids: Vec<&str> = runtimes::all().iter().map(runtimes::Runtime::id).collect();
    let mut order: Vec<usize> = (0..profiles.len()).collect();
    order.sort_by_key(|at| ids.iter().position(|id| *id == profiles[*at].runtime).unwrap_or(ids.len()));
    let engine = |profile: &Profile| runtimes::find(&profile.runtime).map_or("", |runtime| runtime.engine);
    // By position, because there may be profiles of several versions of a runtime.
    let mut found: BTreeMap<usize, Result<(Prediction, Vec<Remedy>), NoPrediction>> = BTreeMap::new();
    let (mut columns, mut places) = (Vec::new(), Vec::new());
    for at in order {
        let profile = &profiles[at];
        match prediction(facts, &spec, profile) {
            Ok(prediction) => {
                places.push(at);
                columns.push(ColumnPrediction { id: &profile.runtime, engine: engine(profile), prediction });
            }
            Err(none) => _ = found.insert(at, Err(none)),
        }
    }
    let remedies = row::complete_remedies(&mut columns, facts.ok());
    for ((at, column), remedies) in places.into_iter().zip(columns).zip(remedies) {
        found.insert(at, Ok((column.prediction, remedies)));
    }
    let program = facts.ok().filter(|_| invoke.is_none());
    let found = profiles.iter().zip(found.into_values());
    let predictions = found.map(|(profile, found)| predicted(profile, found, program)).collect();
    FilePredictions { file: file.to_owned(), invalid: facts.err().map(str::to_owned), predictions }
}

/// The file as a scenario.
fn program(file: &str, invoke: Option<&str>) -> ScenarioFile {
    let run = invoke.map_or_else(Run::default, Run::calling);
    ScenarioFile::given(file, run)
}

/// Why there is no prediction for a runtime.
enum NoPrediction {
    /// The file cannot run on this runtime by design.
    NotApplicable(String),
    /// The lab has no way to call an export there; nothing else is known to fail.
    NotAttempted(String),
}

fn prediction(facts: Result<&Facts, &str>, spec: &ScenarioFile, profile: &Profile) -> Result<Prediction, NoPrediction> {
    let runtime = runtimes::find(&profile.runtime);
    if let Some(runtime) = &runtime {
        runtime.is_applicable(spec, facts.ok()).map_err(NoPrediction::NotApplicable)?;
    }
    let found = predict(&PlannedRun { facts, run: &spec.run, glue: false }, profile);
    let why_no_calls = runtime.and_then(|runtime| runtime.output_parser?.why_no_calls);
    match why_no_calls.filter(|_| spec.run.entry == EntryPointKind::Calls) {
        Some(why) if found.outcome != PredictedOutcome::Fails => Err(NoPrediction::NotAttempted(why.to_owned())),
        _ => Ok(found),
    }
}

/// `program`: the facts of a file that is to run as a program.
fn predicted(
    profile: &Profile,
    found: Result<(Prediction, Vec<Remedy>), NoPrediction>,
    program: Option<&Facts>,
) -> RuntimePrediction {
    let nothing = |why| (Prediction { detail: why, ..Prediction::new(PredictedOutcome::Fails) }, Vec::new());
    let (outcome, (prediction, remedies)) = match found {
        Ok((prediction, remedies)) => (prediction.outcome.id(), (prediction, remedies)),
        Err(NoPrediction::NotApplicable(why)) => ("not-applicable", nothing(why)),
        Err(NoPrediction::NotAttempted(why)) => ("not-attempted", nothing(why)),
    };
    RuntimePrediction {
        runtime: profile.runtime.clone(),
        version: profile.version.clone(),
        measured: profile.provenance.date.clone(),
        outcome,
        code: prediction.code.map(|code| code.id()),
        only_loads: program
            .is_some_and(|facts| facts.only_loads(prediction.code, prediction.subject.as_deref(), prediction.stage)),
        subject: prediction.subject,
        detail: prediction.detail,
        remedy: prediction.remedy,
        next_obstacle_remedy: prediction.next_obstacle_remedy,
        remedies,
        switches: prediction.switches,
        uncertain: prediction.uncertain,
        missing_imports: prediction.missing_imports,
        omitted: prediction.omitted,
        first_use: prediction.first_use,
    }
}

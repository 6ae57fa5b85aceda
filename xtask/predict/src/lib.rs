//! Predicts from facts and profiles where a file runs, where not, and why.
//!
//! [`predict`] goes through a cell as a runtime does: proposals, imports, the entry point, the behaviour of the
//! imported functions. At the first one that the runtime refuses according to its profile, it constructs the
//! observation that a run would give and passes it to the judge, so that a prediction has the code, subject and remedy
//! of a run. If reading cannot decide, the prediction names what the result depends on.
//!
//! [`cell_prediction`] compares a prediction with a cell that was run.
//!
//! Pure: no file, no process. It also builds for wasm32-unknown-unknown.

mod agreement;
mod imports;
mod obstacle;
pub mod row;
#[cfg(test)]
mod tests;
mod unusual_modules;

use serde::Serialize;

pub use agreement::{agreement, cell_prediction};
use wasmlab_judge::{Evidence, diagnose, proposals, switched};
use wasmlab_model::codes::Code;
use wasmlab_model::facts::{Facts, FirstUse, Import};
use wasmlab_model::observation::{GuestProgress, Observation, Outcome};
use wasmlab_model::prediction::list_uncertain;
pub use wasmlab_model::prediction::{Agreement, PredictedOutcome, Uncertainty, UncertaintyKind};
use wasmlab_model::profile::{Profile, Support};
use wasmlab_model::remedy::RemedyKind;
use wasmlab_model::scenario::{EntryPointKind, Run};
use wasmlab_model::subjects::ATOMIC_WAIT;
use wasmlab_model::verdict::{Judgement, Verdict};
use wasmlab_protocol::{Cause, Event, Stage};

use obstacle::Obstacle;

/// A run to predict: a guest, and how it is run.
#[derive(Clone, Copy, Debug)]
pub struct PlannedRun<'a> {
    /// The file's facts, or why it cannot be read.
    pub facts: Result<&'a Facts, &'a str>,
    /// The entry point and the guest's inputs.
    pub run: &'a Run,
    /// The file comes with the JavaScript of its toolchain, which this column runs.
    pub glue: bool,
}

/// A prediction, with its evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Prediction {
    /// The outcome, in one word.
    pub outcome: PredictedOutcome,
    /// The reason, if it fails.
    pub code: Option<Code>,
    /// How far the file gets, if it fails.
    #[serde(skip)]
    pub stage: Option<Stage>,
    /// The import, proposal or export concerned.
    pub subject: Option<String>,
    /// One line: what the runtime will report, judging by its message about a probe.
    pub detail: String,
    /// How to change the result.
    pub remedy: Option<String>,
    /// How useful this remedy is; only needed until [`row::complete_remedies`] has named the columns of the row.
    #[serde(skip)]
    pub remedy_kind: RemedyKind,
    /// The end of `remedy`, if `remedy` mentions a second obstacle behind the first: how to remove the second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_obstacle_remedy: Option<String>,
    /// The runtime's switches that it needs to run, or, without an entry point, to load.
    pub switches: Vec<String>,
    /// For `may-fail`: the features that the file needs and that this runtime may not implement as specified. For a
    /// predicted failure: the features that the runtime may refuse earlier.
    pub uncertain: Vec<Uncertainty>,
    /// Every import that the runtime lacks, if that is the reason.
    pub missing_imports: Vec<String>,
    /// How many more there are than `uncertain` and `missing_imports` name.
    pub omitted: usize,
    /// Where the file first uses the proposal that the runtime lacks, if that is the reason.
    pub first_use: Option<FirstUse>,
}

/// Maximum number of switches that are looked for one after the other.
const MAX_ROUNDS: usize = 4;

/// The prediction for a file on a runtime.
#[must_use]
pub fn predict(planned: &PlannedRun, profile: &Profile) -> Prediction {
    let Some(first) = obstacle::first(planned, profile, &[]) else { return runs(planned, profile, Vec::new()) };
    let judged = judgement(planned, profile, &first);
    let mut on: Vec<String> = Vec::new();
    let mut last: Option<(Obstacle, Judgement)> = None;
    for _ in 0..MAX_ROUNDS {
        let seen = last.as_ref().map_or(&first, |(seen, _)| seen);
        let more: Vec<String> = seen.switches.iter().filter(|switch| !on.contains(switch)).cloned().collect();
        if more.is_empty() {
            break;
        }
        on.extend(more);
        match obstacle::first(planned, profile, &on) {
            None => return runs(planned, profile, on),
            Some(next) => {
                let judged = judgement(planned, profile, &next);
                last = Some((next, judged));
            }
        }
    }
    let reached = last.as_ref().map_or(first.stage, |(seen, _)| seen.stage);
    let judged = match last {
        Some((_, last)) => {
            let summary = last.code.map_or(last.verdict.id(), Code::id).to_owned();
            switched::with_switches(judged, &on, &last, &summary)
        }
        None => judged,
    };
    // Without an entry point, the switches that loading needs.
    let needed = if judged.code == Some(Code::NoEntryPoint) { on.clone() } else { Vec::new() };
    let open = match planned.facts {
        Ok(facts) if reached > Stage::Compile => unmeasured_at_compile(facts, profile, &on),
        _ => Vec::new(),
    };
    Prediction { stage: Some(reached), switches: needed, uncertain: open, ..fails(judged, planned, profile, &on) }
}

fn runs(planned: &PlannedRun, profile: &Profile, switches: Vec<String>) -> Prediction {
    let (uncertain, omitted) =
        planned.facts.map(|facts| uncertain(facts, planned, profile, &switches)).unwrap_or_default();
    let outcome = if uncertain.is_empty() { PredictedOutcome::Runs } else { PredictedOutcome::MayFail };
    let detail =
        if uncertain.is_empty() { String::new() } else { format!("may fail: {}", list_uncertain(&uncertain, omitted)) };
    Prediction { detail, switches, uncertain, omitted, ..Prediction::new(outcome) }
}

/// What is uncertain, and the number of functions that the list leaves out.
fn uncertain(facts: &Facts, planned: &PlannedRun, profile: &Profile, switches: &[String]) -> (Vec<Uncertainty>, usize) {
    let mut uncertain = Vec::new();
    let mut add = |kind, names: Vec<String>| {
        uncertain.extend(names.into_iter().map(|name| Uncertainty { kind, name }));
    };
    let one = |name: &str, is_open: bool| if is_open { vec![name.to_owned()] } else { Vec::new() };
    let wrong = obstacle::wrong_proposals(facts, profile);
    add(UncertaintyKind::Proposal, wrong.into_iter().map(str::to_owned).collect());
    let fails_without_memory = |import: &Import| unusual_modules::may_fail_without_memory(facts, import, profile);
    add(UncertaintyKind::Memory, one("memory", facts.imports.iter().any(fails_without_memory)));
    add(UncertaintyKind::Instruction, one(ATOMIC_WAIT, unusual_modules::cannot_wait(facts, profile)));
    let unmeasured = UncertaintyKind::Unmeasured;
    let at_compile = unmeasured_at_compile(facts, profile, switches);
    add(unmeasured, at_compile.into_iter().map(|of| of.name).collect());
    add(unmeasured, one("parameters of _start", unusual_modules::has_unmeasured_parameters(facts, planned, profile)));
    let is_renamed = unusual_modules::has_memory_of_other_name(facts, planned);
    add(unmeasured, one("a memory that is not exported as `memory`", is_renamed));
    add(unmeasured, one("an imported function as _start", unusual_modules::starts_import(facts, planned)));
    add(unmeasured, one("calls with v128", unusual_modules::has_unmeasured_vectors(facts, planned, profile)));
    add(unmeasured, one("a segment out of bounds", unusual_modules::has_unmeasured_segment(facts, profile)));
    add(unmeasured, one("program of a component", obstacle::has_unmeasured_program(facts, planned, profile)));
    add(unmeasured, imports::unmeasured(facts, planned, profile).shown);
    add(UncertaintyKind::EntryPoint, one("", unusual_modules::has_unmeasured_start(facts, planned, profile)));
    let functions = imports::unreliable(facts, planned, profile, switches);
    add(UncertaintyKind::Function, functions.shown);
    (uncertain, functions.omitted)
}

/// What a runtime may refuse when it compiles the file, about which the profile says nothing.
fn unmeasured_at_compile(facts: &Facts, profile: &Profile, on: &[String]) -> Vec<Uncertainty> {
    let proposals =
        obstacle::unmeasured_proposals(facts, profile, on).into_iter().map(|name| format!("proposal {name}"));
    let declarations = obstacle::unmeasured_declarations(facts, profile, on).into_iter();
    let declarations = declarations.map(|name| format!("declarations of {name}"));
    let limits = obstacle::unmeasured_limits(facts, profile).into_iter().map(|name| format!("limit {name}"));
    let names = proposals.chain(declarations).chain(limits);
    names.map(|name| Uncertainty { kind: UncertaintyKind::Unmeasured, name }).collect()
}

/// `on`: the switches that were tried.
fn fails(judgement: Judgement, planned: &PlannedRun, profile: &Profile, on: &[String]) -> Prediction {
    let judgement = match planned.facts {
        Ok(facts) => proposals::located(judgement, facts),
        Err(_) => judgement,
    };
    let Judgement { code, subject, detail, remedy, remedy_kind, .. } = judgement;
    let entry = code.map(Code::entry);
    let remedy = remedy.or_else(|| entry.map(|entry| entry.remedy.to_owned()));
    let facts = planned.facts.ok();
    let missing_imports = facts
        .filter(|_| code.is_some_and(is_of_linking))
        .map(|facts| imports::all_missing(facts, planned, profile, on));
    let of_proposal = |facts: &Facts| {
        let mut names = subject.as_deref().unwrap_or_default().split(' ');
        names.find_map(|name| facts.first_uses.get(name)).cloned()
    };
    let first_use = facts.filter(|_| code == Some(Code::UnsupportedProposal)).and_then(of_proposal);
    let imports::TruncatedNames { shown: missing_imports, omitted } = missing_imports.unwrap_or_default();
    let failed = Prediction::new(PredictedOutcome::Fails);
    Prediction { code, subject, detail, remedy, remedy_kind, missing_imports, omitted, first_use, ..failed }
}

impl Prediction {
    /// Whether something of this kind is uncertain.
    #[must_use]
    pub fn has_uncertain(&self, kind: UncertaintyKind) -> bool {
        self.uncertain.iter().any(|of| of.kind == kind)
    }

    /// A prediction without a reason.
    #[must_use]
    pub fn new(outcome: PredictedOutcome) -> Self {
        Self {
            outcome,
            code: None,
            stage: None,
            subject: None,
            detail: String::new(),
            remedy: None,
            remedy_kind: RemedyKind::default(),
            next_obstacle_remedy: None,
            switches: Vec::new(),
            uncertain: Vec::new(),
            missing_imports: Vec::new(),
            omitted: 0,
            first_use: None,
        }
    }
}

/// The judgement on the observation that this obstacle causes.
fn judgement(planned: &PlannedRun, profile: &Profile, obstacle: &Obstacle) -> Judgement {
    let events = vec![
        Event::Stage { stage: obstacle.stage, micros: 0, cached: false },
        Event::End { cause: obstacle.cause.clone(), micros: 0 },
    ];
    let observation = Observation { events, outcome: Outcome::Exited(1), ..Observation::not_started() };
    let progress = GuestProgress {
        stage: Some(obstacle.stage),
        cause: Some(obstacle.cause.clone()),
        unchecked_imports: profile.unknown_import.support == Support::Unchecked,
        ..GuestProgress::default()
    };
    let evidence = Evidence { facts: planned.facts, observation: &observation, progress: &progress, lab_guest: false };
    let judged = diagnose(&evidence).unwrap_or_else(|| Judgement {
        verdict: Verdict::Gap,
        code: None,
        blame: Vec::new(),
        stage: Some(obstacle.stage),
        subject: None,
        detail: String::new(),
        remedy: None,
        remedy_kind: RemedyKind::default(),
        refusal: None,
        checks: Vec::new(),
        assertions: None,
    });
    match (&obstacle.cause, planned.facts) {
        (Cause::Rejected { message, .. }, Ok(facts)) if proposals::is_refusal(&judged, facts) => {
            proposals::refine(judged, facts, message, &obstacle::probed(facts, profile))
        }
        _ => judged,
    }
}

/// Whether the code is about something that is found at link time.
fn is_of_linking(code: Code) -> bool {
    code.is_about_imports() || code == Code::ImportTypeMismatch
}

/// Whether a program is to be run, not an export or a server.
fn is_program(planned: &PlannedRun) -> bool {
    planned.run.entry == EntryPointKind::Command
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

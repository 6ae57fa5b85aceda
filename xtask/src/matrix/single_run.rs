//! Runs a cell with given switches, or takes it from the cache, and judges it.

use std::io;

use super::cache_policy::{self, CacheDecision};
use super::measure::Attempt;
use super::{Request, probing};
use crate::cell::{self, Plan};
use crate::lab::Lab;
use wasmlab_judge::{Evidence, judge, missing_input, proposals};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::facts::Facts;
use wasmlab_model::observation::{GuestProgress, Observation, Outcome, ProcessRole};
use wasmlab_model::verdict::{Judgement, Verdict};
use wasmlab_protocol::Cause;
use wasmlab_runtimes::AdapterInput;

/// The result of a run.
pub struct SingleRun {
    /// The observation.
    pub observation: Observation,
    /// Why the guest ended, if the runtime reported it.
    pub cause: Option<Cause>,
    /// The verdict.
    pub judgement: Judgement,
    /// The observation comes from the cache.
    pub from_cache: bool,
    /// Whether the observation was cached.
    pub cache_decision: CacheDecision,
}

/// Why there is no verdict.
pub enum RunError {
    /// The run was cancelled.
    Interrupted,
    /// The lab itself failed.
    Failed(io::Error),
}

/// Runs the cell of `plan`, or takes it from the cache.
pub fn run(
    lab: &Lab,
    request: &Request,
    plan: &Plan,
    turn: Attempt,
    facts: Result<&Facts, &String>,
) -> Result<SingleRun, RunError> {
    let (key, spec) = (plan.key(), &plan.scenario.spec);
    let recalls = request.use_cache && turn == Attempt::First;
    let cached = key.as_ref().filter(|_| recalls).and_then(|key| cache_policy::recall(lab, key));
    let from_cache = cached.is_some();
    let dirs = request.retention.copy_dirs_to.map(|dirs| dirs.join(&plan.scenario.name).join(plan.runtime.id()));
    let keep = cell::Retention { copy_dirs_to: dirs.as_deref(), recompile: !request.use_cache, ..request.retention };
    let observed = cached.map_or_else(|| cell::observe(lab, plan, request.sink, keep), Ok);
    let observation = observed.map_err(RunError::Failed)?;
    if observation.outcome == Outcome::Interrupted {
        return Err(RunError::Interrupted);
    }
    let progress = |observation: &Observation| -> GuestProgress {
        plan.runtime.progress(&AdapterInput { observation, run: &spec.run, facts: facts.ok() })
    };
    let judged = |observation: &Observation| -> Judgement {
        let progress = &progress(observation);
        let (facts, lab_guest) = (facts.map_err(String::as_str), plan.scenario.has_lab_guest());
        judge(&Evidence { facts, observation, progress, lab_guest }, spec)
    };
    let alike = |a: &Observation, b: &Observation| {
        let result = |Judgement { verdict, code, stage, subject, .. }| (verdict, code, stage, subject);
        result(judged(a)) == result(judged(b))
    };
    let mut judgement = judged(&observation);
    // An error of the lab may not occur the next time, so it is not cached.
    let is_fault = judgement.verdict == Verdict::Error;
    let cache_decision = match key.filter(|_| !from_cache && !is_fault) {
        None => CacheDecision::Settled,
        Some(key) => {
            // With `--no-cache`, an earlier run must not confirm a result either.
            let before = Some(()).filter(|()| request.use_cache || turn == Attempt::Second);
            cache_policy::store(lab, &key, &observation, before.and_then(|()| cache_policy::previous(lab, &key)), alike)
        }
    };
    let cause = progress(&observation).cause;
    if let (Ok(facts), Some(Cause::Rejected { message, .. })) = (facts, &cause)
        && facts.refusal.is_none()
        && matches!(judgement.code, Some(Code::UnsupportedProposal | Code::EngineCompileError))
    {
        // With switches, all that matters is whether the cell passes.
        let probed = if plan.switches.is_empty() { probing::refused(lab, plan, facts) } else { Vec::new() };
        judgement = proposals::refine(judgement, facts, message, &probed);
        // A scenario's guest is built anew with each toolchain: an offset in it would be a change without a meaning.
        if request.given.contains_key(&plan.scenario.name) {
            judgement = proposals::located(judgement, facts);
        }
    }
    // Without a separate compile step, only the message shows that the runtime refused the module.
    if judgement.code == Some(Code::EngineCompileError)
        && plan.runtime.output_parser.is_some()
        && observation.role == ProcessRole::Guest
        && facts.is_ok_and(|facts| facts.imports.iter().any(|import| import.name == "fd_write"))
    {
        judgement.blame = vec![Blame::Unknown];
        judgement.detail += "; the guest may have printed this text itself";
    }
    if request.given.contains_key(&plan.scenario.name) && !request.inputs_are_complete {
        let progress = &progress(&observation);
        let (facts, lab_guest) = (facts.map_err(String::as_str), plan.scenario.has_lab_guest());
        let evidence = Evidence { facts, observation: &observation, progress, lab_guest };
        judgement = missing_input::after_run(&judgement, &evidence, &spec.run).unwrap_or(judgement);
    }
    Ok(SingleRun { observation, cause, judgement, from_cache, cache_decision })
}

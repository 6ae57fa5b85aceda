//! Runs a cell with given switches, or takes it from the cache, and judges it.

use std::io;

use super::cache_policy::{self, CacheDecision};
use super::measure::Attempt;
use super::{MatrixRequest, imports_only, probing};
use crate::cell::{self, CellPlan};
use crate::lab::Lab;
use wasmlab_judge::{Evidence, judge, missing_input, proposals};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::facts::Facts;
use wasmlab_model::observation::{Observation, Outcome, ProcessRole};
use wasmlab_model::verdict::{Judgement, Verdict};
use wasmlab_protocol::Cause;

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
    request: &MatrixRequest,
    plan: &CellPlan,
    turn: Attempt,
    facts: Result<&Facts, &String>,
) -> Result<SingleRun, RunError> {
    let (key, spec) = (plan.key(), &plan.scenario.spec);
    let recalls = request.use_cache && turn == Attempt::First;
    let cached = key.as_ref().filter(|_| recalls).and_then(|key| cache_policy::recall(lab, key));
    let from_cache = cached.is_some();
    let dirs = request.retention.copy_dirs_to.map(|dirs| dirs.join(&plan.scenario.name).join(plan.runtime.id()));
    let keep = cell::Retention { copy_dirs_to: dirs.as_deref(), recompile: !request.use_cache, ..request.retention };
    let measure =
        || imports_only::observe(lab, request, plan).map_or_else(|| cell::observe(lab, plan, request.sink, keep), Ok);
    let observed = cached.map_or_else(measure, Ok);
    let observation = observed.map_err(RunError::Failed)?;
    if observation.outcome == Outcome::Interrupted {
        return Err(RunError::Interrupted);
    }
    let reading = Reading { plan, facts };
    let judgement = reading.judge(&observation);
    // An error of the lab may not occur the next time, so it is not cached.
    let is_fault = judgement.verdict == Verdict::Error;
    let cache_decision = match key.filter(|_| !from_cache && !is_fault) {
        None => CacheDecision::Settled,
        Some(key) => {
            // With `--no-cache`, an earlier run must not confirm a result either.
            let before = Some(()).filter(|()| request.use_cache || turn == Attempt::Second);
            let before = before.and_then(|()| cache_policy::previous(lab, &key));
            cache_policy::store(lab, &key, &observation, before, |a, b| reading.is_alike(a, b))
        }
    };
    let cause = plan.progress(&observation).cause;
    // A scenario's guest is built anew with each toolchain: an offset in it would be a change without a meaning.
    let is_given = request.given.contains_key(&plan.scenario.name);
    let mut judgement = reading.with_refused_proposals(lab, judgement, cause.as_ref(), is_given);
    if reading.may_be_printed_by_guest(&judgement, &observation) {
        judgement.blame = vec![Blame::Unknown];
        judgement.detail += "; the guest may have printed this text itself";
    }
    if is_given && !request.inputs_are_complete {
        let found =
            reading.with_evidence(&observation, |evidence| missing_input::after_run(&judgement, evidence, &spec.run));
        judgement = found.unwrap_or(judgement);
    }
    Ok(SingleRun { observation, cause, judgement, from_cache, cache_decision })
}

/// What observations of one cell mean.
struct Reading<'a> {
    plan: &'a CellPlan<'a>,
    facts: Result<&'a Facts, &'a String>,
}

impl Reading<'_> {
    fn with_evidence<T>(&self, observation: &Observation, read: impl FnOnce(&Evidence) -> T) -> T {
        let progress = &self.plan.progress(observation);
        let (facts, lab_guest) = (self.facts.map_err(String::as_str), self.plan.scenario.has_lab_guest());
        read(&Evidence { facts, observation, progress, lab_guest })
    }

    fn judge(&self, observation: &Observation) -> Judgement {
        self.with_evidence(observation, |evidence| judge(evidence, &self.plan.scenario.spec))
    }

    /// Whether two observations have the same result.
    fn is_alike(&self, a: &Observation, b: &Observation) -> bool {
        let result = |Judgement { verdict, code, stage, subject, .. }| (verdict, code, stage, subject);
        result(self.judge(a)) == result(self.judge(b))
    }

    /// The judgement with the proposals for which the runtime refused the module, if it did. With `located`, also with
    /// the places at which the file uses them.
    fn with_refused_proposals(
        &self,
        lab: &Lab,
        judgement: Judgement,
        cause: Option<&Cause>,
        located: bool,
    ) -> Judgement {
        let (Ok(facts), Some(Cause::Rejected { message, .. })) = (self.facts, cause) else { return judgement };
        if !proposals::is_refusal(&judgement, facts) {
            return judgement;
        }
        // With switches, all that matters is whether the cell passes.
        let is_default = self.plan.switches.is_empty();
        let probed = if is_default { probing::refused(lab, self.plan, facts) } else { Vec::new() };
        let judgement = proposals::refine(judgement, facts, message, &probed);
        if located { proposals::located(judgement, facts) } else { judgement }
    }

    /// Whether only a message shows that the runtime refused the module: there is no separate compile step, and the
    /// guest can print.
    fn may_be_printed_by_guest(&self, judgement: &Judgement, observation: &Observation) -> bool {
        judgement.code == Some(Code::EngineCompileError)
            && self.plan.runtime.output_parser.is_some()
            && observation.role == ProcessRole::Guest
            && self.facts.is_ok_and(|facts| facts.imports.iter().any(|import| import.name == "fd_write"))
    }
}

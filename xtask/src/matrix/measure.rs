//! One cell: from the cache or measured, and judged.

use super::kept::{self, Kept};
use super::{Request, Row, row};
use crate::cell::{self, Plan};
use crate::engines::Absence;
use crate::guest::Guest;
use crate::lab::Lab;
use wasmlab_judge::{Evidence, judge};
use wasmlab_model::observation::{Observation, Outcome};
use wasmlab_model::report::{Cell, INVALID_FILE, Origin};
use wasmlab_model::verdict::{Judgement, Verdict};
use wasmlab_runtimes::{Seen, Tool};

/// What took longer is not measured once more in the same run, milliseconds: the next run confirms it.
const SOON_MS: f64 = 2_000.0;

/// How often a cell was measured in this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Not yet.
    First,
    /// Once, with an outcome that may not come again.
    Again,
}

/// A cell with its verdict.
pub struct Measured {
    /// The cell.
    pub cell: Cell,
    /// It is to be measured once more in this run.
    pub again: bool,
}

/// The verdict on one cell; `None` when the run was cancelled meanwhile.
pub fn cell(
    lab: &Lab,
    request: &Request,
    (row, column): (usize, usize),
    turn: Turn,
    guest: &Row,
    tool: &Result<Tool, Absence>,
) -> Option<Measured> {
    let (scenario, runtime) = (&request.scenarios[row], &request.runtimes[column]);
    let settled = |cell| Some(Measured { cell, again: false });
    let (built, tool) = match ready(request, (row, column), guest, tool) {
        Ok(ready) => ready,
        Err(cell) => return settled(*cell),
    };
    let facts = guest.facts.as_ref();
    let plan = Plan {
        scenario,
        runtime,
        tool,
        guest: &built.sha256,
        facts: facts.ok(),
        companions: &built.companions,
        limits: request.limits,
    };
    let key = plan.key();
    let recalls = request.use_cache && turn == Turn::First;
    let cached = key.as_ref().filter(|_| recalls).and_then(|key| kept::recall(lab, key));
    let from_cache = cached.is_some();
    let observation = match cached.map_or_else(|| cell::observe(lab, &plan, request.sink, request.keep_workdir), Ok) {
        Ok(observation) if observation.outcome == Outcome::Interrupted => return None,
        Ok(observation) => observation,
        Err(error) => {
            let detail = format!("the cell could not be set up: {error}");
            return settled(row::unmeasured(scenario, runtime.id(), Verdict::Error, None, detail));
        }
    };
    let judged = |observation: &Observation| -> Judgement {
        let seen = Seen { observation, run: &scenario.spec.run, facts: facts.ok() };
        let progress = runtime.progress(&seen);
        let (facts, lab_guest) = (facts.map_err(String::as_str), built.origin != Origin::Given);
        judge(&Evidence { facts, observation, progress: &progress, lab_guest }, &scenario.spec)
    };
    let alike = |a: &Observation, b: &Observation| {
        let result = |Judgement { verdict, code, stage, subject, .. }| (verdict, code, stage, subject);
        result(judged(a)) == result(judged(b))
    };
    let kept = match key.filter(|_| !from_cache) {
        None => Kept::Settled,
        Some(key) => {
            // Whoever wants every cell anew does not want an earlier run's word for it either.
            let before = Some(()).filter(|()| request.use_cache || turn == Turn::Again);
            kept::keep(lab, &key, &observation, before.and_then(|()| kept::before(lab, &key)), alike)
        }
    };
    let mut cell = row::measured(scenario, runtime.id(), judged(&observation), observation);
    cell.cached = from_cache;
    cell.prebuilt = built.origin == Origin::Prebuilt;
    let again = kept == Kept::Unconfirmed && request.confirm && turn == Turn::First && cell.duration_ms < SOON_MS;
    Some(Measured { cell, again })
}

/// The guest and the program of a cell that can be run, or the cell that says why not.
fn ready<'a>(
    request: &Request,
    (row, column): (usize, usize),
    guest: &'a Row,
    tool: &'a Result<Tool, Absence>,
) -> Result<(&'a Guest, &'a Tool), Box<Cell>> {
    let (scenario, runtime) = (&request.scenarios[row], &request.runtimes[column]);
    let unmeasured = |verdict, code, detail: &str, how: Option<&String>| {
        let mut cell = row::unmeasured(scenario, runtime.id(), verdict, code, detail.to_owned());
        cell.remedy = how.cloned().or(cell.remedy);
        Box::new(cell)
    };
    let not_built =
        |none: &crate::guest::NotBuilt| unmeasured(Verdict::NotBuilt, Some(none.code), &none.detail, none.how.as_ref());
    let built = guest.guest.as_ref().map_err(not_built)?;
    // One finding for the row: no runtime is asked, and none is blamed.
    if let (Some(remedy), Err(words)) = (guest.invalid, &guest.facts) {
        let mut cell =
            row::unmeasured(scenario, runtime.id(), Verdict::NotApplicable, None, format!("{INVALID_FILE}: {words}"));
        cell.subject = Some(INVALID_FILE.to_owned());
        cell.remedy = Some(remedy.to_owned());
        return Err(Box::new(cell));
    }
    let absent = |absence: &Absence| unmeasured(Verdict::Absent, None, &absence.why, Some(&absence.how));
    let tool = tool.as_ref().map_err(absent)?;
    let applies = runtime.is_applicable(&scenario.spec, guest.facts.as_ref().ok());
    applies.map_err(|reason| unmeasured(Verdict::NotApplicable, None, &reason, None))?;
    Ok((built, tool))
}

//! Obtains one cell, from the cache or by measuring it, and judges it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::cache_policy::CacheDecision;
use super::single_run::{self, RunError};
use super::{GuestRow, MatrixRequest, probing, row, switches};
use crate::cell::CellPlan;
use crate::engines::Absence;
use crate::guest::Guest;
use crate::lab::Lab;
use wasmlab_judge::missing_input;
use wasmlab_model::report::{Cell, INVALID_FILE, Origin};
use wasmlab_model::text::cut;
use wasmlab_model::verdict::{NotAttempted, Verdict};
use wasmlab_protocol::Cause;
use wasmlab_runtimes::{HostLayer, Tool};

/// A cell that took longer is not measured again in the same run, milliseconds; the next run confirms it.
const MAX_REMEASURED_MS: f64 = 2_000.0;

/// Which measurement of a cell in this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The first.
    First,
    /// The second, because the first result may not repeat.
    Second,
}

/// A cell with its verdict.
pub struct MeasuredCell {
    /// The cell.
    pub cell: Cell,
    /// It must be measured again in this run.
    pub remeasure: bool,
}

/// The verdict on one cell; `None` if the run was cancelled meanwhile. A panic of the lab must not end the run, and is
/// the cell's result.
pub fn cell(
    lab: &Lab,
    request: &MatrixRequest,
    at: (usize, usize),
    turn: Attempt,
    guest: &GuestRow,
    tool: &Result<Tool, Absence>,
) -> Option<MeasuredCell> {
    let judge = || judged(lab, request, at, turn, guest, tool);
    catch_unwind(AssertUnwindSafe(judge)).unwrap_or_else(|why| Some(panicked(request, at, why.as_ref())))
}

fn judged(
    lab: &Lab,
    request: &MatrixRequest,
    (row, column): (usize, usize),
    turn: Attempt,
    guest: &GuestRow,
    tool: &Result<Tool, Absence>,
) -> Option<MeasuredCell> {
    let (scenario, runtime) = (&request.scenarios[row], &request.runtimes[column]);
    let settled = |cell| Some(MeasuredCell { cell, remeasure: false });
    let (built, tool) = match ready(request, (row, column), guest, tool) {
        Ok(ready) => ready,
        Err(cell) => return settled(*cell),
    };
    let plan = CellPlan {
        scenario,
        runtime,
        tool,
        guest: &built.sha256,
        facts: guest.facts.as_ref().ok().filter(|facts| !facts.is_unread()),
        companions: &built.companions,
        limits: request.limits,
        switches: &[],
    };
    if let Some(reason) = not_attempted(request, &plan, guest, built) {
        return settled(row::not_attempted(scenario, runtime.id(), reason));
    }
    let once = |plan: &CellPlan| single_run::run(lab, request, plan, turn, guest.facts.as_ref());
    let began = Instant::now();
    let measured = once(&plan).and_then(|first| switches::try_switches(&plan, first, &once));
    if let Some(time) = request.time_budget {
        time.add(&scenario.name, runtime, began.elapsed());
    }
    let (by_switches, seen) = match measured {
        Ok(measured) => measured,
        Err(RunError::Interrupted) => return None,
        Err(RunError::Failed(error)) => {
            let detail = format!("the cell could not be set up: {error}");
            return settled(row::unmeasured(scenario, runtime.id(), Verdict::Error, None, detail));
        }
    };
    let mut cell = row::measured(scenario, runtime.id(), seen.judgement, seen.observation);
    cell.exit_code = match seen.cause {
        Some(Cause::Exit { code }) => Some(code),
        _ => None,
    };
    cell.cached = seen.from_cache;
    cell.prebuilt = built.origin == Origin::Prebuilt;
    (cell.switches, cell.default_result) =
        by_switches.map(|s| (s.switches, Some(s.default_result))).unwrap_or_default();
    if built.origin == Origin::Given {
        cell.missing_abi = probing::lacking_abi(lab, &plan, &cell);
    }
    let again = seen.cache_decision == CacheDecision::Unconfirmed
        && request.confirm
        && turn == Attempt::First
        && cell.duration_ms < MAX_REMEASURED_MS;
    Some(MeasuredCell { cell, remeasure: again })
}

/// A cell during which the lab panicked, or when it made the cell's guest or looked for its program.
pub fn panicked(request: &MatrixRequest, (row, column): (usize, usize), why: &(dyn Any + Send)) -> MeasuredCell {
    let (scenario, runtime) = (&request.scenarios[row], &request.runtimes[column]);
    let message = why.downcast_ref::<String>().map(String::as_str).or_else(|| why.downcast_ref::<&str>().copied());
    let detail = format!("the lab failed in this cell: {}; please report it", message.unwrap_or("no message"));
    MeasuredCell { cell: row::unmeasured(scenario, runtime.id(), Verdict::Error, None, detail), remeasure: false }
}

/// The guest and the program of a cell that can run, or the cell that says why it cannot.
fn ready<'a>(
    request: &MatrixRequest,
    (row, column): (usize, usize),
    guest: &'a GuestRow,
    tool: &'a Result<Tool, Absence>,
) -> Result<(&'a Guest, &'a Tool), Box<Cell>> {
    let (scenario, runtime) = (&request.scenarios[row], &request.runtimes[column]);
    let unmeasured = |verdict, code, detail: &str, how: Option<&String>| {
        let mut cell = row::unmeasured(scenario, runtime.id(), verdict, code, detail.to_owned());
        cell.remedy = how.cloned().or(cell.remedy);
        Box::new(cell)
    };
    let not_built = |none: &crate::guest::NotBuilt| {
        unmeasured(Verdict::NotBuilt, Some(none.code), &none.detail, none.remedy.as_ref())
    };
    let built = guest.guest.as_ref().map_err(not_built)?;
    // One finding for the whole row: no runtime is run or blamed.
    let has_to_be_refused = scenario.spec.expect.script.is_some();
    if let (Some(remedy), Err(message), false) = (guest.invalid, &guest.facts, has_to_be_refused) {
        let mut cell =
            row::unmeasured(scenario, runtime.id(), Verdict::NotApplicable, None, format!("{INVALID_FILE}: {message}"));
        cell.subject = Some(INVALID_FILE.to_owned());
        cell.remedy = Some(remedy.to_owned());
        return Err(Box::new(cell));
    }
    let absent = |absence: &Absence| unmeasured(Verdict::Absent, None, &absence.reason, Some(&absence.remedy));
    let tool = tool.as_ref().map_err(absent)?;
    let applicability = runtime.is_applicable(&scenario.spec, guest.facts.as_ref().ok());
    applicability.map_err(|reason| unmeasured(Verdict::NotApplicable, None, &reason, None))?;
    Ok((built, tool))
}

/// Why the lab does not run this cell, although its guest and its program are here.
fn not_attempted(request: &MatrixRequest, plan: &CellPlan, guest: &GuestRow, built: &Guest) -> Option<NotAttempted> {
    let (scenario, runtime) = (plan.scenario, plan.runtime);
    let may_lack_input = built.origin == Origin::Given && !request.inputs_are_complete;
    let missing_input = || missing_input::before_run(plan.facts, &scenario.spec.run).filter(|_| may_lack_input);
    let injects = || guest.script_name.as_deref().filter(|_| runtime.host_layer == HostLayer::Jco).map(injected_script);
    let withheld = request.withheld.get(&scenario.name).cloned();
    let used_up = || request.time_budget.and_then(|time| time.used_up(&scenario.name, runtime));
    withheld.or_else(used_up).or_else(missing_input).or_else(|| plan.not_attempted()).or_else(injects)
}

/// Why a component is not given to jco: in jco's output, this name would run as code, load a module or be called.
fn injected_script(name: &str) -> NotAttempted {
    let name = cut(name, 40);
    let reason =
        format!("jco copies a component's names into its JavaScript unescaped, and `{name}` would run there as code");
    NotAttempted { subject: "script-name", reason }
}

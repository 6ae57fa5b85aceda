//! Which results count, and how much: one rule for a run of the lab's scenarios, one for a file of the user's.

use super::{Kind, Severity};
use crate::library;
use wasmlab_model::codes::Code;
use wasmlab_model::report::{Cell, RunReport};
use wasmlab_model::verdict::{Change, Verdict};

/// A cell of a `run-all`, which is compared with what was accepted.
pub fn in_run(report: &RunReport, cell: &Cell) -> Option<(Severity, Kind)> {
    let failure = |kind| Some((Severity::Failure, kind));
    let warning = |kind| Some((Severity::Warning, kind));
    let alarming = cell.code.is_some_and(Code::is_alarming);
    if cell.verdict == Verdict::Error {
        return Some((Severity::LabError, Kind::Lab));
    }
    if cell.is_of_invalid_file() {
        return failure(Kind::Nowhere);
    }
    match cell.change {
        Change::Worse => failure(Kind::Worse),
        // Nobody accepted a baseline line by line: what is not worse than it is no failure.
        Change::Different if report.baseline.is_some() => warning(Kind::Different),
        Change::FixedGap if report.baseline.is_some() => None,
        Change::Different => failure(Kind::Different),
        Change::FixedGap => failure(Kind::Fixed),
        // A new cell is bad news only if its own result is bad.
        Change::New if cell.verdict == Verdict::Fail || alarming => failure(Kind::Failed),
        Change::New if cell.verdict == Verdict::Gap => warning(Kind::NewGap),
        Change::Same if cell.verdict == Verdict::NotBuilt && cell.known.is_none() && alarming => {
            failure(Kind::NotBuilt)
        }
        _ => None,
    }
}

/// A cell of a file that the user named: what could run it has to, unless that is allowed not to.
pub fn in_check(report: &RunReport, cell: &Cell) -> Option<(Severity, Kind)> {
    let failure = |kind| Some((Severity::Failure, kind));
    // `run-one` is about one runtime, which is asked whatever is known of it.
    let is_check = report.command != "run-one";
    let allowed = is_check && cell.known.is_some();
    match (cell.verdict, cell.change) {
        (Verdict::Error, _) => Some((Severity::LabError, Kind::Lab)),
        (verdict, _) if cell.required && verdict != Verdict::Pass => failure(Kind::Required),
        _ if cell.is_of_invalid_file() => failure(Kind::Nowhere),
        (_, Change::Worse) => failure(Kind::Worse),
        _ if allowed => None,
        (Verdict::NotBuilt, _) => failure(Kind::NotBuilt),
        (Verdict::Fail, _) => failure(Kind::Failed),
        (Verdict::Gap, _) if library::exports_of_loaded(report, cell).is_some() => failure(Kind::OnlyLoads),
        (Verdict::Gap, _) if !(is_check && cell.is_of_other_kind()) => failure(Kind::Gap),
        (Verdict::NotAttempted, _) => Some((Severity::Warning, Kind::NotAttempted)),
        _ => None,
    }
}

/// Whether nobody knows yet where a guest runs: it passes nowhere, some runtimes could not be asked, and all others lack
/// components or any WASI.
#[must_use]
pub fn is_open(report: &RunReport, scenario: &str) -> bool {
    let cells = || report.cells.iter().filter(|cell| cell.scenario == scenario);
    let says_nothing = |cell: &Cell| cell.verdict == Verdict::Gap && cell.is_of_other_kind() && !cell.required;
    cells().any(|cell| cell.verdict == Verdict::NotAttempted)
        && cells().all(|cell| !cell.verdict.is_measured() || says_nothing(cell))
}

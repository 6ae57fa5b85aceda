//! Which results count, and how much: one rule for a run of the lab's scenarios, one for the user's files.

use super::{FindingKind, Severity};
use crate::library;
use wasmlab_model::codes::Code;
use wasmlab_model::report::{Cell, RunReport};
use wasmlab_model::verdict::{Change, Verdict};

/// A cell of a `run-all`, which is compared with what was accepted.
pub fn in_run(report: &RunReport, cell: &Cell) -> Option<(Severity, FindingKind)> {
    let failure = |kind| Some((Severity::Failure, kind));
    let warning = |kind| Some((Severity::Warning, kind));
    let alarming = cell.code.is_some_and(Code::is_alarming);
    if cell.verdict == Verdict::Error {
        return Some((Severity::LabError, FindingKind::LabError));
    }
    if cell.is_of_invalid_file() {
        return failure(FindingKind::InvalidFile);
    }
    match cell.change {
        Change::Worse => failure(FindingKind::Worse),
        // A baseline was not accepted cell by cell, so only worse results are failures.
        Change::Different if report.baseline.is_some() => warning(FindingKind::Different),
        Change::FixedGap if report.baseline.is_some() => None,
        Change::Different => failure(FindingKind::Different),
        Change::FixedGap => failure(FindingKind::Fixed),
        // A new cell is bad news only if its own result is bad.
        Change::New if cell.verdict == Verdict::Fail || alarming => failure(FindingKind::Failed),
        Change::New if cell.verdict == Verdict::Gap => warning(FindingKind::NewGap),
        Change::Same if cell.verdict == Verdict::NotBuilt && cell.known.is_none() && alarming => {
            failure(FindingKind::NotBuilt)
        }
        _ => None,
    }
}

/// A cell of a file that the user named: every runtime that could run it has to, unless it is allowed to fail.
pub fn in_check(report: &RunReport, cell: &Cell) -> Option<(Severity, FindingKind)> {
    let failure = |kind| Some((Severity::Failure, kind));
    // `run-one` is about one runtime, so neither known gaps nor an unsupported kind of file excuse it.
    let is_check = report.command != "run-one";
    let allowed = is_check && cell.known.is_some();
    match (cell.verdict, cell.change) {
        (Verdict::Error, _) => Some((Severity::LabError, FindingKind::LabError)),
        _ if cell.is_of_invalid_file() => failure(FindingKind::InvalidFile),
        (verdict, _) if cell.required && verdict != Verdict::Pass => failure(FindingKind::Required),
        (_, Change::Worse) => failure(FindingKind::Worse),
        _ if allowed => None,
        (Verdict::NotBuilt, _) => failure(FindingKind::NotBuilt),
        (Verdict::Fail, _) => failure(FindingKind::Failed),
        (Verdict::Gap, _) if library::exports_of_loaded(report, cell).is_some() => failure(FindingKind::OnlyLoads),
        (Verdict::Gap, _) if !(is_check && cell.lacks_guest_kind()) => failure(FindingKind::Gap),
        (Verdict::NotAttempted, _) => Some((Severity::Warning, FindingKind::NotAttempted)),
        _ => None,
    }
}

/// Whether it is still unknown if a guest runs anywhere: it passes nowhere, some runtimes could not be tested, and all
/// others lack components or any WASI.
#[must_use]
pub fn is_open(report: &RunReport, scenario: &str) -> bool {
    let cells = || report.cells.iter().filter(|cell| cell.scenario == scenario);
    let says_nothing = |cell: &Cell| cell.verdict == Verdict::Gap && cell.lacks_guest_kind() && !cell.required;
    cells().any(|cell| cell.verdict == Verdict::NotAttempted)
        && cells().all(|cell| !cell.verdict.is_measured() || says_nothing(cell))
}

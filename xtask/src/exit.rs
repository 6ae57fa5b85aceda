//! The exit codes: defined and decided here only.

use wasmlab_model::report::{Cell, RunReport};
use wasmlab_report::findings::{Severity, findings, is_open};

/// Everything as expected.
pub const OK: u8 = 0;
/// A result got worse, or a gap is fixed but its snapshot or `[[known]]` entry is out of date; for `check`: a file does
/// not run on a runtime that counts, or a budget is exceeded; something required is missing.
pub const REGRESSION: u8 = 1;
/// The command line, a scenario or a file given to `check` is wrong.
pub const USAGE: u8 = 2;
/// The lab itself failed.
pub const INTERNAL_ERROR: u8 = 3;
/// Nothing was run.
pub const NO_CELLS_RUN: u8 = 4;
/// Ctrl-C.
pub const INTERRUPTED: u8 = 130;

/// The exit code of a run.
#[must_use]
pub fn for_report(report: &RunReport) -> u8 {
    let worst = findings(report).first().map(|finding| finding.severity);
    let is_suite = report.command == "suite";
    let is_input = (is_suite || report.command == "check") && report.cells.iter().any(Cell::is_of_invalid_file);
    if report.interrupted {
        INTERRUPTED
    } else if worst == Some(Severity::LabError) {
        INTERNAL_ERROR
    } else if is_input {
        USAGE
    } else if worst == Some(Severity::Failure) {
        REGRESSION
    } else if is_empty_part(report) {
        OK
    } else if !report.cells.iter().any(|c| is_answer(report, c)) {
        NO_CELLS_RUN
    } else {
        OK
    }
}

/// A part of a run that has fewer scenarios than parts.
fn is_empty_part(report: &RunReport) -> bool {
    report.selected.partition.is_some() && report.scenarios.is_empty()
}

/// Whether a cell says where its guest runs.
fn is_answer(report: &RunReport, cell: &Cell) -> bool {
    let is_uncounted = report.command == "suite" && cell.lacks_guest_kind();
    let is_open = report.command == "check" && is_open(report, &cell.scenario);
    cell.verdict.is_measured() && !is_uncounted && !is_open
}

/// The exit code if something required is missing, unless `code` is already more serious.
#[must_use]
pub fn if_missing(code: u8) -> u8 {
    if code == OK { REGRESSION } else { code }
}

#[cfg(test)]
mod tests {
    use super::{INTERNAL_ERROR, INTERRUPTED, NO_CELLS_RUN, OK, REGRESSION, USAGE, for_report};
    use wasmlab_model::codes::Code;
    use wasmlab_model::report::RunReport;
    use wasmlab_model::verdict::{Change, Verdict};

    fn check(change: impl FnOnce(&mut RunReport), expected: u8) {
        let mut report = crate::sample::report();
        report.notes.clear();
        for cell in &mut report.cells {
            cell.change = Change::Same;
            if matches!(cell.verdict, Verdict::Error | Verdict::NotBuilt) {
                cell.verdict = Verdict::Absent;
            }
        }
        change(&mut report);
        assert_eq!(for_report(&report), expected);
    }

    #[test]
    fn exit_code_follows_from_the_report() {
        check(|_| (), OK);
        check(|r| r.interrupted = true, INTERRUPTED);
        check(|r| r.cells[0].change = Change::Worse, REGRESSION);
        check(|r| r.cells[0].change = Change::FixedGap, REGRESSION);
        check(|r| r.cells[0].verdict = Verdict::Error, INTERNAL_ERROR);
        check(|r| r.cells.clear(), NO_CELLS_RUN);
        check(|r| r.cells.iter_mut().for_each(|c| c.verdict = Verdict::NotApplicable), NO_CELLS_RUN);
        check(|r| r.cells.iter_mut().for_each(|c| c.verdict = Verdict::NotAttempted), NO_CELLS_RUN);
        check(|r| r.cells[0].verdict = Verdict::NotAttempted, OK);
        check(
            |r| {
                r.command = "check".to_owned();
                r.cells.retain(|c| c.verdict == Verdict::Pass);
                let mut waits = r.cells[0].clone();
                (waits.verdict, waits.change) = (Verdict::NotAttempted, Change::New);
                r.cells.push(waits);
            },
            OK,
        );
        let invalid = |r: &mut RunReport, command: &str| {
            r.command = command.to_owned();
            for cell in &mut r.cells {
                (cell.verdict, cell.subject) = (Verdict::NotApplicable, Some("invalid-file".to_owned()));
            }
        };
        check(|r| invalid(r, "run-all"), REGRESSION);
        check(|r| invalid(r, "check"), USAGE);
        check(|r| r.cells.iter_mut().for_each(|c| c.verdict = Verdict::Absent), NO_CELLS_RUN);
        check(|r| (r.cells[0].verdict, r.cells[0].code) = (Verdict::NotBuilt, Some(Code::PrebuiltStale)), REGRESSION);
        check(|r| (r.cells[0].verdict, r.cells[0].code) = (Verdict::NotBuilt, Some(Code::ToolchainMissing)), OK);
        check(|r| (r.cells[0].verdict, r.cells[0].code) = (Verdict::NotBuilt, Some(Code::UndefinedSymbol)), REGRESSION);
        check(
            |r| {
                (r.cells[0].verdict, r.cells[0].code) = (Verdict::NotBuilt, Some(Code::UndefinedSymbol));
                r.cells[0].known = Some("there is no socket()".to_owned());
            },
            OK,
        );
        check(|r| (r.cells[0].change, r.cells[0].verdict) = (Change::New, Verdict::Fail), REGRESSION);
        check(|r| (r.cells[0].change, r.cells[0].verdict) = (Change::New, Verdict::Pass), OK);
        check(|r| r.command = "check".to_owned(), REGRESSION);
        check(
            |r| {
                r.command = "check".to_owned();
                // Of a guest that passes somewhere.
                let first = r.cells[0].scenario.clone();
                r.cells.retain(|c| c.scenario == first);
                r.cells.iter_mut().for_each(|c| c.known = Some("it may".to_owned()));
            },
            OK,
        );
    }
}

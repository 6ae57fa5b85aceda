//! Blame by comparing the results of one guest across the columns of its row. The second step, after
//! [`judge`](crate::judge); pure, too.
//!
//! A guest is to blame for a wrong result, a trap or a limit only if it does the same everywhere it ran. If it ran well
//! elsewhere, the runtime that differs is to blame; with nothing to compare, the blame is unknown.

use wasmlab_protocol::Stage;

use wasmlab_model::checks::{Check, CheckAnswer};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::text::form;
use wasmlab_model::verdict::Verdict;

use super::lab_lines;

/// The result of one column in a row, measured here or accepted elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowCell {
    /// The verdict.
    pub verdict: Verdict,
    /// Its reason.
    pub code: Option<Code>,
    /// How far the guest got.
    pub stage: Option<Stage>,
}

/// The result of comparing a cell with the others of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowComparison {
    /// Who is to blame.
    pub blame: Blame,
    /// The other columns in which the guest ran well.
    pub completed_count: usize,
    /// The other columns in which it ran.
    pub ran_count: usize,
}

/// Compares a cell whose guest went wrong while running with the `others` of its row. `None` if its code alone decides
/// who is to blame.
#[must_use]
pub fn compare(cell: RowCell, others: &[RowCell]) -> Option<RowComparison> {
    if cell.code == Some(Code::CapabilityDenied) {
        return Some(refused_like_others(cell, others));
    }
    if !went_wrong(cell) {
        return None;
    }
    let well = others.iter().filter(|other| ran_to_completion(**other)).count();
    // A host that refuses stops the guest before it can do what it does elsewhere.
    let comes_as_far = |other: &RowCell| other.code != Some(Code::HostRefused) || other.code == cell.code;
    let wrong: Vec<&RowCell> = others.iter().filter(|other| went_wrong(**other) && comes_as_far(other)).collect();
    let ran = well + wrong.len();
    let alike = wrong.iter().filter(|other| other.code == cell.code).count();
    let blame = if well > 0 {
        // The one that differs from most is to blame, and it may be the one in which the guest runs well.
        if well < alike { Blame::Unknown } else { Blame::Runtime }
    } else if ran > 0 && wrong.iter().all(|other| other.code == cell.code) {
        Blame::Guest
    } else {
        Blame::Unknown
    };
    Some(RowComparison { blame, completed_count: well, ran_count: ran })
}

/// A call that this runtime refuses and the guest is blamed for: the rule is the runtime's own if more of the others
/// allow the call than refuse it. (Some allow what WASI forbids, such as a path with a leading slash.)
fn refused_like_others(cell: RowCell, others: &[RowCell]) -> RowComparison {
    let well = others.iter().filter(|other| other.verdict == Verdict::Pass).count();
    let alike = others.iter().filter(|other| other.code == cell.code).count();
    let blame = if well > alike { Blame::Runtime } else { Blame::Guest };
    RowComparison { blame, completed_count: well, ran_count: well + alike }
}

/// The guest ran and misbehaved: without a comparison, the catalogue blames it.
fn went_wrong(cell: RowCell) -> bool {
    use Code::{DiskFlood, HostRefused, OutOfMemory, OutputFlood, Timeout, Trap, WrongExit, WrongOutput};
    let wrong = |code| {
        matches!(code, WrongOutput | WrongExit | Trap | HostRefused | Timeout | OutOfMemory | OutputFlood | DiskFlood)
    };
    // What ended before the guest was instantiated is about the runtime's compiler, not about the guest.
    cell.code.is_some_and(wrong) && cell.stage.is_none_or(|stage| stage >= Stage::Instantiate)
}

/// The checks that failed in a cell, compared with the same checks in the rest of its row.
#[derive(Debug, Default, PartialEq, Eq)]
struct Failed<'a> {
    /// Those that most of the others pass, each with the number of others that pass, and of others that tried.
    differing: Vec<(&'a Check, usize, usize)>,
    /// Those that also fail in most of the others.
    everywhere: Vec<&'a Check>,
}

fn failed<'a>(checks: &'a [Check], others: &[&[Check]]) -> Failed<'a> {
    let mut failed = Failed::default();
    for check in checks.iter().filter(|check| check.code.is_some()) {
        let same = others.iter().filter_map(|other| other.iter().find(|other| other.name == check.name));
        let (right, all) = same.fold((0, 0), |(right, all), o| (right + usize::from(o.code.is_none()), all + 1));
        // With nothing to compare: no runtime can change what a library refuses by itself.
        let alike = if all == 0 { check.answer == CheckAnswer::LibraryRefused } else { 2 * right <= all };
        if alike {
            failed.everywhere.push(check);
        } else {
            failed.differing.push((check, right, all));
        }
    }
    failed
}

/// The detail of a cell that differs from its row: names the checks that differ, if any; otherwise `detail` plus the
/// number of columns in which the guest ran well.
#[must_use]
pub fn detail(detail: &str, found: RowComparison, checks: &[Check], others: &[&[Check]]) -> String {
    let RowComparison { completed_count: well, ran_count: ran, .. } = found;
    let columns = form(ran, "column", "columns");
    let Failed { differing, everywhere } = failed(checks, others);
    let Some(((first, right, all), more)) = differing.split_first().filter(|_| others.iter().any(|o| !o.is_empty()))
    else {
        return format!("{detail}; it works in {well} of {ran} other {columns}");
    };
    // The detail already contains the reason's own sentence, before the list of others.
    let reason = detail.split("; ").next().filter(|reason| reason.starts_with(first.name.as_str()));
    let reason = reason.map_or_else(|| lab_lines::describe(first), str::to_owned);
    let mut text = format!("{reason}; {right} of {all} other {columns} pass this check");
    let names = |checks: &[&Check]| checks.iter().map(|check| check.name.as_str()).collect::<Vec<_>>().join(", ");
    if !more.is_empty() {
        let more: Vec<&Check> = more.iter().map(|(check, ..)| *check).collect();
        text += &format!("; other columns also pass {}", names(&more));
    }
    if !everywhere.is_empty() {
        text += &format!("; fails in the other columns, too: {}", names(&everywhere));
    }
    let ok = checks.iter().filter(|check| check.code.is_none()).count();
    format!("{text}; {ok} of {} checks ok", checks.len())
}

/// Whether the guest passed, or ran to its end and reported only refusals. (A wrong answer would outrank a refusal.)
#[must_use]
pub fn ran_to_completion(cell: RowCell) -> bool {
    use Code::{CapabilityDenied, LibraryUnsupported, NotImplemented, SocketsUnsupported, ThreadsUnsupported};
    let refused = |code| {
        matches!(code, CapabilityDenied | LibraryUnsupported | NotImplemented | SocketsUnsupported | ThreadsUnsupported)
    };
    cell.verdict == Verdict::Pass || cell.stage == Some(Stage::Run) && cell.code.is_some_and(refused)
}

#[cfg(test)]
mod tests {
    use super::{RowCell, RowComparison, compare, detail};
    use crate::lab_lines;
    use wasmlab_model::checks::Check;
    use wasmlab_model::codes::{Blame, Code};
    use wasmlab_model::verdict::Verdict;
    use wasmlab_protocol::Stage;

    const PASS: RowCell = RowCell { verdict: Verdict::Pass, code: None, stage: Some(Stage::Run) };

    fn of(code: Code, stage: Stage) -> RowCell {
        RowCell { verdict: code.entry().verdict, code: Some(code), stage: Some(stage) }
    }

    fn ran(code: Code) -> RowCell {
        of(code, Stage::Run)
    }

    fn check(cell: RowCell, others: &[RowCell], expected: Option<(Blame, usize, usize)>) {
        let expected =
            expected.map(|(blame, well, ran)| RowComparison { blame, completed_count: well, ran_count: ran });
        assert_eq!(compare(cell, others), expected, "{cell:?} beside {others:?}");
    }

    #[test]
    fn refusal_is_blamed_on_the_guest_unless_most_runtimes_accept_it() {
        let denied = ran(Code::CapabilityDenied);
        check(denied, &[denied, denied, PASS], Some((Blame::Guest, 1, 3)));
        check(denied, &[denied, PASS, PASS], Some((Blame::Runtime, 2, 3)));
        check(denied, &[], Some((Blame::Guest, 0, 0)));
    }

    #[test]
    fn differing_runtime_is_blamed_and_the_guest_only_if_all_agree() {
        use Code::{Crashed, MissingImport, ThreadsUnsupported, Timeout, Trap, WrongExit, WrongOutput};
        let wrong = ran(WrongOutput);
        check(wrong, &[PASS, PASS, ran(WrongOutput)], Some((Blame::Runtime, 2, 3)));
        check(ran(Timeout), &[PASS], Some((Blame::Runtime, 1, 1)));
        check(wrong, &[PASS, wrong, wrong], Some((Blame::Unknown, 1, 3)));
        check(wrong, &[wrong, wrong], Some((Blame::Guest, 0, 2)));
        check(ran(Trap), &[ran(Trap), ran(WrongExit)], Some((Blame::Unknown, 0, 2)));
        // With nothing to compare: alone, or the others did not get that far.
        check(wrong, &[], Some((Blame::Unknown, 0, 0)));
        let elsewhere = [of(MissingImport, Stage::Link), of(Crashed, Stage::Run), of(ThreadsUnsupported, Stage::Link)];
        check(wrong, &elsewhere, Some((Blame::Unknown, 0, 0)));
        // A limit that the runtime's compiler reached says nothing about the guest, on either side.
        let compiler = of(Code::OutOfMemory, Stage::Compile);
        check(compiler, &[PASS], None);
        check(wrong, &[compiler], Some((Blame::Unknown, 0, 0)));
        // A guest that reports a refusal gave no wrong result.
        check(wrong, &[ran(ThreadsUnsupported)], Some((Blame::Runtime, 1, 1)));
        // Their codes say whose fault it is.
        for cell in [PASS, ran(Crashed), ran(ThreadsUnsupported), of(MissingImport, Stage::Link)] {
            check(cell, &[PASS, wrong], None);
        }
    }

    #[test]
    fn differing_checks_are_named() {
        let checks = |text: &str| -> Vec<Check> {
            let lines: String = text.split(", ").map(|line| format!("lab: {line}\n")).collect();
            lab_lines::parse_lines(&lines)
        };
        let check = |cell: &str, others: &[&str], expected: &str| {
            let others: Vec<Vec<Check>> = others.iter().map(|other| checks(other)).collect();
            let others: Vec<&[Check]> = others.iter().map(Vec::as_slice).collect();
            let found = RowComparison { blame: Blame::Runtime, completed_count: 2, ran_count: 2 };
            assert_eq!(detail("it is so; and 1 more: b", found, &checks(cell), &others), expected, "{cell}");
        };
        let (right, refused) = ("clock ok, write no-errno no", "clock wrong past, write no-errno no");
        check(
            refused,
            &[right, right],
            "clock: wrong, past; 2 of 2 other columns pass this check; fails in the other columns, too: write; 0 of 2 \
             checks ok",
        );
        check(
            "write errno=8, read errno=8, args ok",
            &["write ok, read ok, args ok", "write ok, read ok, args ok"],
            "write: EBADF (8); 2 of 2 other columns pass this check; other columns also pass read; 1 of 3 checks ok",
        );
        // Without checks of its own or of others, only verdicts can be compared.
        check(refused, &[], "it is so; and 1 more: b; it works in 2 of 2 other columns");
        check("args ok", &[right], "it is so; and 1 more: b; it works in 2 of 2 other columns");
    }
}

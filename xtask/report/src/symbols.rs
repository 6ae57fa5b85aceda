//! How a result is shown: its symbol, the same in the terminal and on the page, and its class on the page.

use std::collections::BTreeMap;

use wasmlab_model::codes::Code;
use wasmlab_model::report::{Cell, PASS_WITH_SWITCH, RunReport};
use wasmlab_model::verdict::Verdict;

/// The letter of a code. If the report is too old to contain it, the catalogue's: letters are never reassigned.
pub fn letter(report: &RunReport, code: Code) -> char {
    report.text(code).and_then(|text| text.symbol).unwrap_or(code.entry().symbol)
}

/// The symbol of a verdict; for a gap, the letter of its code.
pub fn of_verdict(report: &RunReport, verdict: Verdict, code: Option<Code>) -> char {
    match (verdict, code) {
        (Verdict::Gap, Some(code)) => letter(report, code),
        (verdict, _) => without_code(verdict),
    }
}

/// The symbol of a verdict without a code.
pub fn without_code(verdict: Verdict) -> char {
    match verdict {
        Verdict::Pass => '✓',
        Verdict::Gap => '~',
        Verdict::Fail => '✗',
        Verdict::NotBuilt => '?',
        Verdict::Absent => '·',
        Verdict::NotApplicable => '-',
        Verdict::NotAttempted => '○',
        Verdict::Error => '!',
    }
}

/// The symbol of a verdict and its meaning, for the key below a matrix.
pub fn in_words(verdict: Verdict) -> String {
    match verdict {
        Verdict::Gap => "letter: gap".to_owned(),
        verdict => format!("{} {}", without_code(verdict), verdict.id().replace('-', " ")),
    }
}

/// The symbol of a cell.
pub fn of_cell(report: &RunReport, cell: &Cell) -> char {
    if cell.passes_with_switch() { PASS_WITH_SWITCH } else { of_verdict(report, cell.verdict, cell.code) }
}

/// The class of a pass in some columns only, or with a switch.
pub const PARTLY: &str = "w";

/// The class of a verdict, which colours it.
pub fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "p",
        Verdict::Gap => "g",
        Verdict::Fail => "f",
        Verdict::NotBuilt => "b",
        Verdict::Absent => "a",
        Verdict::NotApplicable => "x",
        Verdict::NotAttempted => "q",
        Verdict::Error => "e",
    }
}

/// The class and symbol of a cell.
pub fn class_and_symbol(report: &RunReport, cell: &Cell) -> (&'static str, char) {
    let class = if cell.passes_with_switch() { PARTLY } else { class(cell.verdict) };
    (class, of_cell(report, cell))
}

/// The class and symbol of each verdict and, as `partly`, of a pass with a switch, for the page's script. A gap has the
/// letter of its code.
pub fn of_verdicts() -> BTreeMap<&'static str, (&'static str, char)> {
    let of = |verdict: &Verdict| (verdict.id(), (class(*verdict), without_code(*verdict)));
    Verdict::ALL.iter().map(of).chain([("partly", (PARTLY, PASS_WITH_SWITCH))]).collect()
}

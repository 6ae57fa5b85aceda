//! The result of a conformance suite, for a terminal: how many tests each runtime passed, then the failed ones by reason.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use wasmlab_model::codes::Code;
use wasmlab_model::names::{first_listed, rest};
use wasmlab_model::phrases::without_column;
use wasmlab_model::report::{Cell, RunReport, RuntimeInfo};
use wasmlab_model::text::{counted, form};
use wasmlab_model::verdict::Verdict;

use super::columns::{NameStyle, names};
use super::findings::{findings, reason};
use super::overview::{changed, cut};
use super::symbols::letter;
use super::table::{BOLD, DIM, GREEN, Painter, RED};
use super::text::{self, tally};
use super::{RenderOptions, Renderer};

mod assertions;

/// Registry entry.
pub const RENDERER: Renderer = Renderer {
    id: "suite",
    about: "For a terminal: how many tests each runtime passed, and the failed tests grouped by reason",
    extension: "txt",
    saved: false,
    render,
};

/// With at most this many failures, each is shown with its detail.
const MAX_DETAILED: usize = 16;
/// Lines of tests below each reason.
const MAX_LINES: usize = 6;
/// Tests named on one line.
const MAX_NAMED: usize = 12;

/// The result of a suite's test on a runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TestResult {
    Passed,
    Failed,
    /// The test was not run, or the runtime cannot run tests of this kind at all.
    NotAttempted,
}

impl TestResult {
    fn of(cell: &Cell) -> Self {
        match cell.verdict {
            Verdict::Pass => Self::Passed,
            Verdict::Gap if cell.lacks_guest_kind() => Self::NotAttempted,
            Verdict::Gap | Verdict::Fail | Verdict::Error => Self::Failed,
            Verdict::NotBuilt | Verdict::Absent | Verdict::NotApplicable | Verdict::NotAttempted => Self::NotAttempted,
        }
    }
}

fn render(report: &RunReport, options: RenderOptions) -> String {
    let painter = Painter { options };
    let mut out = String::new();
    counts(&mut out, &painter, report);
    assertions::render(&mut out, &painter, report);
    not_attempted(&mut out, &painter, report);
    failed(&mut out, &painter, report);
    changed(&mut out, &painter, report);
    let _ = writeln!(out, "\n{}", painter.paint(BOLD, &text::wrapped(options.width, "", "  ", &tally(report))));
    if let Some(why) = reason(&findings(report)) {
        painter.wrapped(&mut out, "exit code 1: ", "             ", &why);
    }
    if let Some(selection) = selected(report) {
        painter.wrapped(&mut out, "selected: ", "          ", &selection);
    }
    out.push_str("next: `--full` shows every test on every runtime, and every reason\n");
    if let Some(code) = report.cells.iter().find(|c| TestResult::of(c) == TestResult::Failed).and_then(|c| c.code) {
        let _ = writeln!(out, "      `{} explain {code}` explains a reason", options.program);
    }
    out
}

/// As [`text::selected`], with the options of `suite`.
fn selected(report: &RunReport) -> Option<String> {
    text::selected(report).map(|text| text.replace("--scenario ", "--test "))
}

/// A line per runtime.
fn counts(out: &mut String, painter: &Painter, report: &RunReport) {
    let tests = report.scenarios.len();
    let suites: BTreeSet<&str> = report.scenarios.iter().map(|s| s.family.as_str()).collect();
    let mut heading = format!("{} of {}", counted(tests, "test"), counted(suites.len(), "suite"));
    if suites.len() == 1 {
        heading = format!("{}: {}", suites.first().copied().unwrap_or_default(), counted(tests, "test"));
    }
    let _ = writeln!(out, "{}\n", painter.paint(BOLD, &cut(&heading, painter.options.width)));
    let results = |column: &RuntimeInfo| -> Vec<TestResult> {
        report.cells.iter().filter(|cell| cell.runtime == column.id).map(TestResult::of).collect()
    };
    let is_asked = |column: &RuntimeInfo| results(column).iter().any(|result| *result != TestResult::NotAttempted);
    let (mut columns, others): (Vec<_>, Vec<_>) = text::shown_columns(report).into_iter().partition(|c| is_asked(c));
    let others = if columns.is_empty() {
        columns = others;
        0
    } else {
        others.len()
    };
    let widest = columns.iter().map(|c| c.id.chars().count()).max().unwrap_or(0);
    let _ = writeln!(out, "{:widest$}  passed  failed  not attempted", "");
    for column in columns {
        let cells = results(column);
        let count = |wanted| cells.iter().filter(|result| **result == wanted).count();
        let (passed, failed) = (count(TestResult::Passed), count(TestResult::Failed));
        let shade = |style, number: usize, width: usize| {
            let text = format!("{number:>width$}");
            if number == 0 { painter.paint(DIM, &text) } else { painter.paint(style, &text) }
        };
        let of = format!("of {}", cells.len());
        let version = column.tool.version.as_deref().unwrap_or("not installed");
        let used = widest + 2 + 6 + 2 + 6 + 2 + 13 + 2 + of.len() + 2;
        let line = format!(
            "{:widest$}  {}  {}  {:>13}  {of}  {}",
            column.id,
            shade(GREEN, passed, 6),
            shade(RED, failed, 6),
            count(TestResult::NotAttempted),
            painter.paint(DIM, if used + version.chars().count() > painter.options.width { "" } else { version }),
        );
        let _ = writeln!(out, "{}", line.trim_end());
    }
    if others > 0 {
        let more = format!("{others} more {} can run none of these tests", form(others, "runtime", "runtimes"));
        let _ = writeln!(out, "{}", painter.paint(DIM, &more));
    }
}

/// Why tests were not attempted, each reason once.
fn not_attempted(out: &mut String, painter: &Painter, report: &RunReport) {
    let mut reasons: Vec<(String, Vec<&Cell>)> = Vec::new();
    for cell in report.cells.iter().filter(|c| TestResult::of(c) == TestResult::NotAttempted) {
        let why = match (&cell.missing_abi, cell.verdict) {
            (_, Verdict::Absent) => continue,
            (Some(abi), Verdict::Gap) => format!("no {abi}"),
            (None, Verdict::Gap) => "no components".to_owned(),
            // Only the column's name differs.
            _ => without_column(&cell.detail, cell.runtime.split('+').next().unwrap_or_default()),
        };
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, cells)) => cells.push(cell),
            None => reasons.push((why, vec![cell])),
        }
    }
    if reasons.is_empty() {
        return;
    }
    reasons.sort_by_key(|(_, cells)| Reverse(cells.len()));
    let _ = writeln!(out, "\n{}", painter.paint(BOLD, "not attempted"));
    for (why, cells) in reasons.iter().take(MAX_LINES) {
        let tests: BTreeSet<&str> = cells.iter().map(|c| c.scenario.as_str()).collect();
        let runtimes: Vec<&str> = cells.iter().map(|c| c.runtime.as_str()).collect();
        let which = match tests.len() {
            1 => tests.first().copied().unwrap_or_default().to_owned(),
            n => format!("{n} tests"),
        };
        painter.wrapped(out, "  ", "    ", &format!("{which} on {}: {why}", names(report, &runtimes, NameStyle::Ids)));
    }
    if let Some(rest) = rest(reasons.len(), MAX_LINES, "reason") {
        let _ = writeln!(out, "  {rest}");
    }
}

/// The failed tests by reason, the most frequent first.
fn failed(out: &mut String, painter: &Painter, report: &RunReport) {
    let cells: Vec<&Cell> = report.cells.iter().filter(|c| TestResult::of(c) == TestResult::Failed).collect();
    if cells.is_empty() {
        return;
    }
    let mut by_code: BTreeMap<Option<Code>, Vec<&Cell>> = BTreeMap::new();
    for cell in &cells {
        by_code.entry(cell.code).or_default().push(cell);
    }
    let mut codes: Vec<(Option<Code>, Vec<&Cell>)> = by_code.into_iter().collect();
    codes.sort_by_key(|(code, cells)| (Reverse(cells.len()), *code));
    let _ = writeln!(out, "\n{}", painter.paint(BOLD, "failed tests by reason"));
    for (code, of_code) in codes {
        let tests: BTreeSet<&str> = of_code.iter().map(|c| c.scenario.as_str()).collect();
        let mark = code.map_or('!', |code| letter(report, code));
        let name = code.map_or("lab-error", Code::id);
        let noun = form(tests.len(), "test", "tests");
        let subjects = subjects(&of_code);
        let line = format!("  {mark} {name:<22} {:>4} in {:>3} {noun:<5}  {subjects}", of_code.len(), tests.len());
        let _ = writeln!(out, "{}", cut(line.trim_end(), painter.options.width));
        if cells.len() <= MAX_DETAILED {
            for cell in of_code {
                painter.wrapped(
                    out,
                    "      ",
                    "        ",
                    &format!("{} on {}: {}", cell.scenario, cell.runtime, cell.detail),
                );
            }
        } else {
            tests_of(out, painter, report, &of_code);
        }
    }
}

/// The subjects of the cells, the most frequent first.
fn subjects(cells: &[&Cell]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for subject in cells.iter().filter_map(|cell| cell.subject.as_deref()) {
        *counts.entry(subject).or_default() += 1;
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(name, count)| (Reverse(*count), *name));
    counts.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(", ")
}

/// Tests that fail on the same runtimes share a line.
fn tests_of(out: &mut String, painter: &Painter, report: &RunReport, cells: &[&Cell]) {
    let mut runtimes_of: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for cell in cells {
        runtimes_of.entry(&cell.scenario).or_default().push(&cell.runtime);
    }
    let mut lines: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
    for (test, runtimes) in runtimes_of {
        match lines.iter_mut().find(|(known, _)| *known == runtimes) {
            Some((_, tests)) => tests.push(test),
            None => lines.push((runtimes, vec![test])),
        }
    }
    lines.sort_by_key(|(runtimes, tests)| Reverse(runtimes.len() * tests.len()));
    for (runtimes, tests) in lines.iter().take(MAX_LINES) {
        let tests = first_listed(tests, MAX_NAMED);
        let line = format!("{tests} on {}", names(report, runtimes, NameStyle::Ids));
        painter.wrapped(out, "      ", "        ", &line);
    }
    if let Some(more) = lines.len().checked_sub(MAX_LINES).filter(|n| *n > 0) {
        let tests: usize = lines.iter().skip(MAX_LINES).map(|(_, tests)| tests.len()).sum();
        let _ = writeln!(out, "      and {tests} more tests, on {more} other sets of runtimes");
    }
}

#[cfg(test)]
mod tests {
    use super::TestResult;
    use crate::{RenderOptions, find, sample};
    use wasmlab_model::codes::Code;
    use wasmlab_model::report::{Cell, RunReport};
    use wasmlab_model::verdict::Verdict;

    fn suite() -> RunReport {
        let mut report = sample::report();
        report.command = "suite".to_owned();
        report.notes.clear();
        report
    }

    fn text(report: &RunReport) -> String {
        find("suite").unwrap().text(report, RenderOptions { width: 80, ..RenderOptions::PLAIN })
    }

    #[test]
    fn no_line_is_longer_than_the_terminal() {
        let mut report = suite();
        let (scenario, cell) = (report.scenarios[0].clone(), report.cells[0].clone());
        for number in 0..60 {
            let mut scenario = scenario.clone();
            scenario.name = format!("path_symlink_trailing_slashes-{number}");
            for runtime in &report.runtimes {
                let mut cell = Cell { scenario: scenario.name.clone(), runtime: runtime.id.clone(), ..cell.clone() };
                (cell.verdict, cell.code) = (Verdict::Fail, Some(Code::WrongExit));
                cell.detail = "exit code 1, expected 0; last on stderr: ".repeat(4);
                report.cells.push(cell);
            }
            report.scenarios.push(scenario);
        }
        let text = text(&report);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(text.lines().count() < 80, "{text}");
        assert!(text.contains("wrong-exit") && text.contains(" more"), "{text}");
    }

    #[test]
    fn results_count_what_a_runtime_could_run() {
        let cell = suite().cells[0].clone();
        let check = |change: &dyn Fn(&mut Cell), expected: TestResult| {
            let mut cell = cell.clone();
            (cell.verdict, cell.code, cell.missing_abi) = (Verdict::Pass, None, None);
            change(&mut cell);
            assert_eq!(TestResult::of(&cell), expected);
        };
        let gap = |code: Code| move |cell: &mut Cell| (cell.verdict, cell.code) = (Verdict::Gap, Some(code));
        check(&|_| (), TestResult::Passed);
        check(&gap(Code::MissingImport), TestResult::Failed);
        check(&gap(Code::NeedsComponentModel), TestResult::NotAttempted);
        check(
            &|cell| {
                gap(Code::MissingImport)(cell);
                cell.missing_abi = Some("WASI 0.3".to_owned());
            },
            TestResult::NotAttempted,
        );
        check(&|cell| cell.verdict = Verdict::Error, TestResult::Failed);
        check(&|cell| cell.verdict = Verdict::NotAttempted, TestResult::NotAttempted);
    }
}

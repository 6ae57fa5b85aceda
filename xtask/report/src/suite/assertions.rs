//! The assertions of `.wast` files, for a terminal: how many each runtime passed, in all and in each file, which do not
//! hold, and why others were not attempted.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use wasmlab_model::assertions::Assertions;
use wasmlab_model::names::rest;
use wasmlab_model::report::{Cell, RunReport};
use wasmlab_model::verdict::Verdict;

use crate::columns::{NameStyle, names};
use crate::overview::cut;
use crate::table::{BOLD, DIM, GREEN, Painter, RED};
use crate::text;

/// Files with a line of their own.
const MAX_FILES: usize = 40;
/// Assertions shown per file.
const MAX_PER_FILE: usize = 3;
/// Assertions shown in total.
const MAX_SHOWN: usize = 16;
/// Reasons shown.
const MAX_REASONS: usize = 8;

/// Everything about assertions; nothing if the report has none.
pub fn render(out: &mut String, painter: &Painter, report: &RunReport) {
    let cells: Vec<(&Cell, &Assertions)> = report
        .cells
        .iter()
        .filter(|cell| cell.verdict != Verdict::Absent)
        .filter_map(|cell| Some((cell, cell.assertions.as_ref()?)))
        .collect();
    if cells.is_empty() {
        return;
    }
    totals(out, painter, report, &cells);
    files(out, painter, report, &cells);
    failures(out, painter, report, &cells);
    reasons(out, painter, &cells);
}

/// A line per runtime.
fn totals(out: &mut String, painter: &Painter, report: &RunReport, cells: &[(&Cell, &Assertions)]) {
    let columns = text::shown_columns(report);
    let of = |id: &str| -> Option<[u64; 3]> {
        let of_runtime = cells.iter().filter(|(cell, _)| cell.runtime == id);
        of_runtime
            .map(|(_, all)| [all.passed, all.failed, all.not_attempted])
            .reduce(|a, b| std::array::from_fn(|at| a[at].saturating_add(b[at])))
    };
    let lines: Vec<(&str, [u64; 3])> = columns.iter().filter_map(|c| Some((c.id.as_str(), of(&c.id)?))).collect();
    let widest = lines.iter().map(|(id, _)| id.chars().count()).max().unwrap_or(0);
    let _ = writeln!(out, "\n{}", painter.paint(BOLD, "assertions"));
    let _ = writeln!(out, "{:widest$}  passed  failed  not attempted", "");
    for (id, [passed, failed, not_attempted]) in lines {
        let shade = |style, number: u64| {
            let text = format!("{number:>6}");
            painter.paint(if number == 0 { DIM } else { style }, &text)
        };
        let total = passed + failed + not_attempted;
        let (passed, failed) = (shade(GREEN, passed), shade(RED, failed));
        let _ = writeln!(out, "{id:widest$}  {passed}  {failed}  {not_attempted:>13}  of {total}");
    }
}

/// Passed, failed and not attempted assertions, and the runtimes that have these counts.
type CountsLine<'a> = ([u64; 3], Vec<&'a str>);

/// The counts of each file; runtimes with the same counts share a line. Files with failures come first.
fn files(out: &mut String, painter: &Painter, report: &RunReport, cells: &[(&Cell, &Assertions)]) {
    let mut files: BTreeMap<&str, Vec<CountsLine>> = BTreeMap::new();
    for (cell, all) in cells {
        let counts = [all.passed, all.failed, all.not_attempted];
        let lines = files.entry(&cell.scenario).or_default();
        match lines.iter_mut().find(|(known, _)| *known == counts) {
            Some((_, runtimes)) => runtimes.push(&cell.runtime),
            None => lines.push((counts, vec![&cell.runtime])),
        }
    }
    let mut files: Vec<(&str, Vec<CountsLine>)> = files.into_iter().collect();
    let failed = |lines: &[CountsLine]| lines.iter().any(|([_, failed, _], _)| *failed > 0);
    files.sort_by_key(|(_, lines)| !failed(lines));
    let _ = writeln!(out, "\n{}", painter.paint(BOLD, "passed, failed and not attempted assertions of each file"));
    for (file, lines) in files.iter().take(MAX_FILES) {
        let _ = writeln!(out, "  {}", cut(file, painter.options.width.saturating_sub(2)));
        for ([passed, failed, not_attempted], runtimes) in lines {
            let counts = format!("    {passed:>5} {failed:>5} {not_attempted:>5}  ");
            painter.wrapped(out, &counts, "                       ", &names(report, runtimes, NameStyle::Ids));
        }
    }
    if let Some(rest) = rest(files.len(), MAX_FILES, "file") {
        let _ = writeln!(out, "  {rest}");
    }
}

/// Assertions that do not hold, each with the runtimes on which it fails in the same way.
fn failures(out: &mut String, painter: &Painter, report: &RunReport, cells: &[(&Cell, &Assertions)]) {
    let mut failed: BTreeMap<(&str, u64, &str), Vec<&str>> = BTreeMap::new();
    for (cell, all) in cells {
        for one in &all.failures {
            failed.entry((&cell.scenario, one.line, &one.detail)).or_default().push(&cell.runtime);
        }
    }
    if failed.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", painter.paint(BOLD, "failed assertions"));
    let (mut of_file, mut shown): (BTreeMap<&str, usize>, usize) = (BTreeMap::new(), 0);
    for ((file, line, detail), runtimes) in &failed {
        let count = of_file.entry(file).or_default();
        *count += 1;
        if *count <= MAX_PER_FILE && shown < MAX_SHOWN {
            shown += 1;
            let text = format!("{file}:{line} on {}: {detail}", names(report, runtimes, NameStyle::Ids));
            painter.wrapped(out, "  ", "    ", &text);
        }
    }
    if let Some(rest) = rest(failed.len(), shown, "assertion") {
        let _ = writeln!(out, "  {rest}: `--output json` has up to 100 of each file");
    }
}

/// Why assertions were not attempted, each reason once.
fn reasons(out: &mut String, painter: &Painter, cells: &[(&Cell, &Assertions)]) {
    let mut reasons: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for (cell, all) in cells {
        for part in &all.reasons {
            let most = reasons.entry(&part.reason).or_default().entry(&cell.scenario).or_default();
            *most = part.count.max(*most);
        }
    }
    if reasons.is_empty() {
        return;
    }
    let mut reasons: Vec<(&str, u64, BTreeSet<&str>)> = reasons
        .into_iter()
        .map(|(why, files)| {
            (why, files.values().fold(0, |sum: u64, n| sum.saturating_add(*n)), files.into_keys().collect())
        })
        .collect();
    reasons.sort_by_key(|(_, count, _)| Reverse(*count));
    let _ = writeln!(out, "\n{}", painter.paint(BOLD, "assertions that were not attempted"));
    for (why, count, files) in reasons.iter().take(MAX_REASONS) {
        let which = match files.len() {
            1 => files.first().copied().unwrap_or_default().to_owned(),
            n => format!("{n} files"),
        };
        painter.wrapped(out, "  ", "    ", &format!("{count} in {which}: {why}"));
    }
    if let Some(rest) = rest(reasons.len(), MAX_REASONS, "reason") {
        let _ = writeln!(out, "  {rest}");
    }
}

#[cfg(test)]
mod tests {
    use crate::{RenderOptions, find, sample};
    use wasmlab_model::assertions::Assertions;
    use wasmlab_model::verdict::Verdict;

    #[test]
    fn assertions_are_counted_by_runtime_and_file() {
        let mut report = sample::report();
        report.command = "suite".to_owned();
        let mut failing = Assertions { passed: 2, ..Assertions::default() };
        failing.fail(7, "(assert_return (invoke \"f\") (i32.const 1)): returned [0x2], expected [0x1]".to_owned());
        failing.leave_out(3, "it is about the text format");
        let passing = Assertions { passed: 3, failed: 0, failures: Vec::new(), ..failing.clone() };
        for (cell, all) in report.cells.iter_mut().filter(|c| c.verdict != Verdict::Absent).zip([failing, passing]) {
            cell.scenario = "i32.wast".to_owned();
            cell.assertions = Some(all);
        }
        let text = find("suite").unwrap().text(&report, RenderOptions { width: 80, ..RenderOptions::PLAIN });
        for expected in [
            "        2     1     3  ",
            "        3     0     3  ",
            "i32.wast:7 on ",
            "3 in i32.wast: it is about the text format",
            "of 6",
        ] {
            assert!(text.contains(expected), "{expected}:\n{text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}

//! The matrix at a glance, for a terminal: one column per engine, the result of all its modes and host layers in one
//! symbol; below it what changed and the largest groups of gaps. Two screens at most: equal rows of a family are merged
//! in a large matrix.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use wasmlab_model::codes::Code;
use wasmlab_model::names::and_more;
use wasmlab_model::report::{Cell, NoteKind, RunReport};
use wasmlab_model::text::form;
use wasmlab_model::verdict::{Change, Verdict};

use super::engine_result::{EngineColumns, EngineResult, engines};
use super::findings::{FindingKind, is_outside_matrix};
use super::predicted;
use super::symbols::{self, letter};
use super::table::{BOLD, DIM, Painter, RED, note_heading, style};
use super::text::{self, Row, by_code, changes, tally};
use super::{RenderOptions, Renderer};

/// Registry entry.
pub const RENDERER: Renderer = Renderer {
    id: "overview",
    about: "For a terminal: one column per engine, changes, the largest groups of gaps",
    extension: "txt",
    saved: false,
    render,
};

/// A matrix with more rows is shortened: equal rows of a family are merged.
const MAX_ROWS: usize = 30;
/// Changes and notes shown; the rest are counted.
const MAX_CHANGES: usize = 8;
/// Groups of gaps shown.
const MAX_GROUPS: usize = 5;

fn render(report: &RunReport, options: RenderOptions) -> String {
    let painter = Painter { options };
    let mut out = String::new();
    matrix(&mut out, &painter, report);
    changed(&mut out, &painter, report);
    gaps(&mut out, &painter, report);
    failures(&mut out, &painter, report);
    lab_errors(&mut out, &painter, report);
    contradicted(&mut out, &painter, report);
    let _ = writeln!(out, "\n{}", painter.paint(BOLD, &text::wrapped(options.width, "", "  ", &tally(report))));
    if let Some(predictions) = predicted::tally(report) {
        painter.wrapped(&mut out, "", "  ", &predictions);
    }
    if let Some(selection) = text::selected(report) {
        painter.wrapped(&mut out, "selected: ", "          ", &selection);
    }
    let program = options.program;
    let absent = report.runtimes.iter().filter(|r| !r.tool.present).count();
    if absent > 0 {
        let noun = form(absent, "runtime is", "runtimes are");
        painter.wrapped(&mut out, "", "  ", &format!("{absent} {noun} not installed: `{program} doctor`"));
    }
    // `run-all --full` runs only the lab's own scenarios.
    let selection = text::selected(report).map(|selection| format!(" {selection}")).unwrap_or_default();
    let in_full = if is_outside_matrix(report) {
        "--output table".to_owned()
    } else {
        format!("{program} run-all{selection} --full")
    };
    let _ = writeln!(out, "next: `{in_full}` shows every column and every reason");
    if let Some(code) = report.cells.iter().find(|c| c.verdict == Verdict::Gap).and_then(|c| c.code) {
        let _ = writeln!(out, "      `{program} explain {}` explains a letter", letter(report, code));
    }
    out
}

/// The result in words, for the key below the matrix.
fn in_words(result: EngineResult) -> String {
    match result.verdict {
        Verdict::Pass if result.partly => "◐ some modes, or with a host layer or switch".to_owned(),
        Verdict::Gap => "letter: gap, see below".to_owned(),
        verdict => symbols::in_words(verdict),
    }
}

/// One line of the matrix: a guest, or guests of one family with equal results.
struct Line<'a> {
    group: &'a str,
    guests: Vec<&'a str>,
    /// The result by engine, and whether a cell changed.
    results: Vec<(EngineResult, bool)>,
}

impl Line<'_> {
    /// `rust-wasip1-hello`, or `rust-wasip1-hello + 2` for three guests.
    fn label(&self) -> String {
        match self.guests.as_slice() {
            [] => String::new(),
            [guest] => text::short_name(guest).into_owned(),
            [first, more @ ..] => format!("{} + {}", text::short_name(first), more.len()),
        }
    }
}

fn rows<'a>(report: &'a RunReport, engines: &[Vec<&str>], options: RenderOptions) -> Vec<Line<'a>> {
    let rows = text::rows(report, options.group_by);
    let is_large = rows.len() > MAX_ROWS;
    let mut lines: Vec<Line> = Vec::new();
    for Row { group, name, cells, .. } in rows {
        let of = |columns: &Vec<&str>| {
            let is_of = |cell: &&&Cell| columns.contains(&cell.runtime.as_str());
            let cells: Vec<&Cell> = cells.iter().filter(is_of).copied().collect();
            (EngineResult::of(&cells), cells.iter().any(|cell| cell.change.is_change()))
        };
        let results: Vec<(EngineResult, bool)> = engines.iter().map(of).collect();
        let equal = lines.iter_mut().find(|line| is_large && line.group == group && line.results == results);
        match equal {
            Some(line) => line.guests.push(name),
            None => lines.push(Line { group, guests: vec![name], results }),
        }
    }
    lines
}

fn matrix(out: &mut String, painter: &Painter, report: &RunReport) {
    let columns = text::shown_columns(report);
    let engines = engines(&columns);
    let ids = |engine: &EngineColumns| engine.columns.iter().map(|at| columns[*at].id.as_str()).collect();
    let lines = rows(report, &engines.iter().map(ids).collect::<Vec<_>>(), painter.options);
    let widest = lines.iter().map(|line| text::display_width(&line.label())).max().unwrap_or(0);
    for (index, engine) in engines.iter().enumerate() {
        let bars = painter.paint(DIM, &"│ ".repeat(index));
        let _ = writeln!(out, "{:widest$}  {bars}{}", "", engine.name);
    }
    let mut seen = Vec::new();
    for line in &lines {
        let label = line.label();
        let gap = widest.saturating_sub(text::display_width(&label));
        let mut text = format!("{label}{:gap$}  ", "");
        for (result, is_news) in &line.results {
            let (style, symbol) = (style(result.verdict), result.symbol(report));
            let mark = if *is_news { "*" } else { " " };
            text += &format!("{}{mark}", painter.paint(style, &symbol.to_string()));
            let words = in_words(*result);
            if !seen.contains(&words) {
                seen.push(words);
            }
        }
        let _ = writeln!(out, "{}", text.trim_end());
    }
    if lines.iter().any(|line| line.results.iter().any(|(_, is_news)| *is_news)) {
        seen.push("* changed".to_owned());
    }
    if lines.iter().any(|line| line.guests.len() > 1) {
        seen.push("+ 2: two more guests of the family with the same results".to_owned());
    }
    out.push('\n');
    painter.key(out, &seen);
}

/// Cells and notes that need attention, shortened.
pub(crate) fn changed(out: &mut String, painter: &Painter, report: &RunReport) {
    let mut found = changes(report);
    found.sort_by_key(|(change, _)| match change {
        Change::Worse => 0,
        Change::Different => 1,
        Change::FixedGap => 2,
        Change::New | Change::Same => 3,
    });
    let is_change =
        !found.is_empty() || report.notes.iter().any(|note| note.kind.is_change() && note_heading(note.kind).is_some());
    let cells = found.into_iter().map(|(change, line)| format!("{}: {line}", change.id()));
    let is_news = |kind| !matches!(kind, NoteKind::ColumnsDiffer | NoteKind::Missing | NoteKind::PrebuiltDiffers);
    let notes = report.notes.iter().filter(|note| is_news(note.kind));
    let notes = notes.filter_map(|n| Some(format!("{}: {}: {}", note_heading(n.kind)?, n.subject, n.text)));
    let lines: Vec<String> = cells.chain(notes).collect();
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", painter.paint(BOLD, if is_change { "changed" } else { "notes" }));
    lines.iter().take(MAX_CHANGES).for_each(|line| painter.wrapped(out, "  ", "    ", line));
    if lines.len() > MAX_CHANGES {
        let _ = writeln!(out, " {}", and_more(lines.len() - MAX_CHANGES));
    }
}

/// The largest groups of gaps, one line each. Runtimes that cannot run such a guest at all are left out.
fn gaps(out: &mut String, painter: &Painter, report: &RunReport) {
    let mut groups: Vec<(usize, Code, String)> = Vec::new();
    let mut trivial: Vec<Code> = Vec::new();
    for (code, members) in by_code(report) {
        let is_telling = |group: &&text::ReasonGroup| !group.cell.lacks_guest_kind();
        let telling: Vec<&text::ReasonGroup> = members.iter().filter(is_telling).collect();
        let cells: usize = telling.iter().map(|group| group.runtimes.len()).sum();
        if cells == 0 {
            trivial.push(code);
            continue;
        }
        let guests: BTreeSet<&str> = telling.iter().map(|group| group.scenario).collect();
        let mut subjects: BTreeMap<&str, usize> = BTreeMap::new();
        for group in &telling {
            let subject = group.cell.subject.as_deref().unwrap_or_default();
            *subjects.entry(subject).or_default() += group.runtimes.len();
        }
        let mut subjects: Vec<(&str, usize)> = subjects.into_iter().filter(|(name, _)| !name.is_empty()).collect();
        subjects.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
        let subjects: Vec<&str> = subjects.into_iter().map(|(name, _)| name).collect();
        let noun = form(guests.len(), "guest", "guests");
        groups.push((cells, code, format!("{cells:>4} in {:>2} {noun:<6}  {}", guests.len(), subjects.join(", "))));
    }
    if groups.is_empty() && trivial.is_empty() {
        return;
    }
    groups.sort_by_key(|(cells, code, _)| (std::cmp::Reverse(*cells), *code));
    let title = if groups.len() > MAX_GROUPS { "largest groups of gaps and failures" } else { "gaps and failures" };
    let _ = writeln!(out, "\n{}", painter.paint(BOLD, title));
    for (_, code, text) in groups.iter().take(MAX_GROUPS) {
        let line = format!("  {} {:<22} {text}", letter(report, *code), code.id());
        let _ = writeln!(out, "{}", cut(line.trim_end(), painter.options.width));
    }
    // The matrix may show the letters of these codes, too.
    let rest = groups.iter().skip(MAX_GROUPS).map(|(_, code, _)| code).chain(&trivial);
    let rest: Vec<String> = rest.map(|code| format!("{} {code}", letter(report, *code))).collect();
    if !rest.is_empty() {
        painter.wrapped(out, "  also: ", "        ", &rest.join(", "));
    }
}

/// Failures that are not known yet: wrong results, traps, sandbox escapes.
fn failures(out: &mut String, painter: &Painter, report: &RunReport) {
    let is_failure = |cell: &&Cell| cell.verdict == Verdict::Fail && cell.known.is_none();
    section(out, painter, "failures", &by_reason(report.cells.iter().filter(is_failure)));
}

/// Cells in which the lab failed.
fn lab_errors(out: &mut String, painter: &Painter, report: &RunReport) {
    let failed = report.cells.iter().filter(|cell| cell.verdict == Verdict::Error);
    section(out, painter, FindingKind::LabError.title(), &by_reason(failed));
}

/// A line for each scenario and reason: `wat-add on wasmi and 2 more: REASON`.
fn by_reason<'a>(cells: impl Iterator<Item = &'a Cell>) -> Vec<String> {
    let mut groups: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for cell in cells {
        groups.entry((&cell.scenario, &cell.detail)).or_default().push(&cell.runtime);
    }
    let line = |((scenario, detail), runtimes): (&(&str, &str), &Vec<&str>)| {
        let more = and_more(runtimes.len() - 1);
        format!("{} on {}{more}: {detail}", text::short_name(scenario), runtimes[0])
    };
    groups.iter().map(line).collect()
}

/// Predictions that the run contradicts.
fn contradicted(out: &mut String, painter: &Painter, report: &RunReport) {
    section(out, painter, predicted::WRONG, &predicted::contradictions(report));
}

/// A list of what must not happen, shortened; nothing if it is empty.
fn section(out: &mut String, painter: &Painter, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", painter.paint(RED, title));
    lines.iter().take(MAX_CHANGES).for_each(|line| painter.wrapped(out, "  ", "    ", line));
    if lines.len() > MAX_CHANGES {
        let _ = writeln!(out, " {}", and_more(lines.len() - MAX_CHANGES));
    }
}

/// One line of at most `width` characters.
pub(crate) fn cut(line: &str, width: usize) -> String {
    match line.char_indices().nth(width.max(40)) {
        None => line.to_owned(),
        Some(_) => line.chars().take(width.max(40) - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::MAX_ROWS;
    use crate::{RenderOptions, find, sample};
    use wasmlab_model::report::Cell;
    use wasmlab_model::verdict::Verdict;

    #[test]
    fn failure_of_the_lab_is_shown_with_its_reason() {
        let mut report = sample::report();
        let name = report.scenarios[0].name.clone();
        let failed = report.cells.iter_mut().filter(|cell| cell.scenario == name).take(2);
        failed.for_each(|cell| {
            (cell.verdict, cell.code, cell.detail) = (Verdict::Error, None, "no space left on the disk".to_owned());
        });
        let text = (find("overview").unwrap().render)(&report, RenderOptions::PLAIN);
        let (_, section) = text.split_once("\nthe lab failed\n").expect(&text);
        let line = section.lines().next().unwrap_or_default();
        assert!(line.ends_with(" and 1 more: no space left on the disk"), "{text}");
    }

    #[test]
    fn equal_rows_of_a_large_matrix_are_merged() {
        let mut report = sample::report();
        let (scenario, cells) = (report.scenarios[0].clone(), report.cells.clone());
        for number in 0..MAX_ROWS {
            let name = format!("more-{number}");
            let of_scenario = |c: &&Cell| c.scenario == scenario.name;
            let copies = cells.iter().filter(of_scenario).map(|c| Cell { scenario: name.clone(), ..c.clone() });
            report.cells.extend(copies.collect::<Vec<_>>());
            let mut copy = scenario.clone();
            copy.name = name;
            report.scenarios.push(copy);
        }
        let text = (find("overview").unwrap().render)(&report, RenderOptions::PLAIN);
        let row = text.lines().find(|line| line.contains(" + ")).unwrap();
        assert!(row.starts_with(&format!("{} + {MAX_ROWS}  ", scenario.name)), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}

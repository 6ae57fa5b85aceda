//! The matrix for terminals: one letter per cell, the symbol of its code, explained below. Column names form a
//! staircase, so that twenty columns fit into 80 characters.

use std::collections::BTreeMap;
use std::fmt::Write;

use anstyle::{AnsiColor, Effects, Style};

use super::answer;
use super::columns::{self, NameStyle};
use super::findings::is_outside_matrix;
use super::predicted;
use super::symbols;
use super::text::{self, ReasonGroup, Row, blame, by_code, changes, lines, remedies, shown_columns, tally};
use super::{RenderOptions, Renderer};
use wasmlab_model::codes::Code;
use wasmlab_model::report::{Cell, Note, NoteKind, Origin, PASS_WITH_SWITCH, RunReport, RuntimeInfo};
use wasmlab_model::text::counted;
use wasmlab_model::verdict::Verdict;

/// Registry entry.
pub const RENDERER: Renderer =
    Renderer { id: "table", about: "For a terminal", extension: "txt", saved: false, render };

fn render(report: &RunReport, options: RenderOptions) -> String {
    let codes = by_code(report);
    let mut out = String::new();
    let painter = Painter { options };
    painter.matrix(&mut out, report);
    painter.legend(&mut out, report, &codes);
    painter.not_attempted(&mut out, report);
    painter.changes(&mut out, report);
    painter.notes(&mut out, report);
    painter.predictions(&mut out, report);
    let _ = writeln!(out, "\n{}", painter.paint(BOLD, &tally(report)));
    if let Some(predictions) = predicted::tally(report) {
        painter.wrapped(&mut out, "", "  ", &predictions);
    }
    if let Some(options) = text::selected(report) {
        painter.wrapped(&mut out, "selected: ", "          ", &options);
    }
    for note in report.notes.iter().filter(|n| n.kind == NoteKind::NextStep) {
        painter.wrapped(&mut out, "next: ", "      ", &note.text);
    }
    if is_outside_matrix(report) {
        let mut report = report.clone();
        // The table shows these notes under a heading of their own.
        report.notes.retain(|note| note.kind != NoteKind::GuestDiffersFromBaseline);
        out += &answer::exit_code(&report, options);
    }
    out
}

/// The colour of a verdict.
pub(crate) fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Pass => GREEN,
        Verdict::Gap | Verdict::NotBuilt => YELLOW,
        Verdict::Fail | Verdict::Error => RED,
        Verdict::Absent | Verdict::NotApplicable | Verdict::NotAttempted => DIM,
    }
}

/// Explains the symbols that occur.
fn key(report: &RunReport) -> Vec<String> {
    let has = |verdict| report.cells.iter().any(|c| c.verdict == verdict);
    // Absent columns are noted below.
    let shown = Verdict::ALL.iter().filter(|verdict| **verdict != Verdict::Absent && has(**verdict));
    let mut texts: Vec<String> = shown.map(|verdict| symbols::in_words(*verdict)).collect();
    if let Some(first) = texts.first_mut().filter(|_| report.cells.iter().any(|c| c.only_loaded)) {
        *first = "✓ pass (a library: loads)".to_owned();
    }
    if report.cells.iter().any(Cell::passes_with_switch) {
        texts.insert(1, "◐ pass with a switch".to_owned());
    }
    if shown_columns(report).iter().any(|r| !r.tool.present) {
        texts.push(symbols::in_words(Verdict::Absent));
    }
    if report.cells.iter().any(|cell| cell.change.is_change()) {
        texts.push("* changed".to_owned());
    }
    if report.guests.iter().any(|a| a.origin == Origin::Prebuilt) {
        texts.push("° prebuilt guest".to_owned());
    }
    texts
}

/// The heading of notes of this kind; `None` for notes that have none.
pub(crate) fn note_heading(kind: NoteKind) -> Option<&'static str> {
    match kind {
        NoteKind::GuestChanged | NoteKind::GuestChangedWithToolchain | NoteKind::GuestDiffersFromBaseline => {
            Some("guests that changed")
        }
        NoteKind::OverBudget => Some("over budget"),
        NoteKind::AllowanceUnused => Some("unused allowances"),
        NoteKind::RequirementUnchecked => Some("requirements that were not checked"),
        NoteKind::RuntimeAbsent => Some("selected, but not installed"),
        NoteKind::PrebuiltDiffers => Some("prebuilt guests that differ"),
        NoteKind::KnownStale => Some("annotations that match nothing"),
        NoteKind::PredictionStale => Some("accepted contradictions that did not occur"),
        NoteKind::PredictionOfOtherVersion => Some("another version's profile says otherwise"),
        NoteKind::SnapshotOrphan => Some("snapshots without a cell"),
        NoteKind::NotCompared => Some("not compared with the baseline"),
        NoteKind::SnapshotUnusable => Some("not compared"),
        NoteKind::ColumnsDiffer => Some("one engine, two columns"),
        NoteKind::RemedyProven => Some("remedies proven by running a changed copy"),
        NoteKind::RemedyTried => Some("remedies tried that did not help"),
        NoteKind::RemedyUntried => Some("remedies not tried"),
        NoteKind::Missing => Some("this machine"),
        NoteKind::GuestNew | NoteKind::NextStep => None,
    }
}

/// Marks a row whose guest is prebuilt.
const PREBUILT: char = '°';

pub(crate) const BOLD: Style = Style::new().effects(Effects::BOLD);
pub(crate) const DIM: Style = Style::new().effects(Effects::DIMMED);
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(crate) const RED: Style = AnsiColor::Red.on_default().effects(Effects::BOLD);

/// Writes paragraphs, with or without colours.
pub(crate) struct Painter {
    pub options: RenderOptions,
}

impl Painter {
    pub fn paint(&self, style: Style, text: &str) -> String {
        if self.options.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// A paragraph: `first` precedes its first line, `rest` the others.
    pub fn wrapped(&self, out: &mut String, first: &str, rest: &str, text: &str) {
        let _ = writeln!(out, "{}", text::wrapped(self.options.width, first, rest, text));
    }

    /// Prints explanations of symbols, as many on a line as fit.
    pub fn key(&self, out: &mut String, symbols: &[String]) {
        let mut line = String::new();
        for symbol in symbols {
            if !line.is_empty() && line.chars().count() + 3 + symbol.chars().count() > self.options.width {
                let _ = writeln!(out, "{}", self.paint(DIM, &line));
                line.clear();
            }
            line += if line.is_empty() { "" } else { "   " };
            line += symbol;
        }
        let _ = writeln!(out, "{}", self.paint(DIM, &line));
    }

    fn matrix(&self, out: &mut String, report: &RunReport) {
        let rows = text::rows(report, self.options.group_by);
        let widest = rows.iter().map(|row| text::display_width(&text::short_name(row.name))).max().unwrap_or(0);
        let prebuilt: Vec<&str> =
            report.guests.iter().filter(|a| a.origin == Origin::Prebuilt).map(|a| a.scenario.as_str()).collect();
        let columns = shown_columns(report);
        let widest = self.column_headings(out, widest, &columns);
        let mut last = None;
        for Row { group, scenario, name, cells } in rows {
            if last.is_some_and(|l| l != group) {
                let _ = writeln!(out, "{:widest$}  {}", "", self.paint(DIM, "│ ".repeat(columns.len()).trim_end()));
            }
            last = Some(group);
            let mark = if prebuilt.contains(&scenario) { PREBUILT } else { ' ' };
            let name = text::short_name(name);
            let gap = widest.saturating_sub(text::display_width(&name));
            let mut line = format!("{name}{mark}{:gap$} ", "");
            for runtime in &columns {
                let cell = cells.iter().find(|c| c.runtime == runtime.id);
                line += &cell.map_or("  ".to_owned(), |c| self.painted_symbol(report, c));
            }
            let _ = writeln!(out, "{}", line.trim_end());
        }
        out.push('\n');
        self.key(out, &key(report));
        let absent: Vec<&str> =
            report.runtimes.iter().filter(|r| !columns.contains(r)).map(|r| r.id.as_str()).collect();
        if !absent.is_empty() {
            self.wrapped(out, "· absent: ", "  ", &format!("{} (see \"this machine\")", absent.join(", ")));
        }
    }

    /// Prints the column names as a staircase and returns the width of the row names. The staircase descends to the
    /// right if its last steps fit, else to the left, above the row names.
    fn column_headings(&self, out: &mut String, widest: usize, columns: &[&RuntimeInfo]) -> usize {
        let version = |runtime: &RuntimeInfo| runtime.tool.version.clone().unwrap_or_else(|| "absent".to_owned());
        let length = |runtime: &RuntimeInfo| runtime.id.chars().count() + 1 + version(runtime).chars().count();
        let label = |runtime: &RuntimeInfo| format!("{} {}", runtime.id, self.paint(DIM, &version(runtime)));
        let steps = || columns.iter().enumerate();
        if steps().all(|(index, runtime)| widest + 2 + 2 * index + length(runtime) <= self.options.width) {
            for (index, runtime) in steps() {
                let _ = writeln!(out, "{:widest$}  {}{}", "", self.paint(DIM, &"│ ".repeat(index)), label(runtime));
            }
            return widest;
        }
        let needed = steps().map(|(index, runtime)| (length(runtime) + 1).saturating_sub(2 + 2 * index)).max();
        let widest = widest.max(needed.unwrap_or(0));
        for (index, runtime) in steps().rev() {
            let dashes = "─".repeat(widest + 1 + 2 * index - length(runtime));
            let others = " │".repeat(columns.len() - 1 - index);
            let _ = writeln!(out, "{} {}", label(runtime), self.paint(DIM, &format!("{dashes}┐{others}")));
        }
        widest
    }

    fn painted_symbol(&self, report: &RunReport, cell: &Cell) -> String {
        let is_known_gap = cell.verdict == Verdict::Gap && cell.known.is_some();
        let style = if is_known_gap { DIM } else { style(cell.verdict) };
        let symbol = symbols::of_cell(report, cell).to_string();
        format!("{}{}", self.paint(style, &symbol), if cell.change.is_change() { "*" } else { " " })
    }

    fn legend(&self, out: &mut String, report: &RunReport, codes: &BTreeMap<Code, Vec<ReasonGroup>>) {
        let switched = text::switched(report);
        if !switched.is_empty() {
            let head = format!("{PASS_WITH_SWITCH} pass with a switch that is off by default");
            let _ = writeln!(out, "\n{}", self.paint(BOLD, &head));
            switched.iter().for_each(|line| self.wrapped(out, "  ", "    ", line));
        }
        for (code, groups) in codes {
            let symbol = symbols::letter(report, *code);
            // The matrix shows these two verdicts by their own symbols, whatever the code; `explain` takes the letter.
            let head = match report.text(*code).map(|text| text.verdict) {
                Some(Verdict::Fail) => format!("✗ {code} ({symbol})"),
                Some(Verdict::NotBuilt) => format!("? {code} ({symbol})"),
                _ => format!("{symbol} {code}"),
            };
            let _ = writeln!(out, "\n{}", self.paint(BOLD, &head));
            for (names, group) in lines(report, groups) {
                let known = if group.cell.known.is_some() { ", known" } else { "" };
                let stage = group.stage().map(|stage| format!("{stage}, ")).unwrap_or_default();
                let about = format!("({stage}{}{}{known})", blame(report, *code, group.cell), group.execution_path());
                let text = format!(
                    "{names} on {} {about}: {}",
                    columns::names(report, &group.runtimes, NameStyle::Ids),
                    group.detail()
                );
                self.wrapped(out, "  ", "    ", &text);
            }
            for (scope, remedy) in remedies(report, *code, groups) {
                let scope = scope.map(|names| format!("({names}) ")).unwrap_or_default();
                self.wrapped(out, "  → ", "    ", &format!("{scope}{remedy}"));
            }
        }
    }

    /// Limits of the lab: neither gaps nor faults of a guest or a runtime.
    fn not_attempted(&self, out: &mut String, report: &RunReport) {
        let reasons = text::not_attempted(report);
        if reasons.is_empty() {
            return;
        }
        let count = report.cells.iter().filter(|c| c.verdict == Verdict::NotAttempted).count();
        let _ = writeln!(out, "\n{}", self.paint(BOLD, &format!("○ not attempted: {}", counted(count, "cell"))));
        for (cells, reason) in reasons {
            self.wrapped(out, "  ", "    ", &format!("{cells}: {reason}"));
        }
    }

    fn changes(&self, out: &mut String, report: &RunReport) {
        let lines = changes(report);
        if lines.is_empty() {
            return;
        }
        let _ = writeln!(out, "\n{}", self.paint(BOLD, "changed"));
        for (change, line) in lines {
            self.wrapped(out, &format!("  {:<10}", change.id()), "            ", &line);
        }
    }

    /// Predictions that the run contradicts, and accepted contradictions.
    fn predictions(&self, out: &mut String, report: &RunReport) {
        let lists = [
            (RED, predicted::WRONG, predicted::contradictions(report)),
            (BOLD, "wrong predictions that are accepted", predicted::accepted(report)),
        ];
        for (style, title, lines) in lists.into_iter().filter(|(.., lines)| !lines.is_empty()) {
            let _ = writeln!(out, "\n{}", self.paint(style, title));
            lines.iter().for_each(|line| self.wrapped(out, "  ", "    ", line));
        }
    }

    fn notes(&self, out: &mut String, report: &RunReport) {
        let mut last = None;
        let notes: Vec<(&str, &Note)> = report.notes.iter().filter_map(|n| Some((note_heading(n.kind)?, n))).collect();
        for (title, note) in notes {
            if last != Some(title) {
                let _ = writeln!(out, "\n{}", self.paint(BOLD, title));
            }
            last = Some(title);
            self.wrapped(out, "  ", "    ", &format!("{}: {}", note.subject, note.text));
        }
    }
}

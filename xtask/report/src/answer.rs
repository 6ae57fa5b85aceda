//! The answer to the lab's question, one screen per module: where it runs, where it does not and why, and what would
//! change that. Columns of one engine are listed together if they agree.

use std::collections::BTreeMap;
use std::fmt::Write;

use anstyle::Style;

mod exit_codes;
mod facts_line;
mod reasons;

use super::columns::{NameStyle, names};
use super::library;
use super::predicted;
use super::table::{BOLD, DIM, GREEN, RED, YELLOW};
use super::text::{self, ReasonGroup, by_code, changes};
use super::{RenderOptions, Renderer};
pub use facts_line::facts_line;

use wasmlab_model::codes::Code;
use wasmlab_model::report::{Cell, Note, NoteKind, RunReport};
use wasmlab_model::text::counted;
use wasmlab_model::verdict::{Change, MISSING_INPUTS, Verdict};

/// Registry entry.
pub const RENDERER: Renderer = Renderer {
    id: "answer",
    about: "Where each module runs, where it does not, why, and what would change that",
    extension: "txt",
    saved: false,
    render,
};

/// Width of the label before each paragraph.
const LABEL_WIDTH: usize = 13;

fn render(report: &RunReport, options: RenderOptions) -> String {
    let codes = by_code(report);
    let mut answer = AnswerText { report, codes: &codes, options, out: String::new() };
    for (index, scenario) in report.scenarios.iter().enumerate() {
        if index > 0 {
            answer.out.push('\n');
        }
        answer.module(&scenario.name, &scenario.title);
    }
    answer.rest();
    answer.out
}

/// The last lines of the answer: the reason for an exit code other than 0; empty if it is 0.
pub(crate) fn exit_code(report: &RunReport, options: RenderOptions) -> String {
    let mut answer = AnswerText { report, codes: &BTreeMap::new(), options, out: String::new() };
    answer.failing();
    answer.nothing_run();
    answer.lab_errors();
    answer.out
}

struct AnswerText<'a> {
    report: &'a RunReport,
    codes: &'a BTreeMap<Code, Vec<ReasonGroup<'a>>>,
    options: RenderOptions,
    out: String,
}

impl<'a> AnswerText<'a> {
    fn module(&mut self, name: &str, title: &str) {
        let report = self.report;
        let guest = report.guest(name);
        let title = if guest.is_some_and(|a| a.origin.id() == "given") { title } else { name };
        let cells: Vec<&Cell> = report.cells.iter().filter(|c| c.scenario == name).collect();
        if let Some(cell) = cells.iter().find(|c| c.is_of_invalid_file()) {
            self.part(RED, title, &cell.detail);
            self.arrow(cell.remedy.as_deref().unwrap_or_default());
            return;
        }
        let mut about = guest.map(|a| facts_line(a.facts.as_ref(), a.bytes)).unwrap_or_default();
        let is_malformed = is_malformed(&cells);
        if is_malformed && guest.is_some_and(|a| a.facts.is_none()) {
            about = format!("malformed · {about}");
        }
        self.part(BOLD, title, &about);
        let of = |verdict| cells.iter().filter(move |c| c.verdict == verdict).copied().collect::<Vec<&Cell>>();
        self.out.push('\n');
        self.passes(name, &of(Verdict::Pass));
        self.reasons(name);
        self.proven(title);
        self.others(RED, "lab failed", &of(Verdict::Error));
        self.others(DIM, "not attempted", &of(Verdict::NotAttempted));
        // "Not applicable" is worth a line only if it holds for every runtime.
        let not_applicable = of(Verdict::NotApplicable);
        if not_applicable.len() == self.present_cells(name) {
            self.others(DIM, "not applicable", &not_applicable);
        }
        for (index, (predicted, runtimes)) in predicted::on_absent_runtimes(self.report, name).into_iter().enumerate() {
            if index == 0 {
                self.out.push('\n');
            }
            let text = format!("{predicted} on {} (not installed; from its profile)", runtimes.join(", "));
            self.part(DIM, if index == 0 { "predicted" } else { "" }, &text);
        }
    }

    /// Cells without an answer, grouped by reason. Cells that lack the same input are one group, because the guest's
    /// message about it differs between hosts.
    fn others(&mut self, style: Style, label: &str, cells: &[&Cell]) {
        let input = |cell: &Cell| cell.subject.clone().filter(|subject| MISSING_INPUTS.contains(&subject.as_str()));
        for (_, cells) in grouped_by(cells, |c| input(c).unwrap_or_else(|| c.detail.clone())) {
            let text = format!("{}: {}", self.columns(&cells), cells[0].detail);
            self.out.push('\n');
            self.part(style, label, &text);
        }
    }

    /// How many installed runtimes have a cell for this module.
    fn present_cells(&self, name: &str) -> usize {
        self.report.cells.iter().filter(|c| c.scenario == name && c.verdict != Verdict::Absent).count()
    }

    fn passes(&mut self, module: &str, cells: &[&Cell]) {
        if cells.is_empty() {
            let all = self.report.cells.iter().filter(|c| c.scenario == module);
            let mut unpassed = all.filter(|c| c.code.is_some()).peekable();
            let loads =
                unpassed.peek().is_some() && unpassed.all(|cell| library::lacks_only_entry_point(self.report, cell));
            let all = || self.report.cells.iter().filter(|c| c.scenario == module);
            let is_open = all().any(|c| c.verdict == Verdict::NotAttempted);
            let measured = || all().filter(|c| c.verdict.is_measured());
            let none = if loads && !is_open {
                "nowhere: it is a library, with no program to run"
            } else if is_malformed(&measured().collect::<Vec<_>>()) {
                "nothing: it is not a valid module or component"
            } else if self.report.interrupted && measured().next().is_none() {
                "not tested yet"
            } else if self.report.interrupted {
                "none of the runtimes that were tried"
            } else if is_open && !all().any(|c| c.verdict.is_measured()) {
                "unknown: nothing could be run"
            } else if all().all(|c| c.verdict == Verdict::Absent) {
                "not tested: no selected runtime is installed"
            } else {
                "none of the runtimes that were tested"
            };
            self.part(YELLOW, "runs on", none);
            return;
        }
        let label = if cells.iter().all(|cell| cell.only_loaded) { "loads on" } else { "runs on" };
        for (index, (switches, cells)) in grouped_by(cells, |c| with_switches(&c.switches)).into_iter().enumerate() {
            let text = format!("{}{switches}", self.columns(&cells));
            self.part(GREEN, if index == 0 { label } else { "" }, &text);
        }
        // The guest's result is worth a line if it is the same everywhere.
        let detail = cells[0].detail.as_str();
        if cells.iter().all(|c| c.detail == detail) {
            self.part(DIM, "", detail);
        }
    }

    /// Remedies that were tried on a copy and worked.
    fn proven(&mut self, title: &str) {
        let of_file = |note: &&Note| note.kind == NoteKind::RemedyProven && note.subject == title;
        for (index, note) in self.report.notes.iter().filter(of_file).enumerate() {
            if index == 0 {
                self.out.push('\n');
            }
            self.part(GREEN, if index == 0 { "proven" } else { "" }, &note.text);
        }
        let untried = |note: &&Note| note.kind == NoteKind::RemedyUntried && note.subject == title;
        for note in self.report.notes.iter().filter(untried) {
            self.part(DIM, "not tried", &note.text);
        }
    }

    /// Whatever is not about a single module.
    fn rest(&mut self) {
        let report = self.report;
        let changes: Vec<_> = changes(report).into_iter().filter(|(change, _)| *change != Change::New).collect();
        if !changes.is_empty() {
            self.out.push('\n');
        }
        for (change, line) in changes {
            self.part(DIM, change.id(), &line);
        }
        let absent = report.runtimes.iter().filter(|r| r.tool.is_absent()).count();
        if absent > 0 {
            let (absent, them) = (counted(absent, "runtime"), if absent == 1 { "it" } else { "them" });
            self.out.push('\n');
            let program = self.options.program;
            self.part(DIM, "absent", &format!("{absent}: `{program} doctor` shows how to install {them}"));
        }
        self.warnings();
        self.failing();
        self.nothing_run();
        self.lab_errors();
        if report.interrupted {
            self.part(YELLOW, "interrupted", "not every runtime was tried");
        }
    }

    /// A guest's displayed name: the file's, or the scenario's.
    fn guest<'t>(&'t self, scenario: &'t str) -> &'t str {
        text::file_names(self.report).get(scenario).copied().unwrap_or(scenario)
    }

    fn columns(&self, cells: &[&Cell]) -> String {
        let ids: Vec<&str> = cells.iter().map(|c| c.runtime.as_str()).collect();
        names(self.report, &ids, NameStyle::Versions)
    }

    /// A labelled paragraph; all labels are equally wide.
    fn part(&mut self, style: Style, label: &str, text: &str) {
        let label =
            if label.chars().count() < LABEL_WIDTH { format!("{label:LABEL_WIDTH$}") } else { format!("{label}  ") };
        let text = text::wrapped(self.options.width, &label, &" ".repeat(LABEL_WIDTH), text);
        let painted = if self.options.colour && !label.trim().is_empty() {
            let name = label.trim_end();
            text.replacen(name, &format!("{style}{name}{style:#}"), 1)
        } else {
            text
        };
        let _ = writeln!(self.out, "{}", painted.trim_end());
    }

    fn arrow(&mut self, remedy: &str) {
        let (first, rest) = (format!("{:LABEL_WIDTH$}→ ", ""), format!("{:LABEL_WIDTH$}  ", ""));
        let _ = writeln!(self.out, "{}", text::wrapped(self.options.width, &first, &rest, remedy));
    }
}

/// `, with --wasm gc`; empty without a switch.
#[must_use]
pub fn with_switches(switches: &[String]) -> String {
    if switches.is_empty() { String::new() } else { format!(", with {}", switches.join(", ")) }
}

/// Whether every runtime that was given the file says that it is malformed.
fn is_malformed(cells: &[&Cell]) -> bool {
    let mut measured = cells.iter().filter(|c| c.verdict.is_measured()).peekable();
    measured.peek().is_some() && measured.all(|c| c.code == Some(Code::Malformed))
}

/// Groups cells by `key`, in order of first occurrence.
fn grouped_by<'c>(cells: &[&'c Cell], key: impl Fn(&Cell) -> String) -> Vec<(String, Vec<&'c Cell>)> {
    let mut groups: Vec<(String, Vec<&Cell>)> = Vec::new();
    for cell in cells {
        let key = key(cell);
        match groups.iter_mut().find(|(k, _)| *k == key) {
            Some((_, members)) => members.push(cell),
            None => groups.push((key, vec![cell])),
        }
    }
    groups
}

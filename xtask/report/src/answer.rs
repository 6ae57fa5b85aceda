//! The answer to the lab's question, one screen per module: where it runs, where it does not and why, and what would
//! change that. Columns of one engine are listed together if they agree.

use std::collections::BTreeMap;
use std::fmt::Write;

use anstyle::Style;

use super::columns::{NameStyle, names};
use super::library;
use super::predicted;
use super::findings::{self, Severity, findings, grouped};
use super::table::{BOLD, DIM, GREEN, RED, YELLOW};
use super::text::{self, Group, blame, by_code, changes};
use super::{RenderOptions, Renderer};
mod facts_line;

pub use facts_line::facts_line;

use wasmlab_model::codes::Code;
use wasmlab_model::report::{Cell, Note, NoteKind, RunReport};
use wasmlab_model::verdict::{Change, Verdict};

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
/// Cells of one reason whose names the line of the exit code repeats.
const MAX_CELLS_NAMED: usize = 4;
/// Reasons shown; the rest are counted.
const MAX_REASONS: usize = 6;

fn render(report: &RunReport, options: RenderOptions) -> String {
    let codes = by_code(report);
    let mut answer = Answer { report, codes: &codes, options, out: String::new() };
    for (index, scenario) in report.scenarios.iter().enumerate() {
        if index > 0 {
            answer.out.push('\n');
        }
        answer.module(&scenario.name, &scenario.title);
    }
    answer.rest();
    answer.out
}

/// The lines that give the reason for an exit code other than 0, as the answer ends with them; empty if it is 0.
pub(crate) fn exit_code(report: &RunReport, options: RenderOptions) -> String {
    let mut answer = Answer { report, codes: &BTreeMap::new(), options, out: String::new() };
    answer.failing();
    answer.nothing_run();
    answer.lab_errors();
    answer.out
}

struct Answer<'a> {
    report: &'a RunReport,
    codes: &'a BTreeMap<Code, Vec<Group<'a>>>,
    options: RenderOptions,
    out: String,
}

impl<'a> Answer<'a> {
    fn module(&mut self, name: &str, title: &str) {
        let report = self.report;
        let artifact = report.artifacts.iter().find(|a| a.scenario == name);
        let title = if artifact.is_some_and(|a| a.origin.id() == "given") { title } else { name };
        let cells: Vec<&Cell> = report.cells.iter().filter(|c| c.scenario == name).collect();
        if let Some(cell) = cells.iter().find(|c| c.is_of_invalid_file()) {
            self.part(RED, title, &cell.detail);
            self.arrow(cell.remedy.as_deref().unwrap_or_default());
            return;
        }
        let about = artifact.map(|a| facts_line(a.facts.as_ref(), a.bytes)).unwrap_or_default();
        self.part(BOLD, title, &about);
        let of = |verdict| cells.iter().filter(move |c| c.verdict == verdict).copied().collect::<Vec<&Cell>>();
        self.out.push('\n');
        self.passes(name, &of(Verdict::Pass));
        self.reasons(name);
        self.proven(title);
        self.others(RED, "lab failed", &of(Verdict::Error));
        self.others(DIM, "not tested", &of(Verdict::NotAttempted));
        // "Not applicable" is worth a line only if it holds for every runtime.
        let not_applicable = of(Verdict::NotApplicable);
        if not_applicable.len() == self.present_cells(name) {
            self.others(DIM, "not tested", &not_applicable);
        }
        for (index, (predicted, runtimes)) in predicted::elsewhere(self.report, name).into_iter().enumerate() {
            if index == 0 {
                self.out.push('\n');
            }
            let text = format!("{predicted} on {} (not installed; from its profile)", runtimes.join(", "));
            self.part(DIM, if index == 0 { "predicted" } else { "" }, &text);
        }
    }

    /// Cells without an answer, grouped by detail.
    fn others(&mut self, style: Style, label: &str, cells: &[&Cell]) {
        for (detail, cells) in grouped_by(cells, |c| c.detail.clone()) {
            let text = format!("{}: {}", self.columns(&cells), detail);
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
            let mut fell_short = all.filter(|c| c.code.is_some()).peekable();
            let loads = fell_short.peek().is_some() && fell_short.all(|cell| library::lacks_only_a_program(self.report, cell));
            let all = || self.report.cells.iter().filter(|c| c.scenario == module);
            let is_open = all().any(|c| c.verdict == Verdict::NotAttempted);
            let none = if loads && !is_open {
                "nowhere: it is a library, with no program to run"
            } else if is_open && !all().any(|c| c.verdict.is_measured()) {
                "not known yet"
            } else if is_open {
                "none of the installed runtimes that were tested"
            } else {
                "none of the installed runtimes"
            };
            self.part(YELLOW, "runs on", none);
            return;
        }
        let label = if cells.iter().all(|cell| cell.only_loaded) { "loads on" } else { "runs on" };
        for (index, (switches, cells)) in grouped_by(cells, |c| c.switches.join(", ")).into_iter().enumerate() {
            let with = if switches.is_empty() { String::new() } else { format!(", with {switches}") };
            let text = format!("{}{with}", self.columns(&cells));
            self.part(GREEN, if index == 0 { label } else { "" }, &text);
        }
        // The guest's result is worth a line if it is the same everywhere.
        let detail = cells[0].detail.as_str();
        if cells.iter().all(|c| c.detail == detail) {
            self.part(DIM, "", detail);
        }
    }

    /// The reasons, most informative first, each with its remedy.
    fn reasons(&mut self, module: &str) {
        let report = self.report;
        let mut reasons = self.reasons_of(module);
        reasons.sort_by_key(|(code, group)| reason_order(*code, group.cell));
        let shown = reasons.len().min(if reasons.len() > MAX_REASONS { MAX_REASONS - 1 } else { MAX_REASONS });
        let mut told = Vec::new();
        for reason in reasons.iter().take(shown) {
            let (code, group) = reason;
            let remedy = text::unless_told(&mut told, self.remedy(*code, group.cell));
            if let Some(exports) = library::exports_of_loaded(report, group.cell) {
                self.out.push('\n');
                self.part(YELLOW, "loads on", &names(report, &group.runtimes, NameStyle::Versions));
                self.part(DIM, "", &format!("{code}: it exports {exports}"));
                self.arrow(&remedy);
                continue;
            }
            let (style, label) = match group.cell.verdict {
                Verdict::Fail => (RED, "fails on"),
                Verdict::NotBuilt => (YELLOW, "not built"),
                _ => (YELLOW, "does not"),
            };
            self.out.push('\n');
            if group.cell.verdict == Verdict::NotBuilt {
                self.part(style, label, &format!("{code}: {}", group.detail()));
            } else {
                self.part(style, label, &names(report, &group.runtimes, NameStyle::Versions));
                let stage = group.stage().map(|stage| format!(" at {stage}")).unwrap_or_default();
                let uncounted = uncounted(report, group.cell);
                let why =
                    format!("{code}{stage} ({}): {}{uncounted}", blame(report, *code, group.cell), group.detail());
                self.part(DIM, "", &why);
                if let Some(lacking) = predicted::lacking(group.cell) {
                    self.part(DIM, "", &lacking);
                }
            }
            self.arrow(&remedy);
        }
        if reasons.len() > shown {
            self.out.push('\n');
            self.part(DIM, "", &format!("and {} more reasons: --full shows them", reasons.len() - shown));
        }
    }

    /// Remedies that were carried out on a copy and helped.
    fn proven(&mut self, title: &str) {
        let of_file = |note: &&Note| note.kind == NoteKind::RemedyProven && note.subject == title;
        for (index, note) in self.report.notes.iter().filter(of_file).enumerate() {
            if index == 0 {
                self.out.push('\n');
            }
            self.part(GREEN, if index == 0 { "proven" } else { "" }, &note.text);
        }
        let absent = |note: &&Note| note.kind == NoteKind::RemedyTried && note.text.contains(" is not installed");
        for note in self.report.notes.iter().filter(|note| absent(note) && note.subject == title) {
            self.part(DIM, "not tried", &note.text);
        }
    }

    /// The reasons of a module. Which missing import a runtime names is its choice: with the same remedy it is one
    /// reason. A library that some runtimes loaded and others only compiled is two.
    fn reasons_of(&self, module: &str) -> Vec<(Code, Group<'a>)> {
        let all = self.codes.iter().flat_map(|(code, groups)| groups.iter().map(move |group| (*code, group)));
        let mut reasons: Vec<(Code, Group<'a>)> = Vec::new();
        for (code, group) in all.filter(|(_, group)| group.scenario == module) {
            for part in self.parts(group) {
                let same = |(other, into): &&mut (Code, Group<'a>)| {
                    is_about_imports(code)
                        && *other == code
                        && into.cell.blame == part.cell.blame
                        && uncounted(self.report, into.cell) == uncounted(self.report, part.cell)
                        && self.remedy(code, into.cell) == self.remedy(code, part.cell)
                };
                match reasons.iter_mut().find(same) {
                    Some((_, into)) => into.absorb(&part),
                    None => reasons.push((code, part)),
                }
            }
        }
        reasons
    }

    /// The parts of a group about which different things are said: its cells that loaded a library, those that do not
    /// count, and the others.
    fn parts(&self, group: &Group<'a>) -> Vec<Group<'a>> {
        let of_group = |c: &&Cell| c.scenario == group.scenario && group.runtimes.contains(&c.runtime.as_str());
        let mut parts: Vec<((bool, String), Vec<&'a Cell>)> = Vec::new();
        for cell in self.report.cells.iter().filter(of_group) {
            let key = (library::exports_of_loaded(self.report, cell).is_some(), uncounted(self.report, cell));
            match parts.iter_mut().find(|(other, _)| *other == key) {
                Some((_, cells)) => cells.push(cell),
                None => parts.push((key, vec![cell])),
            }
        }
        if parts.len() < 2 {
            return vec![group.clone()];
        }
        parts.iter().filter_map(|(_, cells)| group.of_cells(cells)).collect()
    }

    fn remedy<'t>(&'t self, code: Code, cell: &'t Cell) -> &'t str {
        let general = || self.report.text(code).map(|text| text.remedy.as_str());
        cell.remedy.as_deref().or_else(general).unwrap_or_default()
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
            let noun = if absent == 1 { "runtime" } else { "runtimes" };
            self.out.push('\n');
            let program = self.options.program;
            self.part(DIM, "not here", &format!("{absent} {noun}: `{program} doctor` shows how to install them"));
        }
        self.idle_requirements();
        self.failing();
        self.nothing_run();
        self.lab_errors();
        if report.interrupted {
            self.part(YELLOW, "interrupted", "not every runtime was tried");
        }
    }

    /// The reasons for exit code 1, and the other differences from a baseline.
    fn failing(&mut self) {
        let report = self.report;
        let groups = grouped(report, &findings(report));
        let is_invalid = |group: &&findings::Group| group.cells.iter().any(|cell| cell.is_of_invalid_file());
        let is_failure = |group: &&findings::Group| group.finding.severity == Severity::Failure && !is_invalid(group);
        let failing: Vec<_> = groups.iter().filter(is_failure).collect();
        let changed = report.notes.iter().filter(|note| note.kind == NoteKind::GuestChanged);
        let changed: Vec<String> = changed.map(|note| format!("{} {}", note.subject, note.text)).collect();
        if !(failing.is_empty() && changed.is_empty()) {
            self.out.push('\n');
        }
        for (index, text) in changed.iter().enumerate() {
            self.part(BOLD, if index == 0 { "changed" } else { "" }, text);
        }
        // An error of the lab is the more serious reason.
        let label = if groups.iter().any(|g| g.finding.severity == Severity::LabError) { "failed" } else { "exit code 1" };
        let mut last = String::new();
        for (index, findings::Group { finding, cells }) in failing.into_iter().enumerate() {
            let kind = finding.kind.title();
            let text = match cells.as_slice() {
                [] => format!("{kind}: {}: {}", finding.title, finding.text),
                // The reasons of cells, and their names, are told above.
                cells => {
                    let guest = self.guest(finding.guest);
                    let ran = |c: &Cell| matches!(c.verdict, Verdict::Pass | Verdict::Fail);
                    let ran = report.cells.iter().any(|c| c.scenario == finding.guest && ran(c));
                    if !ran && cells.iter().all(|cell| library::lacks_only_a_program(self.report, cell)) {
                        format!("nothing was run: {guest} only loads; --load accepts that, --invoke calls an export")
                    } else if cells.len() > MAX_CELLS_NAMED {
                        format!("{kind}: {guest} on {} runtimes, see above", cells.len())
                    } else {
                        format!("{kind}: {}", finding.title)
                    }
                }
            };
            // Of a library, each reason why nothing was run says the same.
            if text != last {
                self.part(RED, if index == 0 { label } else { "" }, &text);
            }
            last = text;
        }
    }

    /// The reasons for exit code 3.
    fn lab_errors(&mut self) {
        let report = self.report;
        let wrong = predicted::contradictions(report).into_iter();
        let wrong = wrong.map(|line| format!("{line}; please report it: the result stands, the prediction is wrong"));
        let notes = report.notes.iter().filter(|note| note.kind == NoteKind::SnapshotUnusable);
        let notes = notes.map(|note| format!("{}: {}", note.subject, note.text));
        let failed = report.cells.iter().filter(|cell| cell.verdict == Verdict::Error).count();
        let failed = match failed {
            0 => None,
            1 => Some("a result is missing, see above".to_owned()),
            n => Some(format!("{n} results are missing, see above")),
        };
        for (index, text) in failed.into_iter().chain(notes).chain(wrong).enumerate() {
            self.part(RED, if index == 0 { "exit code 3" } else { "" }, &format!("lab error: {text}"));
        }
    }

    /// Entries of wasmlab.toml without an effect.
    fn idle_requirements(&mut self) {
        let is_idle = |kind| matches!(kind, NoteKind::AllowanceUnused | NoteKind::RequirementUnchecked);
        let idle = self.report.notes.iter().filter(|note| is_idle(note.kind));
        for (index, note) in idle.enumerate() {
            self.part(YELLOW, if index == 0 { "warning" } else { "" }, &format!("{}: {}", note.subject, note.text));
        }
    }

    /// The reason for exit code 4: nothing failed, and nothing was run to its end.
    fn nothing_run(&mut self) {
        let report = self.report;
        let is_failure = |finding: &findings::Finding| finding.severity >= Severity::Failure;
        let mut cells = report.cells.iter();
        let is_answer = |cell: &Cell| cell.verdict.is_measured() && !findings::is_open(report, &cell.scenario);
        if report.interrupted || cells.any(is_answer) || findings(report).iter().any(is_failure) {
            return;
        }
        let why = if report.cells.iter().any(|c| c.verdict == Verdict::NotAttempted) {
            "no runtime was tested: see above for what is missing"
        } else {
            "nothing was run: no runtime that could run it is here"
        };
        self.out.push('\n');
        self.part(YELLOW, "exit code 4", why);
    }

    /// A file's name, or a scenario's own.
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

/// Reasons about imports, of which a runtime names the one that it looks for first.
#[must_use]
pub fn is_about_imports(code: Code) -> bool {
    use Code::{
        ComponentPart, CustomHost, MissingImport, NeedsEmscriptenHost, NeedsJsGlue, NeedsNapiHost, SideModule,
        UnresolvedSymbol,
    };
    matches!(
        code,
        ComponentPart
            | CustomHost
            | MissingImport
            | NeedsEmscriptenHost
            | NeedsJsGlue
            | NeedsNapiHost
            | SideModule
            | UnresolvedSymbol
    )
}

/// Why a runtime does not count in the exit code of `check`.
fn uncounted(report: &RunReport, cell: &Cell) -> String {
    if !matches!(report.command.as_str(), "check" | "suite") || cell.required || !cell.is_of_other_kind() {
        return String::new();
    }
    match &cell.lacks_abi {
        Some(abi) => format!("; not counted, since it has no {abi} at all"),
        None => "; not counted, since it does not accept components".to_owned(),
    }
}

/// Sort key of a reason: wrong results before missing features, late stages before early ones. That a runtime has no
/// WASI or no components at all is well known, so it comes last.
fn reason_order(code: Code, cell: &Cell) -> (bool, bool, std::cmp::Reverse<Option<u8>>) {
    let trivial = matches!(code, Code::MissingImport | Code::NeedsComponentModel);
    (cell.verdict != Verdict::Fail, trivial, std::cmp::Reverse(cell.stage.map(|stage| stage as u8)))
}

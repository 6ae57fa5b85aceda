//! Markdown of limited size, for step summaries and comments of pull requests. What makes the run fail and what changed
//! comes first; details are folded, and truncated at the limit.

use std::fmt::Write;

use wasmlab_model::codes::Code;
use wasmlab_model::names::{and_more, rest};
use wasmlab_model::report::{Cell, NoteKind, RunReport};
use wasmlab_model::text::cut;
use wasmlab_model::verdict::{Change, Verdict};

use super::columns::{NameStyle, names};
use super::findings::{FindingGroup, Severity, findings, grouped, is_outside_matrix, reason};
use super::library;
use super::markdown;
use super::text::{self, GuestNames, by_code, changes, file_names, tally};
use super::visible::visible;

use counts::Counts;

pub mod counts;

/// Bytes reserved for the end of a document.
const RESERVE: usize = 400;

/// A document with a size limit.
pub struct BoundedDocument {
    out: String,
    limit: usize,
}

impl BoundedDocument {
    /// Of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { out: String::new(), limit }
    }

    /// Bytes left.
    pub fn remaining(&self) -> usize {
        self.limit.saturating_sub(self.out.len() + RESERVE)
    }

    /// Adds a line if it fits. Control characters count as long as their replacement.
    pub fn line(&mut self, text: &str) {
        let text = visible(text, false).into_owned();
        if text.len() < self.remaining() {
            self.out.push_str(&text);
            self.out.push('\n');
        }
    }

    /// Adds a list under a heading, truncated at the limit; nothing if it is empty.
    pub fn list(&mut self, title: &str, lines: &[String], folded: bool) {
        if lines.is_empty() {
            return;
        }
        let (begin, end) = if folded {
            (format!("\n<details><summary>{title}: {}</summary>\n", lines.len()), "\n</details>")
        } else {
            (format!("\n### {title}: {}\n", lines.len()), "")
        };
        if begin.len() + end.len() + RESERVE > self.remaining() {
            return;
        }
        self.line(&begin);
        let mut shown = 0;
        for line in lines {
            let line = visible(&format!("- {line}"), false).into_owned();
            if line.len() + end.len() + RESERVE > self.remaining() {
                break;
            }
            self.line(&line);
            shown += 1;
        }
        if shown < lines.len() {
            self.line(&format!("- …{}", and_more(lines.len() - shown)));
        }
        self.out.push_str(end);
        self.out.push('\n');
    }

    /// The document.
    pub fn finish(self) -> String {
        self.out
    }
}

/// Maximum number of characters of one text.
const MAX_CHARS: usize = 2_000;

/// As [`markdown::escaped`], but truncates the text first, so that one long line cannot use up the limit.
fn escaped(text: &str) -> String {
    markdown::escaped(&cut(text, MAX_CHARS))
}

/// As [`markdown::prose`], but truncates the text first, too.
fn prose(text: &str) -> String {
    markdown::prose(&cut(text, MAX_CHARS))
}

/// The start of both forms: the answer in one line, what makes the run fail, what changed, and where each file runs.
pub fn head(document: &mut BoundedDocument, report: &RunReport) {
    let found = findings(report);
    let groups = grouped(report, &found);
    document.line(&format!("## {}\n", headline(report, reason(&found).is_some())));
    document.line(&escaped(&tally(report)));
    if report.interrupted {
        document.line("\n**This report is partial: the run was interrupted.**");
    }
    if let Some(partition) = report.selected.partition {
        document.line(&format!("\n**This report is partial: it has the scenarios of partition {partition}.**"));
    }
    if let Some(baseline) = &report.baseline {
        document.line(&format!("\nCompared with {}.", prose(baseline)));
    }
    let line = |FindingGroup { finding, .. }: &FindingGroup| {
        let remedy = finding.remedy.map(|remedy| format!(" → {}", prose(remedy))).unwrap_or_default();
        format!("{}: **{}**: {}{remedy}", finding.kind.title(), escaped(&finding.title), escaped(&finding.text))
    };
    let failing: Vec<_> = groups.iter().filter(|g| g.finding.severity >= Severity::Failure).map(line).collect();
    document.list("Why this run fails", &failing, false);
    document.list("What changed", &changed(report), false);
    if is_outside_matrix(report) {
        let (title, lines) = runs_on(report);
        document.list(title, &lines, false);
    } else {
        document.list("Passes by runtime", &by_runtime(report), true);
    }
    let warnings = groups.iter().filter(|g| g.finding.severity == Severity::Warning && !g.cells.is_empty()).map(line);
    document.list("Warnings", &warnings.collect::<Vec<_>>(), true);
}

/// The details, folded: one list of cells per code.
pub fn details(document: &mut BoundedDocument, report: &RunReport) {
    let guests = GuestNames::of(report);
    for (code, groups) in by_code(report) {
        let line = |group: &text::ReasonGroup| {
            let guest = guests.guest_name(group.scenario);
            let known = group.cell.known.as_ref().map(|known| format!(" (known: {known})")).unwrap_or_default();
            let on = names(report, &group.runtimes, NameStyle::Ids);
            let remedy = group.cell.remedy.as_deref().or_else(|| general_remedy(report, code)).unwrap_or_default();
            let arrow = if remedy.is_empty() { String::new() } else { format!(" → {}", prose(remedy)) };
            format!("**{}** on {}: {}{}{arrow}", escaped(guest), escaped(&on), escaped(&group.detail()), prose(&known))
        };
        document.list(&format!("<code>{code}</code>"), &groups.iter().map(line).collect::<Vec<_>>(), true);
    }
    let waiting =
        text::not_attempted(report).into_iter().map(|(whose, why)| format!("{}: {}", escaped(&whose), escaped(why)));
    document.list("Not attempted", &waiting.collect::<Vec<_>>(), true);
    let missing = report.notes.iter().filter(|n| n.kind == NoteKind::Missing);
    let missing = missing.map(|n| format!("{}: {}", escaped(&n.subject), escaped(&n.text)));
    document.list("This machine", &missing.collect::<Vec<_>>(), true);
}

fn general_remedy(report: &RunReport, code: Code) -> Option<&str> {
    report.text(code).map(|text| text.remedy.as_str())
}

/// `✅ app.wasm runs on 12 of 14 runtimes`.
fn headline(report: &RunReport, fails: bool) -> String {
    let is_measured = report.cells.iter().any(|cell| cell.verdict.is_measured());
    let symbol = match fails {
        true => "❌",
        false if report.interrupted || !is_measured => "⚠️",
        false => "✅",
    };
    if !is_outside_matrix(report) {
        let count = |verdict: fn(&Cell) -> bool| report.cells.iter().filter(|c| verdict(c)).count();
        let (passes, all) = (count(|c| c.verdict == Verdict::Pass), count(|c| c.verdict.is_measured()));
        return format!("{symbol} {passes} of {all} cells pass");
    }
    let guests = file_names(report);
    let line = |(scenario, file): (&&str, &&str)| {
        let cells: Vec<&Cell> = report.cells.iter().filter(|c| c.scenario == **scenario).collect();
        if cells.iter().any(|c| c.is_of_invalid_file()) {
            return format!("{} is not a valid file", escaped(file));
        }
        let tried = if report.interrupted { " tried" } else { "" };
        let counts = Counts::of(&cells);
        let loaded = library::loaded(report, &cells).len();
        let (verb, count) = if loaded > 0 { ("loads", loaded) } else { ("runs", counts.passes) };
        format!("{} {verb} on {count} of {} runtimes{tried}{}", escaped(file), counts.all, escaped(&counts.others()))
    };
    let lines: Vec<String> = guests.iter().take(3).map(line).collect();
    let rest = rest(guests.len(), 3, "file").map(|rest| format!(", {rest}"));
    format!("{symbol} {}{}", lines.join("; "), rest.unwrap_or_default())
}

/// Changed cells and guests, worst first. New cells are left out.
fn changed(report: &RunReport) -> Vec<String> {
    let mut cells: Vec<_> = changes(report).into_iter().filter(|(change, _)| *change != Change::New).collect();
    cells.sort_by_key(|(change, _)| match change {
        Change::Worse => 0,
        Change::Different => 1,
        _ => 2,
    });
    let cells = cells.into_iter().map(|(change, line)| format!("**{}**: {}", change.id(), escaped(&line)));
    let is_change = |kind| {
        matches!(
            kind,
            NoteKind::GuestChanged | NoteKind::GuestChangedWithToolchain | NoteKind::GuestDiffersFromBaseline
        )
    };
    let notes = report.notes.iter().filter(|n| is_change(n.kind));
    cells.chain(notes.map(|n| format!("**{}** {}", escaped(&n.subject), escaped(&n.text)))).collect()
}

/// The cells that loaded a library, if nothing in it was run.
fn loaded<'a>(report: &'a RunReport, scenario: &str) -> Vec<&'a Cell> {
    library::loaded(report, &report.cells.iter().filter(|c| c.scenario == scenario).collect::<Vec<_>>())
}

/// A heading, and a line per file: the runtimes that run it, or only load it.
fn runs_on(report: &RunReport) -> (&'static str, Vec<String>) {
    let guests = file_names(report);
    let title = if library::only_libraries(report) { "Where it loads" } else { "Where it runs" };
    let line = |(scenario, file): (&&str, &&str)| {
        let loaded: Vec<&str> = loaded(report, scenario).iter().map(|c| c.runtime.as_str()).collect();
        if !loaded.is_empty() {
            let on = names(report, &loaded, NameStyle::Versions);
            return format!("**{}**: loads on {}; nothing in it was run", escaped(file), escaped(&on));
        }
        let of = |verdict| report.cells.iter().filter(move |c| c.scenario == **scenario && c.verdict == verdict);
        let ids: Vec<&str> = of(Verdict::Pass).map(|c| c.runtime.as_str()).collect();
        let on = if ids.is_empty() { "none".to_owned() } else { names(report, &ids, NameStyle::Versions) };
        format!("**{}**: {}", escaped(file), escaped(&on))
    };
    (title, guests.iter().map(line).collect())
}

/// `wasmi 2.0.0: 40 of 66`.
fn by_runtime(report: &RunReport) -> Vec<String> {
    let present = report.runtimes.iter().filter(|r| r.tool.present);
    let line = |runtime: &wasmlab_model::report::RuntimeInfo| {
        let measured = report.cells.iter().filter(|c| c.runtime == runtime.id && c.verdict.is_measured());
        let (passes, others): (Vec<&Cell>, Vec<&Cell>) = measured.partition(|c| c.verdict == Verdict::Pass);
        let version = runtime.tool.version.as_deref().unwrap_or("?");
        let mut line = String::new();
        let all = passes.len() + others.len();
        let _ = write!(line, "{} {}: {} of {all}", escaped(&runtime.id), escaped(version), passes.len());
        line
    };
    present.map(line).collect()
}

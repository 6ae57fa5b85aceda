//! `index.html`: one self-contained file. A template renders everything that can be read without a script; the page's
//! script filters the matrix and opens evidence, from data embedded in the same file.
//!
//! Output of guests and runtimes stays text. The template escapes it, the script only sets text, and the page's content
//! security policy allows only the script and style whose hashes it lists, and no requests.

use askama::Template;
use wasmlab_model::report::{Note, NoteKind, RunReport};
use wasmlab_model::text::counted;

use self::charts::{SizeChart, TimeChart};
use self::families::Family;
use self::history::HistoryChart;
use self::lists::{ListedGuest, ListedReason, ListedRuntime};
use self::matrix::{Table, VerdictCount};
use super::findings::{Severity, findings, grouped};
use super::history::History;
use super::text::{self, changes, seconds, selected, tally};
use super::visible::visible;
use super::{RenderOptions, Renderer, library};

mod charts;
mod data;
mod families;
pub(crate) mod hash;
mod history;
mod lists;
mod matrix;
#[cfg(test)]
mod tests;

/// The registry's entry.
pub const RENDERER: Renderer =
    Renderer { id: "html", about: "A self-contained HTML page", extension: "html", saved: true, render };

const STYLE: &str = concat!(include_str!("../templates/page.css"), include_str!("../templates/panel.css"));

const SCRIPT: &str = concat!(
    "\"use strict\";(() => {\n",
    include_str!("../templates/query.js"),
    include_str!("../templates/elements.js"),
    include_str!("../templates/data.js"),
    include_str!("../templates/matrix.js"),
    include_str!("../templates/panel.js"),
    include_str!("../templates/page.js"),
    "})();\n"
);

/// The template's data; the names are those of `page.html`.
#[derive(Template)]
#[template(path = "page.html", whitespace = "minimize")]
struct Page<'a> {
    title: &'static str,
    /// For files that the user named: the answer, shown first.
    is_check: bool,
    /// Every guest is such a file: it has no family, route or toolchain.
    only_files: bool,
    /// Why the exit code is not 0.
    failing: Vec<Failing<'a>>,
    facts: Vec<String>,
    tally: String,
    /// Why the report does not cover everything, if so.
    partial: Vec<String>,
    counts: Vec<VerdictCount>,
    /// One column for each engine, and every column.
    tables: [Table; 2],
    families: Vec<Family<'a>>,
    sizes: Vec<SizeChart>,
    times: Option<TimeChart>,
    guests: Vec<ListedGuest<'a>>,
    runtimes: Vec<ListedRuntime<'a>>,
    reasons: Vec<ListedReason<'a>>,
    /// Changed cells and guests: kind and text.
    changes: Vec<(&'static str, String)>,
    /// Notes other than changes.
    remarks: Vec<(&'static str, String)>,
    /// Changes over several reports, if the page shows a history.
    history: Option<HistoryChart<'a>>,
    notes: Vec<(&'a str, &'a str)>,
    missing: Vec<(&'a str, &'a str)>,
    /// The next steps, each split into code and text.
    next: Vec<Vec<(bool, &'a str)>>,
    /// Path to the page that predicts where a file runs, if this page lies in the repository.
    check_page: Option<&'static str>,
    data: String,
    style: String,
    script: &'static str,
    policy: String,
}

/// Something that makes the exit code other than 0.
struct Failing<'a> {
    /// `over budget`.
    kind: &'static str,
    /// `app.wasm on wasmi: trap`.
    title: String,
    /// The details.
    text: String,
    /// The remedy, split into code and text; empty if there is none.
    remedy: Vec<(bool, &'a str)>,
}

impl Page<'_> {
    /// Whether a cell has the verdict of this class.
    fn has(&self, class: &str) -> bool {
        self.counts.iter().any(|count| count.class == class)
    }
}

fn render(report: &RunReport, options: RenderOptions) -> String {
    page(report, options, None)
}

/// The page of a history's last report, with a chart of what changed before.
#[must_use]
pub fn with_history(report: &RunReport, options: RenderOptions, history: &History) -> String {
    visible(&page(report, options, Some(history)), options.colour).into_owned()
}

fn page(report: &RunReport, options: RenderOptions, history: Option<&History>) -> String {
    let is_check = report.command == "check";
    let style = style(report);
    let page = Page {
        is_check,
        title: match is_check {
            true if library::only_libraries(report) => "Where it loads",
            true => "Where it runs",
            false => "Where WebAssembly runs",
        },
        only_files: text::only_files(report),
        failing: failing(report),
        facts: facts(report, options.program),
        tally: tally(report),
        partial: partial(report),
        counts: matrix::counts(report),
        tables: [matrix::by_engine(report), matrix::full(report)],
        families: families::families(report),
        sizes: charts::sizes(report),
        times: charts::times(report),
        guests: lists::guests(report),
        runtimes: lists::runtimes(report),
        reasons: lists::reasons(report),
        changes: changed(report),
        // The reasons for the exit code are in `failing`.
        remarks: shown_notes(report, |kind| !kind.is_change() && !kind.fails_run()),
        history: history.map(|history| history::chart(history, report)),
        notes: notes(report, |kind| kind == NoteKind::ColumnsDiffer),
        missing: notes(report, |kind| kind == NoteKind::Missing),
        next: notes(report, |kind| kind == NoteKind::NextStep)
            .into_iter()
            .map(|(_, text)| lists::split_code_spans(text))
            .collect(),
        check_page: data::page_links(report).map(|places| places.check_page),
        data: data::json(report, options.program),
        policy: format!(
            "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'",
            hash::source(SCRIPT),
            hash::source(&style)
        ),
        style,
        script: SCRIPT,
    };
    // The template calls nothing that can fail, and writing to a string cannot fail.
    page.render().unwrap_or_default() + "\n"
}

/// The style, with the width of the widest guest name in terminal columns, which independently laid out rows need.
fn style(report: &RunReport) -> String {
    let width = report.scenarios.iter().map(|scenario| text::display_width(&scenario.name)).max();
    format!(":root {{ --name-width: {}; }}\n{STYLE}", width.unwrap_or_default())
}

/// `69 guests on 34 columns`, `linux x86_64`, `2026-11-26T10:41:03Z`, …
fn facts(report: &RunReport, program: &str) -> Vec<String> {
    let host = &report.machine;
    let machine = match host.cpus {
        0 => format!("{} {}", host.os, host.arch),
        1 => format!("{} {}, 1 CPU", host.os, host.arch),
        cpus => format!("{} {}, {cpus} CPUs", host.os, host.arch),
    };
    let run = (!report.started.is_empty()).then(|| format!("{}, {}", report.started, seconds(report.duration_ms)));
    let lab = format!("lab {}", host.lab_version);
    let (row, column) = if text::only_files(report) { ("file", "runtime") } else { ("guest", "column") };
    let size = format!("{} on {}", counted(report.scenarios.len(), row), counted(report.runtimes.len(), column));
    [Some(size), Some(format!("{program} {}", report.command)), Some(machine), run, Some(lab)]
        .into_iter()
        .flatten()
        .collect()
}

fn partial(report: &RunReport) -> Vec<String> {
    let interrupted =
        report.interrupted.then(|| "The run was interrupted: cells that it did not reach are blank.".to_owned());
    // The user chooses the runtimes that `check` runs a file on: nothing is missing.
    let chosen = selected(report).filter(|_| report.command != "check");
    let chosen = chosen.map(|options| format!("Only a part of the matrix was run: {options}"));
    interrupted.into_iter().chain(chosen).collect()
}

fn changed(report: &RunReport) -> Vec<(&'static str, String)> {
    let cells = changes(report).into_iter().map(|(change, line)| (change.id(), line));
    cells.chain(shown_notes(report, NoteKind::is_change)).collect()
}

/// The notes of these kinds that have no section of their own.
fn shown_notes(report: &RunReport, expected: impl Fn(NoteKind) -> bool) -> Vec<(&'static str, String)> {
    let has_section =
        |kind| matches!(kind, NoteKind::Missing | NoteKind::NextStep | NoteKind::ColumnsDiffer | NoteKind::GuestNew);
    let notes = report.notes.iter().filter(|note| !has_section(note.kind) && expected(note.kind));
    let line = |note: &Note| {
        let kind = if note.kind.fails_run() { "worse" } else { "note" };
        (kind, format!("{}: {}", note.subject, note.text))
    };
    notes.map(line).collect()
}

/// What makes the exit code other than 0, most important first.
fn failing(report: &RunReport) -> Vec<Failing<'_>> {
    let groups = grouped(report, &findings(report));
    let failing = groups.into_iter().map(|group| group.finding).filter(|f| f.severity >= Severity::Failure);
    failing
        .map(|finding| Failing {
            kind: finding.kind.title(),
            remedy: finding.remedy.map(lists::split_code_spans).unwrap_or_default(),
            title: finding.title,
            text: finding.text,
        })
        .collect()
}

fn notes(report: &RunReport, expected: impl Fn(NoteKind) -> bool) -> Vec<(&str, &str)> {
    let notes = report.notes.iter().filter(|note| expected(note.kind));
    notes.map(|note| (note.subject.as_str(), note.text.as_str())).collect()
}

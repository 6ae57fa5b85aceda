//! `index.html`: one self-contained file. A template renders everything that can be read without a script; the page's
//! script filters the matrix and opens evidence, from data embedded in the same file.
//!
//! Output of guests and runtimes stays text. The template escapes it, the script only sets text, and the page's content
//! security policy allows only the script and style whose hashes it lists, and no requests.

use askama::Template;
use wasmlab_model::report::{NoteKind, RunReport};
use wasmlab_model::text::counted;

use self::charts::{SizeChart, TimeChart};
use self::families::Family;
use self::history::HistoryChart;
use self::lists::{Guest, Reason, Runtime};
use self::matrix::{VerdictCount, Table};
use super::history::History;
use super::text::{changes, seconds, selected, tally};
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
    Renderer { id: "html", about: "A page for browsers: one file that works alone", extension: "html", saved: true, render };

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
    guests: Vec<Guest<'a>>,
    runtimes: Vec<Runtime<'a>>,
    reasons: Vec<Reason<'a>>,
    /// Changes and other notes: kind and text.
    changes: Vec<(&'static str, String)>,
    /// Changes over several reports, if the page is of a history.
    history: Option<HistoryChart<'a>>,
    notes: Vec<(&'a str, &'a str)>,
    missing: Vec<(&'a str, &'a str)>,
    next: Vec<(&'a str, &'a str)>,
    /// Path to the page that predicts where a file runs, if this page lies in the repository.
    check_page: Option<&'static str>,
    data: String,
    style: &'static str,
    script: &'static str,
    policy: String,
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
    let page = Page {
        is_check,
        title: match is_check {
            true if library::only_libraries(report) => "Where it loads",
            true => "Where it runs",
            false => "Where WebAssembly runs",
        },
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
        history: history.map(|history| history::chart(history, report)),
        notes: notes(report, |kind| kind == NoteKind::ColumnsDiffer),
        missing: notes(report, |kind| kind == NoteKind::Missing),
        next: notes(report, |kind| kind == NoteKind::NextStep),
        check_page: data::page_links(report).map(|places| places.check_page),
        data: data::json(report),
        style: STYLE,
        script: SCRIPT,
        policy: format!(
            "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'",
            hash::source(SCRIPT),
            hash::source(STYLE)
        ),
    };
    // The template calls nothing that can fail, and writing to a string cannot fail.
    page.render().unwrap_or_default() + "\n"
}

/// `69 guests on 34 columns`, `linux x86_64`, `2026-11-26T10:41:03Z`, …
fn facts(report: &RunReport, program: &str) -> Vec<String> {
    let host = &report.host;
    let machine = match host.cpus {
        0 => format!("{} {}", host.os, host.arch),
        1 => format!("{} {}, 1 CPU", host.os, host.arch),
        cpus => format!("{} {}, {cpus} CPUs", host.os, host.arch),
    };
    let run = (!report.started.is_empty()).then(|| format!("{}, {}", report.started, seconds(report.duration_ms)));
    let lab = format!("lab {}", host.lab);
    let size =
        format!("{} on {}", counted(report.scenarios.len(), "guest"), counted(report.runtimes.len(), "column"));
    [Some(size), Some(format!("{program} {}", report.command)), Some(machine), run, Some(lab)].into_iter().flatten().collect()
}

fn partial(report: &RunReport) -> Vec<String> {
    let interrupted =
        report.interrupted.then(|| "The run was interrupted: cells that it did not reach are blank.".to_owned());
    let chosen = selected(report).map(|options| format!("Only a part of the matrix was run: {options}"));
    interrupted.into_iter().chain(chosen).collect()
}

fn changed(report: &RunReport) -> Vec<(&'static str, String)> {
    let cells = changes(report).into_iter().map(|(change, line)| (change.id(), line));
    let is_shown = |kind| {
        !matches!(kind, NoteKind::Missing | NoteKind::NextStep | NoteKind::ColumnsDiffer | NoteKind::ArtifactNew)
    };
    let notes = report.notes.iter().filter(|note| is_shown(note.kind));
    let notes = notes.map(|note| {
        let kind = if note.kind.is_worse() { "worse" } else { "note" };
        (kind, format!("{}: {}", note.subject, note.text))
    });
    cells.chain(notes).collect()
}

fn notes(report: &RunReport, wanted: impl Fn(NoteKind) -> bool) -> Vec<(&str, &str)> {
    let notes = report.notes.iter().filter(|note| wanted(note.kind));
    notes.map(|note| (note.subject.as_str(), note.text.as_str())).collect()
}

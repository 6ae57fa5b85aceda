//! The published report: the part of a run that is the same on every machine, so that runs with the same verdicts give
//! the same bytes and can be compared with it.
//!
//! It consists of JSON with one line per cell, and the Markdown and the page rendered from it.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;
use wasmlab_model::checks::Check;
use wasmlab_model::facts::Facts;
use wasmlab_model::report::{Cell, CodeText, GuestInfo, MachineInfo, NoteKind, RunReport, Selection};
use wasmlab_model::verdict::{Change, Verdict};

use super::compare::{HasRandomImportOrder, is_machine_independent, is_same_result};
use super::text::result;
use super::{RenderOptions, find};

/// A text specific to this machine, such as the path of a folder, and its replacement.
pub type PathReplacement = (String, &'static str);

/// The report without anything specific to one run or machine: times, memory, commands, outputs, paths. Columns that
/// are absent here are copied from `earlier`, the report published before.
#[must_use]
pub fn published(report: &RunReport, earlier: Option<&RunReport>, places: &[PathReplacement]) -> RunReport {
    let mut out = RunReport {
        machine: MachineInfo { cpus: 0, ..report.machine.clone() },
        started: String::new(),
        duration_ms: 0,
        selected: Selection::default(),
        baseline: None,
        guests: report.guests.iter().map(guest).collect(),
        cells: report.cells.iter().filter(|c| c.verdict != Verdict::Absent).map(|c| cell(report, c, places)).collect(),
        ..report.clone()
    };
    out.notes.retain(|note| matches!(note.kind, NoteKind::ColumnsDiffer | NoteKind::Missing));
    if let Some(earlier) = earlier {
        keep_absent(&mut out, earlier);
    }
    let texts = out.runtimes.iter_mut().map(|r| &mut r.tool).chain(out.toolchains.values_mut());
    let texts = texts.filter_map(|tool| tool.missing.as_mut()).chain(out.notes.iter_mut().map(|n| &mut n.text));
    texts.for_each(|text| *text = neutral(text, places));
    out.codes = CodeText::of(&out.cells);
    out
}

/// Copies absent columns from an earlier report.
fn keep_absent(out: &mut RunReport, earlier: &RunReport) {
    let mut earlier_columns = BTreeSet::new();
    for runtime in out.runtimes.iter_mut().filter(|r| !r.tool.present) {
        if let Some(before) = earlier.runtimes.iter().find(|r| r.id == runtime.id && r.tool.present) {
            *runtime = before.clone();
            earlier_columns.insert(runtime.id.clone());
        }
    }
    let rows: Vec<&str> = out.scenarios.iter().map(|s| s.name.as_str()).collect();
    let columns: Vec<&str> = out.runtimes.iter().map(|r| r.id.as_str()).collect();
    let place = |cell: &Cell| {
        let row = rows.iter().position(|name| *name == cell.scenario);
        row.zip(columns.iter().position(|id| *id == cell.runtime))
    };
    out.cells.retain(|c| !earlier_columns.contains(&c.runtime));
    out.cells
        .extend(earlier.cells.iter().filter(|c| earlier_columns.contains(&c.runtime) && place(c).is_some()).cloned());
    out.cells.sort_by_key(place);
    out.notes.retain(|note| !earlier_columns.contains(&note.subject));
    let differs =
        earlier.notes.iter().filter(|n| n.kind == NoteKind::ColumnsDiffer && earlier_columns.contains(&n.subject));
    out.notes.extend(differs.cloned());
    out.notes.sort();
}

fn guest(guest: &GuestInfo) -> GuestInfo {
    // Offsets of sections and the evidence for ABIs are left out; `inspect` shows them.
    let facts = guest.facts.as_ref().map(|facts| Facts {
        sections: Vec::new(),
        exports: Vec::new(),
        abis: facts
            .abis
            .iter()
            .map(|a| wasmlab_model::facts::AbiEvidence { evidence: Vec::new(), ..a.clone() })
            .collect(),
        ..facts.clone()
    });
    GuestInfo { build_ms: None, facts, ..guest.clone() }
}

fn cell(report: &RunReport, cell: &Cell, places: &[PathReplacement]) -> Cell {
    let general = cell.code.and_then(|code| report.text(code)).map(|text| text.remedy.as_str());
    let check = |c: &Check| Check { message: c.message.as_deref().map(|m| neutral(m, places)), ..c.clone() };
    Cell {
        detail: neutral(&cell.detail, places),
        checks: cell.checks.iter().map(check).collect(),
        default_result: cell.default_result.as_deref().map(|text| neutral(text, places)),
        remedy: cell.remedy.as_deref().filter(|r| Some(*r) != general).map(|r| neutral(r, places)),
        // The text of the remedy says the same in fewer bytes.
        remedies: Vec::new(),
        next_obstacle_remedy: None,
        known: cell.known.clone(),
        change: Change::Same,
        accepted_result: None,
        changed_with_version: false,
        ..cell.clone().without_measurements()
    }
}

/// Replaces paths of this machine, ports and names of temporary directories.
fn neutral(text: &str, places: &[PathReplacement]) -> String {
    let mut text = text.to_owned();
    for (place, stands) in places {
        text = text.replace(place.as_str(), stands);
    }
    for (before, is_part) in RANDOM {
        let mut out = String::new();
        let mut pieces = text.split(before);
        out += pieces.next().unwrap_or_default();
        for piece in pieces {
            let rest = piece.trim_start_matches(*is_part);
            out += before;
            out += if rest.len() < piece.len() { "…" } else { "" };
            out += rest;
        }
        text = out;
    }
    text
}

/// A name that differs between runs: the text before it, and the characters it consists of.
type Random = (&'static str, fn(char) -> bool);
const RANDOM: &[Random] =
    &[("port ", is_digit), ("127.0.0.1:", is_digit), ("localhost:", is_digit), ("/wasmlab-", is_letter)];

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

/// The report as JSON, like `report.json` but with one line per element of its lists and maps.
#[must_use]
pub fn json(report: &RunReport) -> String {
    let mut bytes = Vec::new();
    // The report is plain data with string keys, so serialization cannot fail.
    let _ = report.serialize(&mut Serializer::with_formatter(&mut bytes, Lines { depth: 0, empty: true }));
    bytes.push(b'\n');
    String::from_utf8(bytes).unwrap_or_default()
}

/// Breaks lines around elements at most two lists or maps deep.
struct Lines {
    depth: usize,
    /// Nothing has been written to the innermost list or map yet.
    empty: bool,
}

impl Lines {
    fn begin<W: ?Sized + Write>(&mut self, out: &mut W, sign: &[u8]) -> io::Result<()> {
        (self.depth, self.empty) = (self.depth + 1, true);
        out.write_all(sign)
    }

    fn next<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.empty = false;
        out.write_all(if first { b"" } else { b"," })?;
        out.write_all(if self.depth <= 2 { b"\n" } else { b"" })
    }

    fn end<W: ?Sized + Write>(&mut self, out: &mut W, sign: &[u8]) -> io::Result<()> {
        let breaks = self.depth <= 2 && !self.empty;
        (self.depth, self.empty) = (self.depth - 1, false);
        out.write_all(if breaks { b"\n" } else { b"" })?;
        out.write_all(sign)
    }
}

impl Formatter for Lines {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.begin(out, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.end(out, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.next(out, first)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.begin(out, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.end(out, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.next(out, first)
    }
}

/// The report as Markdown.
#[must_use]
pub fn markdown(report: &RunReport) -> String {
    find("markdown").map(|renderer| renderer.text(report, RenderOptions::PLAIN)).unwrap_or_default()
}

/// The page.
#[must_use]
pub fn html(report: &RunReport) -> String {
    find("html").map(|renderer| renderer.text(report, RenderOptions::PLAIN)).unwrap_or_default()
}

/// Differences between the published report and a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// One line for each cell that is new, gone, or has another result.
    pub results: Vec<String>,
    /// One line for each column with the same results but another version.
    pub versions: Vec<String>,
}

/// Compares the published report with a run, for the columns and guests present in that run.
#[must_use]
pub fn differences(
    published: &RunReport,
    run: &RunReport,
    import_order_is_random: HasRandomImportOrder,
) -> Differences {
    let mut out = Differences::default();
    for runtime in run.runtimes.iter().filter(|r| r.tool.present && !r.custom_build) {
        let version = |r: &wasmlab_model::report::RuntimeInfo| r.tool.version.clone().unwrap_or_default();
        let before = published.runtimes.iter().find(|r| r.id == runtime.id && r.tool.present);
        match before.map(version) {
            None => out.results.push(format!("{}: not published", runtime.id)),
            Some(before) if before != version(runtime) => {
                out.versions.push(format!("{}: published with {before}, now {}", runtime.id, version(runtime)));
            }
            Some(_) => {}
        }
    }
    let find =
        |cell: &Cell| published.cells.iter().find(|c| (&c.scenario, &c.runtime) == (&cell.scenario, &cell.runtime));
    let of_others = |id: &str| run.runtimes.iter().any(|r| r.id == id && r.custom_build);
    for cell in run.cells.iter().filter(|c| is_machine_independent(c) && !of_others(&c.runtime)) {
        let before = find(cell);
        if !before.is_some_and(|before| is_same_result(before, cell, import_order_is_random)) {
            let before = before.map_or_else(|| "nothing".to_owned(), result);
            let now = result(cell);
            out.results.push(format!("{} on {}: published {before}, now {now}", cell.scenario, cell.runtime));
        } else if let Some(before) = before {
            let line = |check: String| format!("{} on {}, {check}", cell.scenario, cell.runtime);
            out.results.extend(checks(before, cell).into_iter().map(line));
        }
    }
    if run.selected.scenarios.is_empty() && run.selected.partition.is_none() && !run.interrupted {
        let gone = published.scenarios.iter().filter(|s| !run.scenarios.iter().any(|r| r.name == s.name));
        out.results.extend(gone.map(|s| format!("{}: published, but the scenario no longer exists", s.name)));
    }
    out
}

/// Differences in the checks of a guest, which the cell's single code hides.
fn checks(before: &Cell, now: &Cell) -> Vec<String> {
    let answer = |check: &Check| match check.errno {
        Some(errno) => format!("{} {errno}", check.answer.id()),
        None => check.answer.id().to_owned(),
    };
    let was = |check: &Check| before.checks.iter().find(|c| c.name == check.name).map(answer);
    let line = |check: &Check| {
        let (was, is) = (was(check).unwrap_or_else(|| "nothing".to_owned()), answer(check));
        (was != is).then(|| format!("{}: published {was}, now {is}", check.name))
    };
    now.checks.iter().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::{PathReplacement, differences, json, markdown, published};
    use crate::sample;
    use wasmlab_model::codes::{Blame, Code};
    use wasmlab_model::report::RunReport;
    use wasmlab_model::verdict::Verdict;

    #[test]
    fn same_results_publish_the_same_bytes() {
        let places: Vec<PathReplacement> = vec![("/home/me/lab".to_owned(), "LAB"), ("/tmp".to_owned(), "TMP")];
        let text = |change: &dyn Fn(&mut RunReport)| {
            let mut report = sample::report();
            report.cells[1].detail = "read /home/me/lab/a and /tmp/wasmlab-Xy1z/spec.json on port 4711".to_owned();
            change(&mut report);
            json(&published(&report, None, &places))
        };
        let first = text(&|_| ());
        let later = text(&|report| {
            (report.started, report.duration_ms, report.machine.cpus) = ("later".to_owned(), 9, 64);
            report.cells[0].argv.push("more".to_owned());
            (report.cells[0].duration_ms, report.cells[0].peak_rss_bytes, report.cells[0].cached) = (9.5, 1, true);
            report.cells[0].output.stdout = "7".to_owned();
            report.cells[1].detail = "read /home/me/lab/a and /tmp/wasmlab-q/spec.json on port 1".to_owned();
        });
        assert_eq!(first, later);
        assert!(first.contains("read LAB/a and TMP/wasmlab-…/spec.json on port …"), "{first}");
        insta::assert_snapshot!("published.json", first);
        insta::assert_snapshot!("published.md", markdown(&serde_json::from_str(&first).unwrap()));
    }

    #[test]
    fn absent_columns_keep_their_published_results() {
        let mut earlier = published(&sample::report(), None, &[]);
        let node = earlier.runtimes.iter_mut().find(|r| r.id == "node").unwrap();
        (node.tool.present, node.tool.version, node.tool.missing) = (true, Some("20".to_owned()), None);
        let mut cell = earlier.cells[0].clone();
        cell.runtime = "node".to_owned();
        earlier.cells.push(cell);
        let now = published(&sample::report(), Some(&earlier), &[]);
        assert_eq!(now.runtimes.iter().find(|r| r.id == "node").unwrap().tool.version.as_deref(), Some("20"));
        let names: Vec<_> = now.cells.iter().map(|c| (c.scenario.as_str(), c.runtime.as_str())).collect();
        assert_eq!(names[..3], [("hello", "wasmi"), ("hello", "wasmtime-winch"), ("hello", "node")]);
        assert!(!now.notes.iter().any(|n| n.subject == "node"), "{:?}", now.notes);
    }

    fn check(change: impl FnOnce(&mut RunReport), results: &[&str], versions: &[&str]) {
        let mut run = sample::report();
        let before = published(&run, None, &[]);
        change(&mut run);
        let found = differences(&before, &run, |_| false);
        assert_eq!(
            (found.results, found.versions),
            (results.iter().map(ToString::to_string).collect(), versions.iter().map(ToString::to_string).collect())
        );
    }

    #[test]
    fn checks_hidden_by_the_code_are_compared_too() {
        let check_of = |answer, errno| wasmlab_model::checks::Check {
            name: "rename".to_owned(),
            answer,
            errno,
            function: None,
            message: Some("other words on each machine".to_owned()),
            code: None,
        };
        let with = |run: &mut RunReport, check| run.cells[3].checks = vec![check];
        check(
            |run| with(run, check_of(wasmlab_model::checks::CheckAnswer::Errno, Some(52))),
            &["server on wasmi, rename: published nothing, now errno 52"],
            &[],
        );
    }

    /// wazero checks the modules of imports in random order.
    #[test]
    fn another_of_several_missing_imports_is_the_same_result() {
        let mut before = sample::report();
        before.cells[3].stage = serde_json::from_value("link".into()).unwrap();
        let mut run = before.clone();
        run.cells[3].subject = Some("env.other".to_owned());
        let count = |import_order_is_random| differences(&before, &run, import_order_is_random).results.len();
        assert_eq!((count(|_| false), count(|id| id == "wasmi"), count(|id| id == "node")), (1, 0, 1));
    }

    #[test]
    fn only_measured_results_are_compared() {
        check(|_| (), &[], &[]);
        check(|r| r.runtimes[0].tool.version = Some("3".to_owned()), &[], &["wasmi: published with 2.0.0, now 3"]);
        check(|r| r.runtimes[0].tool.present = false, &[], &[]);
        check(|r| r.runtimes[2].tool.present = true, &["node: not published"], &[]);
        check(
            |r| (r.cells[0].verdict, r.cells[0].code) = (Verdict::Gap, Some(Code::Trap)),
            &["hello on wasmi: published pass, now gap trap (stage run)"],
            &[],
        );
        check(
            |r| r.cells[3].blame = vec![Blame::Runtime],
            &["server on wasmi: published gap sockets-unsupported (socket-bind) (stage run, blame \
               toolchain, abi), now gap sockets-unsupported (socket-bind) (stage run, blame runtime)"],
            &[],
        );
        check(|r| r.cells.truncate(2), &[], &[]);
        check(|r| r.scenarios.truncate(1), &["server: published, but the scenario no longer exists"], &[]);
    }
}

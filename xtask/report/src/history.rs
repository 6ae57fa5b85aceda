//! Many reports in their order: when each cell changed, and with which version of its runtime.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;
use wasmlab_model::report::{Cell, RunReport, RuntimeInfo};

use super::RenderOptions;
use super::compare::{HasRandomImportOrder, is_machine_independent, is_other_import};
use super::markdown::escaped;
use super::symbols::class_and_symbol;
use super::text::{result, wrapped};
use super::visible::{on_line, visible};

mod groups;

pub use groups::Group;
use groups::{Groups, ResultChange};

/// A report of a history.
#[derive(Clone, Debug)]
pub struct DatedReport {
    /// Its displayed name: a file's name, or a commit.
    pub name: String,
    /// Its day: `2026-11-26`; empty if unknown.
    pub day: String,
    /// The report.
    pub report: RunReport,
}

/// Changes over time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct History {
    /// The reports, oldest first.
    pub reports: Vec<NamedReport>,
    /// Number of cells that any report measured.
    pub cells: usize,
    /// The cells that changed, by scenario and runtime.
    pub changed: Vec<CellHistory>,
    /// The same changes, summarized: cells that changed in the same way are grouped, oldest first.
    #[serde(skip)]
    pub groups: Vec<Group>,
}

/// A report by name and day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NamedReport {
    /// A file's name, or a commit.
    pub name: String,
    /// Its day; empty if unknown.
    pub day: String,
}

/// A cell that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CellHistory {
    /// The scenario.
    pub scenario: String,
    /// The column.
    pub runtime: String,
    /// Its first result, and each change, oldest first.
    pub results: Vec<ResultSince>,
}

/// A result, and the report in which it first occurs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResultSince {
    /// The report that first has it.
    pub report: String,
    /// Its day; empty if unknown.
    pub day: String,
    /// The runtime's version in that report.
    pub version: String,
    /// `pass`, `gap trap (stage run, blame guest)`.
    pub result: String,
    /// Its class and symbol on the page.
    #[serde(skip)]
    pub class_and_symbol: (&'static str, char),
    /// Whether the guest changed, too: its binary differs from that of the previous measurement.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub guest_changed: bool,
}

/// A cell of one of the reports, with what its result depends on.
#[derive(Clone, Copy)]
struct HistoryPoint<'a> {
    cell: &'a Cell,
    version: &'a str,
    /// The guest's hash; empty if the report has none.
    guest: &'a str,
}

impl HistoryPoint<'_> {
    fn is_other_guest(&self, before: &Self) -> bool {
        !before.guest.is_empty() && !self.guest.is_empty() && before.guest != self.guest
    }
}

/// The history of these reports, oldest first. It covers the cells that `keeps` selects by scenario and runtime.
/// Reports that did not measure a cell are skipped for that cell.
#[must_use]
pub fn history(
    entries: &[DatedReport],
    keeps: &dyn Fn(&str, &str) -> bool,
    import_order_is_random: HasRandomImportOrder,
) -> History {
    let mut cells: BTreeMap<(&str, &str), Vec<ResultSince>> = BTreeMap::new();
    let mut latest: BTreeMap<(&str, &str), HistoryPoint> = BTreeMap::new();
    let mut groups = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        let report = &entry.report;
        let runtimes: BTreeMap<&str, &RuntimeInfo> = report.runtimes.iter().map(|r| (r.id.as_str(), r)).collect();
        let hashes: BTreeMap<&str, &str> =
            report.guests.iter().map(|a| (a.scenario.as_str(), a.sha256.as_str())).collect();
        let is_kept = |cell: &&Cell| is_machine_independent(cell) && keeps(&cell.scenario, &cell.runtime);
        for cell in report.cells.iter().filter(is_kept) {
            let place = (cell.scenario.as_str(), cell.runtime.as_str());
            let runtime = runtimes.get(cell.runtime.as_str()).copied();
            let now = HistoryPoint {
                cell,
                version: runtime.and_then(|r| r.tool.version.as_deref()).unwrap_or_default(),
                guest: hashes.get(cell.scenario.as_str()).copied().unwrap_or_default(),
            };
            let before = latest.insert(place, now);
            let results = cells.entry(place).or_default();
            let since = ResultSince {
                report: entry.name.clone(),
                day: entry.day.clone(),
                version: now.version.to_owned(),
                result: result(cell),
                class_and_symbol: class_and_symbol(report, cell),
                guest_changed: before.is_some_and(|before| now.is_other_guest(&before)),
            };
            let is_same = |last: &ResultSince| {
                let any_import =
                    before.is_some_and(|before| is_other_import(before.cell, cell, import_order_is_random));
                last.result == since.result || any_import
            };
            if results.last().is_some_and(is_same) {
                continue;
            }
            if let Some(before) = &before {
                let change = ResultChange { place: &since.place(), runtime, before, after: &now };
                groups::add(&mut groups, index, &change);
            }
            results.push(since);
        }
    }
    let count = cells.len();
    let of = |((scenario, runtime), results): ((&str, &str), Vec<ResultSince>)| CellHistory {
        scenario: scenario.to_owned(),
        runtime: runtime.to_owned(),
        results,
    };
    let named = |entry: &DatedReport| NamedReport { name: entry.name.clone(), day: entry.day.clone() };
    let changed = cells.into_iter().filter(|(_, results)| results.len() > 1).map(of).collect();
    let groups = groups.into_values().flat_map(Groups::into_list).collect();
    History { reports: entries.iter().map(named).collect(), cells: count, changed, groups }
}

impl History {
    /// `3 reports, 2026-11-01 to 2026-11-26: 2 of 120 cells changed`.
    pub(crate) fn head(&self) -> String {
        let days: Vec<_> = self.reports.iter().filter(|r| !r.day.is_empty()).map(|r| on_line(&r.day)).collect();
        let span = match (days.first(), days.last()) {
            (Some(first), Some(last)) if first != last => format!(", {first} to {last}"),
            (Some(day), _) => format!(", {day}"),
            _ => String::new(),
        };
        let noun = if self.reports.len() == 1 { "report" } else { "reports" };
        format!("{} {noun}{span}: {} of {} cells changed", self.reports.len(), self.changed.len(), self.cells)
    }

    /// For a terminal: a line for all cells that changed in the same way.
    #[must_use]
    pub fn text(&self, options: RenderOptions) -> String {
        let mut out = self.head() + "\n";
        let mut place = "";
        for group in &self.groups {
            if place != group.place {
                let _ = writeln!(out, "\n{}", on_line(&group.place));
                place = &group.place;
            }
            let _ = writeln!(out, "{}", wrapped(options.width, "  ", "      ", &group.sentence()));
        }
        out
    }

    /// For a terminal: each cell with all its results.
    #[must_use]
    pub fn full_text(&self, options: RenderOptions) -> String {
        let mut out = self.head() + "\n";
        for cell in &self.changed {
            let _ = writeln!(out, "\n{} on {}", on_line(&cell.scenario), on_line(&cell.runtime));
            for one in &cell.results {
                let guest = if one.guest_changed { ", with a changed guest" } else { "" };
                let line =
                    format!("{}  {} {}{guest}", on_line(&one.result), on_line(&cell.runtime), on_line(&one.version));
                let first = format!("  {}  ", on_line(&one.place()));
                let _ = writeln!(out, "{}", wrapped(options.width, &first, "      ", &line));
            }
        }
        out
    }

    /// A list in Markdown: a line for all cells that changed in the same way.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = self.markdown_head();
        for (index, group) in self.groups.iter().enumerate() {
            let line_break = if index == 0 { "\n" } else { "" };
            let _ = writeln!(out, "{line_break}- {}: {}", escaped(&group.place), escaped(&group.sentence()));
        }
        out
    }

    fn markdown_head(&self) -> String {
        format!("## What changed over time\n\n{}\n", self.head())
    }

    /// A table in Markdown: each cell with all its results.
    #[must_use]
    pub fn full_markdown(&self) -> String {
        let mut out = self.markdown_head();
        if self.changed.is_empty() {
            return out;
        }
        out += "\n| scenario | runtime | since | version | result |\n|---|---|---|---|---|\n";
        let code = |text: &str| format!("`{}`", on_line(text).replace('`', "'").replace('|', "\\|"));
        for cell in &self.changed {
            for one in &cell.results {
                let guest = if one.guest_changed { " (guest changed)" } else { "" };
                let fields =
                    [&cell.scenario, &cell.runtime, &one.place(), &one.version, &one.result].map(|text| code(text));
                let _ = writeln!(out, "| {}{guest} |", fields.join(" | "));
            }
        }
        out
    }

    /// One object.
    #[must_use]
    pub fn json(&self) -> String {
        visible(&(serde_json::to_string_pretty(self).unwrap_or_default() + "\n"), false).into_owned()
    }
}

impl ResultSince {
    /// `2026-11-26 1a2b3c4`.
    pub(crate) fn place(&self) -> String {
        if self.day.is_empty() { self.report.clone() } else { format!("{} {}", self.day, self.report) }
    }
}

#[cfg(test)]
mod tests {
    use wasmlab_model::codes::Code;
    use wasmlab_model::report::RunReport;
    use wasmlab_model::verdict::Verdict;

    use super::{DatedReport, History, history};
    use crate::RenderOptions;
    use crate::sample;

    fn of(changes: &[&dyn Fn(&mut RunReport)]) -> History {
        let entry = |(at, change): (usize, &&dyn Fn(&mut RunReport))| {
            let mut report = sample::report();
            change(&mut report);
            DatedReport { name: format!("{at}.json"), day: format!("2026-11-0{}", at + 1), report }
        };
        history(&changes.iter().enumerate().map(entry).collect::<Vec<_>>(), &|_, _| true, |id| id == "wasmi")
    }

    fn trap(report: &mut RunReport) {
        (report.cells[0].verdict, report.cells[0].code) = (Verdict::Gap, Some(Code::Trap));
        let id = report.cells[0].runtime.clone();
        report.runtimes.iter_mut().find(|r| r.id == id).unwrap().tool.version = Some("9.9".to_owned());
    }

    #[test]
    fn another_of_several_missing_imports_is_the_same_result() {
        let lacks = |cell: usize, import: &'static str| {
            move |report: &mut RunReport| {
                let cell = &mut report.cells[cell];
                (cell.verdict, cell.code) = (Verdict::Gap, Some(Code::MissingImport));
                (cell.stage, cell.subject) = (serde_json::from_value("link".into()).unwrap(), Some(import.to_owned()));
            }
        };
        let changed = |cell| of(&[&lacks(cell, "a.b"), &lacks(cell, "a.c"), &lacks(cell, "a.b")]).changed.len();
        // In `of`, only wasmi, the first cell's runtime, names an arbitrary import.
        assert_eq!((changed(0), changed(1)), (0, 1));
    }

    #[test]
    fn each_change_has_its_report_and_version() {
        let same = |_: &mut RunReport| ();
        assert_eq!(of(&[&same, &same]).changed, []);
        let absent = |report: &mut RunReport| report.cells[0].verdict = Verdict::Absent;
        let found = of(&[&same, &absent, &trap, &trap, &same]);
        let [cell] = &found.changed[..] else { panic!("{:?}", found.changed) };
        let results: Vec<(&str, &str)> = cell.results.iter().map(|r| (r.report.as_str(), r.version.as_str())).collect();
        let version = sample::report().runtimes[0].tool.version.clone().unwrap();
        assert_eq!(results, [("0.json", version.as_str()), ("2.json", "9.9"), ("4.json", version.as_str())]);
        assert!(cell.results[1].result.starts_with("gap trap"), "{:?}", cell.results);
        let text = found.full_text(RenderOptions::PLAIN);
        assert!(text.starts_with("5 reports, 2026-11-01 to 2026-11-05: 1 of "), "{text}");
        assert!(text.contains("2026-11-03 2.json  gap trap"), "{text}");
        assert!(found.full_markdown().lines().count() == 9, "{}", found.full_markdown());
    }

    /// Five scenarios on two columns of one engine, and one on another.
    fn many(report: &mut RunReport) {
        let (cell, runtime) = (report.cells[0].clone(), report.runtimes[0].clone());
        (report.cells, report.runtimes, report.guests) = (Vec::new(), Vec::new(), Vec::new());
        for (id, engine) in [("wasmtime-a", "wasmtime"), ("wasmtime-b", "wasmtime"), ("node", "node")] {
            let mut runtime = runtime.clone();
            (runtime.id, runtime.engine) = (id.to_owned(), engine.to_owned());
            runtime.tool.version = Some("47.0.1".to_owned());
            report.runtimes.push(runtime);
            for scenario in ["a", "b", "c", "d", "e"] {
                let mut cell = cell.clone();
                (cell.scenario, cell.runtime) = (scenario.to_owned(), id.to_owned());
                (cell.verdict, cell.code, cell.subject) = (Verdict::Pass, None, None);
                report.cells.push(cell);
            }
        }
    }

    fn with_gaps(report: &mut RunReport, code: Code, is_gap: impl Fn(&str, &str) -> bool) {
        for cell in report.cells.iter_mut().filter(|cell| is_gap(&cell.scenario, &cell.runtime)) {
            (cell.verdict, cell.code) = (Verdict::Gap, Some(code));
        }
    }

    #[test]
    fn cells_that_change_alike_are_one_line() {
        let gaps = |report: &mut RunReport| {
            many(report);
            with_gaps(report, Code::UnsupportedProposal, |_, runtime| runtime.starts_with("wasmtime"));
            with_gaps(report, Code::Trap, |scenario, _| scenario == "e");
        };
        let updated = |report: &mut RunReport| {
            many(report);
            let wasmtime = report.runtimes.iter_mut().filter(|r| r.engine == "wasmtime");
            wasmtime.for_each(|r| r.tool.version = Some("48.0.8".to_owned()));
            with_gaps(report, Code::Trap, |scenario, runtime| scenario == "e" && runtime != "node");
            with_gaps(report, Code::Timeout, |scenario, runtime| scenario == "a" && runtime == "node");
        };
        // With the new version, the results are the same at first, so it is not what changes them.
        let only_updated = |report: &mut RunReport| {
            gaps(report);
            report.runtimes.iter_mut().for_each(|r| r.tool.version = Some("48.0.8".to_owned()));
        };
        let found = of(&[&gaps, &updated]);
        assert_eq!(
            found.text(RenderOptions { width: 100, ..RenderOptions::PLAIN }),
            "2 reports, 2026-11-01 to 2026-11-02: 10 of 15 cells changed\n\n2026-11-02 1.json\n\
             \x20 node: 1 cell no longer passes (timeout): a\n\
             \x20 node: 1 cell now passes (trap): e\n\
             \x20 wasmtime 47.0.1 → 48.0.8 (2 columns): 8 cells now pass (unsupported-proposal): a, b, c, d\n"
        );
        assert!(
            found.markdown().contains("\n- 2026-11-02 1.json: node: 1 cell no longer passes"),
            "{}",
            found.markdown()
        );
        assert!(found.json().matches("\"scenario\"").count() == 10, "{}", found.json());
        let same_version = of(&[&gaps, &only_updated, &updated]).text(RenderOptions::PLAIN);
        assert!(same_version.contains("  wasmtime-a, wasmtime-b: 8 cells now pass"), "{same_version}");
    }

    #[test]
    fn long_lists_of_a_group_are_cut() {
        let trapping = |report: &mut RunReport| {
            many(report);
            with_gaps(report, Code::Trap, |_, _| true);
        };
        let text = of(&[&many, &trapping]).text(RenderOptions::PLAIN);
        assert!(text.contains("15 cells no longer pass (trap): a, b, c and 2\n      more"), "{text}");
    }

    #[test]
    fn another_guest_is_said() {
        let other = |report: &mut RunReport| {
            trap(report);
            report.guests[0].sha256 = "1".repeat(64);
        };
        assert!(of(&[&|_| (), &other]).changed[0].results[1].guest_changed);
    }
}

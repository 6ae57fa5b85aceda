//! The page's chart of a history: a row per cell that changed, reports from left to right.

use std::fmt::Write;

use wasmlab_model::report::RunReport;

use super::charts::{ChartTick, percent};
use crate::history::{CellHistory, History, ResultSince};

/// Rows that the chart draws; the rest is in `history --output json`.
const MAX_ROWS: usize = 400;
/// Labels on the scale.
const MAX_TICKS: usize = 6;

/// The chart.
pub struct HistoryChart<'a> {
    /// `3 reports, 2026-11-01 to 2026-11-26: 2 of 120 cells changed`.
    pub head: String,
    /// Days of some of the reports, or their names.
    pub ticks: Vec<ChartTick>,
    /// The cells.
    pub rows: Vec<HistoryRow<'a>>,
    /// Number of cells that are not drawn.
    pub more: usize,
}

/// A cell.
pub struct HistoryRow<'a> {
    /// The cell, with its results.
    pub cell: &'a CellHistory,
    /// Whether the page has a row of this guest to link to.
    pub is_linked: bool,
    /// The whole row in words.
    pub label: String,
    /// Its results, from left to right.
    pub spans: Vec<VerdictSpan>,
}

/// A result and how long it lasted.
pub struct VerdictSpan {
    /// The class that colours it.
    pub class: &'static str,
    /// Its symbol in the matrix.
    pub symbol: char,
    /// Its start, percent.
    pub from: String,
    /// Its length, percent.
    pub width: String,
    /// Its middle, percent.
    pub middle: String,
    /// In words.
    pub text: String,
}

/// The chart of `history`, on the page of `report`.
pub fn chart<'a>(history: &'a History, report: &RunReport) -> HistoryChart<'a> {
    let rows = history.changed.iter().take(MAX_ROWS).map(|cell| row(history, cell, report));
    HistoryChart {
        head: history.head(),
        ticks: ticks(history),
        rows: rows.collect(),
        more: history.changed.len().saturating_sub(MAX_ROWS),
    }
}

fn row<'a>(history: &History, cell: &'a CellHistory, report: &RunReport) -> HistoryRow<'a> {
    let count = history.reports.len().max(1) as f64;
    let at = |one: &ResultSince| history.reports.iter().position(|report| report.name == one.report).unwrap_or(0);
    let mut label = format!("{} on {}: ", cell.scenario, cell.runtime);
    let mut spans = Vec::new();
    for (index, one) in cell.results.iter().enumerate() {
        let (start, end) = (at(one), cell.results.get(index + 1).map_or(history.reports.len(), at));
        let (from, length) = (start as f64 / count * 100.0, end.saturating_sub(start) as f64 / count * 100.0);
        let (class, symbol) = one.class_and_symbol;
        let guest = if one.guest_changed { ", with a changed guest" } else { "" };
        let text = format!("{}: {}, {} {}{guest}", one.place(), one.result, cell.runtime, one.version);
        let _ = write!(label, "{}{text}", if index == 0 { "" } else { "; " });
        spans.push(VerdictSpan {
            class,
            symbol,
            from: percent(from),
            width: percent(length),
            middle: percent(from + length / 2.0),
            text,
        });
    }
    let is_linked = report.scenarios.iter().any(|scenario| scenario.name == cell.scenario);
    HistoryRow { cell, is_linked, label, spans }
}

/// The days or names of some reports, at the start of each.
fn ticks(history: &History) -> Vec<ChartTick> {
    let count = history.reports.len().max(1);
    let step = count.div_ceil(MAX_TICKS);
    // Reports of the same day are labelled with their names.
    let is_one_day = history.reports.iter().all(|report| Some(&report.day) == history.reports.first().map(|r| &r.day));
    let label = |index: usize| {
        let report = history.reports.get(index)?;
        let label = if report.day.is_empty() || is_one_day { &report.name } else { &report.day };
        Some(ChartTick { at: percent(index as f64 / count as f64 * 100.0), label: label.clone() })
    };
    (0..count).step_by(step).filter_map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::chart;
    use crate::RenderOptions;
    use crate::history::{CellHistory, History, NamedReport, ResultSince};
    use crate::sample;

    fn history(results: &[(usize, &str)]) -> History {
        let named = |at: usize| NamedReport { name: format!("{at}.json"), day: format!("2026-11-0{}", at + 1) };
        let dated = |(at, result): &(usize, &str)| ResultSince {
            report: format!("{at}.json"),
            day: format!("2026-11-0{}", at + 1),
            version: format!("{at}.0"),
            result: (*result).to_owned(),
            class_and_symbol: if *result == "pass" { ("p", '✓') } else { ("g", 'x') },
            guest_changed: false,
        };
        let scenario = sample::report().scenarios[0].name.clone();
        let results = results.iter().map(dated).collect();
        let changed = vec![CellHistory { scenario, runtime: "wasmi".to_owned(), results }];
        History { reports: (0..4).map(named).collect(), cells: 9, changed, groups: Vec::new() }
    }

    #[test]
    fn spans_cover_the_time_from_a_change_to_the_next() {
        let history = history(&[(1, "pass"), (3, "gap trap (stage run, blame guest)")]);
        let report = sample::report();
        let chart = chart(&history, &report);
        let spans: Vec<_> = chart.rows[0].spans.iter().map(|s| (s.class, s.from.as_str(), s.width.as_str())).collect();
        assert_eq!(spans, [("p", "25.00%", "50.00%"), ("g", "75.00%", "25.00%")]);
        assert!(chart.rows[0].label.contains("wasmi: 2026-11-02 1.json: pass, wasmi 1.0; 2026-11-04 3.json: gap trap"));
        assert_eq!((chart.ticks.len(), chart.ticks[1].at.as_str(), chart.more), (4, "25.00%", 0));
    }

    /// The section is in the page, in words and as a table, and hostile names stay text.
    #[test]
    fn the_page_shows_the_history_to_eyes_and_ears() {
        let mut history = history(&[(0, "pass"), (2, "gap trap (stage run, blame guest)")]);
        history.changed[0].results[1].version = "<script>alert(1)</script>".to_owned();
        let page = crate::html::with_history(&sample::report(), RenderOptions::PLAIN, &history);
        for expected in [
            "<a href=\"#history\">History</a>",
            "id=\"history\"",
            "role=\"img\" aria-label=\"",
            "<title>2026-11-03 2.json: gap trap",
            "<summary>The same as a table</summary>",
            "4 reports, 2026-11-01 to 2026-11-04: 1 of 9 cells changed",
        ] {
            assert!(page.contains(expected), "{expected}");
        }
        assert!(!page.contains("<script>alert"));
        let without = crate::find("html").unwrap().text(&sample::report(), RenderOptions::PLAIN);
        assert!(!without.contains("#history"));
    }
}

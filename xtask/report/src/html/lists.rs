//! The lists below the matrix: guests, runtimes and reasons.

use std::collections::BTreeMap;

use wasmlab_model::codes::Code;
use wasmlab_model::report::{Cell, CodeText, RunReport, RuntimeInfo, ScenarioInfo};
use wasmlab_model::text::bytes;
use wasmlab_model::verdict::Verdict;

use super::charts::milliseconds;
use super::families::abis;
use crate::symbols;
use crate::text::{GuestNames, median};

/// A guest.
pub struct ListedGuest<'a> {
    /// The row.
    pub scenario: &'a ScenarioInfo,
    /// Its displayed name.
    pub name: &'a str,
    /// The toolchain that built it, or why it was not built.
    pub made_by: &'a str,
    /// `built` or `prebuilt`; empty if there is none.
    pub origin: &'static str,
    /// Its size.
    pub size: String,
    /// Number of imports.
    pub imports: String,
    /// Its ABIs.
    pub abis: String,
    /// The proposals it needs.
    pub proposals: String,
    /// Number of columns on which it passes, and on which it was measured.
    pub passes: usize,
    /// See [`ListedGuest::passes`].
    pub measured: usize,
}

/// The guests, in the report's order.
pub fn guests(report: &RunReport) -> Vec<ListedGuest<'_>> {
    let names = GuestNames::of(report);
    report.scenarios.iter().map(|scenario| guest(report, scenario, names.guest_name(&scenario.name))).collect()
}

fn guest<'a>(report: &'a RunReport, scenario: &'a ScenarioInfo, name: &'a str) -> ListedGuest<'a> {
    let is_own = |cell: &&Cell| cell.scenario == scenario.name;
    let guest = report.guest(&scenario.name);
    let facts = guest.and_then(|a| a.facts.as_ref());
    let proposals = facts.iter().flat_map(|facts| &facts.proposals).map(String::as_str);
    ListedGuest {
        scenario,
        name,
        made_by: guest.map_or("not built", |a| &a.toolchain),
        origin: guest.map(|a| a.origin.id()).unwrap_or_default(),
        size: guest.map(|a| bytes(a.bytes)).unwrap_or_default(),
        imports: facts.map(|facts| facts.imports.len().to_string()).unwrap_or_default(),
        abis: abis(facts),
        proposals: proposals.collect::<Vec<_>>().join(", "),
        passes: report.cells.iter().filter(is_own).filter(|c| c.verdict == Verdict::Pass).count(),
        measured: report.cells.iter().filter(is_own).filter(|c| c.verdict.is_measured()).count(),
    }
}

/// A column.
pub struct ListedRuntime<'a> {
    /// The column.
    pub info: &'a RuntimeInfo,
    /// Its version; empty if it is absent.
    pub version: &'a str,
    /// Number of guests that pass.
    pub passes: usize,
    /// Number of guests measured.
    pub measured: usize,
    /// The codes of its gaps with their counts, the most frequent first.
    pub lacks: Vec<(&'static str, usize)>,
    /// Median wall-clock time of a process; empty if there is none.
    pub time: String,
    /// Largest resident size.
    pub memory: String,
}

/// Maximum number of codes per row.
const MAX_LACKS: usize = 4;

/// The columns, in the report's order.
pub fn runtimes(report: &RunReport) -> Vec<ListedRuntime<'_>> {
    report.runtimes.iter().map(|info| runtime(report, info)).collect()
}

fn runtime<'a>(report: &'a RunReport, info: &'a RuntimeInfo) -> ListedRuntime<'a> {
    let cells: Vec<&Cell> = report.cells.iter().filter(|c| c.runtime == info.id && c.verdict.is_measured()).collect();
    let mut codes: BTreeMap<Code, usize> = BTreeMap::new();
    cells.iter().filter_map(|c| c.code).for_each(|code| *codes.entry(code).or_default() += 1);
    let mut lacks: Vec<(&'static str, usize)> = codes.into_iter().map(|(code, count)| (code.id(), count)).collect();
    lacks.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    lacks.truncate(MAX_LACKS);
    let largest = cells.iter().map(|c| c.peak_rss_bytes).max().unwrap_or(0);
    ListedRuntime {
        info,
        version: info.tool.version.as_deref().unwrap_or_default(),
        passes: cells.iter().filter(|c| c.verdict == Verdict::Pass).count(),
        measured: cells.len(),
        lacks,
        time: median(cells.iter().map(|c| c.duration_ms).filter(|ms| *ms > 0.0)).map(milliseconds).unwrap_or_default(),
        memory: if largest > 0 { bytes(largest) } else { String::new() },
    }
}

/// A reason.
pub struct ListedReason<'a> {
    /// Its texts.
    pub text: &'a CodeText,
    /// Its letter.
    pub symbol: char,
    /// `gap`.
    pub verdict: &'static str,
    /// The class that colours it.
    pub class: &'static str,
    /// `runtime, abi`.
    pub blame: String,
    /// Number of cells.
    pub count: usize,
    /// Its meaning, split into code and text.
    pub meaning: Vec<(bool, &'a str)>,
    /// Its remedy, split into code and text.
    pub remedy: Vec<(bool, &'a str)>,
}

/// Splits the lab's own texts at backticks into code and text; an unclosed backtick is text.
pub fn split_code_spans(text: &str) -> Vec<(bool, &str)> {
    if !text.matches('`').count().is_multiple_of(2) {
        return vec![(false, text)];
    }
    text.split('`').enumerate().map(|(at, piece)| (at % 2 == 1, piece)).collect()
}

/// The reasons, the most frequent first.
pub fn reasons(report: &RunReport) -> Vec<ListedReason<'_>> {
    let mut reasons: Vec<ListedReason> = report.codes.iter().map(|text| reason(report, text)).collect();
    // With `check --load`, the cells of a library pass, so its code may have no cells left.
    reasons.retain(|reason| reason.count > 0);
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.count));
    reasons
}

fn reason<'a>(report: &RunReport, text: &'a CodeText) -> ListedReason<'a> {
    let CodeText { code, verdict, blame, .. } = text;
    ListedReason {
        text,
        symbol: symbols::of_verdict(report, *verdict, Some(*code)),
        verdict: verdict.id(),
        class: symbols::class(*verdict),
        blame: blame.iter().map(|b| b.id()).collect::<Vec<_>>().join(", "),
        count: report.cells.iter().filter(|c| c.code == Some(*code)).count(),
        meaning: split_code_spans(&text.meaning),
        remedy: split_code_spans(&text.remedy),
    }
}

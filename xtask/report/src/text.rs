//! What all renderers say in the same words.

use std::collections::BTreeMap;

use super::GroupBy;
use super::columns::{self, NameStyle};
use wasmlab_model::codes::Code;
use wasmlab_model::report::{Cell, Origin, RunReport, RuntimeInfo, ScenarioInfo, Selection};
use wasmlab_model::verdict::{Change, Verdict};

/// Cells with one code, of one scenario, for one subject and in one detail: one line of an explanation.
#[derive(Clone, Debug)]
pub struct Group<'a> {
    /// The scenario.
    pub scenario: &'a str,
    /// The first of the cells.
    pub cell: &'a Cell,
    /// Their runtimes, in the order of the columns.
    pub runtimes: Vec<&'a str>,
    /// The others say it in other words.
    several_words: bool,
    /// The others were run in another of their host's ways.
    several_ways: bool,
}

impl Group<'_> {
    /// The detail; where the cells differ in words, the first one's, by name.
    pub fn detail(&self) -> String {
        if self.several_words {
            format!("{}: {}", self.cell.runtime, self.cell.detail)
        } else {
            self.cell.detail.clone()
        }
    }

    /// Whether nothing but the scenario is another.
    fn has_same_text(&self, other: &Self) -> bool {
        let (a, b) = (self.cell, other.cell);
        // With the same runtimes the first of them, which a detail may name, is the same too.
        self.runtimes == other.runtimes
            && (self.several_words, &a.detail) == (other.several_words, &b.detail)
            && (a.stage, &a.blame, &a.known) == (b.stage, &b.blame, &b.known)
            && self.execution_path() == other.execution_path()
    }

    /// `, by glue:emscripten`, where all of the cells were run in one way of several.
    pub fn execution_path(&self) -> String {
        let way = self.cell.execution_path.as_ref().filter(|_| !self.several_ways);
        way.map(|way| format!(", by {way}")).unwrap_or_default()
    }
}

/// The names of files that were given on the command line, by scenario; a scenario of the lab has none.
#[must_use]
pub fn file_names(report: &RunReport) -> BTreeMap<&str, &str> {
    let given = report.artifacts.iter().filter(|a| a.origin == Origin::Given).map(|a| a.scenario.as_str());
    let info = |name| report.scenarios.iter().find(|s| s.name == name);
    given.filter_map(|name| Some((name, info(name)?.title.as_str()))).collect()
}

/// A row of the matrix.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// Its family or route.
    pub group: &'a str,
    /// Its name.
    pub scenario: &'a str,
    /// Its cells, in the order of the columns.
    pub cells: Vec<&'a Cell>,
}

/// The rows: groups by name; within a family from its lowest rank up.
#[must_use]
pub fn rows(report: &RunReport, by: GroupBy) -> Vec<Row<'_>> {
    let info: BTreeMap<&str, &ScenarioInfo> = report.scenarios.iter().map(|s| (s.name.as_str(), s)).collect();
    let mut rows: BTreeMap<(&str, &str, u8, &str), Vec<&Cell>> = BTreeMap::new();
    for cell in &report.cells {
        let info = info.get(cell.scenario.as_str());
        // A report that names no scenario of the cell's name was not made by the lab; its cells come last.
        let (family, route, rank) = info.map_or(("~", "~", 0), |i| (i.family.as_str(), i.route.as_str(), i.rank));
        let key = match by {
            GroupBy::Family => (family, "", rank, cell.scenario.as_str()),
            GroupBy::Route => (route, family, rank, cell.scenario.as_str()),
        };
        rows.entry(key).or_default().push(cell);
    }
    rows.into_iter().map(|((group, _, _, scenario), cells)| Row { group, scenario, cells }).collect()
}

/// Every code that a cell has, with its groups, in the order of the catalogue.
pub fn by_code(report: &RunReport) -> BTreeMap<Code, Vec<Group<'_>>> {
    let mut codes: BTreeMap<Code, Vec<Group>> = BTreeMap::new();
    for cell in &report.cells {
        let Some(code) = cell.code else { continue };
        let groups = codes.entry(code).or_default();
        // A cell whose runtime says the same in other words is one with it; another blame or remedy is another answer.
        let same = |g: &&mut Group| {
            let of = |c: &Cell| (c.subject.clone(), c.known.clone(), c.blame.clone(), c.remedy.clone());
            g.scenario == cell.scenario && of(g.cell) == of(cell)
        };
        match groups.iter_mut().find(same) {
            Some(group) => {
                group.runtimes.push(&cell.runtime);
                group.several_words |= group.cell.detail != cell.detail;
                group.several_ways |= group.cell.execution_path != cell.execution_path;
            }
            None => groups.push(Group {
                several_words: false,
                several_ways: false,
                scenario: &cell.scenario,
                cell,
                runtimes: vec![&cell.runtime],
            }),
        }
    }
    codes
}

/// The groups with the names of their scenarios; those that say the same of the same runtimes are one line.
pub fn lines<'g, 'a>(groups: &'g [Group<'a>]) -> Vec<(String, &'g Group<'a>)> {
    let mut lines: Vec<(String, &Group)> = Vec::new();
    for group in groups {
        match lines.iter_mut().find(|(_, g)| g.has_same_text(group)) {
            Some((names, _)) => *names += &format!(", {}", group.scenario),
            None => lines.push((group.scenario.to_owned(), group)),
        }
    }
    lines
}

/// A paragraph that fits `width`: `first` stands before its first line, `rest` before the others. Names with
/// hyphens are to be copied: they stay whole.
#[must_use]
pub fn wrapped(width: usize, first: &str, rest: &str, text: &str) -> String {
    let options = textwrap::Options::new(width.max(40)).initial_indent(first).subsequent_indent(rest);
    textwrap::fill(text, options.word_splitter(textwrap::WordSplitter::NoHyphenation))
}

/// The columns that have something to show: one that is absent throughout says in a word what it says in every
/// row, and takes the room of those that are here. Where none is here, all are shown.
#[must_use]
pub fn shown_columns(report: &RunReport) -> Vec<&RuntimeInfo> {
    let here: Vec<&RuntimeInfo> = report.runtimes.iter().filter(|r| r.tool.present).collect();
    if here.is_empty() { report.runtimes.iter().collect() } else { here }
}

/// What of the lab this is a report on, as it was typed: `--scenario '*http*' --runtime 'wasm*'`; nothing where
/// it is all of it.
#[must_use]
pub fn selected(report: &RunReport) -> Option<String> {
    let option = |name: &'static str| move |glob: &String| format!("--{name} '{}'", glob.replace('\'', "'\\''"));
    let Selection { scenarios, runtimes } = &report.selected;
    let options: Vec<String> =
        scenarios.iter().map(option("scenario")).chain(runtimes.iter().map(option("runtime"))).collect();
    (!options.is_empty()).then(|| options.join(" "))
}

/// `38 cells: 24 pass, 13 gap (9 known), 1 fail; 30 from the cache; 1.2 s`.
pub fn tally(report: &RunReport) -> String {
    let count = |verdict| report.cells.iter().filter(|c| c.verdict == verdict).count();
    let known = |verdict| report.cells.iter().filter(|c| c.verdict == verdict && c.known.is_some()).count();
    let kinds = [
        Verdict::Pass,
        Verdict::Gap,
        Verdict::Fail,
        Verdict::NotBuilt,
        Verdict::Absent,
        Verdict::NotApplicable,
        Verdict::NotAttempted,
        Verdict::Error,
    ];
    let mut parts = Vec::new();
    for kind in kinds {
        match count(kind) {
            0 => {}
            n if kind == Verdict::Pass && report.cells.iter().any(|c| !c.switches.is_empty()) => {
                let switched = report.cells.iter().filter(|c| !c.switches.is_empty()).count();
                parts.push(format!("{n} {} ({switched} with a switch)", kind.id()));
            }
            n if known(kind) > 0 => parts.push(format!("{n} {} ({} known)", kind.id(), known(kind))),
            n => parts.push(format!("{n} {}", kind.id())),
        }
    }
    let cells = report.cells.len();
    let noun = if cells == 1 { "cell" } else { "cells" };
    let cached = report.cells.iter().filter(|c| c.cached).count();
    let cached = match cached {
        0 => String::new(),
        n if n == cells => "; all from the cache".to_owned(),
        n => format!("; {n} from the cache"),
    };
    // Not of one run: a report that is published.
    let took = if report.duration_ms == 0 { String::new() } else { format!("; {}", seconds(report.duration_ms)) };
    format!("{cells} {noun}: {}{cached}{took}", parts.join(", "))
}

/// `0.4 s`, `3 min 20 s`.
pub fn seconds(ms: u64) -> String {
    match ms {
        0..60_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1000),
    }
}

/// `12 345` as people read bytes: `12.1 KiB`.
pub fn bytes(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// A cell's result with all that a snapshot compares: `gap missing-import (env.f) (stage link, blame runtime)`.
pub fn result(cell: &Cell) -> String {
    let code = cell.code.map(|c| format!(" {c}")).unwrap_or_default();
    let subject = cell.subject.as_ref().map(|s| format!(" ({s})")).unwrap_or_default();
    let stage = cell.stage.map(|s| format!("stage {s:?}").to_lowercase());
    let blame: Vec<&str> = cell.blame.iter().map(|b| b.id()).collect();
    let blame = (!blame.is_empty()).then(|| format!("blame {}", blame.join(", ")));
    let more: Vec<String> = [stage, blame].into_iter().flatten().collect();
    if !cell.switches.is_empty() {
        return format!("{} with {}", cell.verdict.id(), cell.switches.join(" + "));
    }
    let more = if cell.code.is_none() { String::new() } else { format!(" ({})", more.join(", ")) };
    format!("{}{code}{subject}{more}", cell.verdict.id())
}

/// The cells that changed, as lines: `worse      wat-add on wasmi: trap, was pass`.
pub fn changes(report: &RunReport) -> Vec<(Change, String)> {
    let mut lines: Vec<(Change, String)> = Vec::new();
    let new: Vec<&Cell> = report.cells.iter().filter(|c| c.change == Change::New).collect();
    for cell in report.cells.iter().filter(|c| !matches!(c.change, Change::Same | Change::New)) {
        let was = cell.accepted.as_deref().unwrap_or("nothing");
        let with = if cell.changed_with_version { ", changed with the runtime's version" } else { "" };
        lines.push((cell.change, format!("{} on {}: {}, was {was}{with}", cell.scenario, cell.runtime, result(cell))));
    }
    if new.len() > 6 {
        lines.push((Change::New, format!("{} cells have no snapshot yet", new.len())));
    } else {
        lines.extend(new.iter().map(|c| (Change::New, format!("{} on {}: {}", c.scenario, c.runtime, c.verdict.id()))));
    }
    lines
}

/// The passes that need a switch, as lines: `a, b on wasmi: with Config::x(true); by default unsupported-proposal: …`.
#[must_use]
pub fn switched(report: &RunReport) -> Vec<String> {
    let mut lines: Vec<(Vec<&str>, &Cell)> = Vec::new();
    for cell in report.cells.iter().filter(|c| !c.switches.is_empty()) {
        let told = |c: &Cell| (c.runtime.clone(), c.switches.clone(), c.default_result.clone());
        match lines.iter_mut().find(|(_, first)| told(first) == told(cell)) {
            Some((names, _)) => names.push(&cell.scenario),
            None => lines.push((vec![&cell.scenario], cell)),
        }
    }
    let text = |(names, cell): (Vec<&str>, &Cell)| {
        let by_default = cell.default_result.as_ref().map(|words| format!("; by default {words}")).unwrap_or_default();
        format!("{} on {}: with {}{by_default}", names.join(", "), cell.runtime, cell.switches.join(", "))
    };
    lines.into_iter().map(text).collect()
}

/// What the lab has no way to ask yet, its to-do: each reason with the cells that wait for it, as
/// `rust-component-wit on deno+jco, bun+jco`.
pub fn not_attempted(report: &RunReport) -> Vec<(String, &str)> {
    let waiting: Vec<&Cell> = report.cells.iter().filter(|c| c.verdict == Verdict::NotAttempted).collect();
    let mut reasons: Vec<&str> = Vec::new();
    for cell in &waiting {
        if !reasons.contains(&cell.detail.as_str()) {
            reasons.push(&cell.detail);
        }
    }
    let whose = |why: &str| {
        let mut of: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for cell in waiting.iter().filter(|c| c.detail == why) {
            of.entry(&cell.scenario).or_default().push(&cell.runtime);
        }
        let names = of
            .into_iter()
            .map(|(scenario, runtimes)| format!("{scenario} on {}", columns::names(report, &runtimes, NameStyle::Ids)));
        names.collect::<Vec<_>>().join("; ")
    };
    reasons.into_iter().map(|why| (whose(why), why)).collect()
}

/// What would change the cells of one code, each remedy once: first what holds for the code in general, then
/// what holds for some of the cells, with the words that say for which.
pub fn remedies<'a>(report: &'a RunReport, code: Code, groups: &[Group<'a>]) -> Vec<(Option<String>, &'a str)> {
    let general = report.text(code).map_or("", |text| text.remedy.as_str());
    let mut remedies: Vec<(&str, Vec<&Group>)> = Vec::new();
    for group in groups {
        let remedy = group.cell.remedy.as_deref().unwrap_or(general);
        match remedies.iter_mut().find(|(text, _)| *text == remedy) {
            Some((_, whose)) => whose.push(group),
            None => remedies.push((remedy, vec![group])),
        }
    }
    remedies.sort_by_key(|(text, _)| *text != general);
    let alone = remedies.len() == 1;
    let whose = |text, groups: &[&Group]| (!alone && text != general).then(|| named(report, groups));
    remedies.into_iter().map(|(text, groups)| (whose(text, &groups), text)).collect()
}

/// `wat-add on wasmi, node; wat-wasi-hello on wasmi`.
fn named(report: &RunReport, groups: &[&Group]) -> String {
    let mut whose: Vec<(&str, Vec<&str>)> = Vec::new();
    for group in groups {
        // There is nothing yet that a runtime could run.
        let on: &[&str] = if group.cell.verdict == Verdict::NotBuilt { &[] } else { &group.runtimes };
        match whose.iter_mut().find(|(scenario, _)| *scenario == group.scenario) {
            Some((_, runtimes)) => runtimes.extend(on),
            None => whose.push((group.scenario, on.to_vec())),
        }
    }
    let name = |(scenario, runtimes): &(&str, Vec<&str>)| match runtimes.as_slice() {
        [] => (*scenario).to_owned(),
        runtimes => format!("{scenario} on {}", columns::names(report, runtimes, NameStyle::Ids)),
    };
    let mut names: Vec<String> = whose.iter().take(MAX_NAMED).map(name).collect();
    if whose.len() > MAX_NAMED {
        names.push(format!("{} more", whose.len() - MAX_NAMED));
    }
    names.join("; ")
}

/// As many a remedy names; who wants to know the others finds them above it.
const MAX_NAMED: usize = 4;

/// The ways in which hosts that have several ran their cells: each with its scenarios, by column and way.
pub fn execution_paths(report: &RunReport) -> BTreeMap<(&str, &str), Vec<&str>> {
    let mut ways: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for cell in &report.cells {
        if let Some(way) = &cell.execution_path {
            ways.entry((cell.runtime.as_str(), way.as_str())).or_default().push(&cell.scenario);
        }
    }
    ways
}

/// `toolchain, abi`.
pub fn blame(report: &RunReport, code: Code, cell: &Cell) -> String {
    let general = report.text(code).map_or(&[][..], |text| text.blame.as_slice());
    let blame = if cell.blame.is_empty() { general } else { &cell.blame };
    blame.iter().map(|b| b.id()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn quantities_read_at_a_glance() {
        assert_eq!(
            [super::seconds(40), super::seconds(1_250), super::seconds(200_000)],
            ["0.0 s", "1.2 s", "3 min 20 s"]
        );
        assert_eq!([super::bytes(41), super::bytes(12_345), super::bytes(5_000_000)], ["41 B", "12.1 KiB", "4.8 MiB"]);
    }
}

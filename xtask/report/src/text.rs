//! Texts shared by all renderers.

mod groups;
mod width;

use std::collections::BTreeMap;

use super::GroupBy;
use super::columns::{self, NameStyle};
pub use groups::{ReasonGroup, by_code, lines};
use wasmlab_model::codes::Code;
use wasmlab_model::report::{Cell, Origin, RunReport, RuntimeInfo, ScenarioInfo, Selection};
use wasmlab_model::shell;
use wasmlab_model::text::{cut_with_size, form};
use wasmlab_model::verdict::{Change, Verdict};
pub use width::{display_width, short_name};

/// The names of files that were given on the command line, by scenario; a scenario of the lab has none.
#[must_use]
pub fn file_names(report: &RunReport) -> BTreeMap<&str, &str> {
    let given = report.guests.iter().filter(|a| a.origin == Origin::Given).map(|a| a.scenario.as_str());
    let info = |name| report.scenarios.iter().find(|s| s.name == name);
    given.filter_map(|name| Some((name, info(name)?.title.as_str()))).collect()
}

/// The displayed names of guests: the file's, or the scenario's.
#[derive(Clone, Debug)]
pub struct GuestNames<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> GuestNames<'a> {
    /// The names in a report.
    #[must_use]
    pub fn of(report: &'a RunReport) -> Self {
        Self(file_names(report))
    }

    /// The name of the guest of this scenario.
    #[must_use]
    pub fn guest_name<'s>(&self, scenario: &'s str) -> &'s str
    where
        'a: 's,
    {
        self.0.get(scenario).copied().unwrap_or(scenario)
    }
}

/// Whether every guest is a file that the user named: then family, route and toolchain say nothing.
#[must_use]
pub fn only_files(report: &RunReport) -> bool {
    !report.guests.is_empty() && report.guests.iter().all(|a| a.origin == Origin::Given)
}

/// A remedy. If the part of it that is `behind` the first obstacle was already shown, a reference to it; otherwise,
/// that part is added to `shown`.
#[must_use]
pub fn without_repetition(shown: &mut Vec<String>, remedy: &str, behind: Option<&str>) -> String {
    let Some(behind) = behind else { return remedy.to_owned() };
    if shown.iter().any(|known| known == behind) {
        return "Its second obstacle was named above, with what removes it.".to_owned();
    }
    shown.push(behind.to_owned());
    remedy.to_owned()
}

/// A row of the matrix.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// Its family or route.
    pub group: &'a str,
    /// Its scenario, as cells name it.
    pub scenario: &'a str,
    /// Its displayed name.
    pub name: &'a str,
    /// Its cells, in column order.
    pub cells: Vec<&'a Cell>,
}

/// The rows: groups sorted by name, within a family by rank.
#[must_use]
pub fn rows(report: &RunReport, by: GroupBy) -> Vec<Row<'_>> {
    let info: BTreeMap<&str, &ScenarioInfo> = report.scenarios.iter().map(|s| (s.name.as_str(), s)).collect();
    let mut rows: BTreeMap<(&str, &str, u8, &str), Vec<&Cell>> = BTreeMap::new();
    for cell in &report.cells {
        let info = info.get(cell.scenario.as_str());
        // Cells without a scenario entry are not from the lab; they come last.
        let (family, route, rank) = info.map_or(("~", "~", 0), |i| (i.family.as_str(), i.route.as_str(), i.rank));
        let key = match by {
            GroupBy::Family => (family, "", rank, cell.scenario.as_str()),
            GroupBy::Route => (route, family, rank, cell.scenario.as_str()),
        };
        rows.entry(key).or_default().push(cell);
    }
    let names = GuestNames::of(report);
    let row = |(group, scenario, cells)| Row { group, scenario, name: names.guest_name(scenario), cells };
    rows.into_iter().map(|((group, _, _, scenario), cells)| row((group, scenario, cells))).collect()
}

/// Largest part of a paragraph that is printed, characters: a module may import any name.
const MAX_PARAGRAPH: usize = 4_000;

/// A paragraph of at most `width` characters per line: `first` precedes its first line, `rest` the others. Names with
/// hyphens are not split, so that they can be copied.
#[must_use]
pub fn wrapped(width: usize, first: &str, rest: &str, text: &str) -> String {
    textwrap::fill(&cut_with_size(text, MAX_PARAGRAPH), options(width, first, rest))
}

/// The same for a text whose words are not broken even if they are longer than a line: paths, to be copied.
#[must_use]
pub fn wrapped_between_words(width: usize, first: &str, rest: &str, text: &str) -> String {
    textwrap::fill(text, options(width, first, rest).break_words(false))
}

fn options<'a>(width: usize, first: &'a str, rest: &'a str) -> textwrap::Options<'a> {
    let options = textwrap::Options::new(width.max(40)).initial_indent(first).subsequent_indent(rest);
    options.word_splitter(textwrap::WordSplitter::NoHyphenation)
}

/// The columns worth showing: all except absent ones, which say the same in every row. If every column is absent, all
/// are shown.
#[must_use]
pub fn shown_columns(report: &RunReport) -> Vec<&RuntimeInfo> {
    let present: Vec<&RuntimeInfo> = report.runtimes.iter().filter(|r| r.tool.present).collect();
    if present.is_empty() { report.runtimes.iter().collect() } else { present }
}

/// The selection as typed, `--scenario '*http*' --runtime 'wasm*'`; `None` if everything was selected.
#[must_use]
pub fn selected(report: &RunReport) -> Option<String> {
    let option = |name: &'static str| move |glob: &String| format!("--{name} {}", shell::quote(glob));
    let Selection { scenarios, runtimes, partition } = &report.selected;
    let partition = partition.map(|partition| format!("--partition {partition}"));
    let globs = scenarios.iter().map(option("scenario")).chain(runtimes.iter().map(option("runtime")));
    let options: Vec<String> = globs.chain(partition).collect();
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
            n if kind == Verdict::Pass && report.cells.iter().any(Cell::passes_with_switch) => {
                let switched = report.cells.iter().filter(|c| c.passes_with_switch()).count();
                parts.push(format!("{n} {} ({switched} with a switch)", kind.id()));
            }
            n if known(kind) > 0 => parts.push(format!("{n} {} ({} known)", kind.id(), known(kind))),
            n => parts.push(format!("{n} {}", kind.id())),
        }
    }
    let cells = report.cells.len();
    let noun = form(cells, "cell", "cells");
    let cached = report.cells.iter().filter(|c| c.cached).count();
    let cached = match cached {
        0 => String::new(),
        n if n == cells => "; all from the cache".to_owned(),
        n => format!("; {n} from the cache"),
    };
    // A published report is not from a single run and has no duration.
    let took = if report.duration_ms == 0 { String::new() } else { format!("; {}", seconds(report.duration_ms)) };
    let partial = match report.selected.partition {
        _ if report.interrupted => "; interrupted, so not complete".to_owned(),
        Some(partition) => format!("; partition {partition}, so not complete"),
        None => String::new(),
    };
    format!("{cells} {noun}: {}{cached}{took}{partial}", parts.join(", "))
}

/// `0.4 s`, `3 min 20 s`.
pub fn seconds(ms: u64) -> String {
    match ms {
        0..60_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1000),
    }
}

/// The median; `None` if there are no values.
pub fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// A cell's result, with everything that snapshots compare: `gap missing-import (env.f) (stage link, blame runtime)`.
pub fn result(cell: &Cell) -> String {
    let code = cell.code.map(|c| format!(" {c}")).unwrap_or_default();
    let subject = cell.subject.as_ref().map(|s| format!(" ({s})")).unwrap_or_default();
    let stage = cell.stage.map(|stage| format!("stage {}", stage.id()));
    let blame: Vec<&str> = cell.blame.iter().map(|b| b.id()).collect();
    let blame = (!blame.is_empty()).then(|| format!("blame {}", blame.join(", ")));
    let more: Vec<String> = [stage, blame].into_iter().flatten().collect();
    let more = if cell.code.is_none() { String::new() } else { format!(" ({})", more.join(", ")) };
    let with = if cell.switches.is_empty() { String::new() } else { format!(" with {}", cell.switches.join(" + ")) };
    format!("{}{code}{subject}{more}{with}", cell.verdict.id())
}

/// The cells that changed, one line each: `worse      wat-add on wasmi: trap, was pass`.
pub fn changes(report: &RunReport) -> Vec<(Change, String)> {
    let mut lines: Vec<(Change, String)> = Vec::new();
    let names = GuestNames::of(report);
    let new: Vec<&Cell> = report.cells.iter().filter(|c| c.change == Change::New).collect();
    for cell in report.cells.iter().filter(|c| c.change.is_change()) {
        let was = cell.accepted_result.as_deref().unwrap_or("nothing");
        let with = if cell.changed_with_version { ", changed with the runtime's version" } else { "" };
        let guest = names.guest_name(&cell.scenario);
        lines.push((cell.change, format!("{guest} on {}: {}, was {was}{with}", cell.runtime, result(cell))));
    }
    if new.len() > 6 {
        lines.push((Change::New, format!("{} cells have no snapshot yet", new.len())));
    } else {
        let line = |c: &&Cell| format!("{} on {}: {}", names.guest_name(&c.scenario), c.runtime, c.verdict.id());
        lines.extend(new.iter().map(|c| (Change::New, line(c))));
    }
    lines
}

/// The passes that need a switch, one line each: `a, b on wasmi: with Config::x(true); by default unsupported-proposal:
/// …`.
#[must_use]
pub fn switched(report: &RunReport) -> Vec<String> {
    let guests = GuestNames::of(report);
    let mut lines: Vec<(Vec<&str>, &Cell)> = Vec::new();
    for cell in report.cells.iter().filter(|c| c.passes_with_switch()) {
        let guest = guests.guest_name(&cell.scenario);
        let key = |c: &Cell| (c.runtime.clone(), c.switches.clone(), c.default_result.clone());
        match lines.iter_mut().find(|(_, first)| key(first) == key(cell)) {
            Some((names, _)) => names.push(guest),
            None => lines.push((vec![guest], cell)),
        }
    }
    let text = |(names, cell): (Vec<&str>, &Cell)| {
        let by_default =
            cell.default_result.as_ref().map(|result| format!("; by default {result}")).unwrap_or_default();
        format!("{} on {}: with {}{by_default}", names.join(", "), cell.runtime, cell.switches.join(", "))
    };
    lines.into_iter().map(text).collect()
}

/// The combinations that the lab cannot test yet: each reason, with its cells as `rust-component-wit on deno+jco, bun+jco`.
pub fn not_attempted(report: &RunReport) -> Vec<(String, &str)> {
    let waiting: Vec<&Cell> = report.cells.iter().filter(|c| c.verdict == Verdict::NotAttempted).collect();
    let mut reasons: Vec<&str> = Vec::new();
    for cell in &waiting {
        if !reasons.contains(&cell.detail.as_str()) {
            reasons.push(&cell.detail);
        }
    }
    let guests = GuestNames::of(report);
    let cells_of = |why: &str| {
        let mut of: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for cell in waiting.iter().filter(|c| c.detail == why) {
            of.entry(guests.guest_name(&cell.scenario)).or_default().push(&cell.runtime);
        }
        let names = of
            .into_iter()
            .map(|(guest, runtimes)| format!("{guest} on {}", columns::names(report, &runtimes, NameStyle::Ids)));
        names.collect::<Vec<_>>().join("; ")
    };
    reasons.into_iter().map(|why| (cells_of(why), why)).collect()
}

/// The remedies for the cells of one code, each once: first the general one of the code, then those for some of the
/// cells, with the names of those cells.
pub fn remedies<'a>(report: &'a RunReport, code: Code, groups: &[ReasonGroup<'a>]) -> Vec<(Option<String>, &'a str)> {
    let general = report.text(code).map_or("", |text| text.remedy.as_str());
    let mut remedies: Vec<(&str, Vec<&ReasonGroup>)> = Vec::new();
    for group in groups {
        let remedy = group.cell.remedy.as_deref().unwrap_or(general);
        match remedies.iter_mut().find(|(text, _)| *text == remedy) {
            Some((_, members)) => members.push(group),
            None => remedies.push((remedy, vec![group])),
        }
    }
    remedies.sort_by_key(|(text, _)| *text != general);
    let alone = remedies.len() == 1;
    let scope = |text, groups: &[&ReasonGroup]| (!alone && text != general).then(|| named(report, groups));
    remedies.into_iter().map(|(text, groups)| (scope(text, &groups), text)).collect()
}

/// `wat-add on wasmi, node; wat-wasi-hello on wasmi`.
fn named(report: &RunReport, groups: &[&ReasonGroup]) -> String {
    let guests = GuestNames::of(report);
    let mut runtimes_of: Vec<(&str, Vec<&str>)> = Vec::new();
    for group in groups {
        let guest = guests.guest_name(group.scenario);
        // A guest that was not built was not run on any runtime.
        let on: &[&str] = if group.cell.verdict == Verdict::NotBuilt { &[] } else { &group.runtimes };
        match runtimes_of.iter_mut().find(|(name, _)| *name == guest) {
            Some((_, runtimes)) => runtimes.extend(on),
            None => runtimes_of.push((guest, on.to_vec())),
        }
    }
    let name = |(guest, runtimes): &(&str, Vec<&str>)| match runtimes.as_slice() {
        [] => (*guest).to_owned(),
        runtimes => format!("{guest} on {}", columns::names(report, runtimes, NameStyle::Ids)),
    };
    let mut names: Vec<String> = runtimes_of.iter().take(MAX_NAMED).map(name).collect();
    if runtimes_of.len() > MAX_NAMED {
        names.push(format!("{} more", runtimes_of.len() - MAX_NAMED));
    }
    names.join("; ")
}

/// Maximum number of scenarios that a remedy names; the others are listed above it.
const MAX_NAMED: usize = 4;

/// The execution paths taken, where hosts have several: guests by column and path.
pub fn execution_paths(report: &RunReport) -> BTreeMap<(&str, &str), Vec<&str>> {
    let guests = GuestNames::of(report);
    let mut paths: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for cell in &report.cells {
        if let Some(path) = &cell.execution_path {
            paths.entry((cell.runtime.as_str(), path.as_str())).or_default().push(guests.guest_name(&cell.scenario));
        }
    }
    paths
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
    fn durations_are_readable() {
        assert_eq!(
            [super::seconds(40), super::seconds(1_250), super::seconds(200_000)],
            ["0.0 s", "1.2 s", "3 min 20 s"]
        );
    }
}

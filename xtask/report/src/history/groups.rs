//! Cells that changed in the same way: one line for the same change of the same runtime in the same report.

use std::collections::{BTreeMap, BTreeSet};

use wasmlab_model::report::{Cell, RuntimeInfo};
use wasmlab_model::verdict::Verdict;

use super::HistoryPoint;
use crate::columns::engine;
use crate::text::result;
use crate::visible::on_line;

/// Names that a line lists before "and N more".
const MAX_NAMES: usize = 3;

/// Cells that changed in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The report that first has the new results: `2026-11-26 1a2b3c4`.
    pub place: String,
    /// What they have in common.
    alike: Alike,
    /// What the code is about: the imports, the proposals.
    subjects: BTreeSet<String>,
    /// The cells, by scenario and runtime.
    cells: BTreeSet<(String, String)>,
}

/// What the cells of a group have in common; the order is that of the lines of a report.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Alike {
    outcome: Outcome,
    /// The runtime whose version changed, with both versions; `None` if the version is the same.
    update: Option<Update>,
    guest_changed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Update {
    runtime: String,
    before: String,
    after: String,
}

/// How a result changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// It passed and no longer does: the new code.
    Worse(String),
    /// It fails for another reason, or passes with other switches: both results.
    Different(String, String),
    /// It passes now: the code that it had, and the switches that it needs.
    Better(String, String),
}

/// Adds a change to the groups of its report.
pub(super) fn add(groups: &mut BTreeMap<usize, Groups>, report: usize, change: &ResultChange<'_>) {
    let ResultChange { place, runtime, before, after } = *change;
    let (outcome, subject) = outcome(before.cell, after.cell);
    let update = (before.version != after.version).then(|| Update {
        runtime: runtime.map_or_else(
            || after.cell.runtime.clone(),
            |r| if r.custom_build { r.id.clone() } else { engine(r).to_owned() },
        ),
        before: before.version.to_owned(),
        after: after.version.to_owned(),
    });
    let alike = Alike { outcome, update, guest_changed: after.is_other_guest(before) };
    let group = groups.entry(report).or_default().0.entry(alike.clone()).or_insert_with(|| Group {
        place: place.to_owned(),
        alike,
        subjects: BTreeSet::new(),
        cells: BTreeSet::new(),
    });
    group.subjects.extend(subject);
    group.cells.insert((after.cell.scenario.clone(), after.cell.runtime.clone()));
}

/// The groups of one report.
#[derive(Default)]
pub(super) struct Groups(BTreeMap<Alike, Group>);

impl Groups {
    /// In the order of their lines: what got worse first.
    pub(super) fn into_list(self) -> impl Iterator<Item = Group> {
        self.0.into_values()
    }
}

/// A change of a cell.
pub(super) struct ResultChange<'a> {
    /// The report that first has the new result.
    pub(super) place: &'a str,
    /// The cell's column in that report.
    pub(super) runtime: Option<&'a RuntimeInfo>,
    /// The previous result.
    pub(super) before: &'a HistoryPoint<'a>,
    /// The new result.
    pub(super) after: &'a HistoryPoint<'a>,
}

/// How the result changed, and what its code is about.
fn outcome(before: &Cell, after: &Cell) -> (Outcome, Option<String>) {
    let code = |cell: &Cell| cell.code.map_or_else(|| cell.verdict.id().to_owned(), |code| code.to_string());
    let subject = |cell: &Cell| cell.subject.as_ref().map(ToString::to_string);
    match (before.verdict == Verdict::Pass, after.verdict == Verdict::Pass) {
        (false, true) => (Outcome::Better(code(before), after.switches.join(" + ")), subject(before)),
        (true, false) => (Outcome::Worse(code(after)), subject(after)),
        _ => (Outcome::Different(result(before), result(after)), None),
    }
}

impl Group {
    /// `wasmtime 47.0.1 → 48.0.8: 12 cells now pass (unsupported-proposal tail-call): a, b, c and 9 more`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let scenarios: BTreeSet<&str> = self.cells.iter().map(|(scenario, _)| scenario.as_str()).collect();
        let count = self.cells.len();
        let cells = if count == 1 { "1 cell" } else { &format!("{count} cells") };
        let guests = match (self.alike.guest_changed, scenarios.len()) {
            (false, _) => "",
            (true, 1) => ", with a changed guest",
            (true, _) => ", with changed guests",
        };
        let outcome = self.outcome(count == 1);
        let sentence = format!("{}{guests}: {cells} {outcome}: {}", self.runtimes(), some(scenarios.into_iter()));
        on_line(&sentence).into_owned()
    }

    /// `wasmtime 47.0.1 → 48.0.8 (3 columns)`, or the columns if their versions are the same.
    fn runtimes(&self) -> String {
        let columns: BTreeSet<&str> = self.cells.iter().map(|(_, runtime)| runtime.as_str()).collect();
        let Some(Update { runtime, before, after }) = &self.alike.update else { return some(columns.into_iter()) };
        let change = format!("{} → {}", version(before), version(after));
        match columns.len() {
            1 => format!("{} {change}", some(columns.into_iter())),
            several => format!("{runtime} {change} ({several} columns)"),
        }
    }

    fn outcome(&self, is_one: bool) -> String {
        let about = |code: &str| match self.subjects.len() {
            0 => format!("({code})"),
            _ => format!("({code} {})", some(self.subjects.iter().map(String::as_str))),
        };
        match &self.alike.outcome {
            Outcome::Better(code, switches) => {
                let verb = if is_one { "passes" } else { "pass" };
                let with = if switches.is_empty() { String::new() } else { format!(" with {switches}") };
                format!("now {verb}{with} {}", about(code))
            }
            Outcome::Worse(code) => format!("no longer {} {}", if is_one { "passes" } else { "pass" }, about(code)),
            Outcome::Different(before, after) => format!("changed from {before} to {after}"),
        }
    }
}

fn version(text: &str) -> &str {
    if text.is_empty() { "unknown version" } else { text }
}

/// `a, b, c and 9 more`.
fn some<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    // A name instead of "and 1 more" takes no more room.
    let (count, shown) = (names.len(), if names.len() == MAX_NAMES + 1 { MAX_NAMES + 1 } else { MAX_NAMES });
    let list = names.take(shown).collect::<Vec<_>>().join(", ");
    if count > shown { format!("{list} and {} more", count - shown) } else { list }
}

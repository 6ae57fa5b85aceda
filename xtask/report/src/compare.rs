//! Compares two reports: cells that got worse or better or fail for another reason, guests whose size or requirements
//! changed, runtimes whose version changed. `diff` prints the comparison; with a baseline, it is written into a report.

use std::collections::BTreeMap;

use serde::Serialize;
use wasmlab_model::codes::Code;
use wasmlab_model::report::{Cell, Note, NoteKind, RunReport};
use wasmlab_model::verdict::{Change, Verdict};

use super::text::{file_names, result};

mod guests;
mod not_compared;
mod render;

pub use guests::{GuestChange, ListChange, SectionChange, change_of, kind_name};

/// The differences between two reports.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// Number of cells that both reports measured.
    pub compared: usize,
    /// Cells whose results differ: those that got worse first, then other reasons, then better ones.
    pub cells: Vec<CellChange>,
    /// Guests that differ, by name.
    pub guests: Vec<GuestChange>,
    /// Runtimes whose version changed, in column order.
    pub runtimes: Vec<VersionChange>,
    /// Guests that only the later report has.
    pub added_guests: Vec<String>,
    /// Guests that only the earlier report has.
    pub removed_guests: Vec<String>,
    /// Runtimes that have results only in the later report.
    pub new_runtimes: Vec<String>,
    /// Runtimes that have results only in the earlier report.
    pub gone_runtimes: Vec<String>,
    /// The names of files, by scenario; texts show them instead of the scenario.
    #[serde(skip)]
    pub files: BTreeMap<String, String>,
}

/// A cell whose result changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CellChange {
    /// `worse`, `different`, or `fixed-gap`: it passes now, or is better in another way.
    pub change: Change,
    /// The scenario.
    pub scenario: String,
    /// The column.
    pub runtime: String,
    /// `pass`, `gap trap (stage run, blame guest)`.
    pub before: String,
    /// The same in the later report.
    pub after: String,
    /// The detail in the later report.
    pub detail: String,
    /// The runtime's version, `before -> after`, if it changed, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// A runtime whose version changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VersionChange {
    /// The column.
    pub runtime: String,
    /// Its version in the earlier report.
    pub before: String,
    /// Its version in the later report.
    pub after: String,
}

impl Comparison {
    /// Whether a cell got worse.
    #[must_use]
    pub fn is_worse(&self) -> bool {
        self.cells.iter().any(|cell| cell.change == Change::Worse)
    }

    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self { compared: self.compared, files: self.files.clone(), ..Self::default() }
    }
}

/// Whether the runtime with this id names an arbitrary one of the imports that it lacks; naming another one is then the
/// same result. Reports do not contain this; the registry of runtimes does.
pub type HasRandomImportOrder = fn(&str) -> bool;

/// The differences from `before` to `after`. Cells that only one of them measured are not compared.
#[must_use]
pub fn compare(before: &RunReport, after: &RunReport, import_order_is_random: HasRandomImportOrder) -> Comparison {
    let earlier = Cells::of(before);
    let mut cells: Vec<CellChange> = after
        .cells
        .iter()
        .filter_map(|cell| cell_change(&earlier, cell, (before, after), import_order_is_random))
        .collect();
    let order = |change| match change {
        Change::Worse => 0,
        Change::Different => 1,
        _ => 2,
    };
    cells.sort_by_key(|cell| order(cell.change));
    let answered = |report: &RunReport| {
        let of = |id: &str| report.cells.iter().any(|c| c.runtime == id && is_machine_independent(c));
        report.runtimes.iter().map(|r| r.id.clone()).filter(|id| of(id)).collect::<Vec<_>>()
    };
    let guests_of = |report: &RunReport| report.scenarios.iter().map(|s| s.name.clone()).collect::<Vec<_>>();
    let files = [before, after].into_iter().flat_map(file_names);
    let (old_runtimes, new_runtimes) = (answered(before), answered(after));
    let (old_guests, added_guests) = (guests_of(before), guests_of(after));
    // A report on a part of the lab does not mean that the rest is gone.
    let whole = |all: &[String]| all.is_empty() && !after.interrupted && after.selected.partition.is_none();
    let is_gone = |there: bool, list: Vec<String>| if there { list } else { Vec::new() };
    Comparison {
        compared: after
            .cells
            .iter()
            .filter(|cell| is_machine_independent(cell) && earlier.find(cell).is_some())
            .count(),
        cells,
        guests: guests::changes(before, after),
        runtimes: versions(before, after),
        removed_guests: is_gone(whole(&after.selected.scenarios), without(&old_guests, &added_guests)),
        added_guests: without(&added_guests, &old_guests),
        gone_runtimes: is_gone(whole(&after.selected.runtimes), without(&old_runtimes, &new_runtimes)),
        new_runtimes: without(&new_runtimes, &old_runtimes),
        files: files.map(|(scenario, file)| (scenario.to_owned(), file.to_owned())).collect(),
    }
}

/// Compares `report` with `baseline` and writes the differences into its cells and notes, where they replace
/// differences from snapshots, so that every renderer shows them. `name`: the baseline's displayed name.
pub fn against(baseline: &RunReport, name: &str, report: &mut RunReport, import_order_is_random: HasRandomImportOrder) {
    let earlier = Cells::of(baseline);
    let is_check = matches!(report.command.as_str(), "check" | "suite");
    let comparison = compare(baseline, report, import_order_is_random);
    let place = |change: &CellChange| (change.scenario.clone(), change.runtime.clone());
    let changes: BTreeMap<_, &CellChange> = comparison.cells.iter().map(|change| (place(change), change)).collect();
    for cell in &mut report.cells {
        (cell.change, cell.accepted_result, cell.changed_with_version) = (Change::Same, None, false);
        if !is_machine_independent(cell) {
            continue;
        }
        let Some(before) = earlier.find(cell) else {
            cell.change = Change::New;
            continue;
        };
        if let Some(change) = changes.get(&(cell.scenario.clone(), cell.runtime.clone())) {
            cell.change = change.change;
            cell.accepted_result = Some(change.before.clone());
            cell.changed_with_version = change.version.is_some();
        }
        // It did not run in the baseline either, so it says nothing about the change under review.
        let is_old = before.verdict != Verdict::Pass && cell.verdict != Verdict::Pass && cell.change != Change::Worse;
        if is_check && is_old && cell.known.is_none() {
            cell.known = Some(format!("it did not run in the baseline either ({})", result(before)));
        }
    }
    let note =
        |guest: &GuestChange| Note::new(NoteKind::GuestDiffersFromBaseline, guest.guest.clone(), guest.sentence());
    report.notes.extend(comparison.guests.iter().map(note));
    report.notes.extend(not_compared::notes(baseline, report));
    report.notes.sort();
    report.baseline = Some(name.to_owned());
}

/// The cells of a report, found by scenario and runtime.
struct Cells<'a>(BTreeMap<(&'a str, &'a str), &'a Cell>);

impl<'a> Cells<'a> {
    fn of(report: &'a RunReport) -> Self {
        let answers = report.cells.iter().filter(|c| is_machine_independent(c));
        Self(answers.map(|c| ((c.scenario.as_str(), c.runtime.as_str()), c)).collect())
    }

    fn find(&self, cell: &Cell) -> Option<&'a Cell> {
        self.0.get(&(cell.scenario.as_str(), cell.runtime.as_str())).copied()
    }
}

/// Whether the cell would be the same on another machine that has its runtime.
pub(crate) fn is_machine_independent(cell: &Cell) -> bool {
    let of_compiler = cell.code.is_some_and(Code::is_compiler_diagnostic);
    cell.verdict.is_in_snapshots() || cell.verdict == Verdict::NotBuilt && of_compiler
}

/// Whether two reports have the same result for a cell.
pub(crate) fn is_same_result(before: &Cell, after: &Cell, import_order_is_random: HasRandomImportOrder) -> bool {
    after.outcome("").same_result(&before.outcome("")) || is_other_import(before, after, import_order_is_random)
}

/// Whether both fail to link on a runtime that names an arbitrary one of the imports that it lacks.
pub(crate) fn is_other_import(before: &Cell, after: &Cell, import_order_is_random: HasRandomImportOrder) -> bool {
    before.fails_to_link() && after.fails_to_link() && import_order_is_random(&after.runtime)
}

/// How a cell changed since an earlier report; `versions` are those of its runtime.
fn change(before: &Cell, after: &Cell, versions: (&str, &str), import_order_is_random: HasRandomImportOrder) -> Change {
    if let (Some(earlier), Some(now)) = (&before.assertions, &after.assertions)
        && after.verdict != Verdict::Pass
        && earlier.failed != now.failed
    {
        return if now.failed > earlier.failed { Change::Worse } else { Change::FixedGap };
    }
    if is_other_import(before, after, import_order_is_random) {
        return Change::Same;
    }
    after.outcome(versions.1).change_since(&before.outcome(versions.0))
}

fn cell_change(
    earlier: &Cells,
    cell: &Cell,
    (before, after): (&RunReport, &RunReport),
    import_order_is_random: HasRandomImportOrder,
) -> Option<CellChange> {
    let old = earlier.find(cell).filter(|_| is_machine_independent(cell))?;
    let version = version_change(before, after, &cell.runtime);
    let versions = version.as_ref().map_or(("", ""), |change| (change.before.as_str(), change.after.as_str()));
    let change = change(old, cell, versions, import_order_is_random);
    (change != Change::Same).then(|| CellChange {
        change,
        scenario: cell.scenario.clone(),
        runtime: cell.runtime.clone(),
        before: result(old),
        after: result(cell),
        detail: cell.detail.clone(),
        version: version.map(|v| format!("{} -> {}", v.before, v.after)),
    })
}

fn version_change(before: &RunReport, after: &RunReport, id: &str) -> Option<VersionChange> {
    let version = |report: &RunReport| report.runtimes.iter().find(|r| r.id == id)?.tool.version.clone();
    let (before, after) = (version(before)?, version(after)?);
    (before != after).then(|| VersionChange { runtime: id.to_owned(), before, after })
}

fn versions(before: &RunReport, after: &RunReport) -> Vec<VersionChange> {
    after.runtimes.iter().filter_map(|runtime| version_change(before, after, &runtime.id)).collect()
}

/// The entries of `list` that are not in `other`.
fn without(list: &[String], other: &[String]) -> Vec<String> {
    list.iter().filter(|item| !other.contains(item)).cloned().collect()
}

#[cfg(test)]
mod tests;

//! Cells with the same reason.

use std::collections::BTreeMap;

use wasmlab_model::codes::Code;
use wasmlab_model::phrases::RefusalPhrase;
use wasmlab_model::report::{Cell, RunReport};

use super::GuestNames;

/// Cells with the same code, scenario, subject and remedy: one line of an explanation.
#[derive(Clone, Debug)]
pub struct ReasonGroup<'a> {
    /// Their scenario.
    pub scenario: &'a str,
    /// The first of them.
    pub cell: &'a Cell,
    /// Their runtimes, in column order.
    pub runtimes: Vec<&'a str>,
    /// The stages that they reached, in order.
    stages: BTreeMap<u8, &'static str>,
    /// Whether their details differ.
    details_differ: bool,
    /// Whether their execution paths differ.
    paths_differ: bool,
}

impl<'a> ReasonGroup<'a> {
    /// The detail; if the details differ, the first one, with its runtime.
    pub fn detail(&self) -> String {
        if self.details_differ {
            format!("{}: {}", self.cell.runtime, self.cell.detail)
        } else {
            self.cell.detail.clone()
        }
    }

    /// Adds the cells of another group that has the same reason for other imports.
    pub fn merge(&mut self, other: &Self) {
        self.runtimes.extend(&other.runtimes);
        self.stages.extend(other.stages.clone());
        self.details_differ |= other.details_differ || self.cell.detail != other.cell.detail;
        self.paths_differ |= other.paths_differ || self.cell.execution_path != other.cell.execution_path;
    }

    /// The group with only these of its cells; `None` if there are none.
    pub fn limited_to(&self, cells: &[&'a Cell]) -> Option<ReasonGroup<'a>> {
        let runtimes = cells.iter().map(|cell| cell.runtime.as_str()).collect();
        let stages = cells.iter().filter_map(|cell| stage(cell)).collect();
        Some(ReasonGroup { cell: cells.first()?, runtimes, stages, ..self.clone() })
    }

    /// Their stages: `compile`, or `load or compile` if they differ; `None` if none was reported.
    pub fn stage(&self) -> Option<String> {
        let names: Vec<&str> = self.stages.values().copied().collect();
        (!names.is_empty()).then(|| names.join(" or "))
    }

    /// Whether the groups differ only in their scenario.
    fn has_same_text(&self, other: &Self) -> bool {
        let (a, b) = (self.cell, other.cell);
        // The detail may name the first runtime, so the runtimes must be equal.
        self.runtimes == other.runtimes
            && (self.details_differ, &a.detail) == (other.details_differ, &b.detail)
            && (&self.stages, &a.blame, &a.known) == (&other.stages, &b.blame, &b.known)
            && self.execution_path() == other.execution_path()
    }

    /// `, via glue:emscripten` if all cells took this path and the host has several.
    pub fn execution_path(&self) -> String {
        let path = self.cell.execution_path.as_ref().filter(|_| !self.paths_differ);
        path.map(|path| format!(", via {path}")).unwrap_or_default()
    }
}

/// Every code that occurs, in catalogue order, with its groups.
pub fn by_code(report: &RunReport) -> BTreeMap<Code, Vec<ReasonGroup<'_>>> {
    let mut codes: BTreeMap<Code, Vec<ReasonGroup>> = BTreeMap::new();
    // Only groups of the same scenario are compared, so that the time grows with the number of cells.
    let mut groups_of: BTreeMap<(Code, &str), Vec<usize>> = BTreeMap::new();
    for cell in &report.cells {
        let Some(code) = cell.code else { continue };
        let groups = codes.entry(code).or_default();
        let candidates = groups_of.entry((code, &cell.scenario)).or_default();
        // The same result in different words belongs to one group; another blame, remedy or kind of refusal does not.
        let is_same = |index: &&usize| {
            let group = groups[**index].cell;
            (&group.subject, &group.known, &group.blame, &group.remedy)
                == (&cell.subject, &cell.known, &cell.blame, &cell.remedy)
                && RefusalPhrase::of(&group.detail) == RefusalPhrase::of(&cell.detail)
        };
        let group = candidates.iter().find(is_same).copied();
        if group.is_none() {
            candidates.push(groups.len());
        }
        match group.and_then(|index| groups.get_mut(index)) {
            Some(group) => {
                group.runtimes.push(&cell.runtime);
                group.stages.extend(stage(cell));
                group.details_differ |= group.cell.detail != cell.detail;
                group.paths_differ |= group.cell.execution_path != cell.execution_path;
            }
            None => groups.push(ReasonGroup {
                stages: stage(cell).into_iter().collect(),
                details_differ: false,
                paths_differ: false,
                scenario: &cell.scenario,
                cell,
                runtimes: vec![&cell.runtime],
            }),
        }
    }
    codes
}

/// The stage that a cell reached: its number and its name.
fn stage(cell: &Cell) -> Option<(u8, &'static str)> {
    cell.stage.map(|stage| (stage as u8, stage.id()))
}

/// The groups with the names of their guests; those that say the same about the same runtimes are merged into one line.
pub fn lines<'g, 'a>(report: &'a RunReport, groups: &'g [ReasonGroup<'a>]) -> Vec<(String, &'g ReasonGroup<'a>)> {
    let guests = GuestNames::of(report);
    let mut lines: Vec<(String, &ReasonGroup)> = Vec::new();
    for group in groups {
        match lines.iter_mut().find(|(_, g)| g.has_same_text(group)) {
            Some((names, _)) => *names += &format!(", {}", guests.guest_name(group.scenario)),
            None => lines.push((guests.guest_name(group.scenario).to_owned(), group)),
        }
    }
    lines
}

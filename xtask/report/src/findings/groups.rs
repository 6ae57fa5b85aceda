//! Findings that differ only in their runtimes.

use std::collections::BTreeMap;

use super::{Finding, GuestNames, title};
use crate::columns::{self, NameStyle};
use wasmlab_model::report::{Cell, RunReport};

/// Findings of the same kind, guest and reason that differ only in their runtimes.
#[derive(Clone, Debug, PartialEq)]
pub struct FindingGroup<'a> {
    /// The first one; in a group of several, its title names all runtimes, its text only its own.
    pub finding: Finding<'a>,
    /// Their cells; empty if they are not about cells.
    pub cells: Vec<&'a Cell>,
}

/// Groups the findings; groups keep the order of their first finding.
#[must_use]
pub fn grouped<'a>(report: &'a RunReport, found: &[Finding<'a>]) -> Vec<FindingGroup<'a>> {
    let mut groups: Vec<FindingGroup> = Vec::new();
    let mut places: BTreeMap<_, usize> = BTreeMap::new();
    for finding in found {
        if let Some(cell) = finding.cell {
            let key =
                (finding.kind, finding.guest, cell.code, cell.subject.as_deref(), cell.accepted_result.as_deref());
            if let Some(group) = places.get(&key).and_then(|at| groups.get_mut(*at)) {
                group.cells.push(cell);
                continue;
            }
            places.insert(key, groups.len());
        }
        groups.push(FindingGroup { finding: finding.clone(), cells: finding.cell.into_iter().collect() });
    }
    let names = GuestNames::of(report);
    for FindingGroup { finding, cells } in groups.iter_mut().filter(|group| group.cells.len() > 1) {
        let Some(first) = finding.cell else { continue };
        let ids: Vec<&str> = cells.iter().map(|cell| cell.runtime.as_str()).collect();
        finding.text = format!("{}: {}", first.runtime, finding.text);
        finding.title = title(&names, first, &columns::names(report, &ids, NameStyle::Ids));
    }
    groups
}

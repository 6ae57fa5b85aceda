//! Differences between the guests of two reports: sizes by section, imports, exports, proposals, ABIs, the toolchain.

use std::collections::BTreeSet;

use serde::Serialize;
use wasmlab_model::facts::{Facts, Sizes};
use wasmlab_model::names::first_listed;
use wasmlab_model::report::{GuestInfo, RunReport};
use wasmlab_model::text::bytes;

use crate::text::file_names;

/// A guest that differs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GuestChange {
    /// The displayed name: the file's, or the scenario's.
    pub guest: String,
    /// Sizes that differ, the whole file first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sizes: Vec<SectionChange>,
    /// Imports, exports, proposals and ABIs that came or went.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<ListChange>,
    /// Its kind, such as `module` and `component`, or its use, before and after; `None` if both are the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<(String, String)>,
    /// The toolchain that built it, before and after; `None` if it is the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub toolchain: Option<(String, String)>,
}

/// A size that differs, bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SectionChange {
    /// `total`, `code`, `data`, `custom`, `debug`, `names`; `other` is the rest of the file, such as types and headers.
    pub section: &'static str,
    /// Its size in the earlier report.
    pub before: u64,
    /// Its size in the later report.
    pub after: u64,
}

/// Entries that were added to or removed from a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListChange {
    /// `imports`, `exports`, `proposals`, `ABIs`.
    pub list: &'static str,
    /// Sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<String>,
    /// Sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
}

/// Maximum number of names shown per list; the others are counted.
const MAX_NAMES: usize = 5;

impl GuestChange {
    /// `now needs tail-call; imports 1 more: env.f; 12.0 KiB larger (62.0 KiB -> 74.0 KiB: code +12.0 KiB)`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let mut parts = Vec::new();
        if let Some((before, after)) = &self.kind {
            parts.push(format!("is a {after}, was a {before}"));
        }
        // Requirements come first, because they decide where a guest runs.
        for change in &self.lists {
            let (new, gone) = match change.list {
                "proposals" | "ABIs" => ("now needs", "no longer needs"),
                "exports" => ("also exports", "no longer exports"),
                _ => ("now imports", "no longer imports"),
            };
            let differing =
                [(new, &change.added), (gone, &change.removed)].into_iter().filter(|(_, names)| !names.is_empty());
            parts.extend(differing.map(|(verb, names)| format!("{verb} {}", first_listed(names, MAX_NAMES))));
        }
        parts.extend(self.size());
        if let Some((before, after)) = &self.toolchain {
            parts.push(format!("made by {after}, was {before}"));
        }
        if parts.is_empty() {
            parts.push("other bytes of the same size".to_owned());
        }
        parts.join("; ")
    }

    fn size(&self) -> Option<String> {
        let delta = |change: &SectionChange| {
            let (sign, by) = if change.after > change.before { ("+", "larger") } else { ("-", "smaller") };
            (sign, by, bytes(change.after.abs_diff(change.before)))
        };
        let (total, sections): (Vec<_>, Vec<_>) = self.sizes.iter().partition(|change| change.section == "total");
        let by_section = |change: &&SectionChange| {
            let (sign, _, size) = delta(change);
            format!("{} {sign}{size}", change.section)
        };
        let sections: Vec<String> = sections.iter().map(by_section).collect();
        match total.first() {
            Some(total) => {
                let (_, by, size) = delta(total);
                let sections = if sections.is_empty() { String::new() } else { format!(": {}", sections.join(", ")) };
                Some(format!("{size} {by} ({} -> {}{sections})", bytes(total.before), bytes(total.after)))
            }
            None => (!sections.is_empty()).then(|| format!("of the same size, but {}", sections.join(", "))),
        }
    }
}

/// The guests that both reports have and that differ.
pub fn changes(before: &RunReport, after: &RunReport) -> Vec<GuestChange> {
    let names = file_names(after);
    let name = |a: &GuestInfo| names.get(a.scenario.as_str()).copied().unwrap_or(&a.scenario).to_owned();
    let pairs = after.guests.iter().filter_map(|now| Some((before.guest(&now.scenario)?, now)));
    pairs.filter(|(old, now)| old.sha256 != now.sha256).map(|(old, now)| guest_change(old, now, name(now))).collect()
}

fn guest_change(old: &GuestInfo, now: &GuestInfo, guest: String) -> GuestChange {
    let toolchain = (old.toolchain != now.toolchain).then(|| (old.toolchain.clone(), now.toolchain.clone()));
    let mut change = GuestChange { guest, toolchain, ..GuestChange::default() };
    match (&old.facts, &now.facts) {
        (Some(before), Some(after)) => {
            change.sizes = sizes(&before.sizes, &after.sizes);
            change.lists = lists(before, after);
            let kind = |facts: &Facts| format!("{:?} ({:?})", facts.kind, facts.shape).to_lowercase();
            change.kind = (kind(before) != kind(after)).then(|| (kind(before), kind(after)));
        }
        _ if old.bytes != now.bytes => {
            change.sizes = vec![SectionChange { section: "total", before: old.bytes, after: now.bytes }];
        }
        _ => {}
    }
    change
}

fn sizes(before: &Sizes, after: &Sizes) -> Vec<SectionChange> {
    let sections = |s: &Sizes| {
        [
            ("total", s.total),
            ("code", s.code),
            ("data", s.data),
            ("custom", s.custom),
            ("debug", s.debug),
            ("names", s.names),
            ("other", [s.code, s.data, s.custom, s.debug, s.names].into_iter().fold(s.total, u64::saturating_sub)),
        ]
    };
    let pairs = sections(before).into_iter().zip(sections(after));
    let changes = pairs.map(|((section, before), (_, after))| SectionChange { section, before, after });
    changes.filter(|change| change.before != change.after).collect()
}

fn lists(before: &Facts, after: &Facts) -> Vec<ListChange> {
    let proposals = |facts: &Facts| facts.proposals.clone();
    let abis = |facts: &Facts| facts.abis.iter().map(|a| a.abi.title().to_owned()).collect();
    let imports = |facts: &Facts| facts.imports.iter().map(|import| import.shown(facts.kind)).collect();
    let exports = |facts: &Facts| facts.exports.iter().map(|e| e.name.clone()).collect();
    let mut lists = vec![
        list("proposals", proposals(before), proposals(after)),
        list("ABIs", abis(before), abis(after)),
        list("imports", imports(before), imports(after)),
    ];
    // A published report leaves them out.
    if !before.exports.is_empty() && !after.exports.is_empty() {
        lists.push(list("exports", exports(before), exports(after)));
    }
    lists.into_iter().filter(|change| !(change.added.is_empty() && change.removed.is_empty())).collect()
}

fn list(list: &'static str, before: BTreeSet<String>, after: BTreeSet<String>) -> ListChange {
    let added = after.difference(&before).cloned().collect();
    ListChange { list, added, removed: before.difference(&after).cloned().collect() }
}

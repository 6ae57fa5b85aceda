//! Differences between a guest and an earlier one: sizes by section, imports, exports, proposals, ABIs, the toolchain.

use std::collections::BTreeSet;

use serde::Serialize;
use wasmlab_model::facts::{BinaryKind, Facts, Shape, Sizes};
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
            None => (!sections.is_empty()).then(|| format!("by section: {}", sections.join(", "))),
        }
    }
}

impl SectionChange {
    /// The sizes that differ; `differs` compares one before and after.
    pub fn between(before: &Sizes, after: &Sizes, differs: impl Fn(u64, u64) -> bool) -> Vec<Self> {
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
        let changes = pairs.map(|((section, before), (_, after))| Self { section, before, after });
        changes.filter(|change| differs(change.before, change.after)).collect()
    }
}

impl ListChange {
    /// The difference between two lists in any order; `None` if there is none.
    pub fn between<'a>(
        list: &'static str,
        before: impl IntoIterator<Item = &'a String>,
        after: impl IntoIterator<Item = &'a String>,
    ) -> Option<Self> {
        let (before, after): (BTreeSet<&String>, BTreeSet<&String>) =
            (before.into_iter().collect(), after.into_iter().collect());
        let without = |one: &BTreeSet<&String>, other| one.difference(other).map(|name| (*name).clone()).collect();
        (before != after).then(|| Self { list, added: without(&after, &before), removed: without(&before, &after) })
    }
}

/// Both values as text if they differ, before and after.
pub fn change_of<T: PartialEq>(before: &T, after: &T, text: impl Fn(&T) -> String) -> Option<(String, String)> {
    (before != after).then(|| (text(before), text(after)))
}

/// `module (command)`.
pub fn kind_name((kind, shape): &(BinaryKind, Shape)) -> String {
    format!("{kind:?} ({shape:?})").to_lowercase()
}

/// The guests that both reports have and that differ.
pub fn changes(before: &RunReport, after: &RunReport) -> Vec<GuestChange> {
    let names = file_names(after);
    let name = |a: &GuestInfo| names.get(a.scenario.as_str()).copied().unwrap_or(&a.scenario).to_owned();
    let pairs = after.guests.iter().filter_map(|now| Some((before.guest(&now.scenario)?, now)));
    pairs.filter(|(old, now)| old.sha256 != now.sha256).map(|(old, now)| guest_change(old, now, name(now))).collect()
}

fn guest_change(old: &GuestInfo, now: &GuestInfo, guest: String) -> GuestChange {
    let toolchain = change_of(&old.toolchain, &now.toolchain, String::clone);
    let mut change = GuestChange { guest, toolchain, ..GuestChange::default() };
    match (&old.facts, &now.facts) {
        (Some(before), Some(after)) => {
            change.sizes = SectionChange::between(&before.sizes, &after.sizes, |before, after| before != after);
            change.lists = lists(before, after);
            change.kind = change_of(&(before.kind, before.shape), &(after.kind, after.shape), kind_name);
        }
        _ if old.bytes != now.bytes => {
            change.sizes = vec![SectionChange { section: "total", before: old.bytes, after: now.bytes }];
        }
        _ => {}
    }
    change
}

fn lists(before: &Facts, after: &Facts) -> Vec<ListChange> {
    let abis = |facts: &Facts| facts.abis.iter().map(|a| a.abi.title().to_owned()).collect::<Vec<_>>();
    let imports = |facts: &Facts| facts.imports.iter().map(|import| import.shown(facts.kind)).collect::<Vec<_>>();
    let exports = |facts: &Facts| facts.exports.iter().map(|e| e.name.clone()).collect::<Vec<_>>();
    // A published report leaves them out.
    let has_exports = !before.exports.is_empty() && !after.exports.is_empty();
    let lists = [
        ListChange::between("proposals", &before.proposals, &after.proposals),
        ListChange::between("ABIs", &abis(before), &abis(after)),
        ListChange::between("imports", &imports(before), &imports(after)),
        ListChange::between("exports", &exports(before), &exports(after)).filter(|_| has_exports),
    ];
    lists.into_iter().flatten().collect()
}

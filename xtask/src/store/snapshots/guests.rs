//! The snapshot of a guest: its imports and exports, the features it needs, its size.

use serde::{Deserialize, Serialize};

use wasmlab_model::facts::{BinaryKind, Shape, Sizes};
use wasmlab_model::report::{GuestInfo, NoteKind};
use wasmlab_report::compare::{GuestChange, ListChange, SectionChange, change_of, kind_name};

/// How much a size may differ before it counts, because every compiler lays out code slightly differently.
const TOLERANCE_PERCENT: u64 = 2;

/// The content of a guest's snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuestSnapshot {
    /// The toolchain that built it when it was accepted.
    pub toolchain: String,
    /// Module or component.
    pub kind: BinaryKind,
    /// How it is meant to be called.
    pub shape: Shape,
    /// The ABIs it uses.
    pub abis: Vec<String>,
    /// The proposals it needs.
    pub proposals: Vec<String>,
    /// `module.name: type`, sorted.
    pub imports: Vec<String>,
    /// `name: type`, sorted.
    pub exports: Vec<String>,
    /// Sizes of its parts.
    pub sizes: Sizes,
}

impl GuestSnapshot {
    /// The snapshot of a guest whose facts are known.
    #[must_use]
    pub fn of(guest: &GuestInfo) -> Option<Self> {
        let facts = guest.facts.as_ref()?;
        let mut imports: Vec<String> =
            facts.imports.iter().map(|import| format!("{}: {}", import.shown(facts.kind), import.ty)).collect();
        imports.sort();
        let mut exports: Vec<String> = facts.exports.iter().map(|e| format!("{}: {}", e.name, e.ty)).collect();
        exports.sort();
        let abis =
            facts.abis.iter().filter_map(|a| serde_json::to_value(a.abi).ok()?.as_str().map(str::to_owned)).collect();
        Some(Self {
            toolchain: guest.toolchain.clone(),
            kind: facts.kind,
            shape: facts.shape,
            abis,
            proposals: facts.proposals.iter().cloned().collect(),
            imports,
            exports,
            sizes: facts.sizes,
        })
    }

    /// How `now` differs beyond the tolerance, and how serious that is.
    #[must_use]
    pub fn difference(&self, now: &Self) -> Option<(NoteKind, String)> {
        let lists = [
            ListChange::between("proposals", &self.proposals, &now.proposals),
            ListChange::between("ABIs", &self.abis, &now.abis),
            ListChange::between("imports", &self.imports, &now.imports),
            ListChange::between("exports", &self.exports, &now.exports),
        ];
        // Small sections change by a few bytes with every version string.
        let differs = |before: u64, now: u64| before.abs_diff(now) > (before * TOLERANCE_PERCENT / 100).max(64);
        let change = GuestChange {
            guest: String::new(),
            sizes: SectionChange::between(&self.sizes, &now.sizes, differs),
            lists: lists.into_iter().flatten().collect(),
            kind: change_of(&(self.kind, self.shape), &(now.kind, now.shape), kind_name),
            toolchain: change_of(&self.toolchain, &now.toolchain, String::clone),
        };
        if change.sizes.is_empty() && change.lists.is_empty() && change.kind.is_none() {
            return None;
        }
        // A different compiler may cause this; the same compiler with the same sources may not.
        let is_other_toolchain = change.toolchain.is_some();
        let kind = if is_other_toolchain { NoteKind::GuestChangedWithToolchain } else { NoteKind::GuestChanged };
        Some((kind, change.sentence()))
    }
}

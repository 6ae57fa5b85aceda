//! The snapshot of a guest: its imports and exports, the features it needs, its size.

use serde::{Deserialize, Serialize};

use wasmlab_model::facts::{BinaryKind, Shape, Sizes};
use wasmlab_model::report::{GuestInfo, NoteKind};

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
        let mut parts = Vec::new();
        if (self.kind, self.shape) != (now.kind, now.shape) {
            parts.push(
                format!("is a {:?} {:?}, was a {:?} {:?}", now.shape, now.kind, self.shape, self.kind).to_lowercase(),
            );
        }
        for (what, before, after) in [
            ("ABIs", &self.abis, &now.abis),
            ("proposals", &self.proposals, &now.proposals),
            ("imports", &self.imports, &now.imports),
            ("exports", &self.exports, &now.exports),
        ] {
            let added = after.iter().filter(|x| !before.contains(x)).map(|x| format!("+{x}"));
            let gone = before.iter().filter(|x| !after.contains(x)).map(|x| format!("-{x}"));
            let changes: Vec<_> = added.chain(gone).collect();
            if !changes.is_empty() {
                parts.push(format!("{what}: {}", changes.join(", ")));
            }
        }
        let sizes = size_changes(&self.sizes, &now.sizes);
        if parts.is_empty() && sizes.is_empty() {
            return None;
        }
        let other_toolchain = self.toolchain != now.toolchain;
        parts.extend(sizes);
        if other_toolchain {
            parts.push(format!("made by {}, was {}", now.toolchain, self.toolchain));
        }
        // A different compiler may cause this; the same compiler with the same sources may not.
        let kind = if other_toolchain { NoteKind::GuestChangedWithToolchain } else { NoteKind::GuestChanged };
        Some((kind, parts.join("; ")))
    }
}

fn size_changes(before: &Sizes, now: &Sizes) -> Vec<String> {
    let pairs = [
        ("total", before.total, now.total),
        ("code", before.code, now.code),
        ("data", before.data, now.data),
        ("custom", before.custom, now.custom),
        ("debug", before.debug, now.debug),
        ("names", before.names, now.names),
    ];
    // Small sections change by a few bytes with every version string.
    let changed = |a: u64, b: u64| a.abs_diff(b) > (a * TOLERANCE_PERCENT / 100).max(64);
    pairs.iter().filter(|(_, a, b)| changed(*a, *b)).map(|(what, a, b)| format!("{what} {a} -> {b} bytes")).collect()
}

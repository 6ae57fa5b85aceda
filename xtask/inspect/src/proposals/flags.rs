//! The validator's feature flags: their names, their order, and which contain others.

use std::collections::BTreeSet;
use wasmparser::WasmFeatures;

/// Always enabled: these are not proposals, only features that an embedder may disable.
pub(super) const ALWAYS: WasmFeatures = WasmFeatures::FLOATS.union(WasmFeatures::GC_TYPES);

/// Flags contained in another flag, with that flag.
const PARTS: [(WasmFeatures, WasmFeatures); 2] = [
    (WasmFeatures::CALL_INDIRECT_OVERLONG, WasmFeatures::REFERENCE_TYPES),
    (WasmFeatures::BULK_MEMORY_OPT, WasmFeatures::BULK_MEMORY),
];

/// Flags that can be added while bodies are validated without invalidating what was validated before.
///
/// They only lift a restriction at the place where it applies: none of them changes how types are canonicalized, which
/// the validator decides when it reads the type section, nor the type of an operator. They are the flags of
/// wasmparser's own fast path for type sections. After any other addition, everything is validated again.
pub(super) const LOCAL: WasmFeatures = WasmFeatures::WASM2
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::MEMORY64)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::RELAXED_SIMD)
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::THREADS)
    .union(WasmFeatures::WIDE_ARITHMETIC)
    .union(WasmFeatures::CUSTOM_PAGE_SIZES);

/// Every flag that stands for a proposal, in the order they are tried: contained flags first, then oldest first.
pub(super) fn all() -> impl DoubleEndedIterator<Item = WasmFeatures> {
    // `iter_names` omits flags contained in a flag it has named.
    let whole: Vec<WasmFeatures> =
        WasmFeatures::all().iter_names().map(|(_, flag)| flag).filter(|flag| !ALWAYS.contains(*flag)).collect();
    PARTS.into_iter().map(|(part, _)| part).chain(whole)
}

/// The set without this flag but with the flags it contains; `None` if the set does not have the flag.
pub(super) fn without(set: WasmFeatures, flag: WasmFeatures) -> Option<WasmFeatures> {
    if !set.contains(flag) {
        return None;
    }
    let mut gone = flag;
    for (part, whole) in PARTS {
        if flag == part && set.contains(whole) {
            return None;
        }
        if flag == whole {
            gone = gone.difference(part);
        }
    }
    Some(set.difference(gone))
}

/// The names of the flags in a set, without flags contained in another flag of the set.
pub(super) fn names(set: WasmFeatures) -> BTreeSet<String> {
    set.difference(ALWAYS).iter_names().map(|(name, _)| name.to_ascii_lowercase().replace('_', "-")).collect()
}

#[cfg(test)]
mod tests {
    use super::{PARTS, names};

    #[test]
    fn parts_belong_to_the_proposal_that_contains_them() {
        let name = |flag| names(flag).pop_first().unwrap();
        let parts: Vec<(String, String)> = PARTS.into_iter().map(|(part, whole)| (name(part), name(whole))).collect();
        let listed: Vec<(String, String)> = wasmlab_model::proposals::VALIDATED_PARTS
            .iter()
            .map(|(part, whole)| ((*part).to_owned(), (*whole).to_owned()))
            .collect();
        assert_eq!(parts, listed);
    }
}

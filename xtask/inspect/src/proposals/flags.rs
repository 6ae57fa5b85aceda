//! The flags of the validator: their names, their order, and how they contain each other.

use std::collections::BTreeSet;
use wasmparser::WasmFeatures;

/// On in every set: they stand for no proposal, but for what an embedder may switch off.
pub(super) const ALWAYS: WasmFeatures = WasmFeatures::FLOATS.union(WasmFeatures::GC_TYPES);

/// The flags that are a part of another flag, with that other one.
const PARTS: [(WasmFeatures, WasmFeatures); 2] = [
    (WasmFeatures::CALL_INDIRECT_OVERLONG, WasmFeatures::REFERENCE_TYPES),
    (WasmFeatures::BULK_MEMORY_OPT, WasmFeatures::BULK_MEMORY),
];

/// Flags whose addition while bodies are validated leaves what was validated before them valid.
///
/// They only lift a prohibition, in the body where it stood: none changes how types are made canonical, which
/// a validator decides when it reads the type section, and none changes the type of an operator. These are
/// the flags of wasmparser's own fast path for type sections. After any other addition all is validated anew.
pub(super) const LOCAL: WasmFeatures = WasmFeatures::WASM2
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::MEMORY64)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::RELAXED_SIMD)
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::THREADS)
    .union(WasmFeatures::WIDE_ARITHMETIC)
    .union(WasmFeatures::CUSTOM_PAGE_SIZES);

/// Every flag that stands for a proposal, in the order in which they are tried: parts, then oldest first.
pub(super) fn all() -> impl DoubleEndedIterator<Item = WasmFeatures> {
    // `iter_names` leaves out the parts of flags that it has named.
    let whole: Vec<WasmFeatures> =
        WasmFeatures::all().iter_names().map(|(_, flag)| flag).filter(|flag| !ALWAYS.contains(*flag)).collect();
    PARTS.into_iter().map(|(part, _)| part).chain(whole)
}

/// The set without this flag, but with its parts; `None` if the set does not name the flag.
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

/// The names of the flags of a set, a flag that is part of another in the set left out.
pub(super) fn names(set: WasmFeatures) -> BTreeSet<String> {
    set.difference(ALWAYS).iter_names().map(|(name, _)| name.to_ascii_lowercase().replace('_', "-")).collect()
}

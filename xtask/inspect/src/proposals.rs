//! Which proposals a binary needs: a smallest set under which the validator accepts it.
//!
//! The set `S` that [`minimal`] returns is a subset of the flags of [`wasmparser::WasmFeatures`], without
//! the pseudo-features `floats` and `gc-types`, which are always on, and is defined by two halves:
//!
//! * sufficient: the validator accepts the binary with `S`, and nothing else, enabled;
//! * minimal: for every `p` in `S`, it rejects the binary with `S - {p}` enabled.
//!
//! Nothing else decides, which settles the proposals that overlap:
//!
//! * `bulk-memory` contains `bulk-memory-opt` (`memory.copy`, `memory.fill`), and `reference-types` contains
//!   `call-indirect-overlong`. Only the outer name is listed when it is needed, only the inner one when that
//!   suffices: a module of LLVM's that calls through table 0 needs `call-indirect-overlong`, no more.
//! * `relaxed-simd` does not contain `simd`. A module with a relaxed operator nearly always needs both, as
//!   the type `v128` and its constants belong to `simd`; where it does not, only one is listed.
//! * `gc` allows references to types by index, as `function-references` does. With a struct in the module
//!   `function-references` is listed only if something else needs it (a non-nullable `funcref`, a
//!   `call_ref`). Without one, `function-references` is preferred to `gc`. Neither contains
//!   `reference-types`, which the validator asks of every reference type.
//! * `exceptions` is asked of every tag, also in a module that throws the legacy way, which then lists
//!   `legacy-exceptions` beside it.
//! * `component-model` is asked of every component, and the modules nested in it add what they need.
//!
//! How it is found. No rule of the validator's is repeated here: the validator says itself, in its error,
//! which feature a binary lacks. `search` starts from nothing and widens the set until the binary's outline
//! (everything but the bodies of functions) validates, then lets every body widen it further, all in one
//! validation, in parallel for large code. Where an error names no feature the flags are tried one by one on
//! the place that failed. Every flag found is then shown to be needed by validating the one place, its
//! *witness*, that asked for it, without it. So a large binary is validated once, and the proof of minimality
//! costs a few walks over its outline.
//!
//! Both halves are checked by the validator itself, with one exception: a binary of more than 256 KB is not
//! validated again after its bodies have asked for flags of `flags::LOCAL`, which are monotone by the source of
//! wasmparser. The tests compare both ways.

use std::collections::BTreeSet;

use super::InspectError;

mod bodies;
mod decode;
mod flags;
mod outline;
mod search;
#[cfg(test)]
mod tests;

/// The smallest set of proposals under which the binary validates.
///
/// Names are those of wasmparser, in kebab-case: `simd`, `bulk-memory-opt`, `cm-async`. The answer is the same
/// on every machine. Where several minimal sets exist, older proposals are preferred to newer ones.
///
/// # Errors
///
/// When the binary is malformed, or invalid with every proposal enabled.
pub fn minimal(bytes: &[u8]) -> Result<BTreeSet<String>, InspectError> {
    match search::smallest(bytes) {
        Ok(set) => Ok(flags::names(set)),
        Err(error) => Err(decode::classify(bytes, &error)),
    }
}

//! Finds the proposals a binary needs: a smallest set under which the validator accepts it.
//!
//! The set `S` that [`minimal`] returns is a subset of the flags of [`wasmparser::WasmFeatures`], without
//! the pseudo-features `floats` and `gc-types`, which are always on, and is defined by two halves:
//!
//! * sufficient: the validator accepts the binary with `S`, and nothing else, enabled;
//! * minimal: for every `p` in `S`, it rejects the binary with `S - {p}` enabled.
//!
//! Nothing else matters, which settles how overlapping proposals are reported:
//!
//! * `bulk-memory` contains `bulk-memory-opt` (`memory.copy`, `memory.fill`), and `reference-types` contains
//!   `call-indirect-overlong`. The outer name is listed only if it is needed, the inner one only if it suffices:
//!   a module from LLVM that calls through table 0 needs `call-indirect-overlong` and nothing more.
//! * `relaxed-simd` does not contain `simd`. A module with a relaxed operator nearly always needs both, because
//!   the type `v128` and its constants belong to `simd`. If it does not, only one is listed.
//! * `gc` allows references to types by index, as `function-references` does. In a module with a struct,
//!   `function-references` is listed only if something else needs it (a non-nullable `funcref`, a `call_ref`).
//!   Without one, `function-references` is preferred to `gc`. Neither contains `reference-types`, which the
//!   validator requires for every reference type.
//! * `exceptions` is required for every tag, even in a module that throws the legacy way, which then lists
//!   `legacy-exceptions` as well.
//! * `component-model` is required for every component; nested modules add what they need.
//!
//! How the set is found: no rule of the validator is duplicated here, because its errors name the missing feature.
//! `search` starts with the empty set and widens it until the binary's outline (everything except function bodies)
//! validates. Then each body may widen it further, all in one validation, in parallel for large code. If an error names
//! no feature, the flags are tried one by one at the place that failed. Finally, each flag found is shown to be
//! necessary: the one place that required it, its *witness*, is validated without it. A large binary is therefore
//! validated once, and proving minimality takes only a few walks over its outline.
//!
//! The validator checks both halves, with one exception: a binary of more than 256 KB is not validated again if its
//! bodies only required flags of `flags::LOCAL`, which are monotone according to the source of wasmparser. The tests
//! compare both methods.

use std::collections::{BTreeMap, BTreeSet};

use wasmlab_model::facts::FirstUse;
#[cfg(doc)]
use wasmlab_model::proposals::COMMON_PROPOSALS;
use wasmlab_model::proposals::{EXCEPTIONS, LEGACY_EXCEPTIONS};

use super::InspectError;

mod bodies;
mod declared;
mod decode;
mod flags;
mod outline;
mod places;
mod references;
mod search;

#[cfg(test)]
mod tests;

/// The proposals that a binary needs, and more about some of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequiredProposals {
    /// The smallest set, as [`minimal`] returns it.
    pub proposals: BTreeSet<String>,
    /// Where each of them is needed first, except for [`COMMON_PROPOSALS`].
    pub first_uses: BTreeMap<String, FirstUse>,
    /// The code has both forms of exceptions.
    pub mixes_exceptions: bool,
    /// As [`wasmlab_model::facts::Facts::only_non_null_externref`].
    pub only_non_null_externref: bool,
    /// As [`wasmlab_model::facts::Facts::declared_only`].
    pub declared_only: BTreeSet<String>,
    /// As [`wasmlab_model::facts::Facts::atomic_wait`].
    pub atomic_wait: bool,
}

/// The names of all proposals that a binary can need.
#[must_use]
pub fn known() -> BTreeSet<String> {
    flags::all().flat_map(flags::names).collect()
}

/// The smallest set of proposals under which the binary validates.
///
/// Names are those of wasmparser in kebab-case: `simd`, `bulk-memory-opt`, `cm-async`. The result is the same on every
/// machine. If there are several minimal sets, older proposals are preferred.
///
/// # Errors
///
/// If the binary is malformed, or invalid with every proposal enabled.
pub fn minimal(bytes: &[u8]) -> Result<BTreeSet<String>, InspectError> {
    match search::smallest(bytes) {
        Ok(found) => Ok(flags::names(found.set)),
        Err(error) => Err(decode::classify(bytes, &error)),
    }
}

/// The same, with the places where the proposals are needed.
///
/// # Errors
///
/// As [`minimal`].
pub fn needed(bytes: &[u8]) -> Result<RequiredProposals, InspectError> {
    let found = search::smallest(bytes).map_err(|error| decode::classify(bytes, &error))?;
    let first_uses = places::first_uses(bytes, &found);
    let proposals = flags::names(found.set);
    let mixes_exceptions = [EXCEPTIONS, LEGACY_EXCEPTIONS].iter().all(|name| proposals.contains(*name))
        && places::has_standard_exceptions(bytes);
    let only_non_null_externref =
        proposals.contains("function-references") && !references::uses_more_than_externref(bytes);
    let declared_only = declared::only(bytes, &proposals);
    let atomic_wait = proposals.contains("threads") && places::has_atomic_wait(bytes);
    Ok(RequiredProposals {
        proposals,
        first_uses,
        mixes_exceptions,
        only_non_null_externref,
        declared_only,
        atomic_wait,
    })
}

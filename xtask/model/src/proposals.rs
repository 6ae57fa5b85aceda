//! Names of proposals, and of parts of proposals that are measured by themselves.

use crate::facts::Facts;

/// Whether a runtime accepts components at all.
pub const COMPONENT_MODEL: &str = "component-model";
/// The standard form of exceptions. Tags belong to it, in either form.
pub const EXCEPTIONS: &str = "exceptions";
/// The form of exceptions before the standard, which V8 and others still support.
pub const LEGACY_EXCEPTIONS: &str = "legacy-exceptions";
/// Objects that the engine manages, as compilers of languages with garbage collection need them.
pub const GC: &str = "gc";
/// Asynchronous functions of components: WASI 0.3 needs them.
pub const COMPONENT_ASYNC: &str = "cm-async";
/// A type of `reference-types`: a compiler may lack it although it supports the rest. wasmtime counts it as part of `gc`.
pub const EXTERNREF: &str = "externref";
/// A part of `threads`: importing a shared memory. A runtime may accept that but refuse to create such a memory.
pub const IMPORTED_SHARED_MEMORY: &str = "imported-shared-memory";
/// A part of `threads`: atomic instructions on a memory that is not shared, as compiled libraries contain them. A runtime
/// may refuse shared memories only.
pub const UNSHARED_ATOMICS: &str = "unshared-atomics";
/// A part of `function-references`: the type `(ref extern)`.
pub const NON_NULL_EXTERNREF: &str = "non-null-externref";

/// Parts that are measured by themselves, each with the proposal whose switch enables it.
const MEASURED_PARTS: &[(&str, &str)] =
    &[(IMPORTED_SHARED_MEMORY, "threads"), (UNSHARED_ATOMICS, "threads"), (NON_NULL_EXTERNREF, "function-references")];

/// Parts that the validator names by themselves, each with the proposal that contains it.
pub const VALIDATED_PARTS: &[(&str, &str)] =
    &[("call-indirect-overlong", "reference-types"), ("bulk-memory-opt", "bulk-memory")];

/// Proposals that are part of WebAssembly 2.0. They are seldom why a module is refused, so they are listed last.
pub const COMMON_PROPOSALS: &[&str] = &[
    "mutable-global",
    "saturating-float-to-int",
    "sign-extension",
    "multi-value",
    "reference-types",
    "bulk-memory",
    "bulk-memory-opt",
    "call-indirect-overlong",
];

/// The proposal that contains a part which the validator names by itself: `bulk-memory` for `bulk-memory-opt`.
#[must_use]
pub fn containing_proposal(part: &str) -> Option<&'static str> {
    VALIDATED_PARTS.iter().find(|(name, _)| *name == part).map(|(_, whole)| *whole)
}

/// The proposal whose switch enables this proposal or measured part.
#[must_use]
pub fn switched_proposal(name: &str) -> &str {
    MEASURED_PARTS.iter().find(|(part, _)| *part == name).map_or(name, |(_, whole)| *whole)
}

impl Facts {
    /// The name under which the need for `proposal` is measured: a part of it, if the file needs only that part.
    #[must_use]
    pub fn measured_name<'a>(&self, proposal: &'a str) -> &'a str {
        match proposal {
            "threads" if self.only_imports_shared_memory() => IMPORTED_SHARED_MEMORY,
            "threads" if self.shares_no_memory() => UNSHARED_ATOMICS,
            "function-references" if self.only_non_null_externref => NON_NULL_EXTERNREF,
            proposal => proposal,
        }
    }

    /// Whether the file has only the legacy form of exceptions. Its tags count as `exceptions` too.
    #[must_use]
    pub fn has_only_legacy_exceptions(&self) -> bool {
        self.proposals.contains(LEGACY_EXCEPTIONS) && !self.mixes_exceptions
    }
}

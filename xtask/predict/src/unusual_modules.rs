//! Modules that the specification allows and that hosts treat differently: what the profile's probes say about them.

use wasmlab_model::facts::{BinaryKind, Export, Facts, Import, SegmentOutOfBounds, SegmentTarget, Signature};
use wasmlab_model::profile::{Profile, Support};
use wasmlab_model::scenario::EntryPointKind;
use wasmlab_model::wasi;
use wasmlab_protocol::{Cause, Stage, TrapKind};

use crate::obstacle::Obstacle;
use crate::{PlannedRun, imports, is_program};

/// A runtime with both forms of exceptions may refuse a module that uses both.
pub fn mixed_exceptions(facts: &Facts, profile: &Profile) -> Option<Obstacle> {
    let refuses = refused_probe(profile, "mixed-exceptions").filter(|_| facts.mixes_exceptions)?;
    matches!(refuses.cause, Cause::Rejected { .. } | Cause::CompileFailed { .. }).then_some(refuses)
}

/// Whether the file has `memory.atomic.wait`, which this runtime does not execute.
pub fn cannot_wait(facts: &Facts, profile: &Profile) -> bool {
    let answer = profile.unusual_modules.get("atomic-wait").filter(|answer| answer.support == Support::No);
    let is_executed = |cause: &Cause| !matches!(cause, Cause::Rejected { .. } | Cause::CompileFailed { .. });
    facts.atomic_wait && answer.and_then(|answer| answer.cause.as_ref()).is_some_and(is_executed)
}

/// It exports a function with the empty name and no `_start`.
pub const EMPTY_NAME: &str = "empty-name-start";

pub fn support(profile: &Profile, name: &str) -> Support {
    profile.unusual_modules.get(name).map_or(Support::Unknown, |answer| answer.support)
}

/// A call returns a vector.
const V128_CALL: &str = "v128-call";

/// Whether it depends on calls with vectors, which the profile does not cover.
pub fn has_unmeasured_vectors(facts: &Facts, planned: &PlannedRun, profile: &Profile) -> bool {
    vector_calls(facts, planned).next().is_some() && support(profile, V128_CALL) == Support::Unknown
}

/// The exports with a vector among their parameters or results that are to be called.
fn vector_calls<'a>(facts: &'a Facts, planned: &'a PlannedRun) -> impl Iterator<Item = &'a Export> {
    let takes_vector = |export: &&Export| export.signature.as_ref().is_some_and(Signature::has_vector);
    let is_called = |export: &&Export| planned.run.call.iter().any(|call| call.export == export.name);
    let calls = planned.run.entry == EntryPointKind::Calls;
    facts.exports.iter().filter(move |export| calls && is_called(export) && takes_vector(export))
}

/// The probe of a segment of this kind that does not fit.
fn segment_probe(segment: &SegmentOutOfBounds) -> &'static str {
    match segment.target {
        SegmentTarget::Memory => "data-out-of-bounds",
        SegmentTarget::Table => "element-out-of-bounds",
    }
}

/// A segment that does not fit, about which the profile says nothing.
pub fn has_unmeasured_segment(facts: &Facts, profile: &Profile) -> bool {
    facts.segments_out_of_bounds.iter().any(|segment| support(profile, segment_probe(segment)) == Support::Unknown)
}

/// The first active segment that the runtime finds to be too large for its memory or table.
pub fn segment(facts: &Facts, profile: &Profile) -> Option<Obstacle> {
    facts.segments_out_of_bounds.iter().find_map(|segment| {
        refused_probe(profile, segment_probe(segment))?;
        // The message about the probe has the probe's numbers, and SpiderMonkey has one for both kinds.
        let trap = match segment.target {
            SegmentTarget::Memory => TrapKind::MemoryOutOfBounds,
            SegmentTarget::Table => TrapKind::TableOutOfBounds,
        };
        Some(Obstacle { stage: Stage::Instantiate, ..Obstacle::new(Cause::trap(trap, ""), &[]) })
    })
}

/// Its `_start` takes a parameter.
const START_PARAMETERS: &str = "start-parameters";

/// Whether a program's `_start` takes parameters, which the profile does not cover.
pub fn has_unmeasured_parameters(facts: &Facts, planned: &PlannedRun, profile: &Profile) -> bool {
    starts_with_parameters(facts, planned) && support(profile, START_PARAMETERS) == Support::Unknown
}

/// A `_start` with parameters that the runtime does not start.
pub fn start_parameters(facts: &Facts, planned: &PlannedRun, profile: &Profile) -> Option<Obstacle> {
    if starts_with_parameters(facts, planned) { refused_probe(profile, START_PARAMETERS) } else { None }
}

fn starts_with_parameters(facts: &Facts, planned: &PlannedRun) -> bool {
    let takes_some = |export: &Export| export.signature.as_ref().is_some_and(|ty| !ty.params.is_empty());
    is_program(planned)
        && facts.kind == BinaryKind::Module
        && !starts_import(facts, planned)
        && facts.exports.iter().any(|export| export.name == "_start" && takes_some(export))
}

/// Whether a program's `_start` is an imported function: the module defines none. Nobody asked whether the runtime calls
/// it.
pub fn starts_import(facts: &Facts, planned: &PlannedRun) -> bool {
    is_program(planned)
        && facts.kind == BinaryKind::Module
        && facts.exports_function("_start")
        && !facts.sections.iter().any(|section| section.name == "code")
}

/// Whether a program depends on its function with the empty name, which the profile does not cover: whether the runtime
/// starts one, or which it starts if there is a `_start` beside it.
pub fn has_unmeasured_start(facts: &Facts, planned: &PlannedRun, profile: &Profile) -> bool {
    let exports = |name: &str| facts.exports_function(name);
    let open = if exports("_start") { Support::Yes } else { Support::Unknown };
    is_program(planned) && exports("") && support(profile, EMPTY_NAME) == open
}

/// A call with a vector that the runtime's interface cannot make.
pub fn vector_call(facts: &Facts, planned: &PlannedRun, profile: &Profile) -> Option<Obstacle> {
    let call = vector_calls(facts, planned).next()?;
    let refused = refused_probe(profile, V128_CALL)?;
    // The message about the probe may name its export.
    let cause = match refused.cause {
        Cause::HostError { message } => {
            Cause::HostError { message: message.replace("`f`", &format!("`{}`", call.name)) }
        }
        other => other,
    };
    Some(Obstacle { cause, ..refused })
}

/// The obstacle of an unusual module that the runtime refuses.
pub fn refused_probe(profile: &Profile, name: &str) -> Option<Obstacle> {
    let answer = profile.unusual_modules.get(name).filter(|answer| answer.support == Support::No)?;
    let found = Obstacle::new(answer.cause.clone()?, &answer.switches);
    // A runtime that does not check imports looks for an export before it has linked anything.
    let is_early =
        profile.unknown_import.support == Support::Unchecked && matches!(found.cause, Cause::MissingExport { .. });
    Some(if is_early { Obstacle { stage: Stage::Link, ..found } } else { found })
}

/// It calls a function of WASI and has no memory.
const NO_MEMORY: &str = "no-memory";
/// It imports a function of WASI and has no memory.
const NO_MEMORY_UNCALLED: &str = "no-memory-uncalled";

/// WASI without a memory, on a runtime that refuses it before the guest runs.
pub fn no_memory(facts: &Facts, profile: &Profile) -> Option<Obstacle> {
    if lacks_memory(facts, profile) { refused_probe(profile, NO_MEMORY_UNCALLED) } else { None }
}

/// Whether a call of this function may fail because the module has no memory: most runtimes notice it only then, and
/// some of those only if the function needs the memory.
pub fn may_fail_without_memory(facts: &Facts, import: &Import, profile: &Profile) -> bool {
    if !import.is_of_wasi() || !lacks_memory(facts, profile) {
        return false;
    }
    let at_pointer = |refused: Obstacle| matches!(refused.cause, Cause::HostError { .. });
    let needs_none = wasi::WITHOUT_MEMORY.contains(&import.name.as_str());
    refused_probe(profile, NO_MEMORY).is_some_and(|refused| !(needs_none && at_pointer(refused)))
}

/// Whether it uses WASI and exports its memory under another name than `memory`. Nobody asked whether the runtime finds it.
pub fn has_memory_of_other_name(facts: &Facts, planned: &PlannedRun) -> bool {
    let is_memory = |export: &Export| export.ty.starts_with("memory");
    !planned.glue
        && facts.kind == BinaryKind::Module
        && facts.imports_wasi()
        && facts.exports.iter().any(is_memory)
        && !facts.exports_memory()
}

fn lacks_memory(facts: &Facts, profile: &Profile) -> bool {
    facts.imports_wasi()
        && !facts.exports.iter().any(|export| export.ty.starts_with("memory"))
        && !imports::provides_memory(facts, profile)
}

/// An import without a module name, on a runtime that refuses it before it looks for the import.
pub fn empty_module_name(facts: &Facts, profile: &Profile) -> Option<Obstacle> {
    let has_one = facts.kind == BinaryKind::Module && facts.imports.iter().any(|import| import.module.is_empty());
    let refused = refused_probe(profile, "empty-module-name").filter(|_| has_one)?;
    matches!(refused.cause, Cause::Rejected { .. }).then_some(refused)
}

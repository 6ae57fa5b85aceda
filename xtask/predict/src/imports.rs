//! The imports of a file, compared with what a runtime defines.

use std::collections::HashSet;

use wasmlab_model::facts::{Abi, AbiEvidence, BinaryKind, Facts, Import};
use wasmlab_model::interface_version::{is_partly_supported, newest};
use wasmlab_model::profile::{BehaviourOutcome, MeasuredFunctions, ProbeAnswer, Profile, Support};
use wasmlab_protocol::Cause;

use crate::obstacle::{Obstacle, is_supported};
use crate::{PlannedRun, unusual_modules};

/// Whether a runtime defines an import.
enum Definition<'a> {
    Defined,
    /// It does not define the import; this is its answer.
    Missing(Option<&'a ProbeAnswer>),
    /// It defines it with this type, not the module's, and refuses the file.
    OtherType(&'a str),
    /// It starts the file, and fails at a call.
    Unchecked,
    /// The profile does not cover this import.
    Unmeasured,
}

/// The first import that the runtime lacks, in file order, and how many it lacks.
pub fn missing(facts: &Facts, planned: &PlannedRun, profile: &Profile, on: &[String]) -> Option<Obstacle> {
    let imports = facts.imports.iter();
    let found: Vec<(&Import, Definition)> =
        imports.map(|import| (import, definition(facts, import, planned, profile, on))).collect();
    let count = found.iter().filter(|(_, definition)| matches!(definition, Definition::Missing(_))).count();
    let (import, definition) =
        found.iter().find(|(_, d)| matches!(d, Definition::Missing(_) | Definition::OtherType(_)))?;
    match definition {
        Definition::Missing(answer) => {
            let cause = missing_cause(facts, import, answer.and_then(|answer| answer.cause.as_ref()), count);
            Some(Obstacle::new(cause, answer.map_or(&[], |answer| &answer.switches)))
        }
        // The message about the probe has the probe's types.
        Definition::OtherType(known) => {
            let (module, name) = (import.module.clone(), import.name.clone());
            let message = format!("the module imports {}, the host has func {known}", import.ty);
            Some(Obstacle::new(Cause::ImportTypeMismatch { module, name, message }, &[]))
        }
        Definition::Defined | Definition::Unchecked | Definition::Unmeasured => None,
    }
}

/// Whether the runtime defines an import, with these switches.
fn definition<'a>(
    facts: &Facts,
    import: &Import,
    planned: &PlannedRun,
    profile: &'a Profile,
    on: &[String],
) -> Definition<'a> {
    match facts.kind {
        BinaryKind::Component => interface(import, profile, on),
        BinaryKind::Module => core(facts, import, planned, profile),
    }
}

/// Maximum number of names in a list: a file may import a million functions, and there are many runtimes.
const MAX_NAMES: usize = 200;

/// The first names of a list of imports.
#[derive(Default)]
pub struct TruncatedNames {
    /// At most [`MAX_NAMES`], each once.
    pub shown: Vec<String>,
    /// How many more there are.
    pub omitted: usize,
}

/// The full names of these imports, each with its note.
fn names<'a>(facts: &Facts, imports: impl Iterator<Item = (&'a Import, &'static str)>) -> TruncatedNames {
    let mut seen = HashSet::new();
    let mut names = TruncatedNames::default();
    for (import, note) in imports {
        if names.shown.len() == MAX_NAMES {
            names.omitted += 1;
        } else if seen.insert((import.module.as_str(), import.name.as_str())) {
            names.shown.push(format!("{}{note}", import.shown(facts.kind)));
        }
    }
    names
}

/// Every import that the runtime lacks whatever its switches, in the order of the file; `NAME with this
/// type` for one that it defines with another type.
pub fn all_missing(facts: &Facts, planned: &PlannedRun, profile: &Profile, on: &[String]) -> TruncatedNames {
    let lacks = |import| match definition(facts, import, planned, profile, on) {
        // A switch defines it, but was not tried, because another import is missing too.
        Definition::Missing(Some(answer)) if !answer.switches.is_empty() => None,
        Definition::Missing(_) => Some((import, "")),
        Definition::OtherType(_) => Some((import, " with this type")),
        Definition::Defined | Definition::Unchecked | Definition::Unmeasured => None,
    };
    names(facts, facts.imports.iter().filter_map(lacks))
}

/// The runtime's report on this import, worded as for a probe.
fn missing_cause(facts: &Facts, import: &Import, reported: Option<&Cause>, count: usize) -> Cause {
    // A component's import is named by its interface, and the probe's cause by the first function in it.
    if facts.kind == BinaryKind::Component {
        return match reported {
            Some(cause @ Cause::MissingImport { .. }) => cause.clone(),
            _ => Cause::MissingImport {
                module: String::new(),
                name: import.name.clone(),
                ty: import.ty.clone(),
                missing_count: 1,
            },
        };
    }
    let (module, name) = (import.module.clone(), import.name.clone());
    match reported {
        Some(Cause::MissingImport { missing_count: 0, .. }) => {
            Cause::MissingImport { module, name, ty: String::new(), missing_count: 0 }
        }
        _ => Cause::MissingImport {
            module,
            name,
            ty: import.ty.clone(),
            missing_count: u32::try_from(count).unwrap_or(u32::MAX),
        },
    }
}

/// An interface of a component. A host that has a version also accepts imports of an earlier one in the same series;
/// its profile shows that, because each version was probed. Any other import has to be supplied by the embedder.
fn interface<'a>(import: &Import, profile: &'a Profile, on: &[String]) -> Definition<'a> {
    // A type is an alias; no host has to define it.
    if import.ty == "type" {
        return Definition::Defined;
    }
    let name = if import.module.is_empty() { import.name.clone() } else { import.module.clone() };
    // For a version that is not in the catalogue: the newest one in it of the same series.
    let known = profile.interfaces.get_key_value(&name).or_else(|| newest(&name, &profile.interfaces));
    match known {
        Some((_, answer)) if answer.support == Support::Unchecked => Definition::Unchecked,
        Some((_, answer)) if is_supported(answer, on) => Definition::Defined,
        // It has an earlier version, so it lacks only later additions.
        Some((known, answer)) if is_partly_supported(known, &profile.interfaces) => {
            match profile.missing_functions.get(known) {
                Some(missing) if import.functions.iter().any(|f| missing.contains(f)) => {
                    Definition::Missing(Some(answer))
                }
                Some(_) => Definition::Defined,
                None => Definition::Unchecked,
            }
        }
        Some((_, answer)) => Definition::Missing(Some(answer)),
        None => Definition::Missing(None),
    }
}

/// Whether a runtime is a host for Emscripten. The catalogue holds only a part of what such a host may define: it lacks
/// the imports of old versions, and functions of the C library that a linker left undefined.
pub fn is_emscripten_host(profile: &Profile) -> bool {
    profile.imports.get("env").is_some_and(|of| !of.defined.is_empty())
}

/// The memory that a program may import.
const MEMORY: (&str, &str) = ("env", "memory");

/// Whether the runtime creates the memory that a module imports. A WASIX host does so for every program that imports
/// from any WASI version. The probe of imported memories imports nothing else.
pub fn provides_memory(facts: &Facts, profile: &Profile) -> bool {
    let is_of_wasix =
        |(module, of): (&String, &MeasuredFunctions)| module.starts_with("wasix") && !of.defined.is_empty();
    let imports = |is_it: &dyn Fn(&Import) -> bool| facts.imports.iter().any(is_it);
    profile.imports.iter().any(is_of_wasix)
        && imports(&|import| import.module.starts_with("wasi"))
        && imports(&|import| (import.module.as_str(), import.name.as_str()) == MEMORY)
}

/// The import module of JavaScript's string builtins.
const BUILTINS: &str = "wasm:js-string";

fn core<'a>(facts: &Facts, import: &Import, planned: &PlannedRun, profile: &'a Profile) -> Definition<'a> {
    // A file may have a million imports, so a full name is made only when it is needed.
    let host = &planned.run.host_functions;
    if !host.is_empty() && host.contains(&format!("{}.{}", import.module, import.name)) {
        return Definition::Defined;
    }
    // Which builtins it has beyond those in the catalogue, and under which name it defines constants, was not asked.
    let is_unknown_builtin = || import.module.starts_with("wasm:") && !profile.imports.contains_key(&import.module);
    let is_constant = || {
        matches!(import.ty.as_str(), "global (ref extern)" | "global externref")
            && !facts.abis.iter().any(|abi| abi.abi == Abi::JsBuiltins)
    };
    let defines_builtins = || profile.imports.get(BUILTINS).is_some_and(|of| !of.defined.is_empty());
    if (is_unknown_builtin() || is_constant()) && defines_builtins() {
        return Definition::Unmeasured;
    }
    // Constants of strings come from the host that has the builtins.
    let is_of_builtins =
        |abi: &AbiEvidence| abi.abi == Abi::JsBuiltins && abi.evidence.contains(&import.shown(facts.kind));
    if import.module != BUILTINS && defines_builtins() && facts.abis.iter().any(is_of_builtins) {
        return Definition::Defined;
    }
    let in_catalogue = profile
        .imports
        .get(&import.module)
        .is_some_and(|of| of.defines(&import.name).is_some() || of.unchecked.contains(&import.name));
    let of_emscripten = ["env", "global", "asm2wasm"].contains(&import.module.as_str());
    if of_emscripten && !in_catalogue && is_emscripten_host(profile) {
        return Definition::Unchecked;
    }
    let storage = [("memory", "imported-memory"), ("table", "imported-table")];
    if let Some((_, probe)) = storage.iter().find(|(kind, _)| import.ty.starts_with(kind)) {
        // A host of wasi-threads or WASIX makes the memory that the threads of such a program share.
        let has_threads = profile.imports.get("wasi").is_some_and(|of| of.defines("thread-spawn") == Some(true));
        let is_of_threads = |abi: &AbiEvidence| matches!(abi.abi, Abi::WasiThreads | Abi::Wasix);
        if has_threads && import.ty.contains("shared") && facts.abis.iter().any(is_of_threads) {
            return Definition::Defined;
        }
        if (import.module.as_str(), import.name.as_str()) == MEMORY && provides_memory(facts, profile) {
            return Definition::Defined;
        }
        if is_function_of_host(import, profile) {
            return Definition::Unmeasured;
        }
        return match profile.unusual_modules.get(*probe).map(|answer| answer.support) {
            Some(Support::Yes | Support::Unknown) | None => Definition::Defined,
            Some(Support::No | Support::Unchecked) => unknown(profile),
        };
    }
    let functions = profile.imports.get(&import.module);
    let Some(ty) = import.ty.strip_prefix("func ") else {
        return if is_function_of_host(import, profile) { Definition::Unmeasured } else { unknown(profile) };
    };
    match functions.and_then(|functions| functions.defined.get(&import.name)) {
        // A host of wasi-threads that recognizes programs by their imports from WASI gives others nothing.
        Some(known) if known == ty && import.module == "wasi" && !imports_wasi_or_wasix(facts) => {
            Definition::Unmeasured
        }
        Some(known) if known == ty => Definition::Defined,
        Some(known) => match profile.unusual_modules.get("other-type") {
            Some(answer) if answer.support == Support::No => Definition::OtherType(known),
            // A host that does not check types links what cannot work.
            _ if wasmlab_judge::has_64_bit_addresses(facts, import) => Definition::Unchecked,
            _ => Definition::Defined,
        },
        None => match functions.and_then(|functions| functions.refused.get(&import.name)) {
            Some(answer) if answer.support == Support::No => Definition::Missing(Some(answer)),
            Some(_) => Definition::Unchecked,
            // Missing, unchecked or not in the catalogue: treated like a function that no host defines.
            None => unknown(profile),
        },
    }
}

/// Whether the host has a function of this name. If the module imports something else, some hosts report another type, and
/// others a missing import.
fn is_function_of_host(import: &Import, profile: &Profile) -> bool {
    profile.imports.get(&import.module).is_some_and(|functions| functions.defined.contains_key(&import.name))
}

fn imports_wasi_or_wasix(facts: &Facts) -> bool {
    facts.imports_wasi() || facts.imports.iter().any(|import| import.module.starts_with("wasix_"))
}

/// The definition of an import that is not in the catalogue.
fn unknown(profile: &Profile) -> Definition<'_> {
    match profile.unknown_import.support {
        Support::No => Definition::Missing(Some(&profile.unknown_import)),
        Support::Yes | Support::Unchecked | Support::Unknown => Definition::Unchecked,
    }
}

/// The imports of a module about which the profile says nothing.
pub fn unmeasured(facts: &Facts, planned: &PlannedRun, profile: &Profile) -> TruncatedNames {
    if planned.glue || facts.kind == BinaryKind::Component {
        return TruncatedNames::default();
    }
    let open = |import: &&Import| matches!(core(facts, import, planned, profile), Definition::Unmeasured);
    names(facts, facts.imports.iter().filter(open).map(|import| (import, "")))
}

/// The imported functions that this runtime does not implement as specified, or may not define.
pub fn unreliable(facts: &Facts, planned: &PlannedRun, profile: &Profile, on: &[String]) -> TruncatedNames {
    if planned.glue {
        return TruncatedNames::default();
    }
    if facts.kind == BinaryKind::Component {
        let open = |import: &&Import| matches!(interface(import, profile, on), Definition::Unchecked);
        return names(facts, facts.imports.iter().filter(open).map(|import| (import, "")));
    }
    let fails = |import: &Import| {
        let behaviour = profile.behaviour.get(&import.name).filter(|_| import.module == "wasi_snapshot_preview1");
        if wasmlab_judge::has_64_bit_addresses(facts, import)
            || unusual_modules::may_fail_without_memory(facts, import, profile)
        {
            return true;
        }
        let works = behaviour.is_none_or(|behaviour| behaviour.outcome == BehaviourOutcome::Works);
        !works || matches!(core(facts, import, planned, profile), Definition::Unchecked) && behaviour.is_none()
    };
    names(facts, facts.imports.iter().filter(|import| fails(import)).map(|import| (import, "")))
}

//! The judgement on a missing import, and the imports that only another host defines.

mod custom_host;
mod described;
mod mismatched;
mod reason;
mod side_module;

use std::collections::HashMap;

use described::described;
pub use mismatched::{has_64_bit_addresses, mismatched, unchecked_mismatch, unchecked_type};
pub use reason::release_candidate;
use reason::{
    Reason, default_reason, reason, reason_of, reason_with_remedy, release_candidate_reason, use_another_runtime,
};

use super::{Evidence, component_part, with_code};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::facts::{self, Abi, BinaryKind, Facts, Import, Shape};
use wasmlab_model::names::{and_more, rest};
use wasmlab_model::remedy::RemedyKind;
use wasmlab_model::text::escaped;
use wasmlab_model::verdict::Judgement;

/// The full name of an import as a runtime gives it: not every message has the import's module.
pub fn import_name(module: &str, name: &str) -> String {
    facts::import_name(BinaryKind::Component, module, name)
}

/// The full name of the import that a runtime names, as the module has it.
fn name_in_module(facts: Option<&Facts>, module: &str, name: &str) -> String {
    let found = facts.and_then(|facts| Some(shown(facts, find(facts, module, name)?)));
    found.unwrap_or_else(|| import_name(module, name))
}

/// The full name of an import that the module has.
pub fn shown(facts: &Facts, import: &Import) -> String {
    import.shown(facts.kind)
}

/// The judgement on the first of `missing` imports that a runtime does not define.
pub fn missing(facts: Option<&Facts>, module: &str, name: &str, ty: &str, missing: u32) -> Judgement {
    let (module, name) = (&with_version(facts, module), &with_version(facts, name));
    if let Some(part) = facts.and_then(component_part::find) {
        let import = name_in_module(facts, module, name);
        return part.judgement(&format!("this runtime does not define {import}{}", more(missing)));
    }
    // A component imports interfaces by name and version; the missing item is inside one.
    let component = facts.is_some_and(|f| f.kind == BinaryKind::Component) && !module.is_empty();
    let found = facts.and_then(|f| find(f, module, name));
    let import = if component { module.to_owned() } else { name_in_module(facts, module, name) };
    let abi = facts.and_then(|f| f.abis.iter().find(|a| a.evidence.contains(&import))).map(|a| a.abi);
    let candidate = release_candidate(if component { module } else { name }).filter(|_| component || module.is_empty());
    // If WASI is missing too, an import that no WASI host defines decides: it would fail next on every other runtime.
    let next = facts
        .filter(|_| matches!(abi, Some(Abi::Wasi01 | Abi::WasiUnstable)))
        .and_then(|f| Some((f, unsatisfiable_import(f)?)));
    let mut reason = match (candidate, next) {
        (Some(candidate), _) => release_candidate_reason(candidate),
        (None, Some((facts, import))) => reason_of(facts, import),
        (None, None) => reason(facts, found, abi, name),
    };
    if reason.remedy.is_none() && reason.code == Code::MissingImport {
        reason.remedy = use_another_runtime(&import, component, abi);
        reason.remedy_kind = RemedyKind::SomeRuntime;
    }
    let whole = if component && !name.is_empty() { format!("{import}#{name}") } else { import.clone() };
    let shown_import = escaped(&whole).into_owned();
    let missing_import = match found.filter(|found| kind_of(&found.ty).is_some()) {
        Some(found) => described(&shown_import, &found.ty),
        // This is the interface's type, not that of the missing item.
        None if ty.is_empty() || component => shown_import,
        None => format!("{shown_import}: {ty}"),
    };
    let also = next.map(|(_, import)| format!("; the module also imports {}", with_its_host(facts, &[import])));
    let detail = format!("does not define {missing_import}{}{}", more(missing), also.unwrap_or_default());
    let subject = next.map_or(import, |(facts, import)| shown(facts, import));
    reason.judgement(Some(subject), &detail)
}

/// `, and 2 more imports`, given the total number `missing`.
fn more(missing: u32) -> String {
    rest(missing as usize, 1, "import").map(|more| format!(", {more}")).unwrap_or_default()
}

/// The judgement on the first of `missing` imports if the module's own JavaScript file loaded it and does not define
/// them either: no host can supply them.
pub fn not_in_glue(module: &str, name: &str, missing: u32) -> Judgement {
    let import = import_name(module, name);
    let detail =
        format!("its own glue does not define {import}{}: module and glue come from different builds", more(missing));
    let remedy = "Rebuild both together with matching tools (emcc prefers the `wasm-opt` on PATH to its own, and a newer \
                  one shortens the names only in the module), or build at -O2, which does not shorten names.";
    let judgement = with_code(Code::MissingImport, import, detail);
    Judgement { blame: vec![Blame::Toolchain], remedy: Some(remedy.to_owned()), ..judgement }
}

/// A WIT interface, or `interface#name`, with the version that the component imports: JavaScript hosts see no version
/// or only its beginning.
fn with_version(facts: Option<&Facts>, name: &str) -> String {
    let (interface, member) =
        name.split_once('#').map_or((name, None), |(interface, member)| (interface, Some(member)));
    let component = facts.filter(|f| f.kind == BinaryKind::Component && interface.contains('/'));
    let mut imports = component.iter().flat_map(|f| &f.imports).map(|i| import_name(&i.module, &i.name));
    let whole = imports.find(|import| {
        import.strip_prefix(interface).is_some_and(|rest| rest.is_empty() || rest.starts_with(['@', '.']))
    });
    let whole = whole.unwrap_or_else(|| interface.to_owned());
    member.map(|member| format!("{whole}#{member}")).unwrap_or(whole)
}

/// A guest that failed on a runtime that does not check imports, some of which no WASI host defines. `ended` says how
/// it failed: `its process is killed by SIGSEGV`. If there are several such imports, it is unknown which one it called.
pub fn unchecked_import(evidence: &Evidence, ending: &str) -> Option<Judgement> {
    let facts = evidence.facts.ok().filter(|_| evidence.progress.unchecked_imports)?;
    if let Some(part) = component_part::find(facts) {
        return Some(part.judgement(&format!("this runtime starts it anyway, and {ending}")));
    }
    let abis = Abis::of(facts);
    let is_foreign = |import: &&Import| is_foreign(facts, abis.find(import), import);
    let imports: Vec<&Import> = facts.imports.iter().filter(is_foreign).collect();
    let (first, others) = imports.split_first()?;
    let reason = reason_of(facts, first);
    let which = if others.is_empty() { "" } else { "; the runtime does not say which one the guest called" };
    let checks = evidence.checks();
    let last = checks.last().map(|check| format!(" after its check {}", check.name)).unwrap_or_default();
    let it = with_its_host(Some(facts), &imports);
    let before = "this runtime does not check imports before it starts a module";
    let detail = format!("{before}: {ending}{last}; the module imports {it}{which}");
    let subject = others.is_empty().then(|| shown(facts, first));
    Some(reason.judgement(subject, &detail))
}

/// A runtime that stops before it links a module built for another host: the real problem is the missing imports.
/// `before` says what it did: `finds no `_start` to call`.
pub fn made_for_another_host(facts: &Facts, before: &str) -> Option<Judgement> {
    if let Some(part) = component_part::find(facts) {
        return Some(part.judgement(&format!("this runtime {before}")));
    }
    // A runtime that did not link does not show that it would create a memory.
    let import =
        unsatisfiable_import(facts).or_else(|| facts.imports.iter().find(|import| import.is_memory_or_table()))?;
    let reason = reason_of(facts, import);
    let imports = with_its_host(Some(facts), &[import]);
    Some(reason.judgement(Some(shown(facts, import)), &format!("{before}; the module imports {imports}")))
}

/// The first import that no WASI host defines, if any: what a runtime that does not check imports would fail on later.
/// Memories and tables that a linker left to the host do not count, because some runtimes create them.
pub fn unsatisfiable_import(facts: &Facts) -> Option<&Import> {
    let abis = Abis::of(facts);
    facts.imports.iter().find(|import| is_foreign(facts, abis.find(import), import))
}

/// `; its import env.abort, which no WASI host defines, would fail next`, after the reason why a runtime did not get to
/// its imports; `None` if it has no such import.
pub fn would_fail_next(facts: &Facts) -> Option<String> {
    let import = unsatisfiable_import(facts)?;
    Some(format!("; its import {}, would fail next", with_its_host(Some(facts), &[import])))
}

/// The name of the import that [`foreign`] finds, its code, and its remedy if it is not the code's own.
pub fn unsatisfiable_import_reason(facts: &Facts) -> Option<(String, Code, Option<String>)> {
    if let Some(part) = component_part::find(facts) {
        return Some((part.subject, Code::ComponentPart, Some(part.remedy)));
    }
    let import = unsatisfiable_import(facts)?;
    let reason = reason_of(facts, import);
    Some((shown(facts, import), reason.code, reason.remedy))
}

/// `abi`: the import's.
fn is_foreign(facts: &Facts, abi: Option<Abi>, import: &Import) -> bool {
    let side = facts.shape == Shape::SideModule;
    match abi {
        // No runtime defines an interface for a core module.
        Some(Abi::Wasi02 | Abi::Wasi03) => side || facts.kind == BinaryKind::Module,
        None | Some(Abi::Wasi01 | Abi::WasiUnstable) => side,
        Some(Abi::Unlinked | Abi::CustomHost) => side || !matches!(kind_of(&import.ty), Some("a memory" | "a table")),
        Some(_) => true,
    }
}

/// The ABI of each import, indexed by name: a file may have a million imports.
struct Abis<'a> {
    facts: &'a Facts,
    by_name: HashMap<&'a str, Abi>,
}

impl<'a> Abis<'a> {
    fn of(facts: &'a Facts) -> Self {
        let mut by_name = HashMap::new();
        for found in &facts.abis {
            for name in &found.evidence {
                by_name.entry(name.as_str()).or_insert(found.abi);
            }
        }
        Self { facts, by_name }
    }

    fn find(&self, import: &Import) -> Option<Abi> {
        self.by_name.get(shown(self.facts, import).as_str()).copied()
    }
}

fn abi_of(facts: &Facts, import: &Import) -> Option<Abi> {
    let name = shown(facts, import);
    facts.abis.iter().find(|a| a.evidence.contains(&name)).map(|a| a.abi)
}

/// `env.abort and 2 more, which no WASI host defines`.
fn with_its_host(facts: Option<&Facts>, imports: &[&Import]) -> String {
    let Some((first, others)) = imports.split_first() else { return String::new() };
    let named = |import: &Import| facts.map_or_else(|| import.name.clone(), |facts| shown(facts, import));
    let more = match others {
        [] => String::new(),
        [other] => format!(" and {}", named(other)),
        others => and_more(others.len()),
    };
    let whose = match facts.and_then(|facts| abi_of(facts, first)) {
        Some(Abi::Wasix) => "which only a host of WASIX defines",
        Some(Abi::WasiThreads) => "which only a host of wasi-threads defines",
        Some(Abi::Wasi02 | Abi::Wasi03) => "which no runtime defines for a core module",
        _ => "which no WASI host defines",
    };
    format!("{}{more}, {whose}", named(first))
}

/// The import with these names; some runtimes split the module name at its first dot.
fn find<'a>(facts: &'a Facts, module: &str, name: &str) -> Option<&'a Import> {
    let exact = facts.imports.iter().find(|i| i.module == module && i.name == name);
    exact.or_else(|| {
        let tail = import_name(module, name);
        let tail = tail.trim_start_matches('.');
        let mut alike =
            facts.imports.iter().filter(|i| import_name(&i.module, &i.name).trim_start_matches('.') == tail);
        alike.next().filter(|_| alike.next().is_none())
    })
}

/// The kind of an import, unless it is a function.
fn kind_of(ty: &str) -> Option<&'static str> {
    ["a global", "a memory", "a table", "a tag"].into_iter().find(|kind| ty.starts_with(&kind[2..]))
}

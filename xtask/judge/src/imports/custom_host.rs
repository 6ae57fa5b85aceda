//! Imports that an embedder or another module of the same project defines: no ABI has them.

use super::described::with_unit;
use super::{Abis, Reason, default_reason, is_foreign, reason_with_remedy};
use crate::symbols::IF_NEVER_CALLED;
use wasmlab_model::codes::Code;
use wasmlab_model::facts::{Abi, BinaryKind, Facts, Import};
use wasmlab_model::names::first_listed;
use wasmlab_model::shell;

/// Imports from modules with other names, which the author left to the embedder. Decided from all imports, so that
/// every column gets the same answer, whichever import a runtime looks for first.
pub fn reason(facts: Option<&Facts>) -> Reason {
    let Some(facts) = facts.filter(|facts| facts.kind == BinaryKind::Module) else {
        return default_reason(Code::CustomHost);
    };
    let abis = Abis::of(facts);
    let (mut custom, mut only_custom) = (Vec::new(), true);
    for import in &facts.imports {
        match abis.find(import) {
            Some(Abi::CustomHost) => custom.push(import),
            abi => only_custom &= !is_foreign(facts, abi, import),
        }
    }
    match custom.split_first() {
        Some((first, rest)) if only_custom && custom.iter().all(|import| import.is_memory_or_table()) => {
            storage(first, rest)
        }
        _ => reason_with_remedy(Code::CustomHost, &from_modules(&custom)),
    }
}

/// Import modules listed in a remedy.
const MAX_MODULES: usize = 3;

/// How imports are supplied: by an embedder, or by the modules that they name.
fn from_modules(imports: &[&Import]) -> String {
    let general = Code::CustomHost.entry().remedy;
    let mut modules: Vec<&str> = imports.iter().map(|import| import.module.as_str()).collect();
    modules.sort_unstable();
    modules.dedup();
    // `env` names no module, and no option can name one without a name.
    if modules.iter().all(|module| *module == "env") || modules.contains(&"") {
        let functions = imports.iter().all(|import| import.ty.starts_with("func "));
        return if functions { format!("{general} {IF_NEVER_CALLED}") } else { general.to_owned() };
    }
    let names = first_listed(&modules, MAX_MODULES);
    let link = match modules.as_slice() {
        [module] => format!("if {module} is a module, link it with `wasmtime run --preload {}`", preloaded(module)),
        _ => "if these are modules, link each with `wasmtime run --preload NAME=FILE`".to_owned(),
    };
    let noun = if imports.len() == 1 { "this import" } else { "these imports" };
    format!("Embed the runtime in a program that defines {noun} (from {names}); {link}.")
}

/// `mine=FILE`, quoted for a shell: a module's name may be anything.
fn preloaded(module: &str) -> String {
    shell::quote(&format!("{module}=FILE"))
}

/// A memory or table that its author left to the embedder: nothing shows that a linker did.
fn storage(import: &Import, others: &[&Import]) -> Reason {
    let name = import.shown(BinaryKind::Module);
    let (kind, limits) = import.ty.split_once(' ').unwrap_or((import.ty.as_str(), ""));
    let first = limits.split([' ', '.']).next().unwrap_or_default();
    if kind == "memory" && limits.contains("shared") {
        let most = limits.split_once("..").and_then(|(_, rest)| rest.split(' ').next()).unwrap_or(first);
        let remedy = format!(
            "Supply the shared memory {name} from the program that embeds it (in JavaScript: `new WebAssembly.Memory({{ initial: \
             {first}, maximum: {most}, shared: true }})`), or from a module that exports it: `wasmtime run -W \
             shared-memory=y --preload {}`.",
            preloaded(&import.module)
        );
        return Reason {
            note: "; it imports its memory, which the program that embeds it supplies".to_owned(),
            ..reason_with_remedy(Code::CustomHost, &remedy)
        };
    }
    let (class, unit) = if kind == "memory" { ("Memory", "page") } else { ("Table", "element") };
    let size = with_unit(first, unit);
    let also = match others {
        [] => String::new(),
        [other] => {
            let kind = other.ty.split(' ').next().unwrap_or_default();
            format!(" and the {kind} {}", other.shown(BinaryKind::Module))
        }
        others => format!(" and {} more memories and tables", others.len()),
    };
    Reason {
        note: format!("; it imports its {kind}, which the program that embeds it supplies"),
        ..reason_with_remedy(
            Code::CustomHost,
            &format!(
                "Supply the {kind} {name}{also} from the program that embeds it (in JavaScript: a `WebAssembly.{class}` of \
                 {size}), or from a module that exports it: `wasmtime run --preload {}`.",
                preloaded(&import.module)
            ),
        )
    }
}

//! A host that stopped a guest: its reason in plain words, and who is to blame.

use wasmlab_protocol::{HostRefusal, Stage};

use super::trap::guest_message;
use super::{Evidence, component_part, imports, with_code};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::facts::{Facts, Signature};
use wasmlab_model::subjects::EXIT_CODE;
use wasmlab_model::verdict::Judgement;

/// The judgement on what a host refused.
pub fn refused(evidence: &Evidence, what: HostRefusal, message: &str) -> Judgement {
    let (subject, reason, blame, remedy) = match what {
        HostRefusal::ExitCode => (
            EXIT_CODE,
            "refuses the guest's exit code",
            Blame::Runtime,
            "Exit with a code below 126: this runtime has no option that allows higher codes.".to_owned(),
        ),
        // A host function that a runtime starts itself has no caller whose memory it could use.
        HostRefusal::NoMemory if evidence.facts.is_ok_and(Facts::exports_memory) => (
            "memory",
            "finds no memory, though the guest exports one: the function that was called is a re-exported import, so the runtime calls its own function, not the guest's",
            Blame::Guest,
            "Export a function of the guest's own that calls the import.".to_owned(),
        ),
        HostRefusal::NoMemory => (
            "memory",
            "refuses a guest that exports no memory, which WASI's functions need",
            Blame::Toolchain,
            export_memory(evidence.facts.ok()),
        ),
        HostRefusal::TwoEntryPoints => (
            "_start, _initialize",
            "refuses a module that exports both `_start` and `_initialize`: WASI allows a command or a reactor, not both",
            Blame::Toolchain,
            "Export one of the two: `_start` for a program, `_initialize` for a library whose functions others call."
                .to_owned(),
        ),
    };
    let detail = format!("{reason}; its message: {message}");
    let judgement = with_code(Code::HostRefused, subject.to_owned(), detail);
    Judgement { blame: vec![blame], remedy: Some(remedy), ..judgement }
}

/// A runtime that refuses imports with an empty module name, by a check of its own.
pub fn refused_empty_name(facts: Option<&Facts>, message: &str) -> Judgement {
    let detail = format!("refuses imports with an empty module name, which the specification allows: {message}");
    if let Some(part) = facts.and_then(component_part::find) {
        return part.judgement(&detail);
    }
    let remedy = "Use a runtime without this check, or give the imports a module name and build again.";
    let judgement = with_code(Code::HostRefused, "empty module name".to_owned(), detail);
    Judgement { remedy: Some(remedy.to_owned()), ..judgement }
}

/// How to export the memory, depending on whether the module imports or defines it.
fn export_memory(facts: Option<&Facts>) -> String {
    let imported = facts.is_some_and(|f| f.imports.iter().any(|i| i.ty.starts_with("memory")));
    let defined = facts.is_none_or(|f| f.sections.iter().any(|s| s.name == "memory"));
    let remedy = if imported {
        "Link without `--import-memory`, or with `--export-memory` as well."
    } else if defined {
        "Export its memory under the name `memory`: link with `--export-memory`, and do not strip the export \
         with a linker script or another tool."
    } else {
        "Give the module a memory and export it under the name `memory`: WASI's functions pass all data \
         through it."
    };
    remedy.to_owned()
}

/// What hosts say when a function of WASI is called by a guest without a memory: Cloudflare's WASI for workers, wazero.
const NO_MEMORY: &[&str] = &["memory not set", "invalid memory address or nil pointer dereference"];

/// Whether a host's failure is that of a WASI function that was called by a guest without a memory. For wazero it is
/// any access through a null pointer.
fn is_call_without_memory(evidence: &Evidence, message: &str) -> bool {
    NO_MEMORY.iter().any(|part| message.contains(part))
        && evidence.progress.stage >= Some(Stage::Instantiate)
        && evidence.facts.is_ok_and(|facts| !facts.exports_memory() && facts.imports_wasi())
}

/// What embedding APIs say of a function with a vector among its parameters or results: V8, JavaScriptCore,
/// SpiderMonkey, wasmtime's C API.
const REFUSES_VECTOR: &[&str] = &[
    "type incompatibility when transforming",
    "an invalid parameter or return value",
    "cannot pass value to or from JS",
    "no type for v128",
    // The lab's own driver for JavaScript runtimes, for a parameter.
    "a v128 cannot cross to JavaScript",
];

/// Whether an exported function has a vector among its parameters or results.
fn exports_vectors(facts: &Facts) -> bool {
    facts.exports.iter().filter_map(|export| export.signature.as_ref()).any(Signature::has_vector)
}

/// A host function failed for a reason that the lab does not know. The guest may have asked for something impossible;
/// comparing columns decides who is to blame.
pub fn failed(evidence: &Evidence, message: &str) -> Judgement {
    if is_call_without_memory(evidence, message) {
        return refused(evidence, HostRefusal::NoMemory, message);
    }
    // Wasmer links a module with a section `dylink.0` as WASIX does, and stops before it looks at other imports.
    let linker = message.strip_prefix("Linker error: ").zip(evidence.facts.ok());
    let import = linker.and_then(|(message, facts)| {
        let before = format!("treats it as a dynamically linked WASIX program, whose linker says: {message}");
        imports::made_for_another_host(facts, &before)
    });
    if let Some(judgement) = import {
        return judgement;
    }
    if evidence.facts.is_ok_and(exports_vectors) && REFUSES_VECTOR.iter().any(|part| message.contains(part)) {
        let detail =
            format!("the embedding API cannot pass a vector (v128) to or from a function; its message: {message}");
        let remedy = "Pass the vector through memory, or as two i64.";
        let judgement = with_code(Code::HostRefused, "v128".to_owned(), detail);
        return Judgement { blame: vec![Blame::Abi], remedy: Some(remedy.to_owned()), ..judgement };
    }
    let last = guest_message(evidence).map(|last| format!("; the guest's last message: {last}")).unwrap_or_default();
    let detail = format!("a host function failed: {message}{last}");
    Judgement { blame: vec![Blame::Guest], ..with_code(Code::HostRefused, "host-error".to_owned(), detail) }
}

//! Determines which ABIs a binary uses, with the evidence for each. Real modules mix them, so the result is a set.

use std::collections::{BTreeMap, BTreeSet};

use crate::symbols;
use wasmlab_model::facts::{Abi, AbiEvidence, BinaryKind, Export, Import, Producer};

/// The ABIs of a binary, sorted; empty only if it imports nothing and exports no interface.
///
/// `dynamic`: the binary is a side module, which imports memory and table by convention.
pub fn classify(
    kind: BinaryKind,
    dynamic: bool,
    imports: &[Import],
    exports: &[Export],
    producers: &[Producer],
) -> Vec<AbiEvidence> {
    let named = |import: &Import| import.shown(kind);
    let minified = kind == BinaryKind::Module && has_minified_names(imports, exports);
    let mut found: BTreeMap<Abi, BTreeSet<String>> = BTreeMap::new();
    let mut unclear: Vec<&Import> = Vec::new();
    for import in imports {
        let abi = match kind {
            BinaryKind::Component => Some(interface(&import.name)),
            BinaryKind::Module if minified && has_short_name(import) => Some(Abi::Minified),
            BinaryKind::Module => core(import),
        };
        match abi {
            Some(abi) => _ = found.entry(abi).or_default().insert(named(import)),
            None => unclear.push(import),
        }
    }
    if kind == BinaryKind::Component {
        for export in exports.iter().filter(|e| e.name.starts_with("wasi:")) {
            found.entry(interface(&export.name)).or_default().insert(format!("export {}", export.name));
        }
    }
    // `_emscripten_memcpy_big` and similar names occur in both ABIs, but a module uses only one of them.
    if found.contains_key(&Abi::EmscriptenFastcomp)
        && let Some(common) = found.remove(&Abi::EmscriptenUpstream)
    {
        found.entry(Abi::EmscriptenFastcomp).or_default().extend(common);
    }
    // Ambiguous imports belong to the ABI that the unambiguous ones indicate.
    let mut clear: BTreeSet<Abi> = found.keys().copied().collect();
    if unclear.iter().any(|i| symbols::is_setjmp_symbol(&i.name)) {
        clear.insert(Abi::Unlinked);
    }
    let (storage, items): (Vec<&Import>, Vec<&Import>) = unclear.into_iter().partition(|i| i.is_memory_or_table());
    for import in items {
        found.entry(unclear_abi(import, &clear, dynamic)).or_default().insert(named(import));
    }
    // A custom host also provides the memory. Without a custom host, a linker was told to import it, if there was a
    // linker.
    let custom = found.contains_key(&Abi::CustomHost);
    let linked = !producers.is_empty() || !found.is_empty() || has_names_of_linker(imports, exports);
    for import in storage {
        let abi = match unclear_abi(import, &clear, dynamic) {
            Abi::CustomHost if !custom && linked => Abi::Unlinked,
            abi => abi,
        };
        found.entry(abi).or_default().insert(named(import));
    }
    let js_strings = found.get(&Abi::JsBuiltins).is_some_and(|names| names.iter().any(|n| n.starts_with(JS_STRING)));
    if js_strings {
        // The compiler chooses the module name of string constants.
        move_constants(kind, imports, &mut found);
    }
    found.retain(|_, evidence| !evidence.is_empty());
    found.into_iter().map(|(abi, evidence)| AbiEvidence { abi, evidence: evidence.into_iter().collect() }).collect()
}

/// JavaScript engines provide these string builtins if the embedder enables them.
const JS_STRING: &str = "wasm:js-string";

/// A string constant is an immutable global of type `externref` whose import name is the string itself.
fn move_constants(kind: BinaryKind, imports: &[Import], found: &mut BTreeMap<Abi, BTreeSet<String>>) {
    let constants = imports.iter().filter(|i| matches!(i.ty.as_str(), "global (ref extern)" | "global externref"));
    for name in constants.map(|import| import.shown(kind)) {
        for (_, evidence) in found.iter_mut() {
            evidence.remove(&name);
        }
        found.entry(Abi::JsBuiltins).or_default().insert(name);
    }
}

/// Whether wasm-ld uses this name; other tools that write modules rarely do.
fn has_names_of_linker(imports: &[Import], exports: &[Export]) -> bool {
    let of_linker = [
        "__indirect_function_table",
        "__linear_memory",
        "__stack_pointer",
        "__heap_base",
        "__data_end",
        "__wasm_call_ctors",
    ];
    let names = imports.iter().map(|i| &i.name).chain(exports.iter().map(|e| &e.name));
    names.into_iter().any(|name| of_linker.contains(&name.as_str()))
}

/// The ABI of an interface name: `wasi:io/streams@0.2.3`.
fn interface(name: &str) -> Abi {
    match name.strip_prefix("wasi:").map(|rest| rest.rsplit_once('@').map_or("", |(_, version)| version)) {
        Some(version) if version.starts_with("0.3") => Abi::Wasi03,
        Some(_) => Abi::Wasi02,
        None => Abi::CustomInterface,
    }
}

/// The ABI of a core import that is unambiguous.
fn core(import: &Import) -> Option<Abi> {
    let (module, name) = (import.module.as_str(), import.name.as_str());
    Some(match module {
        "wasi_snapshot_preview1" => Abi::Wasi01,
        "wasi_unstable" => Abi::WasiUnstable,
        "wasix_32v1" | "wasix_64v1" => Abi::Wasix,
        "wasi" if name == "thread-spawn" => Abi::WasiThreads,
        "gojs" | "go" => Abi::GoJs,
        "js_code" => Abi::KotlinJs,
        "intrinsics" if matches!(name, "memory" | "tag") => Abi::KotlinJs,
        "wbg" | "__wbindgen_placeholder__" | "__wbindgen_externref_xform__" => Abi::WasmBindgen,
        "napi" | "emnapi" => Abi::Napi,
        // Addresses filled in by the dynamic linker.
        "GOT.mem" | "GOT.func" => Abi::EmscriptenUpstream,
        _ if module.starts_with("wasm:") => Abi::JsBuiltins,
        // A core module that is to become a component imports interfaces by name.
        _ if module.starts_with("wasi:") => interface(module),
        _ if module.ends_with("_bg.js") => Abi::WasmBindgen,
        "env" | "global" | "global.Math" | "asm2wasm" => return env(import),
        _ => Abi::CustomHost,
    })
}

/// Whether a toolchain shortened the names. A person may write one import `a.f`; a minifier shortens all names,
/// including the exports.
fn has_minified_names(imports: &[Import], exports: &[Export]) -> bool {
    let short = imports.iter().filter(|import| has_short_name(import)).count();
    short >= SEVERAL || short > 0 && exports.iter().filter(|export| is_short(&export.name)).count() >= 2
}

/// So many short imports cannot be a coincidence.
const SEVERAL: usize = 3;

fn has_short_name(import: &Import) -> bool {
    is_short(&import.module) && is_short(&import.name)
}

fn is_short(name: &str) -> bool {
    (1..=2).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$')
}

/// The ABI of an import from `env`, the module name that every ABI uses.
fn env(import: &Import) -> Option<Abi> {
    const OLD: &[&str] = &[
        "memoryBase",
        "tableBase",
        "DYNAMICTOP_PTR",
        "STACKTOP",
        "STACK_MAX",
        "tempDoublePtr",
        "ABORT",
        "enlargeMemory",
        "getTotalMemory",
        "abortOnCannotGrowMemory",
        "abortStackOverflow",
        "nullFunc_ii",
        "___setErrNo",
    ];
    const NEW: &[&str] = &[
        "__memory_base",
        "__table_base",
        "__assert_fail",
        "_abort_js",
        "_mmap_js",
        "_munmap_js",
        "_localtime_js",
        "_gmtime_js",
        "_mktime_js",
        "_tzset_js",
        "_setitimer_js",
        "_timegm_js",
        "segfault",
        "alignfault",
    ];
    const NEW_PREFIXES: &[&str] =
        &["__syscall_", "emscripten_", "_emscripten_", "__emscripten_", "invoke_", "_embind_", "_emval_", "_wasmfs_"];
    let (module, name, ty) = (import.module.as_str(), import.name.as_str(), import.ty.as_str());
    let system_call =
        name.strip_prefix("___syscall").is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    if system_call || OLD.contains(&name) || module != "env" {
        return Some(Abi::EmscriptenFastcomp);
    }
    if name.starts_with("napi_") || name.starts_with("_emnapi_") {
        return Some(Abi::Napi);
    }
    if NEW.contains(&name) || NEW_PREFIXES.iter().any(|p| name.starts_with(p)) {
        return Some(Abi::EmscriptenUpstream);
    }
    match (name, ty) {
        // message, file name, line, column
        ("abort", "func (i32, i32, i32, i32) -> ()") => Some(Abi::AssemblyScript),
        ("abort", "func () -> ()") => Some(Abi::EmscriptenUpstream),
        ("seed", "func () -> (f64)") => Some(Abi::AssemblyScript),
        ("trace", _) if ty.starts_with("func (i32, i32, f64") => Some(Abi::AssemblyScript),
        _ => None,
    }
}

/// The ABI of an ambiguous `env` import.
fn unclear_abi(import: &Import, clear: &BTreeSet<Abi>, dynamic: bool) -> Abi {
    let shared_memory = import.ty.starts_with("memory") && import.ty.contains("shared");
    if clear.contains(&Abi::EmscriptenFastcomp) {
        Abi::EmscriptenFastcomp
    } else if clear.contains(&Abi::EmscriptenUpstream) || (dynamic && import.name.starts_with("__")) {
        Abi::EmscriptenUpstream
    } else if clear.contains(&Abi::AssemblyScript) {
        Abi::AssemblyScript
    } else if clear.contains(&Abi::Napi) {
        Abi::Napi
    } else if shared_memory && clear.contains(&Abi::WasiThreads) {
        Abi::WasiThreads
    } else if shared_memory && clear.contains(&Abi::Wasix) {
        Abi::Wasix
    } else if matches!(import.name.as_str(), "setTempRet0" | "getTempRet0") && !clear.contains(&Abi::Unlinked) {
        // The upper half of a 64-bit result: used by Emscripten's glue, and by setjmp before LLVM 19.
        Abi::EmscriptenUpstream
    } else if symbols::is_library_symbol(&import.name, &import.ty) || import.name.ends_with("TempRet0") {
        Abi::Unlinked
    } else {
        Abi::CustomHost
    }
}

//! Why an import is missing, by its ABI and the kind of module, and what would change that.

use super::{abi_of, custom_host, kind_of, side_module};
use crate::{emscripten, glue, plugin_hosts, symbols, with_code};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::facts::{Abi, Facts, Import, Shape};
use wasmlab_model::remedy::RemedyKind;
use wasmlab_model::similar::{distance, max_distance};
use wasmlab_model::verdict::Judgement;
use wasmlab_model::wasi;

/// Why an import is missing, and what would change it.
pub struct Reason {
    pub code: Code,
    /// `None`: as in the catalogue.
    pub blame: Option<&'static [Blame]>,
    /// `None`: as in the catalogue.
    pub remedy: Option<String>,
    pub remedy_kind: RemedyKind,
    /// Added to the detail.
    pub note: String,
}

impl Reason {
    /// The judgement for this reason; its note ends the detail.
    pub fn judgement(self, subject: Option<String>, detail: &str) -> Judgement {
        let judgement = with_code(self.code, subject, format!("{detail}{}", self.note));
        Judgement {
            blame: self.blame.map_or(judgement.blame, <[_]>::to_vec),
            remedy: self.remedy,
            remedy_kind: self.remedy_kind,
            ..judgement
        }
    }
}

pub fn default_reason(code: Code) -> Reason {
    Reason { code, blame: None, remedy: None, remedy_kind: RemedyKind::default(), note: String::new() }
}

pub fn reason_with_remedy(code: Code, remedy: &str) -> Reason {
    Reason { remedy: Some(remedy.to_owned()), ..default_reason(code) }
}

/// The version of a WASI interface that is a release candidate: `0.2.0-rc-2023-12-05`.
pub fn release_candidate(interface: &str) -> Option<&str> {
    let (package, version) = interface.split_once('@')?;
    (package.starts_with("wasi:") && version.contains("-rc")).then_some(version)
}

/// A release candidate's interface differs from the release's, and runtimes soon drop support for it.
pub fn release_candidate_reason(version: &str) -> Reason {
    let release = version.split('-').next().unwrap_or(version);
    Reason {
        blame: Some(&[Blame::Toolchain]),
        note: format!("; {version} is a pre-release of {release}, and runtimes with another version do not accept it"),
        ..reason_with_remedy(
            Code::MissingImport,
            &format!(
                "Rebuild it with current tools (wit-bindgen, cargo component, jco, a current compiler), which use released \
                 versions instead of {version}."
            ),
        )
    }
}

pub fn reason_of(facts: &Facts, import: &Import) -> Reason {
    reason(Some(facts), Some(import), abi_of(facts, import), &import.name)
}

pub fn reason(facts: Option<&Facts>, import: Option<&Import>, abi: Option<Abi>, name: &str) -> Reason {
    facts.and_then(shape_reason).unwrap_or_else(|| abi_reason(facts, import, abi, name))
}

/// The reason that follows from the module's kind, whatever it imports.
fn shape_reason(facts: &Facts) -> Option<Reason> {
    if facts.shape == Shape::SideModule {
        let section = side_module::section(facts);
        let note = format!("; it is a side module (section `{section}`): its main module's loader defines this import");
        return Some(Reason { note, ..reason_with_remedy(Code::SideModule, &side_module::remedy(facts)) });
    }
    if facts.shape == Shape::Object {
        let note = "; it is an object file (section `linking`), which has not been linked".to_owned();
        let remedy = "Link it: leave out `-c`, or pass it to `wasm-ld`; an object file is not a program.";
        return Some(Reason { note, ..reason_with_remedy(Code::UnresolvedSymbol, remedy) });
    }
    is_main_module(facts).then(|| Reason {
        note: "; it is a main module of Emscripten's dynamic linking".to_owned(),
        ..reason_with_remedy(
            Code::NeedsJsGlue,
            "Load it through its own JavaScript glue; a main module of dynamic linking cannot run standalone.",
        )
    })
}

fn abi_reason(facts: Option<&Facts>, import: Option<&Import>, abi: Option<Abi>, name: &str) -> Reason {
    match abi {
        Some(Abi::EmscriptenFastcomp) => Reason {
            note: emscripten::shortened(facts),
            ..reason_with_remedy(Code::NeedsEmscriptenHost, &emscripten::remedy_before_2020(facts))
        },
        // A standalone module (it exports `_start`) has no glue of its own that could define the rest.
        Some(Abi::EmscriptenUpstream) if facts.is_some_and(is_standalone) => {
            reason_with_remedy(Code::NeedsEmscriptenHost, &emscripten::standalone_remedy(facts))
        }
        Some(Abi::EmscriptenUpstream) => reason_with_remedy(Code::NeedsJsGlue, &emscripten::glue(facts)),
        Some(Abi::WasmBindgen) => wasm_bindgen(facts),
        Some(Abi::GoJs) => reason_with_remedy(Code::NeedsJsGlue, &glue::go(facts)),
        Some(Abi::KotlinJs) => reason_with_remedy(Code::NeedsJsGlue, glue::kotlin(facts)),
        Some(Abi::AssemblyScript) => reason_with_remedy(Code::NeedsJsGlue, &glue::assembly_script(facts)),
        Some(Abi::Minified) => Reason {
            note: " (the toolchain shortened the names; only its glue knows them)".to_owned(),
            ..default_reason(Code::NeedsJsGlue)
        },
        Some(Abi::Napi) => Reason { remedy: glue::napi(facts), ..default_reason(Code::NeedsNapiHost) },
        Some(Abi::Unlinked) => unlinked(import, name),
        Some(Abi::JsBuiltins) => js_builtins(),
        Some(Abi::WasiUnstable) => wasi_unstable(),
        Some(Abi::CustomHost | Abi::CustomInterface) => {
            misspelt_wasi_module(import).unwrap_or_else(|| custom_host(facts, import))
        }
        // An ABI of one vendor, like Emscripten's system calls: no other runtime promised to support it.
        Some(Abi::Wasix) => Reason {
            blame: Some(&[Blame::Abi, Blame::Runtime]),
            remedy_kind: RemedyKind::SomeRuntime,
            ..reason_with_remedy(Code::MissingImport, "Use a runtime that supports WASIX (wasmer).")
        },
        Some(Abi::Wasi01) => misspelt_wasi(name).unwrap_or_else(|| default_reason(Code::MissingImport)),
        Some(Abi::Wasi02 | Abi::Wasi03 | Abi::WasiThreads) | None => default_reason(Code::MissingImport),
    }
}

/// A module name that is nearly that of WASI 0.1.
fn misspelt_wasi_module(import: Option<&Import>) -> Option<Reason> {
    let module = import?.module.as_str();
    let is_typo = module != wasi::MODULE && distance(wasi::MODULE, module) <= 2;
    is_typo.then(|| Reason {
        blame: Some(&[Blame::Guest]),
        note: format!("; WASI 0.1 is the module `{}`", wasi::MODULE),
        ..reason_with_remedy(Code::MissingImport, &format!("Import it from `{}`.", wasi::MODULE))
    })
}

/// A function that WASI 0.1 does not have, if its name is close to one that it has.
fn misspelt_wasi(name: &str) -> Option<Reason> {
    // WasmEdge adds functions of sockets: `sock_bind` is not a misspelt `sock_send`.
    if wasi::FUNCTIONS.contains(&name) || name.starts_with("sock_") {
        return None;
    }
    let near = wasi::FUNCTIONS.iter().min_by_key(|function| distance(function, name))?;
    let is_typo = distance(near, name) <= max_distance(name).min(2);
    is_typo.then(|| Reason {
        blame: Some(&[Blame::Guest]),
        note: format!("; WASI 0.1 has no function of this name (did you mean `{near}`?)"),
        ..reason_with_remedy(Code::MissingImport, &format!("Import `{near}` from `{}`.", wasi::MODULE))
    })
}

/// Whether it starts without a JavaScript file.
fn is_standalone(facts: &Facts) -> bool {
    facts.exports.iter().any(|export| export.name == "_start")
}

/// Whether other modules are loaded into it: it imports addresses from a loader but does not declare how much memory it
/// needs.
fn is_main_module(facts: &Facts) -> bool {
    let asks = |i: &Import| i.module.starts_with("GOT.") || (i.module == "env" && i.name == "__memory_base");
    facts.shape != Shape::SideModule && facts.imports.iter().any(asks)
}

fn wasm_bindgen(facts: Option<&Facts>) -> Reason {
    // For Node, the processed file keeps this module's name.
    let is_processed =
        |facts: &Facts| facts.producers.iter().any(|by| by.field == "processed-by" && by.name == "wasm-bindgen");
    let is_raw = |facts: &Facts| facts.imports.iter().any(|import| import.module.starts_with("__wbindgen_"));
    let raw = facts.is_some_and(|facts| is_raw(facts) && !is_processed(facts));
    if raw {
        Reason {
            note: "; it is cargo's output, not yet processed by wasm-bindgen: no host defines these imports".to_owned(),
            ..reason_with_remedy(
                Code::NeedsJsGlue,
                "Process it with `wasm-bindgen` (or `wasm-pack build`) for a JavaScript host; for any other, build without the \
                 dependency feature that adds these imports (`js`, `wasm_js`, `wasmbind` of getrandom, uuid, time, \
                 chrono), or for wasm32-wasip1.",
            )
        }
    } else {
        reason_with_remedy(
            Code::NeedsJsGlue,
            "Run it in a JavaScript host through the file that wasm-bindgen generated. For any other host, remove its \
             calls to JavaScript and build it for wasm32-wasip1.",
        )
    }
}

fn js_builtins() -> Reason {
    Reason {
        blame: Some(&[Blame::Abi]),
        note: "; JavaScript engines have it built in but enable it only on request".to_owned(),
        ..reason_with_remedy(
            Code::MissingImport,
            "Run it in a JavaScript host of 2025 or later (Chromium 130, Node 24, Deno, Bun) that compiles it with the \
             option `builtins: [\"js-string\"]`, or compile it with its own string implementation.",
        )
    }
}

fn wasi_unstable() -> Reason {
    Reason {
        blame: Some(&[Blame::Toolchain, Blame::Runtime]),
        note: "; that is WASI's first snapshot (2019) under its old name".to_owned(),
        ..reason_with_remedy(
            Code::MissingImport,
            "Rebuild it with a current toolchain (any recent Rust, wasi-sdk or moc), which imports \
             `wasi_snapshot_preview1`.",
        )
    }
}

/// Any import shows the host, whichever a runtime looks for first.
fn custom_host(facts: Option<&Facts>, import: Option<&Import>) -> Reason {
    let all = import.into_iter().chain(facts.iter().flat_map(|f| &f.imports));
    match all.into_iter().find_map(|i| plugin_hosts::find(&i.module, &i.name)) {
        Some(host) => Reason {
            note: format!("; it is {}", host.description),
            ..reason_with_remedy(Code::CustomHost, host.remedy)
        },
        None => custom_host::reason(facts),
    }
}

/// The remedy for an import of an ABI, or of an interface that a component imports, that the runtime lacks.
pub fn use_another_runtime(interface: &str, component: bool, abi: Option<Abi>) -> Option<String> {
    if component {
        return Some(format!(
            "Use a runtime that implements {interface}, or compose it with a component that exports it (`wac plug`)."
        ));
    }
    Some(format!("Use a runtime that implements {}.", abi?.title()))
}

/// An import that the linker left to the host.
fn unlinked(import: Option<&Import>, name: &str) -> Reason {
    let storage = |what: &str, import: &str| Reason {
        blame: Some(&[Blame::Toolchain]),
        note: "; a linker option left it to the host".to_owned(),
        ..reason_with_remedy(
            Code::MissingImport,
            &format!("Link without `{import}`, or supply a {what} from your own JavaScript."),
        )
    };
    match import.and_then(|i| kind_of(&i.ty)) {
        Some("a memory") => return storage("WebAssembly.Memory", "--import-memory"),
        Some("a table") => return storage("WebAssembly.Table", "--import-table"),
        _ => {}
    }
    let note = "; a library symbol that the linker did not find and left undefined".to_owned();
    Reason { note, ..reason_with_remedy(Code::UnresolvedSymbol, &symbols::definition(name)) }
}

//! What a missing import means: that depends on the ABI that it belongs to, and on what the module is.

use super::{Evidence, emscripten, plugin_hosts, with_code};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::facts::{Abi, BinaryKind, Facts, Import, Shape};
use wasmlab_model::verdict::Judgement;

/// `module.name`, or the name alone for components.
pub fn import_name(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_owned() } else { format!("{module}.{name}") }
}

/// The judgement on the first of `missing` imports that a runtime does not define.
pub fn missing(facts: Option<&Facts>, module: &str, name: &str, ty: &str, missing: u32) -> Judgement {
    let (module, name) = (&with_version(facts, module), &with_version(facts, name));
    // A component imports interfaces, and is told which by name and version; what is missing is within.
    let component = facts.is_some_and(|f| f.kind == BinaryKind::Component) && !module.is_empty();
    let found = facts.and_then(|f| find(f, module, name));
    let import = match found {
        _ if component => module.to_owned(),
        Some(found) => import_name(&found.module, &found.name),
        None => import_name(module, name),
    };
    let abi = facts.and_then(|f| f.abis.iter().find(|a| a.evidence.contains(&import))).map(|a| a.abi);
    let candidate = release_candidate(if component { module } else { name }).filter(|_| component || module.is_empty());
    // Where WASI is missing too, what no WASI host has decides: it would come next on every other runtime.
    let next = facts.filter(|_| abi == Some(Abi::Wasi01)).and_then(|f| Some((f, foreign(f)?)));
    let reason = match (candidate, next) {
        (Some(candidate), _) => of_candidate(candidate),
        (None, Some((facts, import))) => reason_of(facts, import),
        (None, None) => reason(facts, found, abi, name),
    };
    let shown = if component && !name.is_empty() { format!("{import}#{name}") } else { import.clone() };
    let ty = match found.and_then(|f| Some((kind_of(&f.ty)?, f.ty.as_str()))) {
        Some((kind, ty)) => format!(", {kind}: {ty}"),
        // The type is that of the interface, which is not what is missing in it.
        None if ty.is_empty() || component => String::new(),
        None => format!(": {ty}"),
    };
    let also = next.map(|(_, import)| format!("; it also imports {}", with_its_host(facts, &[import])));
    let detail = format!("does not define {shown}{ty}{}{}{}", more(missing), also.unwrap_or_default(), reason.note);
    let subject = next.map_or(import, |(_, import)| import_name(&import.module, &import.name));
    let judgement = with_code(reason.code, subject, detail);
    Judgement { blame: reason.blame.map_or(judgement.blame, <[_]>::to_vec), remedy: reason.remedy, ..judgement }
}

/// `, and 2 more imports` of `missing` in all.
fn more(missing: u32) -> String {
    match missing.saturating_sub(1) {
        0 => String::new(),
        1 => ", and 1 more import".to_owned(),
        n => format!(", and {n} more imports"),
    }
}

/// The judgement on the first of `missing` imports that the JavaScript beside a module does not define either, where
/// that loaded it: no host can make up for it.
pub fn not_in_glue(module: &str, name: &str, missing: u32) -> Judgement {
    let import = import_name(module, name);
    let detail = format!(
        "its own JavaScript file does not define {import}{}: module and glue do not fit each other",
        more(missing)
    );
    let remedy = "Build both anew in one run, by tools that fit each other (emcc takes the `wasm-opt` of PATH before its \
                  own, and a newer one shortens the names in the module alone), or at -O2, which shortens none.";
    let judgement = with_code(Code::MissingImport, import, detail);
    Judgement { blame: vec![Blame::Toolchain], remedy: Some(remedy.to_owned()), ..judgement }
}

/// An interface of WIT, or `interface#name`, with the version that the component imports it in: JavaScript hosts are
/// told none, or where it begins.
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

/// A guest that came to a bad end on a runtime that runs it without a look at its imports, some of which no WASI host
/// has. `ended` says how: `it dies by SIGSEGV`. Which of several it called is not told.
pub fn unchecked_import(evidence: &Evidence, ended: &str) -> Option<Judgement> {
    let facts = evidence.facts.ok().filter(|_| evidence.progress.unchecked_imports)?;
    let imports: Vec<&Import> = facts.imports.iter().filter(|import| is_foreign(facts, import)).collect();
    let (first, others) = imports.split_first()?;
    let reason = reason_of(facts, first);
    let which = if others.is_empty() { "" } else { "; which of them it called is not told" };
    let lines = evidence.lab_lines();
    let last = lines.last().map(|line| format!(" after its check {}", line.name)).unwrap_or_default();
    let it = with_its_host(Some(facts), &imports);
    let detail = format!("{ended}{last}; it imports {it}{which}; the runtime starts it all the same{}", reason.note);
    let subject = others.is_empty().then(|| import_name(&first.module, &first.name));
    let judgement = with_code(reason.code, subject, detail);
    Some(Judgement { blame: reason.blame.map_or(judgement.blame, <[_]>::to_vec), remedy: reason.remedy, ..judgement })
}

/// A runtime that finds nothing to call by `name` in a module that is made for another host: then it is the imports
/// that are missing.
pub fn made_for_another_host(facts: &Facts, name: &str) -> Option<Judgement> {
    let import = foreign(facts)?;
    let reason = reason_of(facts, import);
    let imports = with_its_host(Some(facts), &[import]);
    let detail = format!("finds no `{name}` to call; the module imports {imports}{}", reason.note);
    let judgement = with_code(reason.code, import_name(&import.module, &import.name), detail);
    Some(Judgement { blame: reason.blame.map_or(judgement.blame, <[_]>::to_vec), remedy: reason.remedy, ..judgement })
}

/// The first import that no WASI host has, where the module has one: what a runtime that does not look at its
/// imports first would come to miss. Memories and tables that a linker left out are made by some runtimes.
pub fn foreign(facts: &Facts) -> Option<&Import> {
    facts.imports.iter().find(|import| is_foreign(facts, import))
}

fn is_foreign(facts: &Facts, import: &Import) -> bool {
    let side = facts.shape == Shape::SideModule;
    match abi_of(facts, import) {
        None | Some(Abi::Wasi01 | Abi::Wasi02 | Abi::Wasi03 | Abi::WasiUnstable) => side,
        Some(Abi::Unlinked) => side || !matches!(kind_of(&import.ty), Some("a memory" | "a table")),
        Some(_) => true,
    }
}

fn abi_of(facts: &Facts, import: &Import) -> Option<Abi> {
    let name = import_name(&import.module, &import.name);
    facts.abis.iter().find(|a| a.evidence.contains(&name)).map(|a| a.abi)
}

/// `env.abort and 2 more, which no WASI host defines`.
fn with_its_host(facts: Option<&Facts>, imports: &[&Import]) -> String {
    let Some((first, others)) = imports.split_first() else { return String::new() };
    let more = match others {
        [] => String::new(),
        [other] => format!(" and {}", import_name(&other.module, &other.name)),
        others => format!(" and {} more", others.len()),
    };
    let whose = match facts.and_then(|facts| abi_of(facts, first)) {
        Some(Abi::Wasix) => "which only a host of WASIX defines",
        Some(Abi::WasiThreads) => "which only a host of wasi-threads defines",
        _ => "which no WASI host defines",
    };
    format!("{}{more}, {whose}", import_name(&first.module, &first.name))
}

/// The import of these names; some runtimes cut the import's module at its first dot.
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

/// What an import is, unless it is a function.
fn kind_of(ty: &str) -> Option<&'static str> {
    ["a global", "a memory", "a table", "a tag"].into_iter().find(|kind| ty.starts_with(&kind[2..]))
}

/// Why an import is missing, and what would change it.
struct Reason {
    code: Code,
    /// Unless it is the catalogue's.
    blame: Option<&'static [Blame]>,
    /// Unless it is the catalogue's.
    remedy: Option<String>,
    /// Added to the detail.
    note: String,
}

fn of(code: Code) -> Reason {
    Reason { code, blame: None, remedy: None, note: String::new() }
}

fn with(code: Code, remedy: &str) -> Reason {
    Reason { remedy: Some(remedy.to_owned()), ..of(code) }
}

/// The version of a WASI interface that is a release candidate: `0.2.0-rc-2023-12-05`.
pub fn release_candidate(interface: &str) -> Option<&str> {
    let (package, version) = interface.split_once('@')?;
    (package.starts_with("wasi:") && version.contains("-rc")).then_some(version)
}

/// An interface of a candidate is another one than that of the release: runtimes keep neither for long.
fn of_candidate(version: &str) -> Reason {
    let release = version.split('-').next().unwrap_or(version);
    Reason {
        blame: Some(&[Blame::Toolchain]),
        note: format!(
            "; {version} came before the release {release}, and a runtime of another version does not take it"
        ),
        ..with(
            Code::MissingImport,
            &format!(
                "Rebuild it with tools of today (wit-bindgen, cargo component, jco, a current compiler), which use released \
                 versions in place of {version}."
            ),
        )
    }
}

fn reason_of(facts: &Facts, import: &Import) -> Reason {
    reason(Some(facts), Some(import), abi_of(facts, import), &import.name)
}

fn reason(facts: Option<&Facts>, import: Option<&Import>, abi: Option<Abi>, name: &str) -> Reason {
    let shape = facts.map(|f| f.shape);
    if shape == Some(Shape::SideModule) {
        let note = "; it is a side module (section `dylink.0`), and its main module's loader defines that".to_owned();
        return Reason { note, ..of(Code::SideModule) };
    }
    if shape == Some(Shape::Object) {
        let note = "; it is an object file (section `linking`), which is not linked yet".to_owned();
        let remedy = "Link it: leave out `-c`, or give it to `wasm-ld`; what is there is no program yet.";
        return Reason { note, ..with(Code::UnresolvedSymbol, remedy) };
    }
    if facts.is_some_and(is_main_module) {
        return Reason {
            note: "; it is a main module of Emscripten's dynamic linking".to_owned(),
            ..with(
                Code::NeedsJsGlue,
                "Load it by the JavaScript file that belongs to it; a main module of dynamic linking has no standalone form.",
            )
        };
    }
    match abi {
        Some(Abi::EmscriptenFastcomp) => with(Code::NeedsEmscriptenHost, &emscripten::standalone(facts)),
        // A standalone module (it exports `_start`) has no glue of its own that could define the rest.
        Some(Abi::EmscriptenUpstream) if shape == Some(Shape::Command) => {
            with(Code::NeedsEmscriptenHost, &emscripten::standalone(facts))
        }
        Some(Abi::EmscriptenUpstream) => with(Code::NeedsJsGlue, &emscripten::glue(facts)),
        Some(Abi::WasmBindgen) => wasm_bindgen(facts),
        Some(Abi::GoJs) => with(
            Code::NeedsJsGlue,
            "Run it in a JavaScript host by the `wasm_exec.js` of the same Go (or TinyGo), or build it with GOOS=wasip1.",
        ),
        Some(Abi::AssemblyScript) => with(Code::NeedsJsGlue, &assembly_script(facts)),
        Some(Abi::Minified) => Reason {
            note: " (names minified by the toolchain: only its glue knows them)".to_owned(),
            ..of(Code::NeedsJsGlue)
        },
        Some(Abi::Napi) => of(Code::NeedsNapiHost),
        Some(Abi::Unlinked) => unlinked(import, name),
        Some(Abi::JsBuiltins) => Reason {
            blame: Some(&[Blame::Abi]),
            note: "; a JavaScript engine has it built in, where its embedder asks for it".to_owned(),
            ..with(
                Code::MissingImport,
                "Run it in a JavaScript host of 2025 or later (Chromium 131, Node 24, Deno, Bun) that compiles it with the \
                 option `builtins: [\"js-string\"]`, or compile it with strings of its own.",
            )
        },
        Some(Abi::WasiUnstable) => Reason {
            blame: Some(&[Blame::Toolchain, Blame::Runtime]),
            note: "; that is WASI's first snapshot, of 2019, under its old name".to_owned(),
            ..with(
                Code::MissingImport,
                "Rebuild it with a current toolchain (any recent Rust, wasi-sdk or moc), which imports \
                 `wasi_snapshot_preview1`.",
            )
        },
        Some(Abi::CustomHost | Abi::CustomInterface) => {
            match import.and_then(|i| plugin_hosts::find(&i.module, &i.name)) {
                Some(host) => {
                    Reason { note: format!("; it is {}", host.description), ..with(Code::CustomHost, host.remedy) }
                }
                None => of(Code::CustomHost),
            }
        }
        // One vendor's, as Emscripten's system calls are: what is not there was never promised.
        Some(Abi::Wasix) => Reason {
            blame: Some(&[Blame::Abi, Blame::Runtime]),
            ..with(Code::MissingImport, "Use a runtime that has WASIX (wasmer).")
        },
        Some(Abi::Wasi01 | Abi::Wasi02 | Abi::Wasi03 | Abi::WasiThreads) | None => of(Code::MissingImport),
    }
}

/// It asks a loader for addresses, and says nowhere how much memory it needs of one: others are loaded into it.
fn is_main_module(facts: &Facts) -> bool {
    let asks = |i: &Import| i.module.starts_with("GOT.") || (i.module == "env" && i.name == "__memory_base");
    facts.shape != Shape::SideModule && facts.imports.iter().any(asks)
}

fn wasm_bindgen(facts: Option<&Facts>) -> Reason {
    let raw = facts.is_some_and(|f| f.imports.iter().any(|i| i.module.starts_with("__wbindgen_")));
    if raw {
        Reason {
            note: "; it is what cargo built, and wasm-bindgen has not been over it: no host has these".to_owned(),
            ..with(
                Code::NeedsJsGlue,
                "Run `wasm-bindgen` (or `wasm-pack build`) over it for a JavaScript host; for any other, build without the \
                 feature of a dependency that brings the imports in (`js`, `wasm_js`, `wasmbind` of getrandom, uuid, time, \
                 chrono), or for wasm32-wasip1.",
            )
        }
    } else {
        with(
            Code::NeedsJsGlue,
            "Run it in a JavaScript host by the file that wasm-bindgen wrote beside it; for any other host, take wasm-bindgen \
             out and build for wasm32-wasip1: a function that it imports from JavaScript panics there.",
        )
    }
}

/// By the whole of what it imports: one flag leaves out one import.
fn assembly_script(facts: Option<&Facts>) -> String {
    let bindings = "Run it in a JavaScript host by the bindings that `asc --bindings esm` writes";
    let is_own = |import: &&Import| facts.and_then(|f| abi_of(f, import)) == Some(Abi::AssemblyScript);
    let own: Vec<&str> = facts.iter().flat_map(|f| &f.imports).filter(is_own).map(|i| i.name.as_str()).collect();
    if own == ["abort"] {
        return format!("{bindings}; or compile it without `abort`: `asc --use abort=`.");
    }
    format!("{bindings}; or compile it with `@assemblyscript/wasi-shim`, which gives these by WASI 0.1.")
}

/// What the linker left to a host.
fn unlinked(import: Option<&Import>, name: &str) -> Reason {
    let storage = |what: &str, import: &str| Reason {
        blame: Some(&[Blame::Toolchain]),
        note: "; the linker was told to leave it to the host".to_owned(),
        ..with(
            Code::MissingImport,
            &format!("Link without `{import}`; a program of one's own in JavaScript can also hand in a {what}."),
        )
    };
    match import.and_then(|i| kind_of(&i.ty)) {
        Some("a memory") => return storage("WebAssembly.Memory", "--import-memory"),
        Some("a table") => return storage("WebAssembly.Table", "--import-table"),
        _ => {}
    }
    let note = "; a symbol of a library, which the linker did not find and let through".to_owned();
    Reason { note, ..with(Code::UnresolvedSymbol, &definition(name)) }
}

/// What would define a symbol: the library or flag where it is known.
fn definition(name: &str) -> String {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|p| name.starts_with(p));
    let through = "drop `--allow-undefined` (or `--import-undefined`), so that the linker says what is missing";
    match name {
        "saveSetjmp" | "testSetjmp" => "Build it anew with LLVM 19 or later, which renamed these functions, and link with \
            `-lsetjmp` (wasi-sdk 22 or later); it then needs a runtime that has exceptions."
            .to_owned(),
        "__wasm_setjmp" | "__wasm_setjmp_test" | "__wasm_longjmp" | "__c_longjmp" => "Link with `-lsetjmp` (wasi-sdk 22 or \
            later, with LLVM 19 or later); it then needs a runtime that has exceptions."
            .to_owned(),
        "setjmp" | "longjmp" | "_setjmp" | "_longjmp" | "sigsetjmp" | "siglongjmp" => {
            "Compile with `-mllvm -wasm-enable-sjlj` and link with `-lsetjmp` (wasi-sdk 22 or later, with LLVM 19 or later)."
                .to_owned()
        }
        "signal" | "raise" | "psignal" => with_flag("signal", "_WASI_EMULATED_SIGNAL", through),
        "mmap" | "munmap" => with_flag("mman", "_WASI_EMULATED_MMAN", through),
        "clock" | "times" | "getrusage" => with_flag("process-clocks", "_WASI_EMULATED_PROCESS_CLOCKS", through),
        "getpid" => with_flag("getpid", "_WASI_EMULATED_GETPID", through),
        "socket" | "socketpair" | "bind" | "listen" | "connect" | "accept4" | "getaddrinfo" | "gethostbyname"
        | "setsockopt" | "sendto" | "recvfrom" | "getsockname" | "getpeername" => format!(
            "WASI 0.1's C library has no `{name}`: build for wasm32-wasip2 (wasi:sockets) or WASIX; and {through}."
        ),
        "__cpp_exception" | "__cxa_throw" | "__cxa_allocate_exception" | "__cxa_begin_catch" => {
            "Compile with `-fno-exceptions`, or link the libc++abi and libunwind that were built for exceptions \
             (`-fwasm-exceptions -lunwind`)."
                .to_owned()
        }
        _ if starts(&["_Unwind_"]) => {
            "Compile with `-fno-exceptions` (Rust: `panic = \"abort\"`), or link the libunwind of the target.".to_owned()
        }
        _ if starts(&["pthread_", "sem_"]) => {
            format!("Build for a target with threads (wasm32-wasip1-threads with `-pthread`), or do not use it; and {through}.")
        }
        _ if starts(&["_Z", "__cxa_", "__gxx_"]) => {
            format!("Link with the C++ driver (`clang++`, `-lc++ -lc++abi`) and every object that defines `{name}`; and {through}.")
        }
        _ => format!("Link what defines `{name}`, or do without it; and {through}."),
    }
}

fn with_flag(library: &str, define: &str, through: &str) -> String {
    format!("With wasi-libc, compile with `-D{define}` and link with `-lwasi-emulated-{library}`; and {through}.")
}

//! The code, blame and remedy of a missing import.

use wasmlab_protocol::{Cause, Event, Stage};

use super::{facts, observation, spec, to, verdict};
use crate::{Evidence, judge};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::observation::{GuestProgress, Outcome};

#[test]
fn control_characters_of_names_are_escaped() {
    let facts = facts(
        "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func (param i32))) (import \"was\\1b_x\" \"a\\nb\\e2\\80\\ae\" (func)))",
    );
    let cause = Cause::MissingImport {
        module: "wasi_snapshot_preview1".to_owned(),
        name: "proc_exit".to_owned(),
        ty: String::new(),
        missing_count: 2,
    };
    let judgement = verdict(Ok(&facts), &observation(Outcome::Exited(0), to(Stage::Link, cause), ""), &spec(""));
    assert_eq!(judgement.subject.as_deref(), Some("was\\u001b_x.a\\nb\\u202e"));
    let expected = "; the module also imports was\\u001b_x.a b\\u202e, which no WASI host defines";
    assert!(judgement.detail.ends_with(expected), "{}", judgement.detail);
}

#[test]
fn missing_import_is_judged_by_its_abi() {
    let check = |module: &str, name: &str, code| {
        let facts = facts(&format!("(module (import \"{module}\" \"{name}\" (func)))"));
        let cause = Cause::MissingImport {
            module: module.to_owned(),
            name: name.to_owned(),
            ty: String::new(),
            missing_count: 1,
        };
        let judgement = verdict(Ok(&facts), &observation(Outcome::Exited(0), to(Stage::Link, cause), ""), &spec(""));
        assert_eq!((judgement.code, judgement.stage), (Some(code), Some(Stage::Link)), "{module}.{name}");
        assert_eq!(judgement.subject, Some(format!("{module}.{name}")));
    };
    check("wasi_snapshot_preview1", "sock_accept", Code::MissingImport);
    check("wasix_32v1", "sock_open", Code::MissingImport);
    check("wasi", "thread-spawn", Code::MissingImport);
    check("env", "on_event", Code::CustomHost);
    check("env", "__syscall_bind", Code::NeedsJsGlue);
    check("a", "b", Code::CustomHost);
    check("wbg", "f", Code::NeedsJsGlue);
    check("env", "___syscall102", Code::NeedsEmscriptenHost);
    check("env", "napi_create_object", Code::NeedsNapiHost);
}

/// A module, the missing import, and the expected judgement: the first import of a kind, the code, the blame, words of
/// the detail and of the remedy.
fn missing(wat: &str, import: &str, expected: (Code, &[Blame]), texts: (&str, &str)) {
    let facts = facts(&format!("(module {wat})"));
    let (module, name) = import.rsplit_once('.').unwrap();
    let (module, name) = (module.to_owned(), name.to_owned());
    let cause = Cause::MissingImport { module, name, ty: String::new(), missing_count: 1 };
    let judgement = verdict(Ok(&facts), &observation(Outcome::Exited(0), to(Stage::Link, cause), ""), &spec(""));
    let remedy = judgement.remedy.unwrap_or_else(|| judgement.code.unwrap().entry().remedy.to_owned());
    assert_eq!((judgement.code, &judgement.blame[..]), (Some(expected.0), expected.1), "{wat}");
    assert!(judgement.detail.contains(texts.0), "{} does not say {}", judgement.detail, texts.0);
    assert!(remedy.contains(texts.1), "{remedy} does not say {}", texts.1);
}

#[test]
fn unlinked_symbol_is_not_a_custom_host() {
    let symbol = (Code::UnresolvedSymbol, &[Blame::Toolchain][..]);
    let wasi = "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func (param i32)))";
    let check = |item: &str, ty: &str, detail: &str, remedy: &str| {
        missing(&format!("{wasi} (import \"env\" \"{item}\" {ty})"), &format!("env.{item}"), symbol, (detail, remedy));
    };
    check("getpwuid", "(func (param i32) (result i32))", "left undefined", "Link a library that defines `getpwuid`");
    check("socket", "(func (param i32 i32 i32) (result i32))", "env.socket", "wasm32-wasip2");
    check("__wasm_setjmp", "(func (param i32 i32 i32))", "env.__wasm_setjmp", "`-lsetjmp`");
    check("__c_longjmp", "(tag (param i32))", "the tag env.__c_longjmp (i32)", "`-lsetjmp`");
    check("saveSetjmp", "(func (param i32 i32 i32 i32) (result i32))", "env.saveSetjmp", "LLVM 19");
    check("getpid", "(func (result i32))", "env.getpid", "-lwasi-emulated-getpid");
    check("_ZN3app4saveEv", "(func)", "_ZN3app4saveEv", "clang++");
    let object = "(@custom \"linking\" \"\\02\") (import \"env\" \"helper\" (func))";
    missing(object, "env.helper", symbol, ("object file", "leave out `-c`"));
}

const BY_TOOLCHAIN: &[Blame] = &[Blame::Toolchain];
const BY_ABI: &[Blame] = &[Blame::Abi];
const CUSTOM: (Code, &[Blame]) = (Code::CustomHost, BY_ABI);
const NEEDS_GLUE: (Code, &[Blame]) = (Code::NeedsJsGlue, BY_TOOLCHAIN);

#[test]
fn memory_or_table_is_left_to_the_host_by_a_linker_or_an_author() {
    let linked = (Code::MissingImport, BY_TOOLCHAIN);
    let memory = "(@producers (language \"C11\" \"\")) (import \"env\" \"memory\" (memory 2))";
    missing(memory, "env.memory", linked, ("the memory env.memory (2 pages or more)", "--import-memory"));
    missing(
        "(import \"env\" \"__indirect_function_table\" (table 1 funcref))",
        "env.__indirect_function_table",
        linked,
        ("the table env.__indirect_function_table (1 element or more, funcref)", "--import-table"),
    );
    missing("(import \"env\" \"memory\" (memory 25))", "env.memory", CUSTOM, ("it imports its memory", "of 25 pages"));
    missing(
        "(import \"mono\" \"memory\" (memory 1))",
        "mono.memory",
        CUSTOM,
        ("its memory", "1 page), or from a module that exports it: `wasmtime run --preload mono=FILE`"),
    );
    let nameless = ("does not define the memory \"\".memory", "Supply the memory \"\".memory");
    missing("(import \"\" \"memory\" (memory 1))", ".memory", CUSTOM, nameless);
}

#[test]
fn import_that_an_author_left_to_an_embedder_needs_one() {
    missing("(import \"\" \"0\" (func))", ".0", CUSTOM, ("does not define \"\".0", "Embed"));
    let level = "(import \"plugin\" \"level\" (global i32))";
    missing(level, "plugin.level", CUSTOM, ("the global plugin.level (i32)", "Embed"));
    // All imports of other modules count, whichever a runtime looks for first.
    let siblings = "(import \"Lib\" \"mem\" (memory 1)) (import \"Util\" \"malloc\" (func))";
    let link = "(from Lib, Util); if these are modules, link each with `wasmtime run";
    for import in ["Lib.mem", "Util.malloc"] {
        missing(siblings, import, CUSTOM, (import, link));
    }
    let swc = "(import \"env\" \"__emit_diagnostics\" (func)) (import \"env\" \"__set_transform_result\" (func))";
    missing(swc, "env.__emit_diagnostics", CUSTOM, ("it is an SWC plug-in", "@swc/core"));
    let extism = "(import \"extism:host/env\" \"input_length\" (func (result i64)))";
    missing(extism, "extism:host/env.input_length", CUSTOM, ("it is an Extism plug-in", "extism call"));
}

#[test]
fn kind_of_the_module_decides_before_the_import() {
    let io = "(import \"env\" \"f\" (func)) (import \"wasi:io/poll@0.2.10\" \"poll\" (func))";
    missing(io, "env.f", (Code::ComponentPart, BY_ABI), ("this runtime does not define env.f", "the component"));
    missing(
        "(@custom \"dylink.0\" (before first) \"\") (import \"env\" \"__memory_base\" (global i32))",
        "env.__memory_base",
        (Code::SideModule, BY_ABI),
        ("the global env.__memory_base (i32); it is a side module", "main module"),
    );
    let main = "(import \"GOT.mem\" \"x\" (global (mut i32))) (import \"env\" \"callback\" (func))";
    missing(main, "env.callback", NEEDS_GLUE, ("main module", "cannot run standalone"));
}

#[test]
fn import_of_an_old_or_special_abi_has_its_own_remedy() {
    let string = "(import \"wasm:js-string\" \"length\" (func (param externref) (result i32)))";
    missing(string, "wasm:js-string.length", (Code::MissingImport, BY_ABI), ("built in", "js-string"));
    let old = "(import \"wasi_unstable\" \"fd_write\" (func))";
    let blamed = (Code::MissingImport, &[Blame::Toolchain, Blame::Runtime][..]);
    missing(old, "wasi_unstable.fd_write", blamed, ("first snapshot", "Rebuild"));
    // What its own JavaScript defines decides, whatever the runtime lacks first.
    let glue_of_2019 = format!("{old} (import \"env\" \"emscripten_resize_heap\" (func))");
    let also = ("the module also imports env.", "Emscripten generated");
    missing(&glue_of_2019, "wasi_unstable.fd_write", NEEDS_GLUE, also);
}

#[test]
fn glue_of_a_toolchain_is_named() {
    missing(
        "(import \"__wbindgen_placeholder__\" \"__wbindgen_describe\" (func (param i32)))",
        "__wbindgen_placeholder__.__wbindgen_describe",
        NEEDS_GLUE,
        ("cargo's output", "Process it with `wasm-bindgen`"),
    );
    // A runtime that reads the module's name no further than its first dot.
    let cut = "(import \"./app_bg.js\" \"__wbg_log\" (func))";
    missing(cut, "/app_bg.js.__wbg_log", NEEDS_GLUE, ("./app_bg.js.__wbg_log", "wasm-bindgen generated"));
    // Emscripten's options are not recommended for another toolchain.
    for (module, name) in [("wbg", "f"), ("gojs", "runtime.wasmExit"), ("a", "b")] {
        let exports = "(func (export \"c\")) (func (export \"d\"))";
        let facts = facts(&format!("(module (import \"{module}\" \"{name}\" (func)) {exports})"));
        let judged = crate::imports::missing(Some(&facts), module, name, "", 1);
        assert_eq!(judged.code, Some(Code::NeedsJsGlue), "{module}");
        let remedy = judged.remedy.unwrap_or_else(|| Code::NeedsJsGlue.entry().remedy.to_owned());
        assert!(!remedy.contains("STANDALONE"), "{module}: {remedy}");
    }
}

#[test]
fn imports_beyond_wasi_decide_even_without_wasi() {
    let wasi = "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func (param i32)))";
    let check = |more: &str, code, subject: &str, detail: &str| {
        let facts = facts(&format!("(module {wasi} {more})"));
        let judged = crate::imports::missing(Some(&facts), "wasi_snapshot_preview1", "proc_exit", "", 3);
        assert_eq!((judged.code, judged.subject.as_deref()), (Some(code), Some(subject)), "{more}");
        assert!(judged.detail.starts_with(detail), "{} does not say {detail}", judged.detail);
    };
    let missing = "does not define wasi_snapshot_preview1.proc_exit, and 2 more imports";
    check("", Code::MissingImport, "wasi_snapshot_preview1.proc_exit", missing);
    let wasix = "(import \"wasix_32v1\" \"sock_open\" (func))";
    let also = format!("{missing}; the module also imports wasix_32v1.sock_open, which only a host of WASIX defines");
    check(wasix, Code::MissingImport, "wasix_32v1.sock_open", &also);
    let bind = "(import \"env\" \"__syscall_bind\" (func)) (func (export \"_start\"))";
    let also = format!("{missing}; the module also imports env.__syscall_bind, which no WASI host defines");
    check(bind, Code::NeedsEmscriptenHost, "env.__syscall_bind", &also);
    let threads = "(import \"wasi\" \"thread-spawn\" (func (param i32) (result i32)))";
    let also =
        format!("{missing}; the module also imports wasi.thread-spawn, which only a host of wasi-threads defines");
    check(threads, Code::MissingImport, "wasi.thread-spawn", &also);
}

#[test]
fn assemblyscript_flags_remove_single_imports() {
    let abort = "(import \"env\" \"abort\" (func (param i32 i32 i32 i32)))";
    let log = "(import \"env\" \"console.log\" (func (param i32)))";
    let check = |imports: &str, says: &str, not: &str| {
        let facts = facts(&format!("(module {imports})"));
        let judged = crate::imports::missing(Some(&facts), "env", "abort", "", 1);
        let remedy = judged.remedy.unwrap_or_default();
        assert!(judged.code == Some(Code::NeedsJsGlue) && remedy.contains(says) && !remedy.contains(not), "{remedy}");
    };
    check(abort, "--use abort=", "wasi-shim");
    check(&format!("{abort}{log}"), "@assemblyscript/wasi-shim", "--use");
}

#[test]
fn missing_import_is_not_a_missing_entry_point() {
    let check = |wat: &str, name: &str, linked: bool, code, subject: &str| {
        let facts = facts(&format!("(module {wat})"));
        let stage = if linked { Stage::Run } else { Stage::Link };
        // An adapter that reads a command line's output has no events.
        let seen = observation(Outcome::Exited(1), if linked { to(stage, Cause::Returned) } else { Vec::new() }, "");
        let cause = Some(Cause::MissingExport { name: name.to_owned() });
        let progress = GuestProgress { stage: Some(stage), cause, ..GuestProgress::default() };
        let judged =
            judge(&Evidence { facts: Ok(&facts), observation: &seen, progress: &progress, lab_guest: true }, &spec(""));
        assert_eq!((judged.code, judged.subject.as_deref()), (Some(code), Some(subject)), "{wat}: {}", judged.detail);
    };
    let go = "(import \"gojs\" \"runtime.wasmExit\" (func (param i32))) (func (export \"run\"))";
    check(go, "_start", false, Code::NeedsJsGlue, "gojs.runtime.wasmExit");
    check(go, "run", false, Code::NeedsJsGlue, "gojs.runtime.wasmExit");
    check(go, "rum", false, Code::NoEntryPoint, "rum");
    // An engine that got past linking has all imports.
    check(go, "_start", true, Code::NoEntryPoint, "_start");
    check("(func (export \"run\"))", "_start", false, Code::NoEntryPoint, "_start");
    let wasi = "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func (param i32)))";
    check(wasi, "_start", false, Code::NoEntryPoint, "_start");
    let storage = "(import \"mono\" \"memory\" (memory 1)) (func (export \"size\"))";
    check(storage, "_start", false, Code::CustomHost, "mono.memory");
    check(storage, "_start", true, Code::NoEntryPoint, "_start");
    let part = "(import \"env\" \"f\" (func)) (import \"wasi:io/poll@0.2.10\" \"poll\" (func))";
    check(part, "_start", false, Code::ComponentPart, "wasi:io/poll@0.2.10");
    let side = "(@custom \"dylink.0\" (before first) \"\") (import \"env\" \"memory\" (memory 1))";
    check(side, "_start", false, Code::SideModule, "env.memory");
}

/// Imports as emcc 3.1.6 left them in a standalone server, and in a module of -O3.
#[test]
fn emscripten_modules_need_glue_or_a_host_layer() {
    let check = |module: &str, name: &str, exports: &str, expected, message: &str| {
        let facts = facts(&format!("(module (import \"{module}\" \"{name}\" (func)) {exports})"));
        let cause = Cause::MissingImport {
            module: module.to_owned(),
            name: name.to_owned(),
            ty: String::new(),
            missing_count: 3,
        };
        let judgement = verdict(Ok(&facts), &observation(Outcome::Exited(0), to(Stage::Link, cause), ""), &spec(""));
        assert_eq!(judgement.code, Some(expected), "{module}.{name}");
        assert!(judgement.detail.contains(message), "{}", judgement.detail);
    };
    let start = "(func (export \"_start\"))";
    check("env", "__syscall_bind", start, Code::NeedsEmscriptenHost, "env.__syscall_bind, and 2 more imports");
    check("env", "__syscall_bind", "(func (export \"main\"))", Code::NeedsJsGlue, "env.__syscall_bind");
    check("a", "a", "(func (export \"b\")) (func (export \"c\"))", Code::NeedsJsGlue, "shortened the names");
}

#[test]
fn missing_interface_is_named_with_its_version() {
    let check = |interface: &str, code: Code| {
        let facts = facts(&format!(r#"(component (import "{interface}" (instance (export "f" (func)))))"#));
        // As the engine of wasmtime reports it.
        let (module, name) = (interface.to_owned(), "f".to_owned());
        let cause = Cause::MissingImport { module, name, ty: "instance".to_owned(), missing_count: 0 };
        let observation = observation(Outcome::Exited(0), to(Stage::Link, cause), "");
        let judgement = verdict(Ok(&facts), &observation, &spec(""));
        assert_eq!((judgement.code, judgement.subject.as_deref()), (Some(code), Some(interface)));
        assert!(judgement.detail.starts_with(&format!("does not define {interface}#f")), "{}", judgement.detail);
        assert!(!judgement.detail.contains("instance"), "{}", judgement.detail);
    };
    check("wasi:keyvalue/store@0.2.0-draft", Code::MissingImport);
    check("wasi:cli/run@0.3.0", Code::MissingImport);
    check("my:host/events@0.1.0", Code::CustomHost);
}

#[test]
fn version_missing_in_a_js_message_comes_from_the_file() {
    let facts =
        facts(r#"(component (import "wasi:cli/stdout@0.3.0" (instance)) (import "wasi:cli/stdout@0.2.6" (instance)))"#);
    let check = |module: &str, name: &str, subject: &str| {
        let (module, name) = (module.to_owned(), name.to_owned());
        let cause = Cause::MissingImport { module, name, ty: String::new(), missing_count: 1 };
        let observation = observation(Outcome::Exited(0), to(Stage::Link, cause), "");
        let judgement = verdict(Ok(&facts), &observation, &spec(""));
        assert_eq!(judgement.subject.as_deref(), Some(subject));
        assert_eq!(judgement.detail, format!("does not define {subject}"));
    };
    check("wasi:cli/stdout", "", "wasi:cli/stdout@0.3.0");
    check("", "wasi:cli/stdout@0.3#write-via-stream", "wasi:cli/stdout@0.3.0#write-via-stream");
    check("", "wasi:cli/stdout@0.2#get-stdout", "wasi:cli/stdout@0.2.6#get-stdout");
    check("", "wasi:cli/stdin@0.3#read-via-stream", "wasi:cli/stdin@0.3#read-via-stream");
}

#[test]
fn incomplete_glue_is_blamed_on_the_toolchain() {
    let facts = facts(r#"(module (import "a" "a" (func)) (import "a" "b" (func)) (func (export "c")))"#);
    let cause =
        Cause::MissingImport { module: "a".to_owned(), name: "a".to_owned(), ty: String::new(), missing_count: 2 };
    let mut events = to(Stage::Link, cause);
    events.insert(0, Event::ExecutionPath { path: "glue:emscripten".to_owned() });
    let judgement = verdict(Ok(&facts), &observation(Outcome::Exited(0), events, ""), &spec(""));
    assert_eq!((judgement.code, &judgement.blame[..]), (Some(Code::MissingImport), &[Blame::Toolchain][..]));
    assert_eq!(judgement.subject.as_deref(), Some("a.a"));
}

#[test]
fn a_misspelt_function_of_wasi_is_the_guests_mistake() {
    let check = |name: &str, blame: Blame, says: &str| {
        let facts = facts(&format!("(module (import \"wasi_snapshot_preview1\" \"{name}\" (func)))"));
        let cause = Cause::MissingImport {
            module: "wasi_snapshot_preview1".to_owned(),
            name: name.to_owned(),
            ty: String::new(),
            missing_count: 1,
        };
        let found = verdict(Ok(&facts), &observation(Outcome::Exited(0), to(Stage::Link, cause), ""), &spec(""));
        let text = format!("{} → {}", found.detail, found.remedy.unwrap_or_default());
        assert_eq!((found.code, &found.blame[..]), (Some(Code::MissingImport), &[blame][..]), "{text}");
        assert!(text.contains(says), "{text} does not say {says}");
    };
    check("fd_wirte", Blame::Guest, "(did you mean `fd_write`?) → Import `fd_write` from");
    check("fd_write", Blame::Runtime, "→ Use a runtime that implements WASI 0.1.");
    // An extension of WasmEdge, not a mistake.
    check("sock_bind", Blame::Runtime, "→ Use a runtime that implements WASI 0.1.");
    check("sock_recv_from", Blame::Runtime, "→ Use a runtime that implements WASI 0.1.");
}

//! Small binaries and the facts read from them; corrupted ones and their errors.

use super::{InspectError, facts, outline};
use wasmlab_model::facts::{Abi, BinaryKind, Facts, RefusalKind, Shape};

fn read(wat: &str) -> Facts {
    outline(&wat::parse_str(wat).unwrap()).unwrap()
}

fn abis(wat: &str, wanted: &[Abi]) {
    let found: Vec<Abi> = read(wat).abis.into_iter().map(|a| a.abi).collect();
    assert_eq!(found, wanted, "{wat}");
}

fn import(module: &str, name: &str) -> String {
    format!("(import \"{module}\" \"{name}\" (func))")
}

fn module(imports: &[(&str, &str)]) -> String {
    format!("(module {})", imports.iter().map(|(m, n)| import(m, n)).collect::<String>())
}

#[test]
fn each_abi_is_recognized_by_its_imports() {
    abis("(module)", &[]);
    for (abi, name, item) in [
        (Abi::Wasi01, "wasi_snapshot_preview1", "fd_write"),
        (Abi::WasiUnstable, "wasi_unstable", "fd_write"),
        (Abi::Wasix, "wasix_32v1", "sock_open"),
        (Abi::WasiThreads, "wasi", "thread-spawn"),
        (Abi::EmscriptenFastcomp, "env", "___syscall102"),
        (Abi::EmscriptenUpstream, "env", "__syscall_socket"),
        (Abi::EmscriptenUpstream, "env", "abort"),
        (Abi::WasmBindgen, "wbg", "__wbg_log_1"),
        (Abi::WasmBindgen, "./app_bg.js", "f"),
        (Abi::GoJs, "gojs", "runtime.wasmExit"),
        (Abi::KotlinJs, "js_code", "kotlin.io.printlnImpl"),
        (Abi::KotlinJs, "intrinsics", "tag"),
        (Abi::Napi, "env", "napi_create_object"),
        (Abi::Wasi02, "wasi:io/streams@0.2.0", "[method]output-stream.write"),
        (Abi::Unlinked, "env", "getpwuid"),
        (Abi::Unlinked, "env", "saveSetjmp"),
        (Abi::Unlinked, "env", "_ZNSt3__112basic_stringIcE6appendEPKc"),
        (Abi::Unlinked, "env", "__cxa_throw"),
        (Abi::JsBuiltins, "wasm:js-string", "length"),
        (Abi::EmscriptenUpstream, "env", "getTempRet0"),
        (Abi::EmscriptenUpstream, "GOT.mem", "counter"),
        (Abi::CustomHost, "env", "on_event"),
        (Abi::CustomHost, "env", "log"),
        (Abi::CustomHost, "host", "log"),
    ] {
        abis(&module(&[(name, item)]), &[abi]);
    }
    abis("(module (import \"env\" \"abort\" (func (param i32 i32 i32 i32))))", &[Abi::AssemblyScript]);
    abis("(component (import \"wasi:cli/environment@0.2.0\" (instance)))", &[Abi::Wasi02]);
    abis("(component (import \"wasi:cli/environment@0.3.0\" (instance)))", &[Abi::Wasi03]);
    abis("(component (import \"my:host/log\" (instance)))", &[Abi::CustomInterface]);
}

#[test]
fn minified_names_are_several() {
    let check = |imports: &[(&str, &str)], exports: &str, wanted: Abi| {
        let imports: String = imports.iter().map(|(module, name)| import(module, name)).collect();
        abis(&format!("(module {imports} {exports})"), &[wanted]);
    };
    check(&[("a", "a"), ("a", "b"), ("a", "c")], "", Abi::Minified);
    check(&[("a", "a")], "(func (export \"b\")) (func (export \"c\"))", Abi::Minified);
    // One hand-written import.
    check(&[("a", "f")], "", Abi::CustomHost);
    check(&[("a", "f")], "(func (export \"g\"))", Abi::CustomHost);
    check(&[("a", "f"), ("a", "g")], "(func (export \"start\"))", Abi::CustomHost);
    check(&[("host", "f"), ("host", "g"), ("host", "h")], "", Abi::CustomHost);
}

#[test]
fn ambiguous_imports_follow_the_unambiguous_ones() {
    abis(&module(&[("wasi_snapshot_preview1", "fd_write"), ("env", "on_event")]), &[Abi::Wasi01, Abi::CustomHost]);
    abis(&module(&[("env", "__syscall_bind"), ("env", "getaddrinfo")]), &[Abi::EmscriptenUpstream]);
    abis(&module(&[("env", "___syscall5"), ("env", "_getpwnam"), ("global", "NaN")]), &[Abi::EmscriptenFastcomp]);
    // asc 0.28, `console.log("…")`: what the bindings define beside `abort` also belongs to AssemblyScript.
    abis(
        "(module (import \"env\" \"abort\" (func (param i32 i32 i32 i32))) (import \"env\" \"console.log\" (func (param i32))))",
        &[Abi::AssemblyScript],
    );
    // wasm-bindgen 0.2.100 and later name the import module after the glue file.
    abis(&module(&[("./rust_bindgen_hello_bg.js", "__wbg_log_5b0d6d6d5b1e")]), &[Abi::WasmBindgen]);
    let threads = "(module (import \"wasi\" \"thread-spawn\" (func)) (import \"env\" \"memory\" (memory 1 2 shared)))";
    abis(threads, &[Abi::WasiThreads]);
}

/// A name used by libraries and hosts counts with the library's type; an imported memory belongs to the host's
/// functions.
#[test]
fn unlinked_symbols_differ_from_custom_host_functions() {
    let check = |imports: &str, wanted: &[Abi]| abis(&format!("(module {imports})"), wanted);
    check("(import \"env\" \"socket\" (func (param i32 i32 i32) (result i32)))", &[Abi::Unlinked]);
    check("(import \"env\" \"log\" (func (param f64) (result f64)))", &[Abi::Unlinked]);
    check("(import \"env\" \"log\" (func (param i32 i32)))", &[Abi::CustomHost]);
    // A memory is left to the host by a linker only where something shows that there was one.
    check("(import \"env\" \"memory\" (memory 1))", &[Abi::CustomHost]);
    let producer = "(@producers (processed-by \"clang\" \"22\"))";
    check(&format!("{producer} (import \"env\" \"memory\" (memory 1))"), &[Abi::Unlinked]);
    check(
        "(import \"env\" \"memory\" (memory 1)) (global (export \"__heap_base\") i32 (i32.const 8))",
        &[Abi::Unlinked],
    );
    check("(import \"\" \"0\" (func))", &[Abi::CustomHost]);
    check("(import \"env\" \"__indirect_function_table\" (table 1 funcref))", &[Abi::Unlinked]);
    check("(import \"env\" \"memory\" (memory 1)) (import \"env\" \"blit\" (func))", &[Abi::CustomHost]);
    check("(import \"js\" \"memory\" (memory 1))", &[Abi::CustomHost]);
    check("(import \"env\" \"__c_longjmp\" (tag (param i32)))", &[Abi::Unlinked]);
    check("(import \"env\" \"testSetjmp\" (func)) (import \"env\" \"getTempRet0\" (func))", &[Abi::Unlinked]);
    check("(import \"env\" \"__cxa_throw\" (func)) (import \"env\" \"invoke_v\" (func))", &[Abi::EmscriptenUpstream]);
    let constant = "(import \"strings\" \"hello\" (global (ref extern)))";
    check(&format!("(import \"wasm:js-string\" \"length\" (func)) {constant}"), &[Abi::JsBuiltins]);
    check(constant, &[Abi::CustomHost]);
}

#[test]
fn evidence_names_the_imports() {
    assert_eq!(read(&module(&[("", "0")])).abis[0].evidence, ["\"\".0"]);
    let facts = read(&module(&[("wasi_snapshot_preview1", "fd_write"), ("wasi_snapshot_preview1", "args_get")]));
    assert_eq!(facts.abis[0].evidence, ["wasi_snapshot_preview1.args_get", "wasi_snapshot_preview1.fd_write"]);
}

#[test]
fn shapes_follow_exports_and_sections() {
    let check = |wat: &str, kind, shape| {
        let facts = read(wat);
        assert_eq!((facts.kind, facts.shape), (kind, shape), "{wat}");
    };
    check("(module (func (export \"_start\")))", BinaryKind::Module, Shape::Command);
    check("(module (func (export \"_main\")))", BinaryKind::Module, Shape::Command);
    for name in ["main", "__main_argc_argv", "__main_void", "wasi:cli/run@0.2.10#run"] {
        check(&format!("(module (func (export \"{name}\")))"), BinaryKind::Module, Shape::Command);
    }
    let go = "(import \"gojs\" \"runtime.wasmExit\" (func (param i32)))";
    check(&format!("(module {go} (func (export \"run\")))"), BinaryKind::Module, Shape::Command);
    check(
        "(module (func (export \"run\")) (global (export \"main\") i32 (i32.const 0)))",
        BinaryKind::Module,
        Shape::Library,
    );
    check("(module (func (export \"_initialize\")))", BinaryKind::Module, Shape::Reactor);
    check("(module (func (export \"add\")))", BinaryKind::Module, Shape::Library);
    check("(module (@custom \"linking\" \"\\02\"))", BinaryKind::Module, Shape::Object);
    check("(module (@custom \"dylink.0\" (before first) \"\"))", BinaryKind::Module, Shape::SideModule);
    let loader = "(import \"GOT.mem\" \"__stack_high\" (global (mut i32))) (import \"env\" \"memory\" (memory 1))";
    let main = format!("(module (@custom \"dylink.0\" (before first) \"\") {loader} (func (export \"malloc\")))");
    check(&main, BinaryKind::Module, Shape::Library);
    check("(component)", BinaryKind::Component, Shape::Library);
    let run = "(component (instance $i) (export \"wasi:cli/run@0.2.0\" (instance $i)))";
    check(run, BinaryKind::Component, Shape::Command);
    check(&run.replace("cli/run", "http/incoming-handler"), BinaryKind::Component, Shape::Reactor);
}

#[test]
fn imports_and_exports_are_listed_with_types() {
    let facts = read(
        "(module (import \"m\" \"f\" (func (param i32 f64) (result i64))) (import \"m\" \"g\" (global i32))
           (memory (export \"mem\") 1 16) (table (export \"t\") 2 funcref) (global (export \"gl\") (mut i64) (i64.const 0))
           (tag (export \"e\") (param i32)) (func (export \"add\") (param i32 i32) (result i32) unreachable))",
    );
    let imports: Vec<_> = facts.imports.iter().map(|i| i.ty.as_str()).collect();
    assert_eq!(imports, ["func (i32, f64) -> (i64)", "global i32"]);
    let exports: Vec<_> = facts.exports.iter().map(|e| e.ty.as_str()).collect();
    assert_eq!(
        exports,
        ["memory 1..16", "table 2.. funcref", "global i64 mut", "tag (i32)", "func (i32, i32) -> (i32)"]
    );
    assert_eq!(facts.exports[4].signature.as_ref().unwrap().params, ["i32", "i32"]);
}

#[test]
fn component_functions_are_listed_with_types() {
    let check = |wat: &str, name: &str, wanted: Option<(&[&str], &[&str])>| {
        let facts = read(wat);
        let export = facts.exports.iter().find(|e| e.name == name).unwrap();
        let found = export.signature.as_ref().map(|s| (s.params.clone(), s.results.clone()));
        let texts = |list: &[&str]| list.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        assert_eq!(found, wanted.map(|(params, results)| (texts(params), texts(results))), "{name}");
    };
    let component = r#"(component
        (core module $m (func (export "add") (param i32 i64) (result i32) unreachable) (func (export "none")))
        (core instance $i (instantiate $m))
        (import "there" (func $there (param "text" string) (result bool)))
        (type $alias u8)
        (func (export "add") (param "a" s32) (param "b" u64) (result $alias) (canon lift (core func $i "add")))
        (func (export "none") (canon lift (core func $i "none")))
        (export "passed-on" (func $there))
        (instance $inner (export "f" (func $there)))
        (export "inner" (instance $inner)))"#;
    check(component, "add", Some((&["s32", "u64"], &["u8"])));
    check(component, "none", Some((&[], &[])));
    check(component, "passed-on", Some((&["string"], &["bool"])));
    check(component, "inner", None);
}

#[test]
fn sizes_include_nested_modules() {
    let core = "(core module (memory 1) (data (i32.const 0) \"0123456789\") (func nop nop) (@custom \".debug_info\" \"xxxx\"))";
    let facts = read(&format!("(component {core} {core})"));
    assert!(facts.sizes.data > 20 && facts.sizes.code > 6 && facts.sizes.debug > 8, "{:?}", facts.sizes);
    assert_eq!(facts.sections.iter().filter(|s| s.name == "core module").count(), 2);
    assert_eq!(facts.imports.len() + facts.exports.len(), 0);
}

#[test]
fn other_file_types_are_recognized() {
    let check = |bytes: &[u8], wanted: &str| {
        let error = outline(bytes).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error} does not say {wanted}");
        assert_eq!(outline(bytes).unwrap_err(), facts(bytes).unwrap_err());
    };
    check(b"", "the file is empty");
    check(b"(module)", "WebAssembly text");
    check(b"hello, world", "(text)");
    check(b"import init from './app.js';", "(text, perhaps JavaScript)");
    check(b"(function () {})()", "(text, perhaps JavaScript)");
    check(b"\x7fELF\x02\x01\x01", "a native program");
    check(b"\x1f\x8b\x08\x00", "gzip");
    check(b"\0as", "after 3 of 8 bytes");
    check(b"\0asm\x01\0\x07\0", "malformed at byte 0x6: layer 7");
    check(b"\n<!DOCTYPE html><html>", "an HTML page");
    check(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "a Git LFS pointer");
    check(b"PK\x03\x04", "a zip archive");
    check(b"\xff\xfe\x00\x01", "begins with ff fe 00 01");
}

#[test]
fn invalid_and_malformed_modules_differ_and_have_offsets() {
    let invalid = wat::parse_str("(module (func (result i32)))").unwrap();
    assert!(matches!(facts(&invalid), Err(InspectError::Invalid { offset: 1.., .. })), "{:?}", facts(&invalid));
    let malformed = b"\0asm\x01\0\0\0\x01\x02\x01\x07";
    assert!(matches!(facts(malformed), Err(InspectError::Malformed { offset: 1.., .. })), "{:?}", facts(malformed));
}

#[test]
fn truncated_file_names_the_incomplete_part() {
    let whole = wat::parse_str("(module (func (export \"f\") nop nop nop))").unwrap();
    let check = |end: usize, expected: &str| {
        let error = super::invalid_file(&whole[..end]).unwrap();
        assert!(error.to_string().contains(expected) && error.remedy().is_some(), "{end}: {error}");
    };
    check(0, "the file is empty");
    check(6, "its header, after 6 of 8 bytes");
    check(9, "its type section, at the section's size");
    check(whole.len() - 3, "its code section, which continues for 3 more bytes");
    assert_eq!(super::invalid_file(&whole), None);
    // Whether it is malformed or invalid is left to the runtimes.
    assert_eq!(super::invalid_file(b"\0asm\x01\0\0\0\x63\x7f"), None);
}

#[test]
fn other_format_versions_and_limits_are_refusals_with_partial_facts() {
    let check = |bytes: &[u8], kind, refusal: RefusalKind, subject: &str, expected: &str| {
        let facts = facts(bytes).unwrap();
        let found = facts.refusal.unwrap();
        assert_eq!((facts.kind, found.kind, found.subject.as_str()), (kind, refusal, subject));
        assert!(found.message.contains(expected), "{} does not say {expected}", found.message);
    };
    let version = RefusalKind::FormatVersion;
    check(b"\0asm\x0a\0\x01\0", BinaryKind::Component, version, "0xa", "of a pre-release; today's is 0xd");
    check(b"\0asm\x0e\0\x01\0", BinaryKind::Component, version, "0xe", "newer than this lab");
    check(b"\0asm\x0b\0\0\0\0\0", BinaryKind::Module, version, "0xb", "before WebAssembly 1.0; today's is 0x1");
    let locals = |n: usize, name: &str| {
        let f = format!("(func {name} (result i32) (local{}) (i32.const 7))", " i32".repeat(n));
        wat::parse_str(format!("(module (import \"m\" \"f\" (func)) (func nop) {f})")).unwrap()
    };
    let limit = RefusalKind::ImplementationLimit;
    let expected = "function `big` (index 2) declares 50001 local variables, but implementations accept at most 50000";
    check(&locals(50_001, "$big"), BinaryKind::Module, limit, "locals", expected);
    check(
        &locals(60_000, "(export \"e\")"),
        BinaryKind::Module,
        limit,
        "locals",
        "function `e` (index 2) declares 60000",
    );
    assert_eq!(facts(&locals(50_000, "$fits")).unwrap().refusal, None);
}

#[test]
fn abandoned_proposals_are_named() {
    let check = |after_header: &[u8], subject: &str| {
        let bytes = [b"\0asm\x01\0\0\0", after_header].concat();
        let found = facts(&bytes).map(|facts| facts.refusal);
        let Ok(Some(refusal)) = found else { panic!("{subject}: {found:?}") };
        assert_eq!(
            (refusal.kind, refusal.subject.as_str()),
            (RefusalKind::AbandonedProposal, subject),
            "{}",
            refusal.message
        );
    };
    let function = |second: u8| {
        let code = [b"\x0a\x07\x01\x05\0\xfb".as_slice(), &[second, 0x01], b"\x0b"].concat();
        [b"\x01\x04\x01\x60\0\0\x03\x02\x01\0".as_slice(), &code].concat()
    };
    // string.const, a type of the draft, a renumbered instruction (rtt.canon).
    check(&function(0x82), "stringref");
    check(&function(0x30), "gc-draft");
    check(b"\x01\x05\x01\x60\x01\x67\0", "stringref");
    check(b"\x0e\x04\0\x01\x01a", "stringref");
    check(b"\x0e\x0a\x01\x08\0asm\x01\0\0\0", "module-linking");
    check(b"\x0f\x01\0", "module-linking");
    check(b"\x10\x01\0", "module-linking");
    // A construct that no proposal ever had is malformed.
    let other = [b"\0asm\x01\0\0\0".as_slice(), b"\x01\x05\x01\x60\x01\x40\0"].concat();
    assert!(matches!(facts(&other), Err(InspectError::Malformed { .. } | InspectError::Invalid { .. })));
}

#[test]
fn file_that_ends_between_sections_is_truncated() {
    let wat = "(module (memory 1) (func (export \"f\") (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 0))) (data \"a\"))";
    let whole = wat::parse_str(wat).unwrap();
    let outline = outline(&whole).unwrap();
    let end = |name: &str| {
        let section = outline.sections.iter().find(|s| s.name == name).unwrap();
        (section.offset + section.bytes) as usize
    };
    let within = |end: usize| match super::invalid_file(&whole[..end]) {
        Some(InspectError::Truncated { within }) => within,
        other => panic!("{other:?}"),
    };
    assert!(within(end("export")).starts_with("the module, after its export section: its code section is missing"));
    assert!(within(end("code")).starts_with("the module, after its code section: its data section is missing"));
    assert_eq!(super::invalid_file(&whole), None);
}

/// Guests to truncate and mutate: two with most constructs of binaries, and a real one from fixtures/.
fn samples() -> Vec<Vec<u8>> {
    let module = "(module (import \"wasi_snapshot_preview1\" \"fd_write\" (func (param i32 i32 i32 i32) (result i32)))
        (memory (export \"memory\") 1) (data (i32.const 8) \"hello\") (table 1 funcref) (elem (i32.const 0) 0)
        (global (mut i32) (i32.const 1)) (func (export \"_start\") (drop (call 0 (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 20)))
        (block (br_if 0 (i32.const 1)))) (@producers (language \"wat\" \"1\")) (@custom \"target_features\" \"\\01+\\04simd\"))";
    let component =
        "(component (core module (func (export \"f\"))) (import \"wasi:cli/environment@0.2.0\" (instance)))";
    let mut samples: Vec<Vec<u8>> = [module, component].iter().map(|w| wat::parse_str(w).unwrap()).collect();
    let real = "../../fixtures/rust-unknown-unknown-lib/rust_unknown_unknown_lib.wasm";
    samples.push(std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(real)).unwrap());
    samples
}

#[test]
fn every_truncation_is_read_or_refused_with_an_offset() {
    for bytes in samples() {
        for end in 0..bytes.len() {
            if let Err(InspectError::Malformed { offset, .. } | InspectError::Invalid { offset, .. }) =
                facts(&bytes[..end])
            {
                assert!(offset <= end as u64 + 1, "offset {offset} of {end} bytes");
            }
        }
    }
}

#[test]
fn ten_thousand_mutations_do_not_panic() {
    // xorshift: the same mutations on every machine.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    let samples = samples();
    for round in 0..10_000 {
        let mut bytes = samples[round % samples.len()].clone();
        for _ in 0..=next() % 4 {
            let at = next() % bytes.len();
            bytes[at] = next() as u8;
        }
        let _ = facts(&bytes);
        let _ = outline(&bytes);
    }
}

#[test]
#[ignore = "needs nginx-2018/nginx.wasm in the folder that WASMLAB_FIXTURES names; CI runs it where it has that"]
fn nginx_of_2018_uses_the_fastcomp_abi() {
    let dir = std::env::var_os("WASMLAB_FIXTURES").expect("WASMLAB_FIXTURES names a folder");
    let bytes = std::fs::read(std::path::Path::new(&dir).join("nginx-2018/nginx.wasm")).unwrap();
    let facts = facts(&bytes).unwrap();
    let abis: Vec<_> = facts.abis.iter().map(|a| (a.abi, a.evidence.len())).collect();
    assert_eq!(abis, [(Abi::EmscriptenFastcomp, 113)]);
    assert_eq!((facts.shape, facts.exports.len()), (Shape::Command, 37));
}

/// One long type, referenced many times: small as a file, gigabytes as text.
#[test]
fn facts_use_bounded_memory() {
    let many = |text: &str, times: usize| (0..times).map(|n| text.replace('#', &n.to_string())).collect::<String>();
    let long = format!("(type $t (func {} {}))", "(param i64)".repeat(1000), "(result i64)".repeat(1000));
    let bytes = |facts: &Facts| serde_json::to_vec(facts).unwrap().len();
    let exports = many("(export \"f#\" (func $f))", 20_000);
    let wat = format!("(module {long} (func $f (type $t) unreachable) {exports})");
    let facts = outline(&wat::parse_str(&wat).unwrap()).unwrap();
    assert_eq!(facts.exports.len(), 20_000);
    assert!(facts.exports[0].signature.is_some() && facts.exports[19_999].signature.is_none());
    assert_eq!(facts.exports[19_999].ty, "func of 1000 parameters and 1000 results");
    assert!(bytes(&facts) < 100 << 20, "{}", bytes(&facts));
    let imports = many("(import \"m\" \"f#\" (func (type $t)))", 20_000);
    let facts = outline(&wat::parse_str(format!("(module {long} {imports})")).unwrap()).unwrap();
    assert!(facts.imports.len() == 20_000 && bytes(&facts) < 100 << 20, "{}", bytes(&facts));
    // Sections of three bytes each.
    let tiny = [b"\0asm\x01\0\0\0".to_vec(), [0, 1, 0].repeat(1_000_000)].concat();
    assert!(bytes(&outline(&tiny).unwrap()) < 10 << 20);
}

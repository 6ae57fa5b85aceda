//! The ABIs that imports show, and their evidence.

use super::read;
use crate::facts;
use wasmlab_model::facts::{Abi, Shape};

fn abis(wat: &str, expected: &[Abi]) {
    let found: Vec<Abi> = read(wat).abis.into_iter().map(|a| a.abi).collect();
    assert_eq!(found, expected, "{wat}");
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
    let check = |imports: &[(&str, &str)], exports: &str, expected: Abi| {
        let imports: String = imports.iter().map(|(module, name)| import(module, name)).collect();
        abis(&format!("(module {imports} {exports})"), &[expected]);
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
    let check = |imports: &str, expected: &[Abi]| abis(&format!("(module {imports})"), expected);
    check("(import \"env\" \"socket\" (func (param i32 i32 i32) (result i32)))", &[Abi::Unlinked]);
    check("(import \"env\" \"log\" (func (param f64) (result f64)))", &[Abi::Unlinked]);
    check("(import \"env\" \"log\" (func (param i32 i32)))", &[Abi::CustomHost]);
    // A memory counts as left to the host by a linker only if something shows that there was a linker.
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
#[ignore = "needs nginx-2018/nginx.wasm in the folder that WASMLAB_FIXTURES names; CI runs it where it has that"]
fn nginx_of_2018_uses_the_fastcomp_abi() {
    let dir = std::env::var_os("WASMLAB_FIXTURES").expect("WASMLAB_FIXTURES names a folder");
    let bytes = std::fs::read(std::path::Path::new(&dir).join("nginx-2018/nginx.wasm")).unwrap();
    let facts = facts(&bytes).unwrap();
    let abis: Vec<_> = facts.abis.iter().map(|a| (a.abi, a.evidence.len())).collect();
    assert_eq!(abis, [(Abi::EmscriptenFastcomp, 113)]);
    assert_eq!((facts.shape, facts.exports.len()), (Shape::Command, 37));
}

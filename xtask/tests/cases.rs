//! Kinds of bug reports, each as a small guest with the right answers: per runtime the verdict, the code, the blame and
//! the subject. The explanation is what matters: no case asserts `pass` or `gap` alone.
//!
//! The answers of all installed columns are checked.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "these guests are files of a user's own, not scenarios")]
mod common;

use std::collections::BTreeMap;

use common::{Workspace, field};

/// Columns that answer like wasmtime unless stated otherwise.
const WASMTIME: &str = "wasmtime-cranelift wasmtime-pulley wasmtime-cli";
const JAVASCRIPT: &str = "node deno bun";
const ALL: &str = "wasmi wasmtime-cranelift wasmtime-pulley wasmtime-cli node deno bun";

/// The expected answer of some columns, separated by spaces.
struct Answer {
    columns: &'static str,
    /// `pass`, or verdict and code.
    verdict: &'static str,
    /// As in the report, separated by commas.
    blame: &'static str,
    /// A part of the subject.
    subject: &'static str,
    /// A part of the detail or of the remedy.
    says: &'static str,
}

const fn pass(columns: &'static str) -> Answer {
    Answer { columns, verdict: "pass", blame: "", subject: "", says: "" }
}

const fn gap(
    columns: &'static str,
    verdict: &'static str,
    blame: &'static str,
    subject: &'static str,
    says: &'static str,
) -> Answer {
    Answer { columns, verdict, blame, subject, says }
}

/// Runs `check` on a file with these contents and arguments.
fn case(name: &str, contents: impl AsRef<[u8]>, args: &[&str], answers: &[Answer]) {
    let workspace = Workspace::new();
    workspace.write(name, contents);
    workspace.write("data/seven.txt", "seven b");
    let columns: Vec<&str> = answers.iter().flat_map(|answer| answer.columns.split(' ')).collect();
    let chosen = format!("{{{}}}", columns.join(","));
    let options = ["check", name, "--engines", "built", "--output", "json", "--runtime", &chosen];
    let ran = workspace.run(&[&options, args].concat());
    let report = ran.json();
    let cells: BTreeMap<&str, &serde_json::Value> =
        report["cells"].as_array().unwrap().iter().map(|cell| (cell["runtime"].as_str().unwrap(), cell)).collect();
    common::measured(&report);
    for answer in answers {
        for column in answer.columns.split(' ') {
            let cell = cells[column];
            if cell["verdict"] == "absent" {
                continue;
            }
            let verdict = format!("{} {}", field(cell, "verdict"), field(cell, "code"));
            let blame: Vec<&str> = cell["blame"].as_array().into_iter().flatten().filter_map(|b| b.as_str()).collect();
            assert_eq!(
                (verdict.trim(), blame.join(", ").as_str()),
                (answer.verdict, answer.blame),
                "{name} on {column}: {cell}"
            );
            assert!(field(cell, "subject").contains(answer.subject), "{name} on {column}: {cell}");
            let message = format!("{} {}", field(cell, "detail"), field(cell, "remedy"));
            assert!(message.contains(answer.says), "{name} on {column} does not say {}: {message}", answer.says);
        }
    }
}

/// Prints a text by WASI's `fd_write`, imported from `module`.
fn prints(module: &str, descriptor: u32, text: &str, memory: &str, then: &str) -> String {
    format!(
        r#"(module
          (import "{module}" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
          {memory}
          (data (i32.const 8) "\10\00\00\00") (data (i32.const 12) "\{:02x}\00\00\00") (data (i32.const 16) "{text}")
          (func (export "_start")
            (drop (call $write (i32.const {descriptor}) (i32.const 8) (i32.const 1) (i32.const 0))) {then}))"#,
        text.replace("\\n", " ").len()
    )
}

const MEMORY: &str = "(memory (export \"memory\") 1)";
const WASI: &str = "wasi_snapshot_preview1";

#[test]
fn wasi_unstable_import() {
    let hello = prints("wasi_unstable", 1, "zero", MEMORY, "");
    let missing = gap(
        "wasmi",
        "gap missing-import",
        "toolchain, runtime",
        "wasi_unstable.fd_write",
        "ebuild it with a current toolchain",
    );
    let passing = format!("{WASMTIME} {JAVASCRIPT}").leak();
    case("hello.wat", hello, &["--expect-stdout", "zero"], &[pass(passing), missing]);
    // The size of a file was at a different offset in the result.
    let stat = r#"(module
      (import "wasi_unstable" "path_filestat_get" (func $stat (param i32 i32 i32 i32 i32) (result i32)))
      (import "wasi_unstable" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1)
      (data (i32.const 64) "seven.txt")
      (func (export "_start")
        (drop (call $stat (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 9) (i32.const 128)))
        (call $exit (i32.wrap_i64 (i64.load (i32.const 152))))))"#;
    let wrong = gap(JAVASCRIPT, "fail wrong-exit", "runtime", "", "");
    let missing = gap(
        "wasmi",
        "gap missing-import",
        "toolchain, runtime",
        "wasi_unstable.path_filestat_get",
        "ebuild it with a current toolchain",
    );
    let args = ["--dir", "data::.", "--expect-exit", "7"];
    case("stat.wat", stat, &args, &[pass(WASMTIME), wrong, missing]);
}

#[test]
fn exit_in_a_start_function() {
    let exits = |code: u32| {
        format!(
            r#"(module (import "{WASI}" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1)
              (func $start (call $exit (i32.const {code}))) (start $start) (func (export "_start") unreachable))"#
        )
    };
    case("exit.wat", exits(0), &[], &[pass(ALL)]);
    case("exit.wat", exits(3), &["--expect-exit", "3"], &[pass(ALL)]);
    // 256 is 0 in eight bits.
    let whole = gap("node deno bun", "fail wrong-exit", "guest", "", "exit code 256, expected 0");
    let cut = gap("wasmer-cranelift wasmedge wazero", "fail wrong-exit", "runtime", "exit-code", "lowest 8 bits, 0");
    case(
        "exit.wat",
        exits(256).replace("(start $start)", "").replace("unreachable", "call $start"),
        &[],
        &[whole, cut],
    );
}

#[test]
fn legacy_exceptions() {
    let wat = "(module (tag $e (param i32)) (func (export \"answer\") (result i32)
      try (result i32) i32.const 42 throw $e catch $e end))";
    let lacks = "gap unsupported-proposal";
    let old = gap(WASMTIME, lacks, "toolchain", "legacy-exceptions", "--translate-to-exnref");
    let neither = gap("wasmi", lacks, "runtime", "exceptions legacy-exceptions", "where it passes");
    case("old.wat", wat, &["--invoke", "answer", "--expect-stdout", "42"], &[pass(JAVASCRIPT), old, neither]);
}

#[test]
fn unexported_memory() {
    let runtimes = "wasmi wasmtime-cranelift wasmtime-pulley node deno";
    let imported = prints(WASI, 1, "hi", "(import \"env\" \"memory\" (memory 1))", "");
    let missing = gap(runtimes, "gap missing-import", "toolchain", "env.memory", "Link without `--import-memory`");
    case("imported.wat", imported, &[], &[missing]);
    let refused = |says| gap(runtimes, "gap host-refused", "toolchain", "memory", says);
    case("private.wat", prints(WASI, 1, "hi", "(memory 1)", ""), &[], &[refused("`--export-memory`")]);
    let none = r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (func (export "_start") (call $exit (i32.const 0))))"#;
    case("none.wat", none, &[], &[refused("Give the module a memory")]);
}

#[test]
fn memory_of_an_embedder() {
    let lacks_memory = gap(ALL, "gap custom-host", "abi", "env.memory", "`WebAssembly.Memory` of 25 pages");
    case(
        "own.wat",
        "(module (import \"env\" \"memory\" (memory 25)) (func (export \"f\")))",
        &["--invoke", "f"],
        &[lacks_memory],
    );
}

/// Imports of other modules: one remedy, whichever import a runtime looks for first.
#[test]
fn modules_that_import_each_other() {
    let wat = "(module (import \"Lib\" \"mem\" (memory 1)) (import \"Util\" \"malloc\" (func)) (func (export \"f\")))";
    let siblings = gap(ALL, "gap custom-host", "abi", "", "(from Lib, Util); if these are modules, link each with");
    case("siblings.wat", wat, &["--invoke", "f"], &[siblings]);
}

#[test]
fn part_of_a_component() {
    let part = |says| gap(ALL, "gap component-part", "abi", "wasi:io/poll@0.2.10", says);
    let io = "(import \"env\" \"f\" (func)) (import \"wasi:io/poll@0.2.10\" \"poll\" (func))";
    let core = format!("(module {io} (func (export \"cabi_realloc\")))");
    case("core.wat", core, &[], &[part("the JavaScript file that jco wrote beside it")]);
    let types = "(@custom \"component-type:app\" \"\")";
    let main = "(import \"__main_module__\" \"cabi_realloc\" (func))";
    let adapter = format!("(module {types} {main} {io} (func (export \"fd_write\")))");
    // A command line that compiles without linking can tell as much.
    let compiled = gap("wamr-zig", "gap component-part", "abi", "wasi:io/poll@0.2.10", "component new PROGRAM.wasm");
    case("adapter.wat", adapter, &[], &[part("--adapt wasi_snapshot_preview1=FILE -o component.wasm"), compiled]);
}

#[test]
fn obstacle_behind_a_proposal() {
    let wat = "(module (import \"env\" \"memory\" (memory 1 1 shared)) (import \"env\" \"napi_create_object\" (func)))";
    let first = "threads is only the first obstacle";
    let lacks = gap("wasmi", "gap unsupported-proposal", "runtime", "threads", first);
    let others = "wasmtime-cranelift node deno bun";
    let addon = |says| gap(others, "gap needs-napi-host", "abi", "env.", says);
    case("addon.wat", wat, &[], &[lacks, addon("emnapi")]);
}

#[test]
fn import_module_without_a_name() {
    let missing = gap(ALL, "gap custom-host", "abi", "\"\".0", "\"\".0");
    let refused = gap("wazero", "gap host-refused", "runtime", "", "refuses imports with an empty module name");
    case("nameless.wat", "(module (import \"\" \"0\" (func)) (func (export \"_start\")))", &[], &[missing, refused]);
}

#[test]
fn export_with_the_empty_name() {
    let wat = "(module (func (export \"\")))";
    let none =
        gap("wasmi wasmtime-cranelift wazero node deno bun", "gap no-entry-point", "guest", "_start", "empty name");
    case("unnamed.wat", wat, &[], &[pass("wasmtime-cli wasmi-cli"), none]);
}

#[test]
fn export_called_before_initialization() {
    let guest = |prepare: &str| {
        format!(
            "(module (memory 1) (global $at (mut i32) (i32.const -8))
              (func (export \"{prepare}\") (global.set $at (i32.const 64)))
              (func (export \"twice\") (param i32) (result i32)
                (i32.store (global.get $at) (local.get 0))
                (i32.mul (i32.const 2) (i32.load (global.get $at)))))"
        )
    };
    let args = ["--invoke", "twice", "--expect-stdout", "42", "--", "21"];
    let trap = gap(ALL, "gap trap", "guest", "memory-out-of-bounds", "-mexec-model=reactor");
    case("command.wat", guest("_start"), &args, &[trap]);
    case("reactor.wat", guest("_initialize"), &args, &[pass(ALL)]);
}

#[test]
fn module_not_processed_by_wasm_bindgen() {
    let wat = r#"(module (import "__wbindgen_placeholder__" "__wbindgen_describe" (func (param i32)))
      (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))"#;
    let raw = gap(
        ALL,
        "gap needs-js-glue",
        "toolchain",
        "__wbindgen_placeholder__.__wbindgen_describe",
        "Process it with `wasm-bindgen`",
    );
    case("raw.wat", wat, &["--invoke", "add", "--expect-stdout", "5", "--", "2", "3"], &[raw]);
}

#[test]
fn exit_code_refused_by_a_host() {
    let wat = r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const 201))))"#;
    let refused = || {
        let columns = "wasmi wasmtime-cranelift wasmtime-pulley wasmtime-cli";
        gap(columns, "gap host-refused", "runtime", "exit-code", "below 126")
    };
    case("exit.wat", wat, &["--expect-exit", "201"], &[pass(JAVASCRIPT), refused()]);
}

#[test]
fn more_locals_than_engines_accept() {
    let guest = |locals: usize| format!("(module (func (export \"run\") (local{})))", " i64".repeat(locals));
    let runtimes = "wasmi wasmtime-cranelift wasmtime-pulley node deno bun";
    let limit = gap(runtimes, "gap implementation-limit", "toolchain", "locals", "`wasm-opt -O1`");
    case("many.wat", guest(50_001), &["--invoke", "run"], &[limit]);
    let on_wasmi = gap("wasmi", "gap engine-compile-error", "runtime", "", "");
    let others = "wasmtime-cranelift wasmtime-pulley node deno bun";
    case("some.wat", guest(40_000), &["--invoke", "run"], &[on_wasmi, pass(others)]);
}

#[test]
fn files_of_other_formats_and_versions() {
    let invalid = |says| gap(ALL, "not-applicable", "", "invalid-file", says);
    case("page.wasm", "<!DOCTYPE html>\n<title>404 Not Found</title>\n", &[], &[invalid("HTML")]);
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 12\n", "0".repeat(64));
    case("pointer.wasm", pointer, &[], &[invalid("git lfs pull")]);
    case("packed.wasm", b"\x1f\x8b\x08\0\0\0\0\0\0\x03", &[], &[invalid("gzip")]);
    case("native.wasm", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0", &[], &[invalid("ELF")]);
    let whole = wat::parse_str("(module (func (export \"run\") (drop (i32.const 1))))").unwrap();
    case("cut.wasm", &whole[..whole.len() - 3], &[], &[invalid("")]);
    let old = gap(ALL, "gap format-version", "toolchain", "0xa", "Rebuild it with current tools");
    case("old.wasm", b"\0asm\x0a\0\x01\0", &[], &[old]);
}

#[test]
fn js_string_builtins() {
    let wat = r#"(module
      (import "wasm:js-string" "fromCharCode" (func $char (param i32) (result (ref extern))))
      (import "wasm:js-string" "length" (func $length (param externref) (result i32)))
      (func (export "run") (result i32) (call $length (call $char (i32.const 65)))))"#;
    let builtin = gap(WASMTIME, "gap missing-import", "abi", "wasm:js-string.", "a JavaScript host of 2025");
    let typed = gap("wasmi", "gap unsupported-proposal", "runtime", "function-references", "");
    // Not Node: its versions before 2025 lack them.
    case("strings.wat", wat, &["--invoke", "run", "--expect-stdout", "1"], &[pass("deno bun"), builtin, typed]);
}

#[test]
fn side_module() {
    let wat = r#"(module (@custom "dylink.0" (before first) "")
      (import "env" "__memory_base" (global i32)) (import "env" "memory" (memory 1))
      (func (export "eight") (result i32) (i32.const 8)))"#;
    let side = gap(ALL, "gap side-module", "abi", "env.", "main module");
    case("side.wat", wat, &["--invoke", "eight", "--expect-stdout", "8"], &[side]);
}

#[test]
fn unlinked_library() {
    let wat = r#"(module
      (import "env" "__wasm_setjmp" (func $set (param i32 i32 i32)))
      (import "env" "__c_longjmp" (tag (param i32)))
      (memory (export "memory") 1)
      (func (export "_start") (call $set (i32.const 0) (i32.const 0) (i32.const 0))))"#;
    let symbol = |columns| gap(columns, "gap unresolved-symbol", "toolchain", "env.__wasm_setjmp", "-lsetjmp");
    let both = gap(
        "wasmi",
        "gap unsupported-proposal",
        "runtime",
        "exceptions",
        "its import env.__wasm_setjmp, which no WASI host defines, would fail next",
    );
    case("setjmp.wat", wat, &[], &[symbol(WASMTIME), symbol(JAVASCRIPT), both]);
}

#[test]
fn absolute_path_in_a_preopen() {
    let opens = |path: &str| {
        format!(
            r#"(module
              (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
              (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
              (memory (export "memory") 1) (data (i32.const 64) "{path}")
              (func (export "_start")
                (call $exit (call $open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const {}) (i32.const 0)
                  (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 32)))))"#,
            path.len()
        )
    };
    let columns = "wasmi wasmtime-cranelift wasmtime-pulley wasmtime-cli node deno";
    let refused = gap(columns, "gap capability-denied", "guest", "path_open", "`a.txt`, not `/a.txt`");
    case("absolute.wat", opens("/seven.txt"), &["--dir", "data::/data"], &[refused]);
    case("relative.wat", opens("seven.txt"), &["--dir", "data::/data"], &[pass(columns)]);
}

#[test]
fn panic_message() {
    let message = "thread 'main' panicked at src/main.rs:7: no such table";
    let guest = prints(WASI, 2, &format!("{message}\\n"), MEMORY, "unreachable");
    let trap = gap(ALL, "gap trap", "guest", "unreachable", message);
    case("panic.wat", guest, &[], &[trap]);
}

/// A command-line runtime prints its error on the same line as the guest's last output.
#[test]
fn last_output_without_a_line_break() {
    let guest = prints(WASI, 2, "no such table", MEMORY, "unreachable");
    let columns = "wasmi wasmtime-cranelift node wasmtime-cli wasmi-cli wazero wasmedge";
    let trap = gap(columns, "gap trap", "guest", "unreachable", "no such table; then the trap");
    let unnamed = gap("wamr-zig", "gap trap", "guest", "", "no such table; then the trap");
    case("last.wat", guest, &[], &[trap, unnamed]);
}

/// A command-line runtime that calls an export without `_initialize` did not do what the reactor needs.
#[test]
fn reactor_called_without_initialization() {
    let guest = "(module (global $ready (mut i32) (i32.const 0))
        (func (export \"_initialize\") (global.set $ready (i32.const 1)))
        (func (export \"get\") (result i32) (i32.add (global.get $ready) (i32.const 6))))";
    let tried = pass("wasmi wasmtime-cranelift node wasmtime-cli");
    let untried = "its command line makes the call without `_initialize`";
    let others = gap("wasmi-cli wabt-interp wasmer-cli", "not-attempted", "", "initialize", untried);
    case("reactor.wat", guest, &["--invoke", "get"], &[tried, others]);
}

/// Runtimes do not parse the guest's own options.
#[test]
fn arguments_that_look_like_options() {
    let guest = "(module (import \"wasi_snapshot_preview1\" \"args_sizes_get\" (func $a (param i32 i32) (result i32)))
        (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $x (param i32))) (memory (export \"memory\") 1)
        (func (export \"_start\") (drop (call $a (i32.const 0) (i32.const 4))) (call $x (i32.load (i32.const 0)))))";
    let columns = "wasmi wasmtime-cranelift node wasmtime-cli wasmi-cli wazero wasmedge wamr-zig deno bun";
    case("args.wat", guest, &["--expect-exit", "5", "--", "--help", "--version", "-v", "--invoke"], &[pass(columns)]);
}

/// One answer for all runtimes, before any of them is started.
#[test]
fn missing_export() {
    let add = "(func (export \"_add\") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))";
    let check = |wat: &str, expected: &str| {
        let workspace = Workspace::new();
        workspace.write("add.wat", wat);
        let ran = workspace.run(&["check", "add.wat", "--engines", "built", "--invoke", "add", "--", "2", "3"]);
        assert!(ran.code == 2 && ran.stderr.contains(expected), "{wat}: {} {}", ran.code, ran.stderr);
    };
    check("(module (memory (export \"memory\") 1))", "nothing in it can be called: it exports only memory");
    check(&format!("(module {add})"), "did you mean `_add`?");
    check("(module (global (export \"add\") i32 (i32.const 5)) (func (export \"main\")))", "`add` is a global");
}

//! Follows remedies that name an available tool or switch: a guest that does not pass, and its result afterwards.
//!
//! One row per remedy. Rows whose tools are missing are listed as ignored, with the names of the tools.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "these guests are files of a user's own, not scenarios")]
mod common;
#[path = "common/text.rs"]
mod text;
#[path = "common/trials.rs"]
mod trials;

use std::path::Path;
use std::process::{Command, ExitCode};

use common::{Workspace, field};

/// A guest before and after its remedy.
struct Row {
    name: &'static str,
    /// The programs it needs, besides the runtimes.
    tools: &'static [&'static str],
    /// Source files: name and text.
    files: &'static [(&'static str, &'static str)],
    /// Commands that build `before.wasm`, and those that follow the remedy and build `after.wasm`; words are separated
    /// by spaces, the first ones may be NAME=VALUE.
    make: &'static [&'static str],
    /// How it is run: arguments of `check`, possibly with guest arguments after `--`.
    check_args: &'static [&'static str],
    /// The columns to run, of which at least one must be installed.
    columns: &'static str,
    /// The code of `before.wasm`; empty if the lab refuses to run it, with the remedy in its message.
    code: &'static str,
    /// A part of its remedy; never empty.
    remedy: &'static str,
}

const WASI: &str = "{wasmtime-cli,wasmi,node,deno}";

const ROWS: &[Row] = &[
    Row {
        name: "an imported memory",
        tools: &["zig"],
        files: &[("a.c", "#include <stdio.h>\nint main(void) { puts(\"hi\"); return 0; }\n")],
        make: &[
            "zig cc -target wasm32-wasi -O1 -Wl,--import-memory a.c -o before.wasm",
            "zig cc -target wasm32-wasi -O1 a.c -o after.wasm",
        ],
        check_args: &["--expect-stdout", "hi"],
        columns: WASI,
        code: "missing-import",
        remedy: "Link without `--import-memory`",
    },
    Row {
        name: "a symbol that nothing defines",
        tools: &["zig"],
        files: &[
            ("a.c", "int getpwuid(int);\nint main(void) { return getpwuid(1); }\n"),
            ("b.c", "int getpwuid(int x) { return x - 1; }\n"),
        ],
        make: &[
            "zig cc -target wasm32-wasi -O1 -Wl,--import-symbols a.c -o before.wasm",
            "zig cc -target wasm32-wasi -O1 a.c b.c -o after.wasm",
        ],
        check_args: &[],
        columns: WASI,
        code: "unresolved-symbol",
        remedy: "Link a library that defines `getpwuid`",
    },
    Row {
        name: "a maximum of memory that is too small",
        tools: &["zig"],
        files: &[(
            "a.c",
            "#include <stdio.h>\n#include <stdlib.h>\nint main(int argc, char **argv) {\n  volatile char *p = \
             malloc((size_t)argc << 22);\n  if (!p) { perror(\"malloc\"); abort(); }\n  p[5] = 1; return 0;\n}\n",
        )],
        make: &[
            "zig cc -target wasm32-wasi -O1 -Wl,--max-memory=20971520 a.c -o before.wasm",
            "zig cc -target wasm32-wasi -O1 -Wl,--max-memory=134217728 a.c -o after.wasm",
        ],
        check_args: &[],
        columns: WASI,
        code: "out-of-memory",
        remedy: "`-Wl,--max-memory=BYTES`",
    },
    Row {
        name: "exceptions in the legacy form",
        tools: &["wasm-opt", "wasmtime"],
        files: &[(
            "a.wat",
            "(module (tag $e (param i32)) (func (export \"run\") (result i32)\n  (try (result i32) (do (throw $e \
             (i32.const 42))) (catch $e))))",
        )],
        make: &["wasm-opt -all a.wat -o before.wasm", "wasm-opt -all --translate-to-exnref before.wasm -o after.wasm"],
        check_args: &["--invoke", "run", "--expect-stdout", "42"],
        columns: "wasmtime-cli",
        code: "unsupported-proposal",
        remedy: "--translate-to-exnref",
    },
    Row {
        name: "an export of a command of Go",
        tools: &["go"],
        files: &[
            ("go.mod", "module twice\ngo 1.24\n"),
            (
                "main.go",
                "package main\n\nvar table = []int32{2}\n\n//go:wasmexport twice\nfunc twice(x int32) int32 { return \
                 table[0] * x }\n\nfunc main() {}\n",
            ),
        ],
        make: &[
            "GOOS=wasip1 GOARCH=wasm go build -trimpath -buildvcs=false -o before.wasm .",
            "GOOS=wasip1 GOARCH=wasm go build -trimpath -buildvcs=false -buildmode=c-shared -o after.wasm .",
        ],
        check_args: &["--invoke", "twice", "--expect-stdout", "42", "--", "21"],
        columns: "{wasmtime-cli,wasmi,node}",
        code: "trap",
        remedy: "`-buildmode=c-shared` (Go)",
    },
    Row {
        name: "a program that Go built for JavaScript",
        tools: &["go"],
        files: &[
            ("go.mod", "module hi\ngo 1.24\n"),
            ("main.go", "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"hi\") }\n"),
        ],
        make: &[
            "GOOS=js GOARCH=wasm go build -trimpath -buildvcs=false -o before.wasm .",
            "GOOS=wasip1 GOARCH=wasm go build -trimpath -buildvcs=false -o after.wasm .",
        ],
        check_args: &["--expect-stdout", "hi"],
        columns: WASI,
        code: "needs-js-glue",
        remedy: "GOOS=wasip1",
    },
    Row {
        name: "AssemblyScript's abort",
        tools: &["asc"],
        files: &[(
            "a.ts",
            "export function half(x: i32): i32 { if (x % 2) throw new Error(\"odd\"); return x / 2; }\n",
        )],
        make: &["asc a.ts -o before.wasm", "asc a.ts -o after.wasm --use abort="],
        check_args: &["--invoke", "half", "--expect-stdout", "21", "--", "42"],
        columns: WASI,
        code: "needs-js-glue",
        remedy: "--use abort=",
    },
    Row {
        name: "an export that zig left out",
        tools: &["zig"],
        files: &[("a.zig", "export fn add(a: i32, b: i32) i32 {\n    return a + b;\n}\n")],
        make: &[
            "zig build-exe a.zig -target wasm32-freestanding -fno-entry -O ReleaseSmall -femit-bin=before.wasm",
            "zig build-exe a.zig -target wasm32-freestanding -fno-entry -O ReleaseSmall -rdynamic -femit-bin=after.wasm",
        ],
        check_args: &["--invoke", "add", "--expect-stdout", "5", "--", "2", "3"],
        columns: WASI,
        code: "",
        remedy: "`--export=add` or `-rdynamic` (Zig)",
    },
];

/// Switches that give a runtime a larger stack, as named by [`wasmlab_runtimes::Runtime::stack_hint`]: the program, its
/// arguments without and with the switch, and the part of the remedy that names it.
const STACKS: &[(&str, &str, &str, &str)] = &[
    ("wasmtime-cli", "wasmtime run", "wasmtime run -W max-wasm-stack=33554432", "-W max-wasm-stack="),
    ("node", "node", "node --stack-size=7000", "--stack-size="),
    ("deno", "deno run --allow-read", "deno run --allow-read --v8-flags=--stack-size=7000", "--v8-flags=--stack-size="),
];

const DEEP: &str = "(module (func $down (export \"down\") (param i32) (result i32)\n  (if (result i32) (i32.eqz \
                    (local.get 0)) (then (i32.const 0))\n    (else (i32.add (i32.const 1) (call $down (i32.sub \
                    (local.get 0) (i32.const 1))))))))";

/// Recurses a hundred thousand calls deep.
const CALL: &str = "import { readFileSync } from 'node:fs';\nconst { instance } = await \
                    WebAssembly.instantiate(readFileSync('deep.wasm'));\nconsole.log(instance.exports.down(100000));\n";

fn main() -> ExitCode {
    let arguments = libtest_mimic::Arguments::from_args();
    for row in ROWS {
        assert!(!row.remedy.is_empty(), "{}: every text contains an empty remedy", row.name);
    }
    let rows = ROWS.iter().map(|row| trials::needs(row.name, row.tools, move || follow(row)));
    let stacks = STACKS.iter().map(|(column, without, with, names)| {
        let program = without.split(' ').next().unwrap_or_default();
        trials::needs(format!("a larger stack on {column}"), &[program], move || {
            larger_stack(column, without, with, names)
        })
    });
    let adapted = [
        trials::needs("adapt translates exceptions, and check proves it", &["wasm-opt", "wasmtime"], translates),
        trials::needs("adapt makes a component", &["node", "jco"], makes_a_component),
    ];
    libtest_mimic::run(&arguments, rows.chain(stacks).chain(adapted).collect()).exit_code()
}

/// The guest does not pass, as stated, the remedy is the one followed here, and afterwards the guest runs.
fn follow(row: &Row) {
    let workspace = Workspace::new();
    for (name, text) in row.files {
        workspace.write(name, text);
    }
    for command in row.make {
        make(&workspace, command);
    }
    let (before, stderr) = check(&workspace, "before.wasm", row);
    if row.code.is_empty() {
        assert!(before.is_empty() && stderr.contains(row.remedy), "before: {stderr}");
    } else {
        assert!(!before.is_empty(), "no runtime is here: {stderr}");
        for (runtime, code, remedy) in before {
            assert_eq!(code, row.code, "{runtime}");
            assert!(remedy.contains(row.remedy), "{runtime}: {remedy}");
        }
    }
    let (after, stderr) = check(&workspace, "after.wasm", row);
    assert!(!after.is_empty(), "no runtime is here: {stderr}");
    for (runtime, code, remedy) in after {
        assert_eq!(code, "", "{runtime} after the remedy; now: {remedy}");
    }
}

fn make(workspace: &Workspace, command: &str) {
    let mut arguments = command.split(' ').peekable();
    let mut env = Vec::new();
    while let Some((name, value)) = arguments.peek().and_then(|word| word.split_once('=')) {
        env.push((name, value));
        arguments.next();
    }
    let program = which::which(arguments.next().unwrap()).unwrap();
    // The lab's builds have filled these with the standard libraries, which take most of a minute to compile.
    let guests = std::path::absolute(common::cache()).unwrap().join("guests");
    let caches = [("GOCACHE", guests.join(".go/build")), ("ZIG_GLOBAL_CACHE_DIR", guests.join(".zig"))];
    let mut process = Command::new(program);
    let output = process.args(arguments).envs(caches).envs(env).current_dir(workspace.path("")).output().unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The result of `check` for a file on each installed runtime: its code, empty for a pass, and its remedy; and the
/// message if it refuses to run any.
fn check(workspace: &Workspace, file: &str, row: &Row) -> (Vec<(String, String, String)>, String) {
    let path = workspace.path(file);
    let options =
        ["check", &path.display().to_string(), "--engines", "built", "--output", "json", "--runtime", row.columns]
            .map(str::to_owned);
    let args: Vec<String> = options.into_iter().chain(row.check_args.iter().map(|arg| (*arg).to_owned())).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ran = workspace.run(&args);
    let Ok(report) = serde_json::from_str::<serde_json::Value>(&ran.stdout) else { return (Vec::new(), ran.stderr) };
    let Some(cells) = report["cells"].as_array() else { return (Vec::new(), format!("{}{}", ran.stdout, ran.stderr)) };
    let (present, absent): (Vec<_>, Vec<_>) = cells.iter().partition(|cell| cell["verdict"] != "absent");
    for cell in absent {
        common::required::not_here(&field(cell, "runtime"), &field(cell, "detail"));
    }
    (
        present.into_iter().map(|cell| (field(cell, "runtime"), field(cell, "code"), field(cell, "remedy"))).collect(),
        ran.stderr,
    )
}

const LEGACY: &str = "(module (tag $e (param i32)) (func (export \"run\") (result i32) try (result i32) i32.const 42 \
                      throw $e catch $e end))";

fn translates() {
    let workspace = Workspace::new();
    workspace.write("a.wat", LEGACY);
    let (before, after) =
        (workspace.path("a.wat").display().to_string(), workspace.path("b.wasm").display().to_string());
    let check_args = ["--invoke", "run", "--expect-stdout", "42"];
    let adapt = ["adapt", &before, "--for", "wasmtime-cli", "-o", &after];
    let ran = workspace.run(&[&adapt[..], &check_args].concat());
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let proven = "proven: with wasm-opt --translate-to-exnref it runs on wasmtime-cli";
    assert!(text::unwrapped(&ran.stdout).contains(proven), "{}", ran.stdout);
    // The copy passes as it is.
    let adapt = ["adapt", &after, "--for", "wasmtime-cli", "-o", &before];
    let ran = workspace.run(&[&adapt[..], &check_args].concat());
    assert!(text::unwrapped(&ran.stdout).contains("nothing was written"), "{}", ran.stdout);
    let check = ["check", &before, "--engines", "built", "--runtime", "wasmtime-cli", "--try-remedies"];
    let ran = workspace.run(&[&check[..], &check_args].concat());
    assert!(ran.stdout.contains("with wasm-opt --translate-to-exnref it runs on wasmtime-cli"), "{}", ran.stdout);
    // Nothing helps against a trap.
    workspace.write("trap.wat", "(module (func (export \"_start\") unreachable))");
    let trap = workspace.path("trap.wat").display().to_string();
    let none = workspace.path("none.wasm");
    let ran = workspace.run(&["adapt", &trap, "--for", "wasmtime-cli", "-o", &none.display().to_string()]);
    assert_eq!((ran.code, none.exists()), (1, false), "{}{}", ran.stdout, ran.stderr);
}

fn makes_a_component() {
    let workspace = Workspace::new();
    let exit = "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32))) (memory (export \
                \"memory\") 1) (func (export \"_start\") (call $exit (i32.const 0))))";
    workspace.write("a.wat", exit);
    let (before, after) =
        (workspace.path("a.wat").display().to_string(), workspace.path("b.wasm").display().to_string());
    let ran = workspace.run(&["adapt", &before, "--for", "node+jco", "-o", &after]);
    let proven = "--adapt wasi_snapshot_preview1.command.wasm it runs on node+jco";
    assert!(text::unwrapped(&ran.stdout).contains(proven), "{}", ran.stdout);
    let bytes = std::fs::read(after).unwrap();
    assert_eq!(bytes[4..8], [0x0d, 0, 1, 0], "a component");
}

/// A recursion too deep for the runtime's default stack, but not with the switch that its remedy names.
fn larger_stack(column: &str, without: &str, with: &str, names: &str) {
    let runtime = wasmlab_runtimes::find(column).unwrap();
    assert!(runtime.stack_hint.unwrap().contains(names), "{column} names another switch");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("deep.wasm"), wat::parse_str(DEEP).unwrap()).unwrap();
    std::fs::write(folder.path().join("call.mjs"), CALL).unwrap();
    let rest: &[&str] =
        if column == "wasmtime-cli" { &["--invoke", "down", "deep.wasm", "100000"] } else { &["call.mjs"] };
    assert!(!runs(folder.path(), without, rest), "{column} has room for it as it comes");
    assert!(runs(folder.path(), with, rest), "{column} has none with {with}");
}

fn runs(folder: &Path, command: &str, rest: &[&str]) -> bool {
    let arguments: Vec<&str> = command.split(' ').collect();
    let program = which::which(arguments[0]).unwrap();
    let output = Command::new(program).args(&arguments[1..]).args(rest).current_dir(folder).output().unwrap();
    output.status.success() && String::from_utf8_lossy(&output.stdout).contains("100000")
}

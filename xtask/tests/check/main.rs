//! `check`: what a guest is given, on the installed runtimes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../common/mod.rs"]
mod common;
mod directories;
mod requirements;
#[path = "../common/text.rs"]
mod text;
#[cfg(target_os = "linux")]
mod watch;

use std::collections::BTreeSet;
use std::fs;
use std::time::UNIX_EPOCH;

use common::{COLUMNS, CommandResult, Workspace, measured};

/// Runs `check` with the engines that are built; returns the result and the JSON report.
fn check(workspace: &Workspace, args: &[&str]) -> (CommandResult, serde_json::Value) {
    let ran = workspace.run(&[&["check", "--engines", "built", "--output", "json"], args].concat());
    let report = ran.json();
    (ran, report)
}

fn files(workspace: &Workspace, folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(workspace.path(folder)).unwrap_or_else(|e| panic!("{folder}: {e}"));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Prints the name of its program.
const NAME: &str = r#"(module
  (import "wasi_snapshot_preview1" "args_get" (func $get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 2048) "UNIQUE")
  (func (export "_start")
    (drop (call $get (i32.const 0) (i32.const 64)))
    (i32.store (i32.const 16) (i32.const 64))
    (i32.store (i32.const 20) (i32.const 6))
    (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)))))"#;

/// Cells run in parallel with a module that no cell has used before: they share its compiled code and nothing else.
/// Afterwards the lab's home and temporary folders are as empty as before.
#[test]
fn parallel_cells_of_one_module_share_only_its_code() {
    let workspace = Workspace::new();
    let now = UNIX_EPOCH.elapsed().unwrap().as_nanos();
    let names = ["a", "b", "c", "d"];
    for name in names {
        workspace.write(&format!("{name}.wat"), NAME.replace("UNIQUE", &format!("{now} {}", std::process::id())));
    }
    for folder in ["home", "temporary"] {
        fs::create_dir(workspace.path(folder)).unwrap();
    }
    let args = ["check", "a.wat", "b.wat", "c.wat", "d.wat", "--engines", "built", "--output", "json", "--runtime"];
    let mut command = workspace.command(&[&args[..], &[COLUMNS]].concat());
    let ran = common::result_of(
        command.env("HOME", workspace.path("home")).env("TMPDIR", workspace.path("temporary")).output().unwrap(),
    );
    let report = ran.json();
    for (runtime, verdict, code) in measured(&report) {
        assert_eq!((verdict.as_str(), code.as_str()), ("pass", ""), "{runtime}: {}", ran.stdout);
    }
    for cell in report["cells"].as_array().unwrap().iter().filter(|cell| cell["verdict"] == "pass") {
        let printed = format!("{}.wasm", cell["scenario"].as_str().unwrap());
        // It passes the module's path to its guests, and this one prints the beginning of it.
        if cell["runtime"] == "wasmi-cli" {
            continue;
        }
        assert_eq!(cell["output"]["stdout"], printed, "{}", cell["runtime"]);
    }
    for folder in ["home", "temporary"] {
        assert!(files(&workspace, folder).is_empty(), "{folder}: {:?}", files(&workspace, folder));
    }
}

fn fixture(name: &str, file: &str) -> String {
    common::fixtures(name).join(file).display().to_string()
}

/// Columns that run components of WASI 0.2 with sockets, and serve its handlers.
const COMPONENTS: &str = "{wasmtime-cranelift,wasmtime-cli,node+jco}";

#[test]
fn servers_get_requests_and_without_a_port_nobody_is_blamed() {
    let workspace = Workspace::new();
    let handler = fixture("rust-wasip2-http-handler", "rust_wasip2_http_handler.wasm");
    let echo = fixture("rust-wasip2-tcp-echo", "rust-wasip2-tcp-echo.wasm");
    let given = |args: &[&str], expected: &str, subject: &str| {
        let (ran, report) = check(&workspace, &[&["--runtime", COMPONENTS], args].concat());
        for (runtime, verdict, _) in measured(&report) {
            assert_eq!(verdict, expected, "{args:?} on {runtime}: {}", ran.stdout);
        }
        for cell in report["cells"].as_array().unwrap().iter().filter(|c| c["verdict"] == "not-attempted") {
            let detail = cell["detail"].as_str().unwrap();
            assert!(cell["subject"] == subject && detail.contains("run again with `--"), "{cell}");
            assert_eq!(cell["blame"].as_array().map_or(0, Vec::len), 0, "{cell}");
        }
    };
    given(&[&handler], "not-attempted", "request");
    given(&["--http", "--request", "GET / 200 hello", "--request", "GET /nowhere 404", &handler], "pass", "");
    given(&[&echo, "--", "8081"], "not-attempted", "network");
    given(&["--listen", "echo", &echo, "--", "{port:echo}"], "pass", "");
    let (_, report) = check(&workspace, &["--runtime", COMPONENTS, "--http", "--request", "GET / 404", &handler]);
    assert!(measured(&report).iter().all(|(_, _, code)| code == "wrong-output"), "{report}");
}

/// Prints one line by WASI 0.1.
const HELLO: &str = include_str!("../../src/cli/new/guest.wat");

#[test]
fn two_files_of_one_name_are_both_checked() {
    let workspace = Workspace::new();
    workspace.write("old/app.wat", HELLO);
    workspace.write("new/app.wat", NAME);
    let (ran, report) = check(&workspace, &["old/app.wat", "new/app.wat", "--runtime", "node"]);
    let names: Vec<_> =
        report["scenarios"].as_array().unwrap().iter().map(|s| (s["name"].clone(), s["title"].clone())).collect();
    assert_eq!(names, [("app".into(), "old/app.wat".into()), ("new-app".into(), "new/app.wat".into())]);
    assert!(ran.code == 0 && measured(&report).iter().all(|(_, verdict, _)| verdict == "pass"), "{}", ran.stdout);
}

/// Globs that no shell expanded, because they were quoted or come from an input of an action.
#[test]
fn globs_name_files() {
    let workspace = Workspace::new();
    for file in ["build/a.wat", "build/b.wat", "build/c[1].wat"] {
        workspace.write(file, "(module (func (export \"_start\")))");
    }
    let titles = |args: &[&str]| {
        let (_, report) = check(&workspace, &[args, &["--runtime", "wasmi"]].concat());
        let scenarios = report["scenarios"].as_array().unwrap();
        scenarios.iter().map(|scenario| scenario["title"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    assert_eq!(titles(&["build/*.wat"]), names(&["a.wat", "b.wat", "c[1].wat"]));
    assert_eq!(titles(&["build/c[1].wat"]), names(&["c[1].wat"]));
    assert_eq!(titles(&["build/[ab].wat", "build/*.wat"]), names(&["a.wat", "b.wat", "c[1].wat"]));
    workspace.write("wasmlab.toml", "schema = 1\n[[file]]\npath = \"build/[ab].wat\"\n");
    assert_eq!(titles(&[]), names(&["a.wat", "b.wat"]));
    let ran = workspace.run(&["check", "build/*.wasm"]);
    assert!(ran.code == 2 && ran.stderr.contains("`build/*.wasm` matches no file"), "{}: {}", ran.code, ran.stderr);
}

#[test]
fn a_library_passes_where_it_loads_if_that_is_all_it_has_to_do() {
    let workspace = Workspace::new();
    workspace.write(
        "lib.wat",
        "(module (func (export \"add\") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))",
    );
    workspace.write("app.wat", "(module (func (export \"_start\")))");
    let (ran, report) = check(&workspace, &["lib.wat", "--runtime", COLUMNS]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(measured(&report).iter().all(|(_, verdict, _)| verdict == "gap"), "{report}");
    let (ran, report) = check(&workspace, &["lib.wat", "--runtime", COLUMNS, "--load"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let cells = report["cells"].as_array().unwrap();
    let passes: Vec<_> = cells.iter().filter(|cell| cell["verdict"] == "pass").collect();
    assert!(!passes.is_empty() && passes.iter().all(|cell| cell["only_loaded"] == true), "{report}");
    workspace.write("wasmlab.toml", "schema = 1\n[[file]]\npath = \"lib.wat\"\nload = true\n");
    let ran = workspace.run(&["check", "--engines", "built", "--runtime", COLUMNS]);
    assert!(ran.code == 0 && ran.stdout.contains("loads on") && !ran.stdout.contains("runs on"), "{}", ran.stdout);
    let ran = workspace.run(&["check", "app.wat", "--load"]);
    assert!(ran.code == 2 && ran.stderr.contains("--load accepts only libraries"), "{}", ran.stderr);
}

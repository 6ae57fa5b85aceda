//! `check`: what a guest is given, on the installed runtimes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use std::collections::BTreeSet;
use std::fs;
use std::time::UNIX_EPOCH;

use common::{COLUMNS, CommandResult, Workspace, measured};

/// Opens its directory `/data`, creates a file that must not exist yet, creates a directory, renames one file and
/// removes another; exits with the errno of the first failure.
const CHANGES: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_dir_name" (func $name (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "newsubmovedfirstsecond")
  (func $check (param i32) (if (local.get 0) (then (call $exit (local.get 0)))))
  (func (export "_start") (local $fd i32)
    (local.set $fd (i32.const 3))
    (loop $next
      (call $check (call $get (local.get $fd) (i32.const 0)))
      (call $check (call $name (local.get $fd) (i32.const 16) (i32.load (i32.const 4))))
      (if (i32.and (i32.ne (i32.load (i32.const 16)) (i32.const 0x61746164))
                   (i32.ne (i32.load (i32.const 17)) (i32.const 0x61746164))) (then
        (local.set $fd (i32.add (local.get $fd) (i32.const 1)))
        (br $next))))
    (call $check (call $open (local.get $fd) (i32.const 0) (i32.const 64) (i32.const 3) (i32.const 5)
      (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 32)))
    (call $check (call $mkdir (local.get $fd) (i32.const 67) (i32.const 3)))
    (call $check (call $rename (local.get $fd) (i32.const 75) (i32.const 5) (local.get $fd) (i32.const 70) (i32.const 5)))
    (call $check (call $unlink (local.get $fd) (i32.const 80) (i32.const 6)))))"#;

/// A workspace with that guest and a folder for it.
fn workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("changes.wat", CHANGES);
    for file in ["data/first", "data/second"] {
        workspace.write(file, "text");
    }
    workspace
}

/// Runs `check` with the engines that are built; returns the result and the JSON report.
fn check(workspace: &Workspace, args: &[&str]) -> (CommandResult, serde_json::Value) {
    let ran = workspace.run(&[&["check", "--engines", "built", "--output", "json"], args].concat());
    let report = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {}\n{}", ran.stdout, ran.stderr));
    (ran, report)
}

fn files(workspace: &Workspace, folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(workspace.path(folder)).unwrap_or_else(|e| panic!("{folder}: {e}"));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn each_cell_gets_a_copy_and_its_contents_are_part_of_the_key() {
    let workspace = workspace();
    let call = || check(&workspace, &["changes.wat", "--runtime", COLUMNS, "--dir", "data::/data"]).1;
    let passes = |report: &serde_json::Value| {
        let cells = measured(report);
        let others: Vec<_> =
            cells.iter().filter(|(_, verdict, _)| verdict != "pass" && verdict != "not-attempted").collect();
        assert!(cells.len() > 1 && others.is_empty(), "{others:?}");
        report["cells"].as_array().unwrap().iter().filter(|c| c["verdict"] == "pass").all(|c| c["cached"] == true)
    };
    assert!(!passes(&call()));
    assert_eq!(files(&workspace, "data"), names(&["first", "second"]));
    assert!(passes(&call()), "the same contents are measured once");
    workspace.write("data/third", "text");
    assert!(!passes(&call()), "other contents are another cell");
}

#[test]
fn keep_dirs_copies_the_guests_directories() {
    let workspace = workspace();
    let args = ["changes.wat", "--runtime", COLUMNS, "--dir", "data::/data", "--keep-dirs", "left"];
    let (ran, report) = check(&workspace, &args);
    for (runtime, ..) in measured(&report).iter().filter(|(_, verdict, _)| verdict == "pass") {
        let left = format!("left/changes/{runtime}/data");
        assert_eq!(files(&workspace, &left), names(&["moved", "new", "sub"]), "{runtime}");
    }
    assert!(ran.stderr.contains("left"), "{}", ran.stderr);
    let ran = workspace.run(&[&["check"], &args[..]].concat());
    assert!(ran.code == 2 && ran.stderr.contains("--keep-dirs `left` is not an empty folder"), "{}", ran.stderr);
}

#[test]
fn dir_rw_gives_one_runtime_the_directory_itself() {
    let workspace = workspace();
    let args = ["changes.wat", "--engines", "built", "--dir-rw", "data::/data", "--runtime"];
    for runtimes in ["{node,deno}", "*"] {
        let ran = workspace.run(&[&["check"], &args[..], &[runtimes]].concat());
        let told = ["--dir-rw", "1 file(s) on ", "--runtime"].iter().all(|words| ran.stderr.contains(words));
        assert!(ran.code == 2 && told, "{}", ran.stderr);
    }
    assert_eq!(files(&workspace, "data"), names(&["first", "second"]));
    let (_, report) = check(&workspace, &[&args[..1], &args[3..], &["node"]].concat());
    assert_eq!(measured(&report)[0].1, "pass");
    assert_eq!(files(&workspace, "data"), names(&["moved", "new", "sub"]));
    // The contents have changed, so no result of the first run may be reused.
    let (_, report) = check(&workspace, &[&args[..1], &args[3..], &["node"]].concat());
    assert_ne!(measured(&report)[0].1, "pass");
}

#[test]
fn invalid_and_oversized_directories_are_named() {
    let workspace = workspace();
    fs::File::create(workspace.path("data/large")).unwrap().set_len(300 << 20).unwrap();
    let fails = |args: &[&str], words: &[&str]| {
        let ran = workspace.run(&[&["check", "changes.wat", "--runtime", "node"], args].concat());
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        for words in words {
            assert!(ran.stderr.contains(words), "{} does not say {words}", ran.stderr);
        }
    };
    fails(
        &["--dir", "data::/data"],
        &["--dir `data::/data` has 300.0 MiB in 3 files", "at most 256 MiB", "`--dir-limit 301`"],
    );
    fails(&["--dir", "data", "--dir-limit", "10"], &["at most 10 MiB", "--dir-rw"]);
    fails(&["--dir", "none"], &["--dir `none` cannot be used: No such file"]);
    fails(&["--dir", "changes.wat"], &["--dir `changes.wat` is not a directory"]);
    fails(&["--dir-rw", "changes.wat"], &["--dir-rw `changes.wat` is not a directory"]);
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
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    for (runtime, verdict, code) in measured(&report) {
        assert_eq!((verdict.as_str(), code.as_str()), ("pass", ""), "{runtime}: {}", ran.stdout);
    }
    for cell in report["cells"].as_array().unwrap().iter().filter(|cell| cell["verdict"] == "pass") {
        let printed = format!("{}.wasm", cell["scenario"].as_str().unwrap());
        // It passes the module's path to its guests, of which this one prints the beginning.
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
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("fixtures");
    fixtures.join(name).join(file).display().to_string()
}

/// Columns that run components of WASI 0.2 with sockets, and serve its handlers.
const COMPONENTS: &str = "{wasmtime-cranelift,wasmtime-cli,node+jco}";

#[test]
fn servers_get_requests_and_without_a_port_nobody_is_blamed() {
    let workspace = Workspace::new();
    let handler = fixture("rust-wasip2-http-handler", "rust_wasip2_http_handler.wasm");
    let echo = fixture("rust-wasip2-tcp-echo", "rust-wasip2-tcp-echo.wasm");
    let given = |args: &[&str], wanted: &str, subject: &str| {
        let (ran, report) = check(&workspace, &[&["--runtime", COMPONENTS], args].concat());
        for (runtime, verdict, _) in measured(&report) {
            assert_eq!(verdict, wanted, "{args:?} on {runtime}: {}", ran.stdout);
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
    let (_, report) = check(&workspace, &["--runtime", "node+jco", "--http", "--request", "GET / 404", &handler]);
    assert_eq!(measured(&report)[0].2, "wrong-output");
}

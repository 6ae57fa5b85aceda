//! Directories that a guest is given.

use std::fs;

use super::common::{COLUMNS, Workspace, measured};
use super::{check, files, names};

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
    let mut passes = measured(&report);
    passes.retain(|(_, verdict, _)| verdict == "pass");
    assert!(!passes.is_empty(), "{report}");
    for (runtime, ..) in passes {
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
        let is_explained = ["--dir-rw", "1 file on ", "--runtime"].iter().all(|text| ran.stderr.contains(text));
        assert!(ran.code == 2 && is_explained, "{}", ran.stderr);
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
    let fails = |args: &[&str], expected: &[&str]| {
        let ran = workspace.run(&[&["check", "changes.wat", "--runtime", "node"], args].concat());
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        for text in expected {
            assert!(ran.stderr.contains(text), "{} does not say {text}", ran.stderr);
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

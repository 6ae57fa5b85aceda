//! `predict` on files that are invalid in different ways, with the profiles of the repository.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use std::fs;
use std::path::Path;

use common::Workspace;

/// A workspace with the profile of one version of wasmi.
fn workspace() -> Workspace {
    let workspace = Workspace::new();
    let profiles = Path::new(env!("CARGO_MANIFEST_DIR")).join("../snapshots/profiles");
    let is_wasmi = |path: &Path| path.file_name().unwrap().to_string_lossy().starts_with("wasmi@");
    let profile =
        fs::read_dir(profiles).unwrap().map(|entry| entry.unwrap().path()).find(|path| is_wasmi(path)).unwrap();
    workspace.write("snapshots/profiles/wasmi@1.json", fs::read_to_string(profile).unwrap());
    workspace
}

#[test]
fn a_file_that_is_no_module_differs_from_an_invalid_one() {
    let workspace = workspace();
    let check = |name: &str, text: &str, code: i32, says: &str| {
        workspace.write(name, text);
        let ran = workspace.run(&["predict", name]);
        assert_eq!(ran.code, code, "{name}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains(says), "{name} does not say {says}: {}", ran.stdout);
    };
    check("syntax.wat", "(module (fnc))", 2, "invalid-file: expected valid module field");
    check("types.wat", "(module (func (result i32) (i64.const 1)))", 0, "malformed");
    check("control.wat", "(module) ;; \u{1b}", 0, "does not     wasmi");
    check("text.wasm", "(module)", 2, "invalid-file: not a WebAssembly binary (WebAssembly text)");
    check("empty.wasm", "", 2, "invalid-file: the file is empty");
}

#[test]
fn library_loads() {
    let workspace = workspace();
    workspace.write("lib.wat", "(module (func (export \"f\")))");
    let ran = workspace.run(&["predict", "lib.wat"]);
    assert!(ran.code == 0 && ran.stdout.contains("loads on     wasmi"), "{}{}", ran.stdout, ran.stderr);
    workspace.write("lib.wat", "(module (import \"mine\" \"g\" (func)) (func (export \"f\")))");
    let ran = workspace.run(&["predict", "lib.wat"]);
    assert!(!ran.stdout.contains("loads on"), "{}", ran.stdout);
}

#[test]
fn files_are_named_by_globs_and_arguments_change_nothing() {
    let workspace = workspace();
    workspace.write("one.wat", "(module (func (export \"f\") (param i32)))");
    workspace.write("two.wat", "(module (func (export \"_start\")))");
    let ran = workspace.run(&["predict", "*.wat", "two.wat"]);
    assert_eq!((ran.code, ran.stdout.matches("profiles measured").count()), (0, 2), "{}", ran.stdout);
    let ran = workspace.run(&["predict", "one.wat", "--invoke", "f", "--", "5"]);
    assert!(ran.code == 0 && ran.stdout.contains("runs on      wasmi"), "{}{}", ran.stdout, ran.stderr);
    let without = workspace.run(&["predict", "one.wat", "--invoke", "f"]);
    assert_eq!((without.code, &without.stdout), (0, &ran.stdout), "{}", without.stderr);
    for (call, says) in [
        (&["--invoke", "f", "--", "x"], "argument for `f`: `x` is not a value of type i32"),
        (&["--invoke", "f", "--", ""], "argument for `f`: `` is not a value of type i32"),
        (&["--invoke", "g", "--", "5"], "one.wat exports no function `g`"),
    ] {
        let ran = workspace.run(&[["predict", "one.wat"].as_slice(), call].concat());
        assert!(ran.code == 2 && ran.stdout.contains(says), "{call:?}: {}{}", ran.stdout, ran.stderr);
    }
    workspace.write("empty.wasm", "");
    let ran = workspace.run(&["predict", "empty.wasm", "two.wat", "--output", "json"]);
    let predicted = [0, 1].map(|at| ran.json()["files"][at]["predictions"].as_array().unwrap().len());
    assert_eq!((ran.code, predicted), (2, [0, 1]), "{}", ran.stderr);
    assert!(ran.stderr.contains("error: empty.wasm   invalid-file: the file is empty"), "{}", ran.stderr);
    let ran = workspace.run(&["predict", "one.wat", "two.wat", "--invoke", "f"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stdout.contains("runs on") && ran.stdout.contains("two.wat exports no function `f`"), "{}", ran.stdout);
    let ran = workspace.run(&["predict", "none-*.wat"]);
    assert!(ran.code == 2 && ran.stderr.contains("`none-*.wat` matches no file"), "{}", ran.stderr);
}

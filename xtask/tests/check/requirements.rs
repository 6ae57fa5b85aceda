//! Where a file must run: options, `wasmlab.toml` and baselines.

use std::fs;

use super::common::{self, CommandResult, Workspace};
use super::{HELLO, check};

/// Columns with and without WASI 0.1.
const SOME: &str = "{wasmi,node,tinywasm}";

fn fails_for(ran: &CommandResult, expected: &[&str]) {
    let printed = crate::text::unwrapped(&ran.stdout);
    for text in expected {
        assert!(
            ran.code == 1 && printed.contains(text),
            "{} does not say {text}: {}{}",
            ran.code,
            ran.stdout,
            ran.stderr
        );
    }
}

#[test]
fn a_runtime_without_wasi_counts_only_with_must() {
    let workspace = Workspace::new();
    workspace.write("hello.wat", HELLO);
    let args = ["check", "hello.wat", "--engines", "built", "--runtime", SOME];
    let run = |more: &[&str]| workspace.run(&[&args, more].concat());
    let (ran, report) = check(&workspace, &["hello.wat", "--runtime", SOME]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let lacks = |runtime: &str| {
        let cells = report["cells"].as_array().unwrap();
        cells.iter().find(|c| c["runtime"] == runtime).unwrap()["missing_abi"].clone()
    };
    assert_eq!((lacks("tinywasm"), lacks("wasmi")), ("WASI".into(), serde_json::Value::Null));
    fails_for(&run(&["--must", "tinywasm"]), &["required: hello.wat on tinywasm: missing-import"]);
    assert_eq!(run(&["--must", "wasmi", "--must", "node"]).code, 0);
    // No runtime that could run it does.
    let only = workspace.run(&["check", "hello.wat", "--engines", "built", "--runtime", "tinywasm"]);
    fails_for(&only, &["runs nowhere: hello.wat runs on none of the runtimes that were tested"]);
    // A runtime that lacks one function of an ABI still has the ABI.
    workspace.write(
        "lacking.wat",
        "(module (import \"wasi_snapshot_preview1\" \"no_such\" (func)) (func (export \"_start\")))",
    );
    let lacking = ["check", "lacking.wat", "--engines", "built", "--runtime", "wasmi", "--runtime", "node"];
    fails_for(&workspace.run(&lacking), &["does not run: lacking.wat on wasmi, node"]);
    let wrong = run(&["--must", "nodee"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("did you mean `node`"), "{}", wrong.stderr);
    let absent = || {
        let mut command = workspace
            .command(&[&args[..4], &["--runtime", "node", "--runtime", "wazero", "--must", "wazero"]].concat());
        common::result_of(command.env("WASMLAB_WAZERO", "/no/such/program").output().unwrap())
    };
    fails_for(&absent(), &["required: hello.wat on wazero: absent"]);
}

#[test]
fn allowed_failures_do_not_count() {
    let workspace = Workspace::new();
    workspace.write("exit.wat", "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $x (param i32))) (memory (export \"memory\") 1) (func (export \"_start\") (call $x (i32.const 3))))");
    let args = ["check", "exit.wat", "--engines", "built", "--runtime", "wasmi", "--runtime", "node"];
    let run = |more: &[&str]| workspace.run(&[&args, more].concat());
    assert_eq!(run(&["--expect-exit", "3"]).code, 0);
    fails_for(&run(&["--allow", "wasmi"]), &["wrong result: exit.wat on node: wrong-exit"]);
    fails_for(&run(&["--allow", "*:trap"]), &["wrong result: exit.wat on wasmi, node: wrong-exit"]);
    // Both are allowed to fail, but then it runs nowhere.
    fails_for(&run(&["--allow", "wasmi:wrong-exit", "--allow", "node"]), &["runs nowhere"]);
    let wrong = run(&["--allow", "node:trapp"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("did you mean `trap`?"), "{}", wrong.stderr);
}

#[test]
fn requirements_are_read_from_wasmlab_toml() {
    let workspace = Workspace::new();
    workspace.write("app/build/hello.wat", HELLO);
    // The file is looked for up to the root of the repository.
    workspace.write("app/.git/HEAD", "");
    let config = |rest: &str| {
        let head =
            "schema = 1\nruntimes = [\"wasmi\", \"node\"]\n[[file]]\npath = \"build/hello.wat\"\nmust = [\"node\"]\n";
        workspace.write("app/wasmlab.toml", format!("{head}{rest}"));
    };
    let run = |more: &[&str]| {
        let mut command = workspace.command(&[&["check", "--engines", "built"], more].concat());
        common::result_of(command.current_dir(workspace.path("app/build")).output().unwrap())
    };
    config("[file.budget]\nbytes = 10_000\nimports = 1\n");
    let ran = run(&[]);
    assert!(ran.code == 0 && ran.stdout.contains("hello.wat"), "{} {}{}", ran.code, ran.stdout, ran.stderr);
    config("[file.budget]\nbytes = 100\nforbidden_imports = [\"wasi_*\"]\nproposals = []\n");
    let over = run(&[]);
    fails_for(
        &over,
        &["over budget: hello.wat: has ", "imports wasi_snapshot_preview1.fd_write, which its budget forbids"],
    );
    config("[[file.allow]]\nruntime = \"wasmi\"\ncode = \"trap\"\nbecause = \"it may\"\n");
    let unused = run(&["--output", "github"]);
    assert!(unused.code == 0 && unused.stdout.contains("remove the entry"), "{}", unused.stdout);
    config("[[file.alow]]\n");
    let wrong = run(&[]);
    assert!(
        wrong.code == 2 && wrong.stderr.contains("wasmlab.toml:6: `file[0]`: unknown field `alow`"),
        "{}",
        wrong.stderr
    );
    assert_eq!(run(&["--", "x"]).code, 2, "arguments belong to a file");
    fs::remove_file(workspace.path("app/wasmlab.toml")).unwrap();
    let none = run(&[]);
    assert!(
        none.code == 2 && none.stderr.contains("there is no wasmlab.toml here or in a parent folder"),
        "{}",
        none.stderr
    );
}

#[test]
fn with_a_baseline_only_regressions_count() {
    let workspace = Workspace::new();
    workspace.write("app.wat", HELLO);
    let args = ["check", "app.wat", "--engines", "built", "--runtime", SOME];
    assert_eq!(workspace.run(&args).code, 0);
    fs::copy(workspace.path("reports/check/report.json"), workspace.path("before.json")).unwrap();
    let run = |more: &[&str]| workspace.run(&[&args[..], &["--baseline", "before.json"], more].concat());
    assert_eq!(run(&[]).code, 0);
    let grown =
        HELLO.replace("(memory (export \"memory\") 1)", "(memory (export \"memory\") 1) (func $f (return_call $f))");
    workspace.write("app.wat", grown.replace("(then (unreachable))", "(then)"));
    let grew = run(&["--output", "comment"]);
    assert!(grew.stdout.contains("**app.wat** now needs tail-call; "), "{}", grew.stdout);
    workspace.write(
        "app.wat",
        HELLO
            .replace("(then (unreachable))", "(then)")
            .replace("(if (call $fd_write", "(unreachable) (if (call $fd_write"),
    );
    fails_for(&run(&[]), &["worse: app.wat on wasmi, node: trap"]);
}

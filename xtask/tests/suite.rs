//! `suite`: the lab's own suite on embedded engines, results that a runtime has to fail, and files with errors.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{CommandResult, Workspace, measured};

/// The variable that makes [`binaries_are_made_of_their_sources`] write them.
const UPDATE: &str = "WASMLAB_UPDATE_SUITE";

fn fixtures() -> PathBuf {
    fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")).unwrap()
}

/// Runs a suite with the engines that are built; returns the result and the JSON report.
fn suite(workspace: &Workspace, args: &[&str]) -> (CommandResult, serde_json::Value) {
    let ran = workspace.run(&[&["suite", "--engines", "built", "--output", "json"], args].concat());
    let report = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {}\n{}", ran.stdout, ran.stderr));
    (ran, report)
}

/// The cells: `(test, verdict, detail)`.
fn cells(report: &serde_json::Value) -> Vec<(String, String, String)> {
    let text = |cell: &serde_json::Value, key: &str| cell[key].as_str().unwrap_or_default().to_owned();
    let cells = report["cells"].as_array().unwrap();
    cells.iter().map(|c| (text(c, "scenario"), text(c, "verdict"), text(c, "detail"))).collect()
}

#[test]
fn binaries_are_made_of_their_sources() {
    let folder = fixtures().join("suite/wasm32-wasip1");
    let mut compared = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let source = entry.unwrap().path();
        if source.extension().is_some_and(|extension| extension == "wat") {
            let made = wat::parse_file(&source).unwrap();
            let binary = source.with_extension("wasm");
            if std::env::var_os(UPDATE).is_some() {
                fs::write(&binary, &made).unwrap();
            }
            assert_eq!(fs::read(&binary).unwrap(), made, "{}: set {UPDATE}=1 to write it", binary.display());
            compared += 1;
        }
    }
    assert!(compared > 5, "{compared}");
    let read = |name: &str| fs::read(fixtures().join(name)).unwrap();
    let service = read("suite/wasm32-wasip2/http-service.wasm");
    assert_eq!(service, read("rust-wasip2-http-handler/rust_wasip2_http_handler.wasm"));
}

#[test]
fn own_suite_passes_on_embedded_engines() {
    let (workspace, own) = (Workspace::new(), fixtures().join("suite"));
    let own = own.to_str().unwrap();
    let (ran, report) = suite(&workspace, &[own, "--runtime", "{wasmi,wasmtime-cranelift}", "--no-cache"]);
    let measured = measured(&report);
    // An interpreter without components says nothing about tests that are components.
    let others: Vec<_> = cells(&report)
        .into_iter()
        .zip(&measured)
        .filter(|((_, verdict, _), (_, _, code))| verdict != "pass" && code != "needs-component-model")
        .collect();
    assert!(others.is_empty() && ran.code == 0, "{others:?}\n{}", ran.stderr);
    assert_eq!((report["command"].as_str(), report["scenarios"].as_array().unwrap().len()), (Some("suite"), 9));
    // Nothing in the suite's folder has changed.
    assert!(Path::new(own).join("wasm32-wasip1/files.dir/made.cleanup").is_file());
    assert!(workspace.path("reports/suite/report.json").is_file());

    let ran = workspace.run(&["suite", own, "--engines", "built", "--runtime", "wasmi"]);
    let words = ["9 tests of 2 suites", "passed  failed  not attempted", "2 tests on wasmi: no components"];
    assert!(ran.code == 0 && words.iter().all(|words| ran.stdout.contains(words)), "{}\n{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.lines().all(|line| line.chars().count() <= 80), "{}", ran.stdout);
}

/// Each test has one thing wrong with it; the answer says what was expected, and what came.
#[test]
fn failures_are_told_with_their_reason() {
    let workspace = Workspace::new();
    let test = |name: &str, guest: &str, json: &str| {
        let from = fixtures().join(format!("suite/wasm32-wasip1/{guest}.wasm"));
        workspace.write(&format!("tests/{name}.wasm"), fs::read(from).unwrap());
        workspace.write(&format!("tests/{name}.json"), json);
    };
    let ops = |ops: &str| format!(r#"{{"operations": [{{"type": "run"}}, {ops}, {{"type": "wait"}}]}}"#);
    test("exit", "exit-code", r#"{"exit_code": 3}"#);
    test("stdout", "output", r#"{"stdout": "to stderr"}"#);
    test("short", "output", r#"{"stderr": "to stderr, and more"}"#);
    test("address", "kill", &ops(r#"{"type": "connect", "id": "x"}"#));
    test("hang", "echo", &ops(r#"{"type": "read", "payload": "x"}"#));
    test("unknown", "no-json", &ops(r#"{"type": "sleep"}"#));
    let args = ["tests", "--runtime", "{wasmi,wasmtime-cranelift}", "--timeout", "1"];
    let (ran, report) = suite(&workspace, &args);
    measured(&report);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    for (test, verdict, detail) in cells(&report).into_iter().filter(|(_, verdict, _)| verdict != "absent") {
        let (wanted, words) = match test.as_str() {
            "exit" => ("fail", "exit code 33, expected 3"),
            "stdout" => ("fail", "read on stdout: got \"to stdout\", expected \"to stderr\""),
            "short" => ("fail", "got \"to stderr\", expected \"to stderr, and more\""),
            "address" => ("fail", "connect x: the next line of stdout is \"ready\\n\", not the guest's address"),
            "hang" => ("fail", "read on stdout: got \"\", expected \"x\""),
            _ => ("not-attempted", "the lab does not know the operation `sleep` in its JSON"),
        };
        assert!(verdict == wanted && detail.contains(words), "{test}: {verdict} {detail}");
    }
    // Only what the lab cannot run is left: that is no success.
    let ran = workspace.run(&["suite", "tests", "--engines", "built", "--runtime", "wasmi", "--test", "unknown"]);
    assert_eq!(ran.code, 4, "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn wrong_files_are_named_before_anything_runs() {
    let workspace = Workspace::new();
    let fails = |args: &[&str], words: &[&str]| {
        let ran = workspace.run(&[&["suite"], args].concat());
        assert!(ran.code == 2 && ran.stdout.is_empty(), "{} {}", ran.code, ran.stdout);
        for words in words {
            assert!(ran.stderr.contains(words), "{} does not say {words}", ran.stderr);
        }
    };
    fails(&["none"], &["`none` cannot be read: No such file"]);
    workspace.write("empty/readme", "");
    fails(&["empty"], &["have no .wasm or .wast file: name a folder with tests"]);
    fails(&["empty/readme"], &["is not a folder or a .wast file", "cargo xtask check"]);
    workspace.write("tests/a.wasm", "");
    workspace.write("tests/a.json", "{\"args\": 1}");
    workspace.write("tests/b.wasm", "");
    workspace.write("tests/b.json", "{");
    workspace.write("tests/manifest.json", "{\"version\": \"x\"}");
    // All errors at once.
    fails(
        &["tests"],
        &[
            "tests/a.json: `args` is a number, not a list of texts: write [\"…\"]",
            "tests/b.json: is not JSON",
            "tests/manifest.json: `version` is `x`: use one of",
        ],
    );
    for file in ["a.json", "b.json", "manifest.json"] {
        fs::remove_file(workspace.path(&format!("tests/{file}"))).unwrap();
    }
    fails(&["tests", "--test", "c"], &["--test `c` matches no test"]);
}

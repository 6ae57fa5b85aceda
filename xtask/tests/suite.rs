//! `suite`: the lab's own suite on embedded engines, results that a runtime has to fail, and files with errors.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use std::fs;
use std::path::Path;

use common::{CommandResult, Workspace, field, fixtures, measured};

/// The variable that makes [`binaries_are_made_of_their_sources`] write them.
const UPDATE: &str = "WASMLAB_UPDATE_SUITE";

/// Runs a suite with the engines that are built; returns the result and the JSON report.
fn suite(workspace: &Workspace, args: &[&str]) -> (CommandResult, serde_json::Value) {
    let ran = workspace.run(&[&["suite", "--engines", "built", "--output", "json"], args].concat());
    let report = ran.json();
    (ran, report)
}

/// The cells: `(test, verdict, detail)`.
fn cells(report: &serde_json::Value) -> Vec<(String, String, String)> {
    let cells = report["cells"].as_array().unwrap();
    cells.iter().map(|c| (field(c, "scenario"), field(c, "verdict"), field(c, "detail"))).collect()
}

#[test]
fn binaries_are_made_of_their_sources() {
    let folder = fixtures("suite/wasm32-wasip1");
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
    let read = |name: &str| fs::read(fixtures(name)).unwrap();
    let service = read("suite/wasm32-wasip2/http-service.wasm");
    assert_eq!(service, read("rust-wasip2-http-handler/rust_wasip2_http_handler.wasm"));
}

#[test]
fn own_suite_passes_on_embedded_engines() {
    let (workspace, folder) = (Workspace::new(), fixtures("suite"));
    let folder = folder.to_str().unwrap();
    let (ran, report) = suite(&workspace, &[folder, "--runtime", "{wasmi,wasmtime-cranelift}", "--no-cache"]);
    // An interpreter without components says nothing about tests that are components.
    let is_component = |runtime: &str, code: &str| runtime == "wasmi" && code == "needs-component-model";
    let others: Vec<_> = measured(&report)
        .into_iter()
        .filter(|(runtime, verdict, code)| verdict != "pass" && !is_component(runtime, code))
        .collect();
    assert!(others.is_empty() && ran.code == 0, "{others:?}\n{}", ran.stderr);
    assert_eq!((report["command"].as_str(), report["scenarios"].as_array().unwrap().len()), (Some("suite"), 13));
    // Nothing in the suite's folder has changed.
    assert!(Path::new(folder).join("wasm32-wasip1/files.dir/made.cleanup").is_file());
    assert!(workspace.path("reports/suite/report.json").is_file());

    let ran = workspace.run(&["suite", folder, "--engines", "built", "--runtime", "wasmi"]);
    let expected = ["13 tests of 3 suites", "passed  failed  not attempted", "2 tests on wasmi: no components"];
    assert!(ran.code == 0 && expected.iter().all(|text| ran.stdout.contains(text)), "{}\n{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.lines().all(|line| line.chars().count() <= 80), "{}", ran.stdout);
}

/// Each test has one thing wrong with it; the answer says what was expected, and what came.
#[test]
fn failures_are_reported_with_their_reason() {
    let workspace = Workspace::new();
    let test = |name: &str, guest: &str, json: &str| {
        let from = fixtures(&format!("suite/wasm32-wasip1/{guest}.wasm"));
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
    let args = ["tests", "--runtime", "{wasmi,wasmtime-cranelift}", "--timeout", "4"];
    let (ran, report) = suite(&workspace, &args);
    measured(&report);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    for (test, verdict, detail) in cells(&report).into_iter().filter(|(_, verdict, _)| verdict != "absent") {
        let (expected, message) = match test.as_str() {
            "exit" => ("fail", "exit code 33, expected 3"),
            "stdout" => ("fail", "read on stdout: got \"to stdout\", expected \"to stderr\""),
            "short" => ("fail", "got \"to stderr\", expected \"to stderr, and more\""),
            "address" => ("fail", "the guest's address"),
            "hang" => ("fail", "read on stdout: got \"\", expected \"x\""),
            _ => ("not-attempted", "its JSON uses the operation `sleep`"),
        };
        assert!(verdict == expected && detail.contains(message), "{test}: {verdict} {detail}");
    }
    // Only what the lab cannot run is left: that is no success.
    let ran = workspace.run(&["suite", "tests", "--engines", "built", "--runtime", "wasmi", "--test", "unknown"]);
    assert_eq!(ran.code, 4, "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn wrong_files_are_named_before_anything_runs() {
    let workspace = Workspace::new();
    let fails = |args: &[&str], expected: &[&str]| {
        let ran = workspace.run(&[&["suite"], args].concat());
        assert!(ran.code == 2 && ran.stdout.is_empty(), "{} {}", ran.code, ran.stdout);
        for text in expected {
            assert!(ran.stderr.contains(text), "{} does not say {text}", ran.stderr);
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
            "tests/a.json: `args` is a number, not a list of strings: write [\"…\"]",
            "tests/b.json: is not JSON",
            "tests/manifest.json: `version` is `x`: use one of",
        ],
    );
    for file in ["a.json", "b.json", "manifest.json"] {
        fs::remove_file(workspace.path(&format!("tests/{file}"))).unwrap();
    }
    fails(&["tests", "--test", "c"], &["--test `c` matches no test"]);
}

/// The counts of a file on a runtime: passed, failed, not attempted.
fn counts(report: &serde_json::Value, file: &str, runtime: &str) -> [u64; 3] {
    let cells = report["cells"].as_array().unwrap();
    let cell = cells.iter().find(|cell| cell["scenario"] == file && cell["runtime"] == runtime).unwrap();
    ["passed", "failed", "not_attempted"].map(|count| cell["assertions"][count].as_u64().unwrap())
}

#[test]
fn assertions_are_counted_one_by_one() {
    let (workspace, folder) = (Workspace::new(), fixtures("suite/wast"));
    let args = ["--runtime", "{wasmi,wasmtime-cranelift,node}", "--no-cache"];
    let (ran, report) = suite(&workspace, &[&[folder.to_str().unwrap()], &args[..]].concat());
    measured(&report);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for runtime in ["wasmi", "wasmtime-cranelift", "node"] {
        assert_eq!(counts(&report, "numbers.wast", runtime), [14, 0, 0]);
        assert_eq!(counts(&report, "state.wast", runtime), [8, 0, 2]);
        assert_eq!(counts(&report, "modules.wast", runtime), [10, 0, 1]);
        assert_eq!(counts(&report, "vectors.wast", runtime), [5, 0, 1]);
    }
    assert!(report["guests"].as_array().unwrap().is_empty() && report["scenarios"].as_array().unwrap().len() == 4);
}

/// Wrong expectations, each of its own kind, are told with their lines; the others hold all the same.
#[test]
fn failed_assertions_are_reported_with_their_lines() {
    let workspace = Workspace::new();
    let text = r#"(module
  (func (export "f") (param i32) (result i32) (local.get 0))
  (func (export "nan") (result f32) (f32.div (f32.const 0) (f32.const 0)))
  (func (export "trap") (unreachable)))
(assert_return (invoke "f" (i32.const 1)) (i32.const 1))
(assert_return (invoke "f" (i32.const 1)) (i32.const 2))
(assert_return (invoke "nan") (f32.const 0))
(assert_return (invoke "f" (i32.const 3)) (i32.const 3))
(assert_trap (invoke "f" (i32.const 1)) "unreachable")
(assert_trap (invoke "trap") "integer overflow")
(assert_return (invoke "trap"))
(assert_return (invoke "f" (i32.const 4)) (i32.const 4))
(assert_invalid (module (func)) "type mismatch")
(assert_unlinkable (module (func)) "unknown import")
"#;
    workspace.write("wrong.wast", text);
    let (ran, report) = suite(&workspace, &["wrong.wast", "--runtime", "{wasmi,wasmtime-cranelift}"]);
    measured(&report);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert_eq!(counts(&report, "wrong.wast", "wasmi"), [2, 7, 1]);
    let cell = report["cells"].as_array().unwrap().iter().find(|cell| cell["runtime"] == "wasmi").unwrap();
    let failures = cell["assertions"]["failures"].as_array().unwrap();
    let lines: Vec<u64> = failures.iter().map(|failure| failure["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [6, 7, 9, 10, 11, 13, 14]);
    let detail = |at: usize| failures[at]["detail"].as_str().unwrap();
    assert!(detail(0).ends_with("(i32.const 2)): returned [0x1], expected [0x2]"), "{}", detail(0));
    assert!(detail(3).contains("trapped with unreachable, expected the trap integer-overflow"), "{}", detail(3));
    assert!(detail(5).contains("the runtime accepts it"), "{}", detail(5));
    assert!(cell["detail"].as_str().unwrap().starts_with("7 of 10 assertions fail; line 6: "), "{cell}");
    let shown = workspace.run(&["suite", "wrong.wast", "--engines", "built", "--runtime", "wasmi"]);
    assert!(shown.stdout.contains("wrong.wast:6 on wasmi: (assert_return"), "{}", shown.stdout);

    // A file that is no script names its line, and nothing runs.
    workspace.write("broken.wast", "(module)\n(assert_return (invoke 3))\n");
    let ran = workspace.run(&["suite", "broken.wast"]);
    assert!(ran.code == 2 && ran.stderr.contains("broken.wast:2:24: "), "{}", ran.stderr);
}

/// Each of the sixty processes would use all of its own time, 18 s one after the other. Without the cache, which would give the
/// results of an earlier run at once.
#[test]
fn a_wast_file_has_a_time_limit_as_a_whole() {
    let workspace = Workspace::new();
    let hang = "(assert_trap (invoke \"hang\") \"unreachable\")\n".repeat(60);
    workspace.write("slow.wast", format!("(module (func (export \"hang\") (loop (br 0))) (func (export \"f\")))\n(assert_return (invoke \"f\"))\n{hang}"));
    let began = std::time::Instant::now();
    let (ran, report) =
        suite(&workspace, &["slow.wast", "--runtime", "wasmi", "--timeout", "0.3", "--jobs", "1", "--no-cache"]);
    let took = began.elapsed().as_secs();
    let [(_, verdict, detail)] = &cells(&report)[..] else { panic!("{report}") };
    assert_eq!((ran.code, verdict.as_str()), (1, "gap"), "{}", ran.stderr);
    // Ten times 0.3 s, and a tenth of a second for each of 61 processes.
    assert!(detail.contains("the time limit of the whole file on this runtime, 9.1 s, is used up"), "{detail}");
    assert!(took < 60, "{took} s");
}

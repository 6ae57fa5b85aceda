//! A run in parts, merged, equals the whole run byte for byte, except for times.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use std::fs;

use wasmlab_model::report::SCHEMA_VERSION;

use common::Workspace;

/// Columns that start quickly, and two pairs of one engine, which are compared with each other.
const COLUMNS: &str = "{wasmi,wasmi-cli,wasmtime-cranelift,wasmtime-cli,node,deno}";

fn workspace() -> Workspace {
    let workspace = Workspace::new();
    let wasi = |body: &str| {
        format!(
            "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32))) (memory (export \"memory\") 1) (func (export \"_start\") {body}))"
        )
    };
    for (name, wat) in [
        ("a-passes", wasi("")),
        ("b-traps", wasi("unreachable")),
        ("c-exits", wasi("i32.const 3 call $exit")),
        ("d-lacks", "(module (import \"env\" \"f\" (func)) (func (export \"_start\")))".to_owned()),
        ("e-tail", "(module (func $f return_call $f) (func (export \"_start\")))".to_owned()),
        ("f-passes", wasi("nop")),
        ("g-gc", "(module (type $s (struct)) (func (export \"_start\") struct.new $s drop))".to_owned()),
    ] {
        workspace.scenario(name, &wat, "");
    }
    workspace.scenario(
        "h-known",
        &wasi("unreachable"),
        "[[known]]\nruntime = \"*\"\ncode = \"trap\"\nbecause = \"it is so\"\n",
    );
    workspace
}

/// Runs `run-all`, and returns its JSON.
fn report(workspace: &Workspace, args: &[&str]) -> String {
    let all = ["run-all", "--engines", "built", "--runtime", COLUMNS, "--output", "json"];
    let ran = workspace.run(&[&all, args].concat());
    assert!(matches!(ran.code, 0 | 1), "{args:?}: {}", ran.stderr);
    if args.contains(&"11/11") {
        assert_eq!(ran.code, 0, "nothing to do is not a failure");
        assert!(ran.stderr.contains("partition 11/11 has none of the 8 scenarios"), "{}", ran.stderr);
    }
    ran.stdout
}

/// The text without the two times of the run itself; those of cells come from the cache, so they are equal.
fn without_times(text: &str) -> String {
    let is_time = |line: &&str| line.starts_with("  \"started\":") || line.starts_with("  \"duration_ms\":");
    assert_eq!(text.lines().filter(is_time).count(), 2, "{text}");
    text.lines().filter(|line| !is_time(line)).map(|line| line.to_owned() + "\n").collect()
}

#[test]
fn merged_parts_equal_the_whole_run() {
    let workspace = workspace();
    // The first run fills the cache.
    report(&workspace, &[]);
    let whole = report(&workspace, &[]);
    let measured = common::measured(&serde_json::from_str(&whole).unwrap());
    assert!(measured.iter().any(|(_, verdict, _)| verdict == "gap"), "{measured:?}");
    // With more parts than scenarios, some are empty.
    for count in [1, 3, 11] {
        let mut files = Vec::new();
        for part in 1..=count {
            let text = report(&workspace, &["--partition", &format!("{part}/{count}")]);
            assert!(text.contains("\"partition\": {"), "a part says that it is one");
            let file = format!("{part}-of-{count}.json");
            workspace.write(&file, text);
            files.push(file);
        }
        files.reverse();
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let ran = workspace.run(&[&["merge"], &files[..], &["-o", "merged.json"]].concat());
        assert!(matches!(ran.code, 0 | 1) && ran.stdout.contains("a-passes"), "{}{}", ran.stdout, ran.stderr);
        let merged = fs::read_to_string(workspace.path("merged.json")).unwrap();
        assert!(
            without_times(&merged) == without_times(&whole),
            "{count} parts differ from the whole:\n{merged}\n{whole}"
        );
    }
}

#[test]
fn every_form_of_a_part_says_that_it_is_partial() {
    let workspace = workspace();
    let part = report(&workspace, &["--partition", "count:2/3"]);
    workspace.write("part.json", part);
    for form in ["table", "overview", "markdown", "html", "summary", "comment", "github"] {
        let ran = workspace.run(&["report", "part.json", "--output", form]);
        assert!(ran.stdout.contains("partition 2/3"), "{form}: {}", ran.stdout);
    }
    assert!(workspace.run(&["report", "part.json", "--output", "badge"]).stdout.contains("(partial)"));
}

#[test]
fn parts_that_do_not_fit_are_refused_with_the_reason() {
    let workspace = workspace();
    for part in ["1", "2"] {
        workspace.write(&format!("{part}.json"), report(&workspace, &["--partition", &format!("{part}/3")]));
    }
    workspace.write("whole.json", report(&workspace, &["--scenario", "a-*"]));
    let text = fs::read_to_string(workspace.path("2.json")).unwrap();
    workspace.write("old.json", text.replace("\"lab_version\": \"", "\"lab_version\": \"0."));
    workspace.write("schema.json", text.replace(&format!("\"schema\": {SCHEMA_VERSION}"), "\"schema\": 1"));
    let check = |files: &[&str], expected: &str| {
        let ran = workspace.run(&[&["merge"], files, &["-o", "out.json"]].concat());
        assert_eq!(ran.code, 2, "{files:?}: {}", ran.stdout);
        assert!(ran.stderr.contains(expected), "{files:?}: {}", ran.stderr);
        assert!(!workspace.path("out.json").exists());
    };
    check(&["1.json", "2.json"], "the reports of these partitions are missing: 3/3");
    check(&["1.json", "2.json", "2.json"], "are both partition 2/3");
    check(&["1.json", "whole.json"], "`whole.json` is not a part of a run");
    check(&["1.json", "schema.json"], "`schema.json` has schema 1, but this lab reads");
    workspace.write("3.json", report(&workspace, &["--partition", "3/3"]));
    check(&["1.json", "old.json", "3.json"], "`1.json` and `old.json` are from different runs: the lab's version is ");
    let bad = workspace.run(&["run-all", "--partition", "4/3"]);
    assert!(bad.code == 2 && bad.stderr.contains("K from 1 to N"), "{}", bad.stderr);
}

//! The files under `snapshots/`: insta and the lab agree on their format, so that `cargo insta review` and
//! `cargo xtask accept` work on the same files, and they match the scenarios, the runtimes and the published report.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use wasmlab_model::report::RunReport;
use wasmlab_report::published;
use xtask::scenario;
use xtask::store::{files, snapshots};

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below `dir`, with their texts.
fn texts(dir: &Path) -> BTreeMap<PathBuf, String> {
    let read = |file: PathBuf| (file.clone(), fs::read_to_string(dir.join(file)).unwrap());
    files::walk(dir, &[]).unwrap().into_iter().map(read).collect()
}

/// Compares the sample report with the snapshots in `dir`, which leaves pending files for whatever differs.
fn compare_sample(dir: &Path) -> snapshots::Snapshots {
    let mut report: RunReport = serde_json::from_str(include_str!("../model/sample.json")).unwrap();
    let store = snapshots::Snapshots::new(dir.to_owned());
    for runtime in &report.runtimes {
        let version = runtime.tool.version.as_deref().unwrap_or_default();
        let mut cells: Vec<_> = report.cells.iter_mut().filter(|cell| cell.runtime == runtime.id).collect();
        store.compare_column(&runtime.id, version, &mut cells).unwrap();
    }
    for guest in &report.guests {
        store.compare_guest(guest).unwrap();
    }
    store
}

/// `cargo insta accept` saves a pending file as insta reads it: the result must be what `cargo xtask accept` writes, and
/// the lab must read it back.
#[test]
fn insta_and_the_lab_accept_pending_files_alike() {
    let (by_lab, by_insta) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let accepted = compare_sample(by_lab.path()).accept(&|_, _| true).unwrap();
    assert!(accepted.len() >= 3, "{accepted:?}");
    for pending in compare_sample(by_insta.path()).pending() {
        insta::Snapshot::from_file(&pending).unwrap().save(&pending.with_extension("")).unwrap();
        fs::remove_file(pending).unwrap();
    }
    assert_eq!(texts(by_insta.path()), texts(by_lab.path()));
    let pending = compare_sample(by_insta.path()).pending();
    assert!(pending.is_empty(), "the lab does not recognize what insta accepted: {pending:?}");
}

/// Scenarios that were never built on a machine where snapshots were accepted, with the reason.
const NEVER_BUILT: &[(&str, &str)] = &[
    ("c-wasi-sdk-hello", "wasi-sdk comes as a download only"),
    ("rust-wasip1-threads", "no package brings a C library with threads"),
];

#[test]
fn snapshots_match_scenarios_and_runtimes() {
    let scenarios = scenario::load_all(&top().join("scenarios")).unwrap();
    let names: BTreeSet<&str> = scenarios.iter().map(|s| s.name.as_str()).collect();
    let runtimes: BTreeSet<&str> = wasmlab_runtimes::all().iter().map(|r| r.id()).collect();
    let orphans = snapshots::Snapshots::new(top().join("snapshots")).orphans(&names, &runtimes);
    assert!(orphans.is_empty(), "{orphans:?}");
    let refused = |s: &wasmlab_model::scenario::Scenario| {
        s.spec
            .known
            .iter()
            .any(|k| k.code.parse().is_ok_and(|code: wasmlab_model::codes::Code| code.is_compiler_diagnostic()))
    };
    for name in names {
        let has_snapshot = top().join("snapshots/guests").join(format!("{name}.snap")).is_file();
        let is_unbuilt =
            NEVER_BUILT.iter().any(|(n, _)| *n == name) || scenarios.iter().any(|s| s.name == name && refused(s));
        assert!(
            has_snapshot || is_unbuilt,
            "{name} has no snapshot: run `cargo xtask run-all`, then `cargo xtask accept`"
        );
        assert!(!has_snapshot || !is_unbuilt, "{name} has a snapshot of a guest, but should not have a guest");
        assert!(top().join("scenarios").join(name).join("README.md").is_file(), "{name} has no README.md");
    }
}

#[test]
fn published_report_matches_the_snapshots() {
    let renew = "`cargo xtask run-all`, then `cargo xtask report --publish` updates it";
    let file = top().join("reports/linux-x86_64");
    let json = fs::read_to_string(file.with_extension("json")).unwrap();
    let report: RunReport = serde_json::from_str(&json).unwrap();
    assert!(published::json(&report) == json, "the JSON was not written by the lab: {renew}");
    let markdown = fs::read_to_string(file.with_extension("md")).unwrap();
    assert!(published::markdown(&report) == markdown, "the Markdown is not what the JSON renders to: {renew}");
    let page = fs::read_to_string(top().join("reports/index.html")).unwrap_or_default();
    assert!(published::html(&report) == page, "the page is not what the JSON renders to: {renew}");
    let mut differences = Vec::new();
    let mut accepted_lines = 0;
    let store = snapshots::Snapshots::new(top().join("snapshots"));
    for runtime in wasmlab_runtimes::all().iter().map(|r| r.id()) {
        for (scenario, line) in store.column(runtime).unwrap().unwrap_or_default().lines() {
            accepted_lines += 1;
            let cell = report.cells.iter().find(|c| (c.scenario.as_str(), c.runtime.as_str()) == (scenario, runtime));
            if !cell.is_some_and(|cell| snapshots::line_of(cell, &line.version, Some(line)).same_result(line)) {
                differences.push(format!("{scenario} on {runtime}"));
            }
        }
    }
    assert!(differences.is_empty(), "{differences:?}: {renew}");
    let with_line = report.cells.iter().filter(|c| c.verdict.is_in_snapshots()).count();
    assert_eq!(with_line, accepted_lines, "the report has cells without a snapshot: {renew}");
}

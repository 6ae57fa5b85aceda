//! The files under `snapshots/` are insta's own: insta reads each as the lab wrote it, so that
//! `cargo insta review` and `cargo xtask bless` work on the same files.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use wasmlab_model::report::RunReport;
use wasmlab_model::verdict::Verdict;
use wasmlab_report::published;
use xtask::scenario;
use xtask::store::snapshots::artifacts::ArtifactSnapshot;
use xtask::store::snapshots::column::{Column, Line};
use xtask::store::{files, snapshots};

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every accepted snapshot below `snapshots/FOLDER`, with the contents that the lab reads from it.
fn accepted(folder: &str) -> Vec<(PathBuf, String)> {
    let dir = top().join("snapshots").join(folder);
    let files = files::walk(&dir, &[]).unwrap().into_iter().filter(|f| f.extension().is_some_and(|e| e == "snap"));
    files
        .map(|file| {
            let text = fs::read_to_string(dir.join(&file)).unwrap();
            let body = text.splitn(3, "---\n").nth(2).unwrap().to_owned();
            (file, body)
        })
        .collect()
}

/// insta reads each file as the lab wrote it; `parse` is what the lab reads from it, written again.
fn check(folder: &str, parse: impl Fn(&str) -> Result<String, String>) {
    let found = accepted(folder);
    assert!(found.len() >= 18, "{folder} holds {} snapshots", found.len());
    for (file, body) in found {
        assert_eq!(parse(&body).as_deref(), Ok(body.trim_end()), "{}", file.display());
        // Read, not asserted: an assertion that holds removes what waits beside the file for `bless`.
        let read = insta::Snapshot::from_file(&top().join("snapshots").join(folder).join(&file)).unwrap();
        let insta::internals::SnapshotContents::Text(contents) = read.contents() else {
            panic!("{}: insta reads no text", file.display())
        };
        assert_eq!(contents.to_string().trim_end(), body.trim_end(), "{}", file.display());
    }
}

#[test]
fn insta_reads_the_matrix_as_the_lab_wrote_it() {
    check("matrix", |body| Column::parse(body, 0).map(|column| column.to_string()).map_err(|e| e.to_string()));
    // `cargo insta accept` reads a file and writes it: of the lab's it makes the same bytes as `bless`.
    let dir = tempfile::tempdir().unwrap();
    for (file, _) in accepted("matrix") {
        let file = top().join("snapshots/matrix").join(file);
        let copy = dir.path().join("copy.snap");
        insta::Snapshot::from_file(&file).unwrap().save(&copy).unwrap();
        assert_eq!(fs::read_to_string(&copy).unwrap(), fs::read_to_string(&file).unwrap());
    }
}

#[test]
fn insta_reads_the_artifacts_as_the_lab_wrote_them() {
    check("artifacts", |body| {
        let parsed: ArtifactSnapshot = toml::from_str(body).map_err(|e| e.to_string())?;
        Ok(toml::to_string_pretty(&parsed).unwrap().trim_end().to_owned())
    });
}

/// Scenarios whose toolchain was on no machine yet that accepted snapshots, with the reason.
const NEVER_BUILT: &[(&str, &str)] = &[
    ("c-wasi-sdk-hello", "wasi-sdk comes as a download only"),
    ("rust-wasip1-threads", "no package brings a C library with threads"),
];

#[test]
fn every_snapshot_belongs_to_a_scenario_and_a_runtime_and_every_scenario_has_one() {
    let scenarios = scenario::load_all(&top().join("scenarios")).unwrap();
    let names: BTreeSet<&str> = scenarios.iter().map(|s| s.name.as_str()).collect();
    let runtimes: BTreeSet<&str> = wasmlab_runtimes::all().iter().map(|r| r.id()).collect();
    let orphans = snapshots::Store::new(top().join("snapshots")).orphans(&names, &runtimes);
    assert!(orphans.is_empty(), "{orphans:?}");
    let refused = |s: &wasmlab_model::scenario::Scenario| {
        s.spec
            .known
            .iter()
            .any(|k| k.code.parse().is_ok_and(|code: wasmlab_model::codes::Code| code.is_compiler_diagnostic()))
    };
    for name in names {
        let there = top().join("snapshots/artifacts").join(format!("{name}.snap")).is_file();
        let none =
            NEVER_BUILT.iter().any(|(n, _)| *n == name) || scenarios.iter().any(|s| s.name == name && refused(s));
        assert!(there != none, "{name} has no snapshot (run-all, then bless), or has one against all reason");
        assert!(top().join("scenarios").join(name).join("README.md").is_file(), "{name} has no lesson");
    }
}

#[test]
fn the_published_report_says_what_the_snapshots_say_and_its_other_forms_are_what_it_renders_to() {
    let renew = "`cargo xtask run-all`, then `cargo xtask report --publish` renews it";
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
    for (file, body) in accepted("matrix") {
        let runtime = file.file_stem().unwrap().to_str().unwrap().to_owned();
        for (scenario, line) in Column::parse(&body, 0).unwrap().lines() {
            accepted_lines += 1;
            let cell = report.cells.iter().find(|c| (&c.scenario, &c.runtime) == (scenario, &runtime));
            if !cell.is_some_and(|cell| Line::of(cell, &line.version).same_result(line)) {
                differences.push(format!("{scenario} on {runtime}"));
            }
        }
    }
    assert!(differences.is_empty(), "{differences:?}: {renew}");
    let has_line = |verdict: Verdict| verdict.is_measured() || verdict == Verdict::NotAttempted;
    let with_line = report.cells.iter().filter(|c| has_line(c.verdict)).count();
    assert_eq!(with_line, accepted_lines, "it has cells without a snapshot: {renew}");
}

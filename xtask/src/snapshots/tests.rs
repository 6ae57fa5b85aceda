//! Snapshots through their life: new, pending, accepted, changed.

use super::Store;
use wasmlab_model::codes::Code;
use wasmlab_model::report::{Cell, NoteKind};
use wasmlab_model::verdict::{Change, Verdict};

fn cell(verdict: Verdict, code: Option<Code>) -> Cell {
    let mut cell = crate::sample::cells().remove(0);
    cell.scenario = "s".to_owned();
    cell.runtime = "r".to_owned();
    (cell.verdict, cell.code, cell.subject) = (verdict, code, None);
    cell
}

/// Accepts `before`, then compares `now`, measured with `version`.
fn change(before: (Verdict, Option<Code>), now: (Verdict, Option<Code>), version: &str) -> Cell {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(dir.path().to_owned());
    let mut first = cell(before.0, before.1);
    store.compare_cell(&mut first, "1.0").unwrap();
    assert_eq!(first.change, Change::New);
    let pending = store.pending();
    assert_eq!(pending.len(), 1);
    Store::accept(&pending[0]).unwrap();
    let mut second = cell(now.0, now.1);
    store.compare_cell(&mut second, version).unwrap();
    assert_eq!(store.pending().is_empty(), second.change == Change::Same);
    second
}

const PASS: (Verdict, Option<Code>) = (Verdict::Pass, None);
const TRAP: (Verdict, Option<Code>) = (Verdict::Gap, Some(Code::Trap));
const IMPORT: (Verdict, Option<Code>) = (Verdict::Gap, Some(Code::MissingImport));
const FAIL: (Verdict, Option<Code>) = (Verdict::Fail, Some(Code::WrongExit));

#[test]
fn the_same_result_is_quiet_even_with_another_version() {
    assert_eq!(change(PASS, PASS, "2.0").change, Change::Same);
    assert_eq!(change(TRAP, TRAP, "1.0").change, Change::Same);
}

#[test]
fn every_other_result_is_loud() {
    assert_eq!(change(PASS, TRAP, "1.0").change, Change::Worse);
    assert_eq!(change(TRAP, FAIL, "1.0").change, Change::Worse);
    assert_eq!(change(TRAP, IMPORT, "1.0").change, Change::Different);
    assert_eq!(change(TRAP, PASS, "1.0").change, Change::FixedGap);
}

#[test]
fn a_change_with_the_version_says_so() {
    let changed = change(IMPORT, PASS, "2.0");
    assert!(changed.changed_with_version);
    assert_eq!(changed.was.as_deref(), Some("gap missing-import on r 1.0"));
    assert!(!change(IMPORT, PASS, "1.0").changed_with_version);
}

#[test]
fn what_was_not_measured_changes_nothing() {
    let absent = change(PASS, (Verdict::Absent, None), "9");
    assert_eq!(absent.change, Change::Same);
}

#[test]
fn damaged_snapshots_are_errors_that_name_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(dir.path().to_owned());
    for text in ["", "---\nsource: x\n---\nverdict = \"maybe\"\n"] {
        std::fs::create_dir_all(dir.path().join("matrix")).unwrap();
        std::fs::write(dir.path().join("matrix/s@r.snap"), text).unwrap();
        let error = store.compare_cell(&mut cell(Verdict::Pass, None), "1").unwrap_err().to_string();
        assert!(error.contains("s@r.snap") && error.contains("restore it"), "{error}");
    }
}

#[test]
fn snapshots_of_nothing_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(dir.path().to_owned());
    store.compare_cell(&mut cell(Verdict::Pass, None), "1").unwrap();
    Store::accept(&store.pending()[0]).unwrap();
    assert!(store.orphans(&["s"].into(), &["r"].into()).is_empty());
    assert!(store.orphans(&["s"].into(), &["q"].into())[0].text.contains("no runtime is named `r`"));
    assert!(store.orphans(&["t"].into(), &["r"].into())[0].text.contains("no scenario is named `s`"));
}

#[test]
fn pending_files_of_a_scenario_that_is_no_more_are_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(dir.path().to_owned());
    store.compare_cell(&mut cell(Verdict::Pass, None), "1").unwrap();
    store.forget_pending(&["s"].into()).unwrap();
    assert_eq!(store.pending().len(), 1);
    store.forget_pending(&["t"].into()).unwrap();
    assert!(store.pending().is_empty());
}

#[test]
fn artifacts_differ_by_imports_and_by_sizes_beyond_the_tolerance() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(dir.path().to_owned());
    let artifact = crate::sample::report().artifacts.remove(0);
    let note = store.compare_artifact(&artifact).unwrap().unwrap();
    assert_eq!(note.kind, NoteKind::ArtifactNew);
    Store::accept(&store.pending()[0]).unwrap();
    let check = |change: &dyn Fn(&mut wasmlab_model::report::Artifact), wanted: Option<(NoteKind, &str)>| {
        let mut changed = artifact.clone();
        change(&mut changed);
        let note = store.compare_artifact(&changed).unwrap();
        match (note, wanted) {
            (None, None) => {}
            (Some(note), Some((kind, text))) => assert!(note.kind == kind && note.text.contains(text), "{note:?}"),
            other => panic!("{other:?}"),
        }
    };
    check(&|_| (), None);
    check(&|a| a.facts.as_mut().unwrap().sizes.total += 10, None);
    check(&|a| a.facts.as_mut().unwrap().sizes.total += 9000, Some((NoteKind::ArtifactChanged, "total ")));
    check(&|a| a.facts.as_mut().unwrap().imports.clear(), Some((NoteKind::ArtifactChanged, "imports: -")));
    check(
        &|a| {
            a.facts.as_mut().unwrap().sizes.code += 9000;
            a.toolchain = "rustc 99".to_owned();
        },
        Some((NoteKind::ArtifactChangedWithToolchain, "made by rustc 99")),
    );
}

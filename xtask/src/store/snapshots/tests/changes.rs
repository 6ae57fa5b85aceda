//! What counts as a change.

use super::{Folder, PASS, TRAP, cell};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::report::{Cell, NoteKind};
use wasmlab_model::verdict::{Change, Verdict};
use wasmlab_protocol::Stage;

const IMPORT: (Verdict, Option<Code>) = (Verdict::Gap, Some(Code::MissingImport));
const FAIL: (Verdict, Option<Code>) = (Verdict::Fail, Some(Code::WrongExit));

/// Accepts `before`, then compares with `now`, measured with `version`.
fn change(before: (Verdict, Option<Code>), now: (Verdict, Option<Code>), version: &str) -> Cell {
    let folder = Folder::new();
    assert_eq!(folder.run("1.0", &[("s", before)])[0].change, Change::New);
    assert_eq!(folder.store.pending().len(), 1);
    assert_eq!(folder.accept(&["s"]), 1);
    let second = folder.run(version, &[("s", now)]).remove(0);
    assert_eq!(folder.store.pending().is_empty(), second.change == Change::Same);
    second
}

#[test]
fn same_result_with_another_version_is_no_change() {
    assert_eq!(change(PASS, PASS, "2.0").change, Change::Same);
    assert_eq!(change(TRAP, TRAP, "1.0").change, Change::Same);
}

#[test]
fn pass_with_switch_differs_from_plain_pass() {
    let folder = Folder::new();
    let run = |switches: &[&str]| {
        let mut now = cell("s", PASS);
        now.switches = switches.iter().map(ToString::to_string).collect();
        folder.store.compare_column("r", "1.0", &mut [&mut now]).unwrap();
        (now.change, now.accepted_result)
    };
    assert_eq!(run(&[]).0, Change::New);
    folder.accept(&["s"]);
    assert_eq!(run(&["-W gc=y"]), (Change::Worse, Some("pass without a switch".to_owned())));
    folder.accept(&["s"]);
    assert_eq!(folder.lines("r.snap"), ["version: 1.0", "s pass run - - - with -W gc=y"]);
    assert_eq!(run(&["-W gc=y"]).0, Change::Same);
    assert_eq!(run(&["-W gc=y", "-S p3=y"]), (Change::Different, Some("pass with -W gc=y".to_owned())));
    folder.accept(&["s"]);
    assert_eq!(run(&["-W gc=y", "-S p3=y"]).0, Change::Same);
    assert_eq!(run(&[]), (Change::FixedGap, Some("pass with -W gc=y + -S p3=y".to_owned())));
}

#[test]
fn every_different_result_is_a_change() {
    assert_eq!(change(PASS, TRAP, "1.0").change, Change::Worse);
    assert_eq!(change(TRAP, FAIL, "1.0").change, Change::Worse);
    assert_eq!(change(TRAP, IMPORT, "1.0").change, Change::Different);
    assert_eq!(change(TRAP, PASS, "1.0").change, Change::FixedGap);
}

/// wazero checks import modules in random order.
#[test]
fn another_missing_import_is_no_change_where_the_order_is_random() {
    let check = |runtime: &str, expected: Change| {
        let folder = Folder::new();
        let run = |code| {
            let mut cell = cell("s", (Verdict::Gap, Some(code)));
            (cell.runtime, cell.stage) = (runtime.to_owned(), Some(Stage::Link));
            folder.store.compare_column(runtime, "1.0", &mut [&mut cell]).unwrap();
            cell.change
        };
        assert_eq!(run(Code::ImportTypeMismatch), Change::New);
        folder.store.accept(&|_, _| true).unwrap();
        assert_eq!(run(Code::NeedsJsGlue), expected);
    };
    check("wazero", Change::Same);
    check("wasmi", Change::Different);
}

#[test]
fn change_along_with_the_version_is_marked() {
    let changed = change(IMPORT, PASS, "2.0");
    assert!(changed.changed_with_version);
    assert_eq!(changed.accepted_result.as_deref(), Some("gap missing-import on r 1.0"));
    assert!(!change(IMPORT, PASS, "1.0").changed_with_version);
}

#[test]
fn older_version_does_not_regress() {
    assert_eq!(change(PASS, IMPORT, "1.1").change, Change::Worse);
    assert_eq!(change(PASS, IMPORT, "0.9").change, Change::Different);
    assert_eq!(change(IMPORT, PASS, "0.9").change, Change::FixedGap);
}

#[test]
fn unmeasured_cells_change_nothing() {
    let absent = change(PASS, (Verdict::Absent, None), "9");
    assert_eq!(absent.change, Change::Same);
}

#[test]
fn different_blame_is_a_change_that_names_it() {
    let folder = Folder::new();
    folder.run("1", &[("s", TRAP)]);
    folder.accept(&["s"]);
    let mut other = cell("s", TRAP);
    other.blame = vec![Blame::Runtime];
    folder.store.compare_column("r", "1", &mut [&mut other]).unwrap();
    assert_eq!(other.change, Change::Different);
    assert_eq!(other.accepted_result.as_deref(), Some("gap trap (stage run, blame guest)"));
}

#[test]
fn unknown_blame_is_no_change_and_keeps_the_accepted_one() {
    let folder = Folder::new();
    folder.run("1", &[("s", TRAP), ("t", PASS)]);
    folder.accept(&["s", "t"]);
    let mut unknown = cell("s", TRAP);
    unknown.blame = vec![Blame::Unknown];
    let mut other = cell("t", IMPORT);
    folder.store.compare_column("r", "1", &mut [&mut unknown, &mut other]).unwrap();
    assert_eq!((unknown.change, other.change), (Change::Same, Change::Worse));
    folder.accept(&["s", "t"]);
    assert_eq!(folder.lines("r.snap")[1], "s gap run trap guest");
    // With a different result, the blame is not carried over.
    let mut unknown = cell("t", TRAP);
    unknown.blame = vec![Blame::Unknown];
    folder.store.compare_column("r", "1", &mut [&mut unknown]).unwrap();
    folder.accept(&["t"]);
    assert_eq!((unknown.change, folder.lines("r.snap")[2].as_str()), (Change::Different, "t gap run trap unknown"));
    let known = folder.run("1", &[("t", TRAP)]).remove(0);
    assert_eq!((known.change, folder.store.pending().len()), (Change::Same, 0));
}

#[test]
fn guests_differ_by_imports_and_significant_sizes() {
    let folder = Folder::new();
    let store = &folder.store;
    let guest = crate::sample::report().guests.remove(0);
    let note = store.compare_guest(&guest).unwrap().unwrap();
    assert_eq!(note.kind, NoteKind::GuestNew);
    assert_eq!(store.accept(&|_, runtime| runtime.is_none()).unwrap().len(), 1);
    let check = |change: &dyn Fn(&mut wasmlab_model::report::GuestInfo), expected: Option<(NoteKind, &str)>| {
        let mut changed = guest.clone();
        change(&mut changed);
        let note = store.compare_guest(&changed).unwrap();
        match (note, expected) {
            (None, None) => {}
            (Some(note), Some((kind, text))) => assert!(note.kind == kind && note.text.contains(text), "{note:?}"),
            other => panic!("{other:?}"),
        }
    };
    check(&|_| (), None);
    check(&|a| a.facts.as_mut().unwrap().sizes.total += 10, None);
    check(&|a| a.facts.as_mut().unwrap().sizes.total += 9000, Some((NoteKind::GuestChanged, "8.8 KiB larger")));
    check(&|a| a.facts.as_mut().unwrap().imports.clear(), Some((NoteKind::GuestChanged, "no longer imports ")));
    check(
        &|a| {
            a.facts.as_mut().unwrap().sizes.code += 9000;
            a.toolchain = "rustc 99".to_owned();
        },
        Some((NoteKind::GuestChangedWithToolchain, "made by rustc 99")),
    );
}

#[test]
fn cells_not_attempted_have_a_line() {
    let waits = (Verdict::NotAttempted, None);
    assert_eq!(change(waits, waits, "2.0").change, Change::Same);
    assert_eq!(change(TRAP, waits, "1.0").change, Change::Different);
    assert_eq!(change(waits, TRAP, "1.0").change, Change::Different);
    // The lab's own limit, which is no regression.
    assert_eq!(change(PASS, waits, "1.0").change, Change::Different);
    assert_eq!(change(waits, PASS, "1.0").accepted_result.as_deref(), Some("not-attempted (call-argument)"));
    let folder = Folder::new();
    folder.run("1.0", &[("s", waits)]);
    assert_eq!(folder.lines("r.snap.new"), ["version: 1.0", "s not-attempted - - - call-argument"]);
    folder.accept(&["s"]);
    assert_eq!(folder.run("1.0", &[("s", waits)])[0].change, Change::Same);
}

//! Pending and accepted lines.

use std::fs;

use super::{Folder, PASS, TRAP};
use wasmlab_model::verdict::{Change, Verdict};

#[test]
fn partial_runs_keep_other_pending_lines() {
    let folder = Folder::new();
    folder.run("1", &[("a", PASS), ("b", PASS), ("c", TRAP)]);
    assert_eq!(folder.accept(&["a", "b", "c"]), 3);
    assert_eq!(folder.lines("r.snap"), ["version: 1", "a pass run", "b pass run", "c gap run trap guest"]);
    // Two runs of one scenario each.
    folder.run("1", &[("b", TRAP)]);
    folder.run("1", &[("d", PASS)]);
    let pending = folder.lines("r.snap.new");
    assert_eq!(pending, ["version: 1", "a pass run", "b gap run trap guest", "c gap run trap guest", "d pass run"]);
    // A run interrupted before its first cell, and one on a machine without the runtime.
    folder.run("1", &[]);
    folder.run("", &[("b", (Verdict::Absent, None)), ("d", (Verdict::NotBuilt, None))]);
    assert_eq!(folder.lines("r.snap.new"), pending);
    // A line that no longer differs is no longer pending.
    folder.run("1", &[("b", PASS)]);
    assert_eq!(
        folder.lines("r.snap.new"),
        ["version: 1", "a pass run", "b pass run", "c gap run trap guest", "d pass run"]
    );
    assert_eq!(folder.accept(&["d"]), 1);
    assert!(folder.store.pending().is_empty());
    folder.run("1", &[("a", TRAP)]);
    folder.run("1", &[("a", PASS)]);
    assert!(folder.store.pending().is_empty());
}

#[test]
fn accepting_a_part_keeps_the_rest_pending() {
    let folder = Folder::new();
    folder.run("1", &[("a", PASS), ("b", PASS), ("c", PASS)]);
    assert_eq!(folder.accept(&["b"]), 1);
    assert_eq!(folder.lines("r.snap"), ["version: 1", "b pass run"]);
    assert_eq!(folder.lines("r.snap.new").len(), 4);
    assert_eq!(folder.accept(&["nothing"]), 0);
    assert_eq!(folder.accept(&["a", "b", "c"]), 2);
    assert_eq!(folder.lines("r.snap").len(), 4);
    assert!(folder.store.pending().is_empty());
}

#[test]
fn lines_accepted_meanwhile_are_kept() {
    let folder = Folder::new();
    folder.run("1", &[("a", PASS)]);
    let file = folder.dir.path().join("matrix/r.snap");
    // As after merging two branches.
    let other = Folder::new();
    other.run("1", &[("z", PASS)]);
    other.accept(&["z"]);
    fs::copy(other.dir.path().join("matrix/r.snap"), &file).unwrap();
    folder.accept(&["a"]);
    assert_eq!(folder.lines("r.snap"), ["version: 1", "a pass run", "z pass run"]);
}

#[test]
fn orphaned_snapshots_are_found() {
    let folder = Folder::new();
    folder.run("1", &[("s", PASS)]);
    folder.accept(&["s"]);
    let text = |scenario: &str, runtime: &str| {
        let notes = folder.store.orphans(&[scenario].into(), &[runtime].into());
        notes.iter().map(|n| format!("{}: {}", n.subject, n.text)).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(text("s", "r"), "");
    assert!(text("s", "q").starts_with("matrix/r.snap: no runtime is named `r`"));
    assert!(text("t", "r").starts_with("matrix/r.snap:7: no scenario is named `s`"));
    let remove = |scenario: &str, runtime: &str| {
        let removed = folder.store.remove_orphans(&[scenario].into(), &[runtime].into()).unwrap();
        removed.iter().map(|(_, lines)| lines).sum::<usize>()
    };
    assert_eq!(remove("s", "r"), 0);
    folder.run("1", &[("s", PASS), ("t", PASS)]);
    folder.accept(&["s", "t"]);
    assert_eq!(remove("s", "r"), 1);
    assert_eq!(folder.lines("r.snap"), ["version: 1", "s pass run"]);
    assert_eq!(remove("s", "q"), 1);
    assert!(folder.lines("r.snap").is_empty());
}

#[test]
fn pending_lines_of_removed_scenarios_and_runtimes_are_dropped() {
    let folder = Folder::new();
    folder.run("1", &[("s", PASS), ("t", PASS)]);
    folder.store.forget_pending(&["s", "t"].into(), &["r"].into()).unwrap();
    assert_eq!(folder.lines("r.snap.new").len(), 3);
    folder.store.forget_pending(&["t"].into(), &["r"].into()).unwrap();
    assert_eq!(folder.lines("r.snap.new"), ["version: 1", "t pass run"]);
    folder.store.forget_pending(&["t"].into(), &["q"].into()).unwrap();
    assert!(folder.store.pending().is_empty());
    folder.run("1", &[("s", PASS)]);
    folder.store.forget_pending(&["t"].into(), &["r"].into()).unwrap();
    assert!(folder.store.pending().is_empty());
}

#[test]
fn not_applicable_cell_has_no_pending_line() {
    let folder = Folder::new();
    let pass = (Verdict::Pass, None);
    folder.run("1.0", &[("a", pass), ("b", pass)]);
    folder.run("1.0", &[("b", (Verdict::NotApplicable, None))]);
    assert_eq!(folder.lines("r.snap.new"), ["version: 1.0", "a pass run"]);
    folder.run("1.0", &[("a", (Verdict::NotApplicable, None))]);
    assert!(folder.store.pending().is_empty());
}

#[test]
fn accepting_a_not_applicable_cell_removes_its_line() {
    let folder = Folder::new();
    let (pass, none) = ((Verdict::Pass, None), (Verdict::NotApplicable, None));
    folder.run("1.0", &[("a", pass), ("b", pass), ("c", TRAP)]);
    folder.accept(&["a", "b", "c"]);
    let cells = folder.run("1.0", &[("a", pass), ("b", none), ("c", none)]);
    let changes: Vec<_> = cells.iter().map(|cell| (cell.change, cell.accepted_result.as_deref())).collect();
    let trap = Some("gap trap");
    assert_eq!(changes, [(Change::Same, None), (Change::Worse, Some("pass")), (Change::Different, trap)]);
    assert_eq!(folder.accept(&["b"]), 1);
    assert_eq!(folder.lines("r.snap"), ["version: 1.0", "a pass run", "c gap run trap guest"]);
    // The other line stays pending; the next run writes it again or drops it.
    assert_eq!(folder.lines("r.snap.new").len(), 3);
    assert_eq!(folder.run("1.0", &[("b", none)])[0].change, Change::Same);
    assert_eq!(folder.accept(&["c"]), 1);
    assert_eq!(folder.lines("r.snap"), ["version: 1.0", "a pass run"]);
    assert!(folder.store.pending().is_empty());
    // A cell that is applicable again is treated like any other.
    folder.run("1.0", &[("a", none)]);
    folder.run("1.0", &[("a", pass)]);
    assert!(folder.store.pending().is_empty());
}

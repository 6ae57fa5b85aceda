//! The life cycle of snapshots: new, pending, accepted, changed.

use std::fs;

use super::Store;
use super::column::Column;
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::report::{Cell, NoteKind};
use wasmlab_model::verdict::{Change, Verdict};
use wasmlab_protocol::Stage;

/// A temporary folder of snapshots.
struct Folder {
    dir: tempfile::TempDir,
    store: Store,
}

impl Folder {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path().to_owned());
        Self { dir, store }
    }

    /// Compares the results of a run with this version of runtime `r`.
    fn run(&self, version: &str, results: &[(&str, (Verdict, Option<Code>))]) -> Vec<Cell> {
        let mut cells: Vec<Cell> = results.iter().map(|(scenario, result)| cell(scenario, *result)).collect();
        self.store.compare_column("r", version, &mut cells.iter_mut().collect::<Vec<_>>()).unwrap();
        cells
    }

    fn accept(&self, scenarios: &[&str]) -> usize {
        let chosen = |name: &str, runtime: Option<&str>| scenarios.contains(&name) && runtime == Some("r");
        self.store.accept(&chosen).unwrap().iter().map(|(_, lines)| lines).sum()
    }

    /// The lines of a file, without insta's header and with single spaces.
    fn lines(&self, file: &str) -> Vec<String> {
        let text = fs::read_to_string(self.dir.path().join("matrix").join(file)).unwrap_or_default();
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        text.lines().skip(4).filter(|l| !l.starts_with("scenario ")).map(words).collect()
    }
}

fn cell(scenario: &str, (verdict, code): (Verdict, Option<Code>)) -> Cell {
    let mut cell = crate::sample::cells().remove(0);
    cell.scenario = scenario.to_owned();
    cell.runtime = "r".to_owned();
    (cell.verdict, cell.code, cell.subject) = (verdict, code, None);
    cell.blame = code.map(|c| c.entry().blame.to_vec()).unwrap_or_default();
    if verdict == Verdict::NotAttempted {
        (cell.stage, cell.subject) = (None, Some("call-argument".to_owned()));
    }
    cell
}

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

const PASS: (Verdict, Option<Code>) = (Verdict::Pass, None);
const TRAP: (Verdict, Option<Code>) = (Verdict::Gap, Some(Code::Trap));
const IMPORT: (Verdict, Option<Code>) = (Verdict::Gap, Some(Code::MissingImport));
const FAIL: (Verdict, Option<Code>) = (Verdict::Fail, Some(Code::WrongExit));

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
        (now.change, now.accepted)
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
    let check = |runtime: &str, wanted: Change| {
        let folder = Folder::new();
        let run = |code| {
            let mut cell = cell("s", (Verdict::Gap, Some(code)));
            (cell.runtime, cell.stage) = (runtime.to_owned(), Some(Stage::Link));
            folder.store.compare_column(runtime, "1.0", &mut [&mut cell]).unwrap();
            cell.change
        };
        assert_eq!(run(Code::ImportTypeMismatch), Change::New);
        folder.store.accept(&|_, _| true).unwrap();
        assert_eq!(run(Code::NeedsJsGlue), wanted);
    };
    check("wazero", Change::Same);
    check("wasmi", Change::Different);
}

#[test]
fn change_along_with_the_version_is_marked() {
    let changed = change(IMPORT, PASS, "2.0");
    assert!(changed.changed_with_version);
    assert_eq!(changed.accepted.as_deref(), Some("gap missing-import on r 1.0"));
    assert!(!change(IMPORT, PASS, "1.0").changed_with_version);
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
    assert_eq!(other.accepted.as_deref(), Some("gap trap (stage run, blame guest)"));
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
fn snapshot_round_trips_with_any_import_name() {
    let odd =
        ["", "-", "on 2", "two  blanks", " edges ", "\"quoted\"", "a\nb\t", "n\u{fc} \u{202e}", "wasi:a/b@1 c", "   "];
    for text in odd {
        let folder = Folder::new();
        let mut one = cell("s", TRAP);
        one.subject = Some(text.to_owned());
        let mut two = cell("t-with-a-name-that-is-longer-than-its-place", PASS);
        two.stage = None;
        folder.store.compare_column("r", text, &mut [&mut one, &mut two]).unwrap();
        folder.run("2", &[("u", TRAP)]);
        folder.accept(&["s", &two.scenario, "u"]);
        let file = fs::read_to_string(folder.dir.path().join("matrix/r.snap")).unwrap();
        assert!(file.chars().all(|c| c == '\n' || c == ' ' || c.is_ascii_graphic()), "{file}");
        let body = file.split_once("\n---\n").unwrap().1;
        let column = Column::parse(body, 4).unwrap();
        assert_eq!(column.to_string(), body.trim_end(), "{text:?}");
        assert_eq!((column.version(), column.lines().len()), (text, 3));
        assert_eq!(column.lines()["s"].subject.as_deref(), Some(text));
        assert_eq!(column.lines()["u"].version, "2");
    }
}

#[test]
fn damaged_snapshot_is_an_error_with_file_and_line() {
    let check = |text: &str, wanted: &str| {
        let folder = Folder::new();
        fs::create_dir_all(folder.dir.path().join("matrix")).unwrap();
        fs::write(folder.dir.path().join("matrix/r.snap"), text).unwrap();
        let mut seen = cell("s", PASS);
        let error = folder.store.compare_column("r", "1", &mut [&mut seen]).unwrap_err().to_string();
        assert!(error.contains("r.snap") && error.contains("restore it") && error.contains(wanted), "{error}");
    };
    let body = |lines: &str| {
        let column = Column::default().with([], "1").to_string();
        format!("---\nsource: x\nexpression: y\n---\n{column}\n{lines}\n")
    };
    check("", "line 1: no header");
    check("---\nsource: x\n---\nverdict = \"maybe\"\n", "line 4: no `version: `");
    check("---\nsource: x\n---\nversion: 1\ns  pass\n", "line 5: expected the line with the headings");
    check(&body("s  maybe"), "line 7: unknown variant `maybe`");
    check(&body("s  absent"), "line 7: `absent` is not measured");
    check(&body("s"), "line 7: 1 fields");
    check(&body("s  pass\n<<<<<<< mine  pass\ns  pass"), "line 9: a second line for `s`");
    check(&body("s  gap  run  no-such-code"), "line 7: `no-such-code` is not a code");
    check(&body("s  gap  run  trap  nobody"), "line 7: unknown variant `nobody`");
    check(&body("s  gap  run  trap  guest  \"open"), "line 7: `\"open` is not a text");
    check(&body("s  pass  run  -  -  -  2.0"), "line 7: `2.0` is not `on VERSION`");
}

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
fn file_version_is_that_of_most_lines() {
    let folder = Folder::new();
    folder.run("1", &[("a", PASS), ("b", PASS), ("c", PASS)]);
    folder.accept(&["a", "b", "c"]);
    // Nothing differs, so there is nothing to accept.
    folder.run("2", &[("a", PASS), ("b", PASS), ("c", PASS)]);
    assert!(folder.store.pending().is_empty());
    folder.run("2", &[("b", TRAP)]);
    folder.accept(&["b"]);
    assert_eq!(folder.lines("r.snap"), ["version: 1", "a pass run", "b gap run trap guest - on 2", "c pass run"]);
    folder.run("2", &[("a", PASS), ("b", PASS), ("d", PASS)]);
    folder.accept(&["a", "b", "c", "d"]);
    assert_eq!(
        folder.lines("r.snap"),
        ["version: 2", "a pass run", "b pass run", "c pass run - - - on 1", "d pass run"]
    );
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
fn artifacts_differ_by_imports_and_significant_sizes() {
    let folder = Folder::new();
    let store = &folder.store;
    let artifact = crate::sample::report().artifacts.remove(0);
    let note = store.compare_artifact(&artifact).unwrap().unwrap();
    assert_eq!(note.kind, NoteKind::ArtifactNew);
    assert_eq!(store.accept(&|_, runtime| runtime.is_none()).unwrap().len(), 1);
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

#[test]
fn cells_not_attempted_have_a_line() {
    let waits = (Verdict::NotAttempted, None);
    assert_eq!(change(waits, waits, "2.0").change, Change::Same);
    assert_eq!(change(TRAP, waits, "1.0").change, Change::Different);
    assert_eq!(change(waits, TRAP, "1.0").change, Change::Different);
    assert_eq!(change(PASS, waits, "1.0").change, Change::Worse);
    assert_eq!(change(waits, PASS, "1.0").accepted.as_deref(), Some("not-attempted (call-argument)"));
    let folder = Folder::new();
    folder.run("1.0", &[("s", waits)]);
    assert_eq!(folder.lines("r.snap.new"), ["version: 1.0", "s not-attempted - - - call-argument"]);
    folder.accept(&["s"]);
    assert_eq!(folder.run("1.0", &[("s", waits)])[0].change, Change::Same);
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
    let changes: Vec<_> = cells.iter().map(|cell| (cell.change, cell.accepted.as_deref())).collect();
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

//! The file of a column.

use std::fs;

use super::{Folder, PASS, TRAP, cell};
use crate::store::snapshots::column::AcceptedColumn;

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
        let column = AcceptedColumn::parse(body, 4).unwrap();
        assert_eq!(column.to_string(), body.trim_end(), "{text:?}");
        assert_eq!((column.version(), column.lines().len()), (text, 3));
        assert_eq!(column.lines()["s"].subject.as_deref(), Some(text));
        assert_eq!(column.lines()["u"].version, "2");
    }
}

#[test]
fn damaged_snapshot_is_an_error_with_file_and_line() {
    let check = |text: &str, expected: &str| {
        let folder = Folder::new();
        fs::create_dir_all(folder.dir.path().join("matrix")).unwrap();
        fs::write(folder.dir.path().join("matrix/r.snap"), text).unwrap();
        let mut seen = cell("s", PASS);
        let error = folder.store.compare_column("r", "1", &mut [&mut seen]).unwrap_err().to_string();
        assert!(error.contains("r.snap") && error.contains("restore it") && error.contains(expected), "{error}");
    };
    let body = |lines: &str| {
        let column = AcceptedColumn::default().with([], "1").to_string();
        format!("---\nsource: x\nexpression: y\n---\n{column}\n{lines}\n")
    };
    check("", "line 1: no header");
    check("---\nsource: x\n---\nverdict = \"maybe\"\n", "line 4: no `version: `");
    check("---\nsource: x\n---\nversion: 1\ns  pass\n", "line 5: expected the line with the headings");
    check(&body("s  maybe"), "line 7: unknown variant `maybe`");
    check(&body("s  absent"), "line 7: a snapshot cannot contain the verdict `absent`");
    check(&body("s"), "line 7: it has 1 fields");
    check(&body("s  pass\n<<<<<<< mine  pass\ns  pass"), "line 9: a second line for `s`");
    check(&body("s  gap  run  no-such-code"), "line 7: `no-such-code` is not a code");
    check(&body("s  gap  run  trap  nobody"), "line 7: unknown variant `nobody`");
    check(&body("s  gap  run  trap  guest  \"open"), "line 7: `\"open` is not a string");
    check(&body("s  pass  run  -  -  -  2.0"), "line 7: `2.0` is not `on VERSION`");
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

//! Annotations: known gaps, fixed gaps, stale entries.

use super::annotate;
use crate::store::snapshots::AcceptedLines;
use crate::store::snapshots::column::AcceptedLine;
use wasmlab_model::codes::Code;
use wasmlab_model::report::{Cell, NoteKind};
use wasmlab_model::scenario::Scenario;
use wasmlab_model::verdict::{Change, Verdict};

fn scenario(known: &str) -> Scenario {
    let text = format!(
        "schema = 1\ntitle = \"t\"\nfamily = \"f\"\nroute = \"r\"\n[build]\ntoolchain = \"wat\"\nsource = \"a.wat\"\n{known}"
    );
    Scenario { name: "hello".to_owned(), dir: "hello".into(), spec: crate::scenario::parse(&text).unwrap() }
}

fn cells(verdict: Verdict, code: Option<Code>) -> Vec<Cell> {
    let mut cell = crate::sample::cells().remove(0);
    (cell.verdict, cell.code) = (verdict, code);
    vec![cell]
}

const KNOWN: &str = "[[known]]\nruntime = \"wasm*\"\ncode = \"trap\"\nbecause = \"it does\"\n";

#[test]
fn matching_gap_is_a_known_gap() {
    let mut cells = cells(Verdict::Gap, Some(Code::Trap));
    assert!(annotate(&scenario(KNOWN), &mut cells, &AcceptedLines::new()).is_empty());
    assert_eq!(cells[0].known.as_deref(), Some("it does"));
}

#[test]
fn known_gap_that_passes_is_fixed() {
    let mut cells = cells(Verdict::Pass, None);
    assert!(annotate(&scenario(KNOWN), &mut cells, &AcceptedLines::new()).is_empty());
    assert_eq!(cells[0].change, Change::FixedGap);
}

#[test]
fn unmatched_entry_is_stale_unless_its_runtimes_are_absent() {
    let mut failed = cells(Verdict::Fail, Some(Code::WrongExit));
    assert_eq!(annotate(&scenario(KNOWN), &mut failed, &AcceptedLines::new())[0].kind, NoteKind::KnownStale);
    assert_eq!((failed[0].verdict, failed[0].known.clone()), (Verdict::Fail, None), "an annotation excuses nothing");
    assert!(annotate(&scenario(KNOWN), &mut cells(Verdict::Absent, None), &AcceptedLines::new()).is_empty());
    let other = KNOWN.replace("wasm*", "node");
    assert!(annotate(&scenario(&other), &mut failed, &AcceptedLines::new()).is_empty());
}

#[test]
fn entry_that_matches_a_snapshot_is_not_stale() {
    let check = |runtime: &str, name: &str, code: Code, stale: usize| {
        let there = cells(Verdict::Gap, Some(code)).remove(0);
        let accepted = [((runtime.to_owned(), name.to_owned()), AcceptedLine::of(&there, "1.0"))].into();
        let mut measured = cells(Verdict::Gap, Some(Code::MissingImport));
        let notes = annotate(&scenario(KNOWN), &mut measured, &accepted);
        assert_eq!(notes.len(), stale, "{code} of {name} on {runtime}");
    };
    check("wasmtime-cli", "hello", Code::Trap, 0);
    check("wasmtime-cli", "hello", Code::MissingImport, 1);
    check("wasmtime-cli", "other", Code::Trap, 1);
    check("node", "hello", Code::Trap, 1);
}

//! Annotations: known gaps, fixed gaps, stale entries.

use super::annotate;
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
fn a_gap_of_that_code_is_a_known_gap() {
    let mut cells = cells(Verdict::Gap, Some(Code::Trap));
    assert!(annotate(&scenario(KNOWN), &mut cells).is_empty());
    assert_eq!(cells[0].known.as_deref(), Some("it does"));
}

#[test]
fn a_pass_is_a_fixed_gap() {
    let mut cells = cells(Verdict::Pass, None);
    assert!(annotate(&scenario(KNOWN), &mut cells).is_empty());
    assert_eq!(cells[0].change, Change::FixedGap);
}

#[test]
fn an_entry_that_fits_nothing_is_stale_but_not_for_absent_runtimes() {
    let mut failed = cells(Verdict::Fail, Some(Code::WrongExit));
    assert_eq!(annotate(&scenario(KNOWN), &mut failed)[0].kind, NoteKind::KnownStale);
    assert_eq!((failed[0].verdict, failed[0].known.clone()), (Verdict::Fail, None), "an annotation excuses nothing");
    assert!(annotate(&scenario(KNOWN), &mut cells(Verdict::Absent, None)).is_empty());
    let other = KNOWN.replace("wasm*", "node");
    assert!(annotate(&scenario(&other), &mut failed).is_empty());
}

//! Faults of the module itself, which only a probe of the runtime's own reaction makes certain.

use wasmlab_model::codes::Code;
use wasmlab_model::profile::{MeasuredLimit, ProbeAnswer};
use wasmlab_model::scenario::Run;
use wasmlab_protocol::{Cause, HostRefusal, MAX_TABLE_ELEMENTS, TrapKind};

use super::{names, no, profile, yes};
use crate::{PlannedRun, PredictedOutcome, predict};

/// The outcome, the code and the subject or what is uncertain.
fn predicted(wat: &str, probe: Option<(&str, ProbeAnswer)>, invoke: Option<&str>) -> (PredictedOutcome, String) {
    let facts = wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap();
    let mut profile = profile();
    profile.proposals.insert("simd".to_owned(), yes());
    profile.unusual_modules.extend(probe.map(|(name, answer)| (name.to_owned(), answer)));
    let run = invoke.map_or_else(Run::default, Run::calling);
    let found = predict(&PlannedRun { facts: Ok(&facts), run: &run, glue: false }, &profile);
    let subject = found.subject.clone().unwrap_or_else(|| names(&found.uncertain));
    (found.outcome, format!("{} {subject}", found.code.map(Code::id).unwrap_or_default()).trim().to_owned())
}

#[test]
fn a_segment_out_of_bounds_traps_where_the_runtime_checks_it() {
    let trap = |kind| no(Cause::trap(kind, "out of bounds"), &[]);
    let start = "(func $f (export \"_start\"))";
    let data = format!("(module (memory 1) (data (i32.const 70000) \"x\") {start})");
    let probe = |answer| Some(("data-out-of-bounds", answer));
    let fails = (PredictedOutcome::Fails, "trap memory-out-of-bounds".to_owned());
    assert_eq!(predicted(&data, probe(trap(TrapKind::MemoryOutOfBounds)), None), fails);
    assert_eq!(predicted(&data, probe(yes()), None), (PredictedOutcome::Runs, String::new()));
    let open = (PredictedOutcome::MayFail, "a segment out of bounds (not measured)".to_owned());
    assert_eq!(predicted(&data, None, None), open);
    let fits = format!("(module (memory 2) (data (i32.const 70000) \"x\") {start})");
    assert_eq!(predicted(&fits, None, None), (PredictedOutcome::Runs, String::new()));
    // SpiderMonkey has one message for both.
    let elements = format!("(module (table 1 funcref) (elem (i32.const 1) $f) {start})");
    let probe = Some(("element-out-of-bounds", trap(TrapKind::MemoryOutOfBounds)));
    assert_eq!(predicted(&elements, probe, None), (PredictedOutcome::Fails, "trap table-out-of-bounds".to_owned()));
}

#[test]
fn the_segment_counts_that_the_runtime_checks() {
    let both = "(module (memory 1) (table 1 funcref) (elem (i32.const 1) $f) (data (i32.const 70000) \"x\")
        (func $f (export \"_start\")))";
    let facts = wasmlab_inspect::facts(&wat::parse_str(both).unwrap()).unwrap();
    let check = |elements: ProbeAnswer, data: ProbeAnswer, expected: &str| {
        let mut profile = profile();
        profile.unusual_modules.insert("element-out-of-bounds".to_owned(), elements);
        profile.unusual_modules.insert("data-out-of-bounds".to_owned(), data);
        let found = predict(&PlannedRun { facts: Ok(&facts), run: &Run::default(), glue: false }, &profile);
        assert_eq!(found.detail, expected);
        // Nothing of the message about the probe, which has the probe's numbers.
        assert_eq!(found.code.is_some(), !expected.is_empty());
    };
    let trap = || no(Cause::trap(TrapKind::MemoryOutOfBounds, "segment 0 (offset 65536)"), &[]);
    check(yes(), yes(), "");
    check(yes(), trap(), "data segment 0 ends at byte 70001, but the memory has 65536 bytes initially");
    check(trap(), trap(), "element segment 0 ends at element 2, but the table has 1 element initially");
}

#[test]
fn without_a_memory_only_functions_with_pointers_may_fail() {
    let module = |name: &str, ty: &str| {
        format!("(module (import \"wasi_snapshot_preview1\" \"{name}\" (func {ty})) (func (export \"_start\")))")
    };
    let (exit, random) = (module("proc_exit", "(param i32)"), module("random_get", "(param i32 i32) (result i32)"));
    let at_call = || Cause::HostError { message: "memory not set".to_owned() };
    let at_start = || Cause::HostRefused { refusal: HostRefusal::NoMemory, message: "no memory".to_owned() };
    let check = |wat: &str, cause: Cause, outcome, what: &str| {
        assert_eq!(predicted(wat, Some(("no-memory", no(cause, &[]))), None), (outcome, what.to_owned()), "{wat}");
    };
    check(&exit, at_call(), PredictedOutcome::Runs, "");
    check(&random, at_call(), PredictedOutcome::MayFail, "wasi_snapshot_preview1.random_get");
    check(&exit, at_start(), PredictedOutcome::Fails, "host-refused memory");
    check(&random, at_start(), PredictedOutcome::Fails, "host-refused memory");
}

#[test]
fn a_call_with_a_vector_fails_where_javascript_makes_it() {
    let vector = "(module (func (export \"f\") (result v128) (v128.const i64x2 0 0)) (func (export \"g\")))";
    let message = "type incompatibility when transforming from/to JS".to_owned();
    let probe = || Some(("v128-call", no(Cause::HostError { message: message.clone() }, &[])));
    assert_eq!(predicted(vector, probe(), Some("f")), (PredictedOutcome::Fails, "host-refused v128".to_owned()));
    assert_eq!(predicted(vector, probe(), Some("g")), (PredictedOutcome::Runs, String::new()));
    assert_eq!(
        predicted(vector, None, Some("f")),
        (PredictedOutcome::MayFail, "calls with v128 (not measured)".to_owned())
    );
}

#[test]
fn a_limit_of_the_lab_is_none_of_the_runtime() {
    let wat = format!("(module (table {} funcref) (func (export \"_start\")))", MAX_TABLE_ELEMENTS + 1);
    let facts = wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap();
    let run = Run::default();
    let check = |message: &str, expected: (PredictedOutcome, Option<Code>)| {
        let (accepted, refused) = (MAX_TABLE_ELEMENTS as u64, Some(MAX_TABLE_ELEMENTS as u64 + 1));
        let mut profile = profile();
        let limit = MeasuredLimit { accepted, refused, message: message.to_owned() };
        profile.limits.insert("table-elements".to_owned(), limit);
        let found = predict(&PlannedRun { facts: Ok(&facts), run: &run, glue: false }, &profile);
        assert_eq!((found.outcome, found.code), expected, "{message}: {}", found.detail);
    };
    let own = "initial table size is larger than implementation limit (10000000 elements)";
    check(own, (PredictedOutcome::Fails, Some(Code::ImplementationLimit)));
    check("table minimum size exceeds table limits", (PredictedOutcome::MayFail, None));
}

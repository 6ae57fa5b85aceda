//! Faults of the module itself, which only a probe of the runtime's own reaction makes certain.

use wasmlab_model::codes::Code;
use wasmlab_model::profile::{MeasuredFunctions, MeasuredLimit, ProbeAnswer};
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
fn without_a_memory_functions_may_fail_when_they_are_called() {
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
    check(
        &random,
        at_call(),
        PredictedOutcome::MayFail,
        "the module exports no memory wasi_snapshot_preview1.random_get",
    );
    // Some refuse every call.
    check(
        &exit,
        at_start(),
        PredictedOutcome::MayFail,
        "the module exports no memory wasi_snapshot_preview1.proc_exit",
    );
    // Others look for the memory before any call.
    let uncalled = Some(("no-memory-uncalled", no(at_start(), &[])));
    assert_eq!(predicted(&exit, uncalled, None), (PredictedOutcome::Fails, "host-refused memory".to_owned()));
}

#[test]
fn an_imported_function_as_program_is_not_measured() {
    let wat = "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $f (param i32))) (memory (export \"memory\") 1) (export \"_start\" (func $f)))";
    let probe = no(Cause::MissingExport { name: "_start".to_owned() }, &[]);
    let expected = (PredictedOutcome::MayFail, "an imported function as _start (not measured)".to_owned());
    assert_eq!(predicted(wat, Some(("start-parameters", probe)), None), expected);
}

#[test]
fn threads_of_a_program_without_wasi_may_not_exist() {
    let module = |more: &str| {
        format!(
            "(module (import \"wasi\" \"thread-spawn\" (func (param i32) (result i32))) {more} (memory (export \"memory\") 1) (func (export \"_start\")))"
        )
    };
    let check = |more: &str, expected: (PredictedOutcome, &str)| {
        let facts = wasmlab_inspect::facts(&wat::parse_str(module(more)).unwrap()).unwrap();
        let mut profile = profile();
        let defined = [("thread-spawn".to_owned(), "(i32) -> (i32)".to_owned())].into();
        profile.imports.insert("wasi".to_owned(), MeasuredFunctions { defined, ..MeasuredFunctions::default() });
        let found = predict(&PlannedRun { facts: Ok(&facts), run: &Run::default(), glue: false }, &profile);
        assert_eq!((found.outcome, names(&found.uncertain).as_str()), expected);
    };
    check("", (PredictedOutcome::MayFail, "wasi.thread-spawn (not measured)"));
    let wasi = "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func (param i32)))";
    check(wasi, (PredictedOutcome::Runs, ""));
}

#[test]
fn a_limit_is_raised_by_a_switch() {
    let wat = format!("(module (func (export \"_start\") (local{})))", " i32".repeat(40_000));
    let facts = wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap();
    let limit = MeasuredLimit {
        accepted: 30_000,
        refused: Some(31_000),
        message: "value stack".to_owned(),
        ..MeasuredLimit::default()
    };
    let check = |limit: MeasuredLimit, outcome, switches: &[&str]| {
        let switches: Vec<String> = switches.iter().map(|of| (*of).to_owned()).collect();
        let mut profile = profile();
        profile.limits.insert("locals".to_owned(), limit);
        let found = predict(&PlannedRun { facts: Ok(&facts), run: &Run::default(), glue: false }, &profile);
        assert_eq!((found.outcome, found.switches.as_slice()), (outcome, switches.as_slice()));
    };
    check(limit.clone(), PredictedOutcome::Fails, &[]);
    let switches = vec!["--stack".to_owned()];
    let raised = MeasuredLimit { switches: switches.clone(), accepted_with_switches: 50_000, ..limit.clone() };
    check(raised, PredictedOutcome::Runs, &["--stack"]);
    let too_little = MeasuredLimit { switches, accepted_with_switches: 35_000, ..limit };
    check(too_little, PredictedOutcome::Fails, &[]);
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
        let limit = MeasuredLimit { accepted, refused, message: message.to_owned(), ..MeasuredLimit::default() };
        profile.limits.insert("table-elements".to_owned(), limit);
        let found = predict(&PlannedRun { facts: Ok(&facts), run: &run, glue: false }, &profile);
        assert_eq!((found.outcome, found.code), expected, "{message}: {}", found.detail);
    };
    let own = "initial table size is larger than implementation limit (10000000 elements)";
    check(own, (PredictedOutcome::Fails, Some(Code::ImplementationLimit)));
    check("table minimum size exceeds table limits", (PredictedOutcome::MayFail, None));
}

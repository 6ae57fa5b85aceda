//! Parts of `.wast` files: which assertions hold, by what the calls returned and how the guest ended.

use wasmlab_protocol::{Cause, Event, Stage, TrapKind, Value};

use super::{facts, observation, spec, verdict};
use wasmlab_model::assertions::Assertions;
use wasmlab_model::codes::Code;
use wasmlab_model::observation::Outcome;
use wasmlab_model::scenario::{Assertion, ExpectedCall, ExpectedValue, Script, ScriptEnd};
use wasmlab_model::verdict::{Judgement, Verdict};

/// A part with this many calls; each assertion is about one of them and wants this number.
fn judged(calls: usize, expected: &[(usize, u32)], end: ScriptEnd, events: Vec<Event>) -> (Judgement, Assertions) {
    let mut spec = spec("");
    let call = |_| ExpectedCall { export: "f".to_owned(), args: Vec::new(), results: None, after_previous: false };
    spec.run.call = (0..calls).map(call).collect();
    let is_returns = end == ScriptEnd::Returns;
    let assertion = |(at, (call, expected)): (usize, &(usize, u32))| Assertion {
        line: at as u64 + 1,
        text: "(assert)".to_owned(),
        call: is_returns.then_some(*call),
        expected: if is_returns { vec![ExpectedValue::Bits32(*expected)] } else { Vec::new() },
    };
    let assertions = expected.iter().enumerate().map(assertion).collect();
    spec.expect.script = Some(Script { file: "t.wast".to_owned(), assertions, end });
    let facts = facts("(module (func (export \"f\") (result i32) (i32.const 1)))");
    let judgement = verdict(Ok(&facts), &observation(Outcome::Exited(0), events, ""), &spec);
    let assertions = judgement.assertions.clone().unwrap();
    (judgement, assertions)
}

fn events(stage: Stage, returned: &[i32], cause: Cause) -> Vec<Event> {
    let call = |value: &i32| Event::CallReturned { export: "f".to_owned(), results: vec![Value::I32(*value)] };
    let end = [Event::End { cause, micros: 2 }];
    [Event::Stage { stage, micros: 1, cached: false }].into_iter().chain(returned.iter().map(call)).chain(end).collect()
}

fn trap(kind: TrapKind) -> Cause {
    Cause::trap(kind, "boom")
}

#[test]
fn calls_that_return_are_compared_one_by_one() {
    let check = |returned: &[i32], cause: Cause, verdict: Verdict, counts: [u64; 3], message: &str| {
        let expected = [(0, 1), (1, 2), (2, 3)];
        let (judgement, all) = judged(3, &expected, ScriptEnd::Returns, events(Stage::Run, returned, cause));
        assert_eq!(
            (judgement.verdict, [all.passed, all.failed, all.not_attempted]),
            (verdict, counts),
            "{judgement:?}"
        );
        assert!(judgement.detail.contains(message), "{}", judgement.detail);
        assert_eq!(all.failures.len() as u64, all.failed);
    };
    check(&[1, 2, 3], Cause::Returned, Verdict::Pass, [3, 0, 0], "3 assertions hold");
    let wrong = "line 2: (assert): returned [0x9], expected [0x2]";
    check(&[1, 9, 3], Cause::Returned, Verdict::Fail, [2, 1, 0], wrong);
    // An unexpected trap ends the process: what follows was not attempted.
    check(&[1], trap(TrapKind::Unreachable), Verdict::Gap, [1, 1, 1], "boom");
    check(&[9], trap(TrapKind::Unreachable), Verdict::Fail, [0, 2, 1], "line 1: (assert): returned [0x9]");
    check(&[], trap(TrapKind::Unreachable), Verdict::Gap, [0, 1, 2], "boom");
}

#[test]
fn a_module_that_does_not_run_fails_all_its_assertions() {
    let rejected = Cause::Rejected { message: "no".to_owned(), offset: None };
    let (judgement, all) = judged(2, &[(0, 1), (1, 1)], ScriptEnd::Returns, events(Stage::Compile, &[], rejected));
    assert_eq!((judgement.code, all.failed, all.not_attempted), (Some(Code::EngineCompileError), 2, 0));
    let refusal = Cause::NotAttempted { subject: "x".to_owned(), message: "cannot".to_owned() };
    let (judgement, all) = judged(1, &[(0, 1)], ScriptEnd::Returns, events(Stage::Load, &[], refusal));
    assert_eq!((judgement.verdict, all.failed, all.not_attempted), (Verdict::NotAttempted, 0, 1));
    // A module of which nothing is asserted only has to have an instance.
    let (judgement, all) = judged(0, &[], ScriptEnd::Returns, events(Stage::Run, &[], Cause::Returned));
    assert_eq!((judgement.verdict, all.total()), (Verdict::Pass, 0));
}

#[test]
fn other_ends_are_those_that_the_assertion_names() {
    let rejected = || Cause::Rejected { message: "no".to_owned(), offset: None };
    let missing =
        || Cause::MissingImport { module: "a".to_owned(), name: "b".to_owned(), ty: String::new(), missing_count: 1 };
    let traps = |kind| ScriptEnd::Traps(Some(kind));
    let check = |end: ScriptEnd, calls: usize, events: Vec<Event>, holds: bool| {
        let (judgement, all) = judged(calls, &[(0, 0)], end.clone(), events);
        assert_eq!([all.passed, all.failed], [u64::from(holds), u64::from(!holds)], "{end:?}: {judgement:?}");
        assert_eq!(judgement.verdict == Verdict::Pass, holds);
    };
    let divided = TrapKind::DivisionByZero;
    check(traps(divided), 2, events(Stage::Run, &[1], trap(divided)), true);
    check(traps(divided), 2, events(Stage::Run, &[1], trap(TrapKind::Other)), true);
    check(ScriptEnd::Traps(None), 1, events(Stage::Run, &[], trap(divided)), true);
    // Another trap, too early, or none.
    check(traps(divided), 1, events(Stage::Run, &[], trap(TrapKind::Unreachable)), false);
    check(traps(divided), 2, events(Stage::Run, &[], trap(divided)), false);
    check(traps(divided), 1, events(Stage::Run, &[7], Cause::Returned), false);
    check(traps(divided), 0, events(Stage::Instantiate, &[], trap(divided)), true);
    check(ScriptEnd::Refused, 0, events(Stage::Compile, &[], rejected()), true);
    check(ScriptEnd::Refused, 0, events(Stage::Run, &[], Cause::Returned), false);
    check(ScriptEnd::Refused, 0, events(Stage::Link, &[], missing()), false);
    check(ScriptEnd::Unlinkable, 0, events(Stage::Link, &[], missing()), true);
    check(ScriptEnd::Unlinkable, 0, events(Stage::Run, &[], Cause::Returned), false);
    check(ScriptEnd::Unlinkable, 0, events(Stage::Compile, &[], rejected()), false);
}

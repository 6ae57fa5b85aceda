//! What a profile does not say, or says to be unreliable, is left open and named.

use wasmlab_model::codes::Code;
use wasmlab_model::profile::{MeasuredFunctions, MeasuredLimit, ProbeAnswer, Profile};
use wasmlab_model::scenario::Run;
use wasmlab_protocol::{Cause, TrapKind};

use super::{missing, names, no, profile, yes};
use crate::{PlannedRun, PredictedOutcome, Prediction, UncertaintyKind, predict};

fn unmeasured(found: &Prediction) -> String {
    let of_kind = found.uncertain.iter().filter(|of| of.kind == UncertaintyKind::Unmeasured);
    of_kind.map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[test]
fn what_was_not_measured_is_data() {
    let of = |answer: ProbeAnswer, wat: &str| {
        let facts = wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap();
        let mut profile = profile();
        profile.proposals.insert("multi-memory".to_owned(), answer);
        predict(&PlannedRun { facts: Ok(&facts), run: &Run::default(), glue: false }, &profile).uncertain
    };
    let two = "(module (func (export \"_start\")) (memory 1) (memory 1))";
    assert!(of(yes(), two).is_empty());
    // The lab asked, and the answer said neither yes nor no.
    let open = |cause| ProbeAnswer { cause, ..ProbeAnswer::default() };
    let cause = Cause::Unsupported { feature: "instruction".to_owned(), message: "not implemented".to_owned() };
    assert_eq!(names(&of(open(Some(cause)), two)), "proposal multi-memory (not measured)");
    assert!(of(open(None), two).is_empty());
    // A runtime with the whole proposal has its part.
    let overlong = "(module (table 1 funcref) (func (export \"_start\") (call_indirect (i32.const 0))))";
    assert!(of(yes(), overlong).is_empty());
}

#[test]
fn waiting_for_a_thread_is_more_than_the_proposal() {
    let mut profile = profile();
    profile.proposals.insert("threads".to_owned(), yes());
    let uncertain = |profile: &Profile, body: &str| {
        let wat = format!("(module (memory 1 1 shared) (func (export \"_start\") (drop {body})))");
        let facts = wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap();
        predict(&PlannedRun { facts: Ok(&facts), run: &Run::default(), glue: false }, profile).uncertain
    };
    let wait = "(memory.atomic.wait32 (i32.const 0) (i32.const 1) (i64.const 0))";
    assert!(uncertain(&profile, wait).is_empty());
    profile.unusual_modules.insert("atomic-wait".to_owned(), no(Cause::trap(TrapKind::Other, "no wait"), &[]));
    assert_eq!(names(&uncertain(&profile, wait)), "the instruction memory.atomic.wait");
    assert!(uncertain(&profile, "(i32.atomic.load (i32.const 0))").is_empty());
}

/// A component that imports a function of an interface that the runtime has in an earlier version.
#[test]
fn later_additions_to_an_interface_are_missing_only_where_they_are_imported() {
    let mut profile = profile();
    profile.components = yes();
    profile.interfaces.insert("wasi:cli/exit@0.2.0".to_owned(), yes());
    profile.interfaces.insert("wasi:cli/exit@0.2.12".to_owned(), no(missing("", "exit-with-code"), &[]));
    let outcome = |profile: &Profile, function: &str| {
        let import = format!("(import \"wasi:cli/exit@0.2.12\" (instance (export \"{function}\" (func))))");
        let facts = wasmlab_inspect::facts(&wat::parse_str(format!("(component {import})")).unwrap()).unwrap();
        assert_eq!(facts.imports[0].functions, [function]);
        predict(&PlannedRun { facts: Ok(&facts), run: &Run::default(), glue: false }, profile).outcome
    };
    assert_eq!(outcome(&profile, "exit"), PredictedOutcome::MayFail);
    profile.missing_functions.insert("wasi:cli/exit@0.2.12".to_owned(), vec!["exit-with-code".to_owned()]);
    assert_eq!(outcome(&profile, "exit"), PredictedOutcome::Runs);
    assert_eq!(outcome(&profile, "exit-with-code"), PredictedOutcome::Fails);
}

#[test]
fn unmeasured_ways_to_start_are_left_open() {
    let check = |answer: Option<ProbeAnswer>, wat: &str, expected: PredictedOutcome| {
        let facts = wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap();
        let mut profile = profile();
        profile.unusual_modules.extend(answer.map(|answer| ("empty-name-start".to_owned(), answer)));
        let found = predict(&PlannedRun { facts: Ok(&facts), run: &Run::default(), glue: false }, &profile);
        assert_eq!(found.outcome, expected, "{wat}: {found:?}");
    };
    let unnamed = "(module (func (export \"\")))";
    let start = || Cause::MissingExport { name: "_start".to_owned() };
    check(None, unnamed, PredictedOutcome::MayFail);
    check(Some(yes()), unnamed, PredictedOutcome::Runs);
    check(Some(no(start(), &[])), unnamed, PredictedOutcome::Fails);
    check(None, "(module (func (export \"\")) (func (export \"_start\")))", PredictedOutcome::Runs);
    check(Some(yes()), "(module (func (export \"f\")))", PredictedOutcome::Fails);
}

#[test]
fn builtins_that_are_in_no_catalogue_are_left_open() {
    let check = |import: &str, expected: (PredictedOutcome, &str)| {
        let wat = format!("(module (import {import}) (func (export \"_start\")))");
        let facts = wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap();
        let mut profile = profile();
        let defined = [("length".to_owned(), "(externref) -> (i32)".to_owned())].into();
        let builtins = MeasuredFunctions { defined, ..MeasuredFunctions::default() };
        profile.imports.insert("wasm:js-string".to_owned(), builtins);
        profile.proposals.insert("externref".to_owned(), yes());
        let found = predict(&PlannedRun { facts: Ok(&facts), run: &Run::default(), glue: false }, &profile);
        assert_eq!((found.outcome, unmeasured(&found).as_str()), expected, "{import}: {found:?}");
    };
    let may = PredictedOutcome::MayFail;
    check(
        "\"wasm:js-number\" \"from\" (func (param i32) (result externref))",
        (may, "wasm:js-number.from (not measured)"),
    );
    check("\"'\" \"hello\" (global externref)", (may, "'.hello (not measured)"));
    check("\"wasm:js-string\" \"length\" (func (param externref) (result i32))", (PredictedOutcome::Runs, ""));
    check("\"mine\" \"f\" (func)", (PredictedOutcome::Fails, ""));
}

#[test]
fn what_a_file_only_declares_is_left_open() {
    let check = |wat: &str, expected: (PredictedOutcome, &str)| {
        let facts = wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap();
        let found = predict(&PlannedRun { facts: Ok(&facts), run: &Run::default(), glue: false }, &profile());
        assert_eq!((found.outcome, unmeasured(&found).as_str()), expected, "{wat}: {found:?}");
    };
    let start = "(func (export \"_start\"))";
    let open = (PredictedOutcome::MayFail, "declarations of gc (not measured)");
    check(&format!("(module (type $s (struct)) {start})"), open);
    check(&format!("(module (type $s (struct)) {start} (func (drop (struct.new $s))))"), (PredictedOutcome::Runs, ""));
    // This runtime has the proposal.
    check(&format!("(module (tag $e) {start})"), (PredictedOutcome::Runs, ""));
    // What the file fails at later is certain, and what it may be refused for before that is still open.
    let fails = (PredictedOutcome::Fails, "declarations of gc (not measured)");
    check("(module (type $s (struct)))", fails);
    check("(module (type $s (struct)) (import \"mine\" \"f\" (func)) (func (export \"_start\")))", fails);
}

#[test]
fn a_start_with_parameters_is_what_the_profile_says() {
    let check = |answer: Option<ProbeAnswer>, expected: (PredictedOutcome, Option<Code>)| {
        let wat = "(module (func (export \"_start\") (param i32)))";
        let facts = wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap();
        let mut profile = profile();
        profile.unusual_modules.extend(answer.map(|answer| ("start-parameters".to_owned(), answer)));
        let found = predict(&PlannedRun { facts: Ok(&facts), run: &Run::default(), glue: false }, &profile);
        assert_eq!((found.outcome, found.code), expected, "{found:?}");
    };
    check(None, (PredictedOutcome::MayFail, None));
    check(Some(yes()), (PredictedOutcome::Runs, None));
    let refused = no(Cause::MissingExport { name: "_start".to_owned() }, &[]);
    check(Some(refused), (PredictedOutcome::Fails, Some(Code::NoEntryPoint)));
}

fn refuses(accepted: u64, refused: u64) -> MeasuredLimit {
    MeasuredLimit { accepted, refused: Some(refused), message: "too many".to_owned(), ..MeasuredLimit::default() }
}

#[test]
fn a_file_is_compared_with_the_measured_limits() {
    let check = |limit: Option<(&str, MeasuredLimit)>, wat: &str, expected: (PredictedOutcome, Option<Code>, &str)| {
        let facts = wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap();
        let mut profile = profile();
        profile.limits.extend(limit.map(|(name, limit)| (name.to_owned(), limit)));
        let found = predict(&PlannedRun { facts: Ok(&facts), run: &Run::default(), glue: false }, &profile);
        let seen = (found.outcome, found.code, unmeasured(&found));
        assert_eq!((seen.0, seen.1, seen.2.as_str()), expected, "{found:?}");
    };
    let (runs, may, fails) = (PredictedOutcome::Runs, PredictedOutcome::MayFail, PredictedOutcome::Fails);
    let open = "limit tables (not measured)";
    let tables = format!("(module {} (func (export \"_start\")))", "(table 0 funcref)".repeat(60));
    check(None, &tables, (may, None, open));
    check(Some(("tables", refuses(50, 51))), &tables, (fails, Some(Code::EngineCompileError), ""));
    check(Some(("tables", refuses(50, 70))), &tables, (may, None, open));
    check(Some(("tables", refuses(100, 101))), &tables, (runs, None, ""));
    check(Some(("tables", MeasuredLimit { accepted: 50, ..MeasuredLimit::default() })), &tables, (may, None, open));
    // The lab's reader refuses it too, and knows nothing else of it.
    let open = "limit parameters (not measured)";
    let parameters = format!("(module (func (param{})) (func (export \"_start\")))", " i32".repeat(1001));
    check(None, &parameters, (may, None, open));
    check(Some(("parameters", refuses(1000, 1001))), &parameters, (fails, Some(Code::ImplementationLimit), ""));
    check(Some(("parameters", refuses(2000, 2001))), &parameters, (may, None, open));
}

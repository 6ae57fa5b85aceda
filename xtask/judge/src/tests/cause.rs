//! The codes for a runtime's messages and for the ways in which its process ends.

use wasmlab_protocol::{Cause, Event, Stage, TrapKind};

use super::{facts, observation, spec, to, verdict};
use crate::{Evidence, diagnose};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::facts::{Facts, Rejection, RejectionKind};
use wasmlab_model::observation::{Limit, Outcome};
use wasmlab_model::verdict::Verdict;

#[test]
fn limits_signals_and_missing_output_have_codes() {
    let facts = facts("(module)");
    let check = |outcome, events, code| {
        let judgement = verdict(Ok(&facts), &observation(outcome, events, ""), &spec(""));
        assert_eq!(judgement.code, Some(code), "{}", judgement.detail);
    };
    let running = || vec![Event::Stage { stage: Stage::Run, micros: 1, cached: false }];
    check(Outcome::Limit(Limit::Time(10)), running(), Code::Timeout);
    check(Outcome::Limit(Limit::CompileTime(10)), vec![], Code::CompileTimeout);
    check(Outcome::Limit(Limit::Output(10)), running(), Code::OutputFlood);
    check(Outcome::Limit(Limit::Memory(10)), running(), Code::OutOfMemory);
    check(Outcome::Limit(Limit::Disk { bytes: 10, files: 1 }), running(), Code::DiskFlood);
    check(Outcome::Signaled(11), running(), Code::Crashed);
    check(Outcome::Signaled(9), running(), Code::Crashed);
    check(Outcome::Exited(0), running(), Code::Crashed);
    check(Outcome::Exited(101), vec![], Code::Crashed);
}

#[test]
fn limit_with_unknown_stage_blames_nobody() {
    let facts = facts("(module)");
    let check = |compile_ms, detail| {
        let outcome = Outcome::Limit(Limit::CompileOrRun { compile_ms, run_ms: 10 });
        let judgement = verdict(Ok(&facts), &observation(outcome, vec![], ""), &spec(""));
        assert_eq!((judgement.code, judgement.blame.as_slice()), (Some(Code::Timeout), &[Blame::Unknown][..]));
        assert_eq!(judgement.detail, detail);
    };
    check(0, "did not finish within 10 ms; the runtime did not report that the guest had started");
    check(
        20,
        "did not finish within 30 ms, the sum of the limits for compiling and running; the runtime did not report that \
         the guest had started",
    );
}

#[test]
fn compile_limit_blames_nobody_and_names_the_limit() {
    let facts = facts("(module (import \"env\" \"__assert_fail\" (func)))");
    let check = |limit, stage, code, blame: Blame, detail: &str| {
        let events = vec![Event::Stage { stage, micros: 1, cached: false }];
        let judged = verdict(Ok(&facts), &observation(Outcome::Limit(limit), events, ""), &spec(""));
        assert_eq!((judged.code, judged.blame.as_slice()), (Some(code), &[blame][..]), "{}", judged.detail);
        assert_eq!(judged.detail, detail);
    };
    let behind = "; its import env.__assert_fail, which no WASI host defines, would fail next";
    let memory = format!("the runtime's compiler used more than 2 GiB of memory, the lab's limit{behind}");
    check(Limit::Memory(2 << 30), Stage::Compile, Code::OutOfMemory, Blame::Unknown, &memory);
    check(Limit::Memory(10), Stage::Run, Code::OutOfMemory, Blame::Guest, "used more than 10 bytes of memory");
    let time = format!("the runtime's compiler did not finish within 120 s, the lab's limit{behind}");
    check(Limit::CompileTime(120_000), Stage::Compile, Code::CompileTimeout, Blame::Unknown, &time);
}

#[test]
fn causes_before_running_have_codes() {
    let simd = facts("(module (func (result v128) (v128.const i64x2 0 0)))");
    let plain = facts("(module)");
    let text = || "words".to_owned();
    let check = |facts: Result<&Facts, &str>, cause, verdict_code: (Verdict, Option<Code>)| {
        let judgement = verdict(facts, &observation(Outcome::Exited(0), to(Stage::Compile, cause), ""), &spec(""));
        assert_eq!((judgement.verdict, judgement.code), verdict_code, "{}", judgement.detail);
    };
    let gap = |code| (Verdict::Gap, Some(code));
    let refused = || Cause::Rejected { message: text(), offset: None };
    check(Ok(&simd), refused(), gap(Code::UnsupportedProposal));
    check(Ok(&plain), refused(), gap(Code::EngineCompileError));
    check(Err("malformed at byte 0x8"), refused(), gap(Code::Malformed));
    check(Ok(&plain), Cause::CompileFailed { message: text() }, gap(Code::EngineCompileError));
    let component = facts("(component (core module (func (result v128) (v128.const i64x2 0 0))))");
    let at = |offset| Cause::Rejected { message: text(), offset };
    check(Ok(&component), at(None), gap(Code::NeedsComponentModel));
    check(Ok(&component), at(Some(4)), gap(Code::NeedsComponentModel));
    check(Ok(&component), at(Some(40)), gap(Code::UnsupportedProposal));
    check(Ok(&plain), Cause::MissingExport { name: text() }, gap(Code::NoEntryPoint));
    check(Ok(&plain), Cause::ResourceLimit { message: text() }, gap(Code::OutOfMemory));
    check(Ok(&plain), Cause::trap(TrapKind::Unreachable, text()), gap(Code::Trap));
    let unsupported = |what: &str| Cause::Unsupported { feature: what.to_owned(), message: text() };
    check(Ok(&plain), unsupported("switch"), gap(Code::NotImplemented));
    check(Ok(&plain), unsupported("sock_accept"), gap(Code::NotImplemented));
    check(Ok(&plain), unsupported("jspi"), gap(Code::UnsupportedProposal));
    check(Ok(&plain), unsupported("other-host"), (Verdict::NotApplicable, None));
    let wait = "Atomics.wait cannot be called in this context";
    check(Ok(&plain), Cause::trap(TrapKind::Other, wait), gap(Code::HostRefused));
    let shared = facts("(module (memory (export \"memory\") 1 1 shared))");
    check(Ok(&shared), Cause::trap(TrapKind::Other, wait), gap(Code::HostRefused));
    let unshared = facts("(module (memory (export \"memory\") 1))");
    check(Ok(&unshared), Cause::trap(TrapKind::Other, wait), gap(Code::Trap));
    let mismatch = Cause::ImportTypeMismatch { module: text(), name: text(), message: text() };
    check(Ok(&plain), mismatch, gap(Code::ImportTypeMismatch));
    check(Ok(&plain), Cause::EngineError { message: text() }, (Verdict::Error, None));
}

#[test]
fn refusal_found_by_reading_explains_every_runtimes_refusal() {
    let check = |facts: &Facts, cause: Cause, expected: Option<(Code, &str)>| {
        let seen = observation(Outcome::Exited(0), to(Stage::Compile, cause.clone()), "");
        let judged = diagnose(&Evidence {
            facts: Ok(facts),
            observation: &seen,
            progress: &seen.reported_progress(),
            lab_guest: true,
        });
        let found = judged.as_ref().map(|j| (j.code.unwrap(), j.subject.as_deref().unwrap_or_default()));
        assert_eq!(found, expected, "{cause:?}");
    };
    let text = || "words".to_owned();
    let old = wasmlab_inspect::facts(b"\0asm\x0a\0\x01\0").unwrap();
    let version = Some((Code::FormatVersion, "0xa"));
    check(&old, Cause::Rejected { message: text(), offset: None }, version);
    check(&old, Cause::HostError { message: text() }, version);
    check(&old, Cause::Returned, None);
    let many = facts(&format!("(module (func $big (local{})))", " i32".repeat(50_001)));
    let limit = Some((Code::ImplementationLimit, "locals"));
    check(&many, Cause::Rejected { message: text(), offset: None }, limit);
    check(&many, Cause::CompileFailed { message: text() }, limit);
    check(&many, Cause::Returned, None);
    check(&many, Cause::trap(TrapKind::Unreachable, text()), Some((Code::Trap, "unreachable")));
}

#[test]
fn sandbox_escape_takes_precedence() {
    let facts = facts("(module)");
    let mut escaped = observation(Outcome::Exited(0), to(Stage::Run, Cause::Returned), "");
    escaped.escapes.push("read a file outside its directories".to_owned());
    assert_eq!(verdict(Ok(&facts), &escaped, &spec("")).code, Some(Code::SandboxEscape));
}

#[test]
fn limits_of_the_lab_are_told_from_those_of_a_runtime() {
    let check = |wat: &str, message: &str, verdict_id: &str, says: &str| {
        let facts = facts(wat);
        let cause = Cause::ResourceLimit { message: message.to_owned() };
        let seen = observation(Outcome::Exited(1), to(Stage::Instantiate, cause), "");
        let found = verdict(Ok(&facts), &seen, &spec(""));
        let what = found.code.map_or(found.verdict.id(), Code::id);
        assert_eq!(what, verdict_id, "{}", found.detail);
        assert!(found.detail.contains(says), "{}", found.detail);
    };
    let limiter = "a resource limiter denied to allocate";
    // The memory is neither imported nor exported.
    check("(module (memory 65536))", limiter, "not-attempted", "has 65536 pages initially");
    check(
        "(module (memory (export \"memory\") 1) (memory 65536))",
        limiter,
        "not-attempted",
        "has 65536 pages initially",
    );
    check("(module (memory 2))", limiter, "out-of-memory", limiter);
    check("(module (table 2000000 funcref))", limiter, "out-of-memory", limiter);
    let large = "(module (table 10000001 funcref))";
    check(large, limiter, "not-attempted", "the lab limits each table to 10000000");
    let of_v8 = "initial table size (10000001 elements) is larger than implementation limit (10000000 elements)";
    check(large, of_v8, "implementation-limit", "larger than");
    check(large, "table min must be at most 134217728", "implementation-limit", "table min");
    check(
        large,
        "initial memory size (70000 pages) is larger than implementation limit",
        "out-of-memory",
        "memory size",
    );
}

#[test]
fn a_full_heap_or_a_large_copy_is_no_error_of_the_lab() {
    let facts = facts("(module)");
    let check = |message: &str, expected: &str| {
        let cause = Cause::EngineError { message: message.to_owned() };
        let seen = observation(Outcome::Exited(1), to(Stage::Instantiate, cause), "");
        let found = verdict(Ok(&facts), &seen, &spec(""));
        assert_eq!(found.code.map_or(found.verdict.id(), Code::id), expected, "{}", found.detail);
    };
    check("<--- Last few GCs --->", "out-of-memory");
    check("module.bin: File too large (os error 27)", "not-attempted");
    check("something else", "error");
}

#[test]
fn a_function_of_wasi_has_one_type() {
    let remedy = |module: &str| {
        let facts = facts(&format!("(module (import \"{module}\" \"fd_write\" (func (param i64))))"));
        let (module, name) = (module.to_owned(), "fd_write".to_owned());
        let cause = Cause::ImportTypeMismatch { module, name, message: "no".to_owned() };
        let seen = observation(Outcome::Exited(1), to(Stage::Link, cause), "");
        verdict(Ok(&facts), &seen, &spec("")).remedy
    };
    let expected = "Declare `fd_write` with its type in WASI 0.1; the module has `func (i64)`.";
    assert_eq!(remedy("wasi_snapshot_preview1").as_deref(), Some(expected));
    assert_ne!(remedy("env").as_deref(), Some(expected));
}

#[test]
fn a_component_that_is_nested_too_deeply_is_still_a_component() {
    let (kind, subject) = (RejectionKind::ImplementationLimit, "nesting".to_owned());
    let mut facts = facts("(component)");
    facts.rejection = Some(Rejection { kind, subject, message: "nested too deeply".to_owned() });
    let code = |offset| {
        let cause = Cause::Rejected { message: "no".to_owned(), offset };
        let seen = observation(Outcome::Exited(1), to(Stage::Compile, cause), "");
        verdict(Ok(&facts), &seen, &spec("")).code
    };
    assert_eq!(code(Some(4)), Some(Code::NeedsComponentModel));
    assert_eq!(code(Some(1000)), Some(Code::ImplementationLimit));
}

//! Which proposals a refusal is about.

use wasmlab_protocol::{Cause, Stage};

use super::{facts, observation, spec, to, verdict};
use crate::proposals::{located, named_in, refine};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::observation::Outcome;
use wasmlab_model::verdict::Judgement;

fn refused(wat: &str, message: &str, probed: &[(&str, bool)]) -> Judgement {
    let facts = facts(wat);
    let cause = Cause::Rejected { message: message.to_owned(), offset: None };
    let judgement = verdict(Ok(&facts), &observation(Outcome::Exited(0), to(Stage::Compile, cause), ""), &spec(""));
    refine(judgement, &facts, message, probed)
}

const LEGACY: &str = "(module (tag $e) (func try throw $e catch_all end))";
const ATOMIC_SIMD: &str = "(module (memory 1 1 shared) (func (result v128) (v128.const i64x2 0 0)))";

#[test]
fn subject_is_what_the_runtime_lacks() {
    let check = |wat: &str, message: &str, probed: &[(&str, bool)], code, subject: Option<&str>| {
        let judgement = refused(wat, message, probed);
        assert_eq!((judgement.code, judgement.subject.as_deref()), (Some(code), subject), "{}", judgement.detail);
    };
    let proposal = Code::UnsupportedProposal;
    let (legacy, standard) = ("legacy-exceptions", "exceptions");
    // wasmtime has the standard form, wasmi neither, and both of wasmi's refusals have the same words.
    let message = "legacy_exceptions feature required for try instruction";
    check(LEGACY, message, &[(standard, false), (legacy, true)], proposal, Some(legacy));
    check(
        LEGACY,
        "exceptions proposal not enabled",
        &[(standard, true), (legacy, true)],
        proposal,
        Some("exceptions legacy-exceptions"),
    );
    // Without a module to try, its message decides.
    check(LEGACY, message, &[], proposal, Some(legacy));
    check(ATOMIC_SIMD, "SIMD support is not enabled", &[("simd", true), ("threads", false)], proposal, Some("simd"));
    check(ATOMIC_SIMD, "no", &[("simd", true), ("threads", true)], proposal, Some("simd threads"));
    // The proposal that the message names comes first, then those that the small modules found.
    check(ATOMIC_SIMD, "threads must be enabled", &[("simd", true), ("threads", true)], proposal, Some("threads"));
    check(ATOMIC_SIMD, "threads must be enabled", &[("simd", true), ("threads", false)], proposal, Some("simd"));
    // A byte of a memory's limits, which says whether it is shared.
    let shared = "(module (memory 1 1 shared) (tag $e) (func try throw $e catch_all end))";
    let both = [("threads", true), (legacy, true), (standard, false)];
    check(shared, "malformed limits flags", &both, proposal, Some("threads"));
    // Winch takes the tables of reference-types, and not its externref.
    let table = "(module (table 1 funcref) (func (param externref) (drop (table.grow (ref.null func) (i32.const 1)))))";
    let gc = "gc types are disallowed but found type which requires gc";
    check(table, gc, &[("reference-types", true)], proposal, Some("externref"));
    check(table, gc, &[("reference-types", false)], proposal, Some("externref"));
    // A single needed proposal is the reason, unless its small module was accepted.
    check("(module (memory i64 1))", "no", &[], proposal, Some("memory64"));
    check("(module (memory i64 1))", "no", &[("memory64", false)], Code::EngineCompileError, None);
    check(ATOMIC_SIMD, "no", &[("simd", false), ("threads", false)], Code::EngineCompileError, None);
    check("(module)", "no", &[], Code::EngineCompileError, None);
}

#[test]
fn legacy_exceptions_are_blamed_on_the_toolchain() {
    let judgement = refused(LEGACY, "no", &[("exceptions", false), ("legacy-exceptions", true)]);
    assert_eq!(judgement.blame, [Blame::Toolchain]);
    assert!(judgement.remedy.is_some_and(|remedy| remedy.contains("--translate-to-exnref")));
    // A runtime without either form lacks more than the old one.
    let neither =
        refused(LEGACY, "exceptions proposal not enabled", &[("exceptions", true), ("legacy-exceptions", true)]);
    assert_eq!((neither.blame.as_slice(), neither.remedy), (&[Blame::Runtime][..], None));
    let standard = "(module (tag $e) (func (throw $e)) (func (result v128) (v128.const i64x2 0 0)))";
    let judgement = refused(standard, "no", &[("exceptions", true), ("simd", false)]);
    assert_eq!((judgement.blame.as_slice(), judgement.remedy), (&[Blame::Runtime][..], None));
}

#[test]
fn both_forms_of_exceptions_in_one_module_are_the_toolchains_doing() {
    for message in [
        "WebAssembly.Module(): Compiling function #13 failed: module uses a mix of legacy and new exception handling \
         instructions @+4215",
        "Module uses both legacy exceptions and try_table",
    ] {
        for probed in [&[][..], &[("exceptions", false), ("legacy-exceptions", false)]] {
            let judgement = refused(LEGACY, message, probed);
            assert_eq!(
                (judgement.code, judgement.blame.as_slice()),
                (Some(Code::UnsupportedProposal), &[Blame::Toolchain][..])
            );
            assert!(judgement.detail.starts_with("accepts either form") && judgement.detail.contains(message));
            assert!(judgement.remedy.is_some_and(|remedy| remedy.contains("--translate-to-exnref")));
        }
    }
}

#[test]
fn refused_components_have_one_code() {
    let check = |wat: &str, message: &str, offset, code, subject: Option<&str>| {
        let facts = facts(wat);
        let cause = Cause::Rejected { message: message.to_owned(), offset };
        let seen = observation(Outcome::Exited(0), to(Stage::Compile, cause), "");
        let judged = refine(verdict(Ok(&facts), &seen, &spec("")), &facts, message, &[]);
        assert_eq!((judged.code, judged.subject.as_deref()), (Some(code), subject), "{}", judged.detail);
    };
    let simd = "(component (core module (func (result v128) (v128.const i64x2 0 0))))";
    let (proposal, component) = (Code::UnsupportedProposal, Code::NeedsComponentModel);
    check(simd, "SIMD support is not enabled", Some(60), proposal, Some("simd"));
    check(simd, "requires enabling Component Model proposal", Some(60), component, None);
    check("(component)", "requires enabling Component Model proposal", None, component, None);
    check("(component)", "not a defined type", Some(60), Code::EngineCompileError, None);
}

#[test]
fn further_missing_proposals_are_mentioned() {
    let judgement = refused(ATOMIC_SIMD, "threads must be enabled", &[("simd", true), ("threads", true)]);
    assert_eq!(judgement.detail, "lacks threads: threads must be enabled; also lacks simd");
    let gc = "gc types are disallowed";
    let judgement = refused("(module (func (param externref)))", gc, &[]);
    assert_eq!(judgement.detail, "lacks externref (a type of reference-types): gc types are disallowed");
}

#[test]
fn legacy_form_comes_first_where_the_file_has_no_other() {
    let check = |wat: &str, message: &str, expected: &str| {
        let facts = facts(wat);
        let probed: Vec<(&str, bool)> = facts.proposals.iter().map(|name| (name.as_str(), true)).collect();
        assert_eq!(located(refused(wat, message, &probed), &facts).detail, expected, "{wat}");
    };
    check(
        LEGACY,
        "exceptions proposal not enabled",
        "lacks legacy-exceptions (and the standard exceptions): exceptions proposal not enabled; legacy-exceptions \
         first used in function 0 at byte 0x1c",
    );
    check(
        "(module (memory 1 1 shared) (tag $e) (func try throw $e catch_all end))",
        "threads must be enabled",
        "lacks threads: threads must be enabled; also lacks legacy-exceptions (and the standard exceptions); threads \
         first used at byte 0x15",
    );
}

#[test]
fn proposals_not_reached_are_mentioned() {
    let wat = r#"(module (import "env" "__wasm_setjmp" (func)) (memory i64 1))"#;
    let judgement = refused(wat, "memory64 must be enabled", &[]);
    assert_eq!(judgement.subject.as_deref(), Some("memory64"));
    assert!(judgement.detail.ends_with("; its import env.__wasm_setjmp, which no WASI host defines, would fail next"));
}

#[test]
fn runtime_messages_about_proposals_are_recognized() {
    let all = [
        "exceptions",
        "legacy-exceptions",
        "simd",
        "relaxed-simd",
        "threads",
        "gc",
        "function-references",
        "tail-call",
        "component-model",
        "cm-async",
        "extended-const",
    ];
    let check = |message: &str, expected: &[&str]| assert_eq!(named_in(message, all), expected, "{message}");
    check("legacy_exceptions feature required for try instruction", &["legacy-exceptions"]);
    check("exceptions proposal not enabled", &["exceptions"]);
    check("SIMD support is not enabled (at offset 0x2f)", &["simd"]);
    check("relaxed SIMD support is not enabled", &["relaxed-simd"]);
    check("threads must be enabled for shared memories", &["threads"]);
    check("function references required for non-nullable types", &["function-references"]);
    check("invalid value type 'stringref', enable with --experimental-wasm-stringref", &["function-references"]);
    check("tail calls support is not enabled", &["tail-call"]);
    check("gc types are disallowed in this configuration", &["gc"]);
    check("unexpected end of file", &[]);
    check("`stream` requires the component model async feature (at offset 0xb3)", &["cm-async"]);
    check("requires enabling Component Model proposal", &["component-model"]);
    check("constant expression required: non-constant operator: i32.add", &["extended-const"]);
    check("opcode i32.add is not allowed in constant expressions, enable with --experimental", &["extended-const"]);
}

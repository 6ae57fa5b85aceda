//! Small modules that need a single proposal each, use it, and trap if the result is wrong.
//!
//! Whether a runtime refuses them shows what it supports, and which proposal is the cause when it refuses a module that
//! needs several. The judge's refinement, `probe` and `predict` all use these modules.

use std::collections::BTreeMap;

use anyhow::Result;
use wasmlab_model::missing_feature::MissingFeature;
use wasmlab_model::profile::{ProbeAnswer, Support};
use wasmlab_model::proposals::{
    COMPONENT_MODEL, EXTERNREF, IMPORTED_SHARED_MEMORY, NON_NULL_EXTERNREF, UNSHARED_ATOMICS, switched_proposal,
};
use wasmlab_protocol::Cause;

use crate::{Probe, ProbeReply, ProbeTarget};

/// A proposal, declarations that it needs, and an expression that uses it: an `i32`, 0 if the result is wrong.
const PROBES: &[(&str, &str, &str)] = &[
    (
        "mutable-global",
        r#"(global $g (export "g") (mut i32) (i32.const 0))"#,
        "(global.set $g (i32.const 5)) (i32.eq (global.get $g) (i32.const 5))",
    ),
    ("saturating-float-to-int", "", "(i32.eq (i32.trunc_sat_f32_s (f32.const nan)) (i32.const 0))"),
    ("sign-extension", "", "(i32.eq (i32.extend8_s (i32.const 255)) (i32.const -1))"),
    (
        "multi-value",
        "(func $two (result i32 i32) (i32.const 7) (i32.const 5))",
        "(i32.eq (call $two) (i32.sub) (i32.const 2))",
    ),
    ("reference-types", "(table 1 funcref)", "(ref.is_null (table.get 0 (i32.const 0)))"),
    (
        "bulk-memory-opt",
        "(memory 1)",
        "(memory.fill (i32.const 0) (i32.const 9) (i32.const 4)) (i32.eq (i32.load8_u (i32.const 3)) (i32.const 9))",
    ),
    (
        "bulk-memory",
        r#"(memory 1) (data "a")"#,
        "(memory.init 0 (i32.const 0) (i32.const 0) (i32.const 1)) (i32.eq (i32.load8_u (i32.const 0)) (i32.const 97))",
    ),
    ("simd", "", "(i32.eq (i32x4.extract_lane 3 (i32x4.splat (i32.const 6))) (i32.const 6))"),
    (
        "relaxed-simd",
        "",
        "(i32.eq (i8x16.extract_lane_u 0 (i8x16.relaxed_swizzle (i8x16.splat (i32.const 4)) (i8x16.splat (i32.const 0)))) \
         (i32.const 4))",
    ),
    (
        "threads",
        "(memory 1 1 shared)",
        "(drop (i32.atomic.rmw.add (i32.const 0) (i32.const 3))) (i32.eq (i32.atomic.load (i32.const 0)) (i32.const 3))",
    ),
    (
        "tail-call",
        "(func $down (param i32) (result i32) (if (result i32) (local.get 0) (then (return_call $down (i32.sub (local.get \
         0) (i32.const 1)))) (else (i32.const 1))))",
        "(call $down (i32.const 9))",
    ),
    ("exceptions", "(tag $e)", "(block $out (try_table (catch_all $out) (throw $e)) (unreachable)) (i32.const 1)"),
    ("legacy-exceptions", "(func $thrower try catch_all end)", "(call $thrower) (i32.const 1)"),
    (
        "function-references",
        "(type $f (func (result i32))) (func $one (export \"one\") (type $f) (i32.const 1)) (func $call (param (ref $f)) (result \
         i32) (call_ref $f (local.get 0)))",
        "(call $call (ref.func $one))",
    ),
    ("gc", "(type $s (struct (field i32)))", "(i32.eq (struct.get $s 0 (struct.new $s (i32.const 8))) (i32.const 8))"),
    ("memory64", "(memory i64 1)", "(i64.eq (memory.size) (i64.const 1))"),
    ("multi-memory", "(memory 1) (memory $second 2)", "(i32.eq (memory.size $second) (i32.const 2))"),
    (
        "extended-const",
        "(global $g i32 (i32.add (i32.const 1) (i32.const 2)))",
        "(i32.eq (global.get $g) (i32.const 3))",
    ),
    ("custom-page-sizes", "(memory 10 (pagesize 1))", "(i32.eq (memory.size) (i32.const 10))"),
    (
        "wide-arithmetic",
        "(func $low (param i64 i64) (result i64) (local.get 0))",
        "(i64.ne (call $low (i64.mul_wide_s (i64.const 3) (i64.const 5))) (i64.const 0))",
    ),
    (
        "stack-switching",
        "(type $f (func)) (type $c (cont $f)) (func $body (export \"body\"))",
        "(resume $c (cont.new $c (ref.func $body))) (i32.const 1)",
    ),
    (
        IMPORTED_SHARED_MEMORY,
        "(import \"env\" \"memory\" (memory 1 1 shared))",
        "(drop (i32.atomic.rmw.add (i32.const 0) (i32.const 3))) (i32.const 1)",
    ),
    (
        UNSHARED_ATOMICS,
        "(memory (export \"memory\") 1)",
        "(drop (i32.atomic.rmw.add (i32.const 0) (i32.const 3))) (i32.eq (i32.atomic.load (i32.const 0)) (i32.const 3))",
    ),
    (
        NON_NULL_EXTERNREF,
        "(func (export \"take\") (param (ref extern)) (result (ref extern)) (local.get 0))",
        "(i32.const 1)",
    ),
    (
        EXTERNREF,
        "(func $take (param externref) (result i32) (ref.is_null (local.get 0)))",
        "(call $take (ref.null extern))",
    ),
];

/// JavaScript Promise Integration, as the lab's JavaScript names it.
const JSPI: &str = "jspi";

/// Proposals for components, each with a component that needs it. The component with asynchronous functions exports
/// one, so that a JavaScript host needs JavaScript Promise Integration to instantiate it.
const COMPONENT_PROBES: &[(&str, &str)] = &[
    (
        COMPONENT_MODEL,
        r#"(component
  (core module $m (func (export "f") (result i32) (i32.const 0)))
  (core instance $i (instantiate $m))
  (func $f (result u32) (canon lift (core func $i "f")))
  (export "f" (func $f)))"#,
    ),
    (
        "cm-async",
        r#"(component
  (core module $m
    (func (export "f") (result i32) (i32.const 0))
    (func (export "callback") (param i32 i32 i32) (result i32) (i32.const 0)))
  (core instance $i (instantiate $m))
  (func $f async (canon lift (core func $i "f") async (callback (core func $i "callback"))))
  (export "f" (func $f)))"#,
    ),
];

/// Every proposal that has a probe.
pub fn names() -> impl Iterator<Item = &'static str> {
    PROBES.iter().map(|(name, ..)| *name).chain(COMPONENT_PROBES.iter().map(|(name, _)| *name))
}

/// The probe for a proposal, if there is one.
///
/// # Errors
/// If its text is invalid, which a test rules out.
pub fn probe(proposal: &str) -> Result<Option<Probe>> {
    let text = match PROBES.iter().find(|(name, ..)| *name == proposal) {
        Some((_, declared, used)) => {
            format!(
                "(module {declared} (func $used (result i32) {used}) (func (export \"_start\") (if (i32.eqz (call $used)) (then (unreachable)))))"
            )
        }
        None => match COMPONENT_PROBES.iter().find(|(name, _)| *name == proposal) {
            Some((_, text)) => (*text).to_owned(),
            None => return Ok(None),
        },
    };
    Probe::from_text(format!("proposal-{proposal}"), &text).map(Some)
}

/// Whether the runtime refused a probe before it ran; `None` if the lab could not ask.
#[must_use]
pub fn is_refused(reply: &ProbeReply) -> Option<bool> {
    match reply.cause.as_ref()? {
        Cause::Rejected { .. } | Cause::CompileFailed { .. } => Some(true),
        // What a component needs of a JavaScript host belongs to the proposal that the component uses.
        Cause::Unsupported { feature, .. } if feature == JSPI => Some(true),
        Cause::EngineError { .. } | Cause::NotAttempted { .. } | Cause::Unsupported { .. } => None,
        _ => Some(false),
    }
}

/// The answer for each proposal: by default, and if it is a refusal, with the runtime's switches.
///
/// # Errors
/// If a probe cannot be made.
pub fn measure(runtime: &mut dyn ProbeTarget) -> Result<BTreeMap<String, ProbeAnswer>> {
    let mut answers = BTreeMap::new();
    for name in names() {
        let Some(probe) = probe(name)? else { continue };
        answers.insert(name.to_owned(), answer(&probe, switched_proposal(name), runtime));
    }
    Ok(answers)
}

fn answer(probe: &Probe, proposal: &str, runtime: &mut dyn ProbeTarget) -> ProbeAnswer {
    let Some(reply) = runtime.probe(probe, &[]) else { return ProbeAnswer::default() };
    match is_supported(&reply) {
        None => ProbeAnswer { cause: reply.cause, ..ProbeAnswer::default() },
        // A component that is accepted may have nothing to run.
        Some(true) => ProbeAnswer {
            support: Support::Yes,
            cause: reply.cause.filter(|cause| *cause != Cause::Returned),
            switches: Vec::new(),
        },
        Some(false) => {
            let switches = runtime.switches(MissingFeature::Proposal(proposal));
            let helps = !switches.is_empty()
                && runtime.probe(probe, &switches).is_some_and(|reply| is_supported(&reply) == Some(true));
            ProbeAnswer {
                support: Support::No,
                cause: reply.cause,
                switches: if helps { switches } else { Vec::new() },
            }
        }
    }
}

/// Whether it was accepted and had the right result. Components without a program are accepted.
fn is_supported(reply: &ProbeReply) -> Option<bool> {
    match reply.cause.as_ref()? {
        Cause::Trap { .. } => Some(false),
        _ => is_refused(reply).map(|refused| !refused),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        COMPONENT_PROBES, EXTERNREF, IMPORTED_SHARED_MEMORY, NON_NULL_EXTERNREF, PROBES, UNSHARED_ATOMICS, probe,
    };

    #[test]
    fn shared_memory_is_probed_as_the_file_gets_it() {
        let check = |wat: &str, expected: &str| {
            let facts = wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap();
            assert_eq!(facts.measured_name("threads"), expected, "{wat}");
        };
        check("(module (import \"a\" \"b\" (memory 1 2 shared)))", IMPORTED_SHARED_MEMORY);
        check("(module (memory 1 2 shared))", "threads");
        check("(module (import \"a\" \"b\" (memory 1 2 shared)) (memory 1 1 shared))", "threads");
        check("(module (import \"a\" \"b\" (memory 1)))", UNSHARED_ATOMICS);
        check("(module (memory (export \"memory\") 1))", UNSHARED_ATOMICS);
        check("(module (memory (export \"memory\") 1 1 shared))", "threads");
        check("(module (memory 1))", "threads");
    }

    /// Other proposals that a probe may need, because its proposal builds on them.
    const BELOW: &[(&str, &[&str])] = &[
        ("relaxed-simd", &["simd"]),
        ("wide-arithmetic", &["multi-value"]),
        ("gc", &["reference-types", "function-references"]),
        ("function-references", &["reference-types"]),
        ("bulk-memory", &["bulk-memory-opt"]),
        ("stack-switching", &["exceptions", "function-references", "reference-types", "gc"]),
        ("cm-async", &["component-model"]),
        (EXTERNREF, &["reference-types"]),
        (NON_NULL_EXTERNREF, &["reference-types", "function-references"]),
        (IMPORTED_SHARED_MEMORY, &["threads"]),
        (UNSHARED_ATOMICS, &["threads"]),
    ];

    #[test]
    fn each_probe_needs_exactly_its_proposals() {
        for name in PROBES.iter().map(|(name, ..)| *name).chain(COMPONENT_PROBES.iter().map(|(name, _)| *name)) {
            let facts = wasmlab_inspect::facts(&probe(name).unwrap().unwrap().module).unwrap();
            let below = BELOW.iter().find(|(of, _)| *of == name).map_or(&[][..], |(_, below)| below);
            let is_part = [EXTERNREF, IMPORTED_SHARED_MEMORY, UNSHARED_ATOMICS, NON_NULL_EXTERNREF].contains(&name);
            assert!(facts.proposals.contains(name) || is_part, "{name}: {:?}", facts.proposals);
            let other: Vec<_> = facts.proposals.iter().filter(|p| *p != name && !below.contains(&p.as_str())).collect();
            assert!(other.is_empty(), "{name}: {other:?}");
        }
    }
}

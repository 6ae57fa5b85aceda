//! Small modules that need a single proposal each. Whether a runtime refuses them shows which proposal is the cause
//! when it refuses a module that needs several. They are run and cached like any cell.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::cell::{self, Plan};
use crate::lab::Lab;
use crate::matrix::cache_policy;
use wasmlab_inspect as inspect;
use wasmlab_judge::proposals::EXTERNREF;
use wasmlab_model::facts::Facts;
use wasmlab_model::scenario::Scenario;
use wasmlab_protocol::Cause;
use wasmlab_runtimes::AdapterInput;

/// A proposal, and module text that needs it.
const PROBES: &[(&str, &str)] = &[
    ("mutable-global", r#"(global (export "g") (mut i32) (i32.const 0))"#),
    ("saturating-float-to-int", "(func (result i32) (i32.trunc_sat_f32_s (f32.const 0)))"),
    ("sign-extension", "(func (result i32) (i32.extend8_s (i32.const 0)))"),
    ("multi-value", "(func (result i32 i32) (i32.const 0) (i32.const 0))"),
    ("reference-types", "(table 1 funcref) (func (drop (table.get 0 (i32.const 0))))"),
    ("bulk-memory-opt", "(memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)))"),
    ("bulk-memory", r#"(memory 1) (data "a") (func (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 0)))"#),
    ("simd", "(func (result v128) (v128.const i64x2 0 0))"),
    ("relaxed-simd", "(func (param v128 v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 1)))"),
    ("threads", "(memory 1 1 shared) (func (result i32) (i32.atomic.load (i32.const 0)))"),
    ("tail-call", "(func $f (return_call $f))"),
    ("exceptions", "(tag $e) (func (block $out (try_table (catch_all $out) (throw $e))))"),
    ("legacy-exceptions", "(func try catch_all end)"),
    ("function-references", "(type $f (func)) (func (param (ref $f)) (call_ref $f (local.get 0)))"),
    ("gc", "(type $s (struct (field i32))) (func (drop (struct.new_default $s)))"),
    ("memory64", "(memory i64 1)"),
    ("multi-memory", "(memory 1) (memory 1)"),
    ("extended-const", "(global i32 (i32.add (i32.const 1) (i32.const 2)))"),
    ("custom-page-sizes", "(memory 1 (pagesize 1))"),
    ("wide-arithmetic", "(func (param i64) (result i64 i64) (i64.mul_wide_s (local.get 0) (local.get 0)))"),
    ("stack-switching", "(type $f (func)) (type $c (cont $f)) (func (param (ref $c)) (resume $c (local.get 0)))"),
];

/// The probe for a proposal, if there is one.
fn module(proposal: &str) -> Option<Vec<u8>> {
    let part = match PROBES.iter().find(|(name, _)| *name == proposal) {
        Some((_, part)) => part,
        None if proposal == EXTERNREF => "(func (param externref) (drop (local.get 0)))",
        None => return None,
    };
    wat::parse_str(format!("(module (func (export \"_start\")) {part})")).ok()
}

/// The proposals in `facts` that have a probe, each with whether the runtime refuses the probe with its defaults.
/// Probes that the lab fails to run are left out. If the runtime accepts all of them, including reference-types,
/// `externref` is probed as well.
pub fn refused<'a>(lab: &Lab, plan: &Plan, facts: &'a Facts) -> Vec<(&'a str, bool)> {
    let probed = facts.proposals.iter().filter_map(|name| Some((name.as_str(), refuses(lab, plan, name)?)));
    let mut probed: Vec<_> = probed.collect();
    if facts.proposals.contains("reference-types") && probed.iter().all(|(_, refused)| !refused) {
        probed.extend(refuses(lab, plan, EXTERNREF).map(|refused| (EXTERNREF, refused)));
    }
    probed
}

fn refuses(lab: &Lab, plan: &Plan, proposal: &str) -> Option<bool> {
    match cause(lab, plan, proposal, &module(proposal)?)? {
        Cause::Rejected { .. } | Cause::CompileFailed { .. } => Some(true),
        Cause::EngineError { .. } | Cause::NotAttempted { .. } | Cause::Unsupported { .. } => None,
        _ => Some(false),
    }
}

/// Runs a small module on the runtime of `plan` with its defaults, or takes the result from the cache. Returns why it
/// ended.
pub(super) fn cause(lab: &Lab, plan: &Plan, about: &str, module: &[u8]) -> Option<Cause> {
    let facts = inspect::facts(module).ok()?;
    let guest = lab.cache.put_object(module).ok()?;
    let scenario = scenario(about)?;
    let companions = BTreeMap::new();
    let probe = Plan {
        scenario: &scenario,
        guest: &guest,
        facts: Some(&facts),
        companions: &companions,
        switches: &[],
        ..*plan
    };
    let applies = plan.runtime.is_applicable(&scenario.spec, Some(&facts)).is_ok();
    if !applies || probe.not_attempted().is_some() {
        return None;
    }
    let key = probe.key();
    let observation = match key.as_ref().and_then(|key| cache_policy::recall(lab, key)) {
        Some(known) => known,
        None => {
            let seen = cell::observe(lab, &probe, None, cell::Retention::default()).ok()?;
            if let Some(key) = &key {
                cache_policy::store(lab, key, &seen, None, |_, _| false);
            }
            seen
        }
    };
    let seen = AdapterInput { observation: &observation, run: &scenario.spec.run, facts: Some(&facts) };
    plan.runtime.progress(&seen).cause
}

fn scenario(proposal: &str) -> Option<Scenario> {
    let text = format!(
        "schema = 1\ntitle = \"A module that needs {proposal}\"\nfamily = \"probe\"\nroute = \"wat\"\n\
         [build]\ntoolchain = \"wat\"\nsource = \"probe.wat\"\n"
    );
    let spec = crate::scenario::parse(&text).ok()?;
    Some(Scenario { name: format!("probe-{proposal}"), dir: PathBuf::new(), spec })
}

#[cfg(test)]
mod tests {
    use super::{PROBES, inspect, module, scenario};

    /// Other proposals that a probe may need, because its proposal builds on them.
    const BELOW: &[(&str, &[&str])] = &[
        ("relaxed-simd", &["simd"]),
        ("wide-arithmetic", &["multi-value"]),
        ("gc", &["reference-types", "function-references"]),
        ("function-references", &["reference-types"]),
        ("bulk-memory", &["bulk-memory-opt"]),
        ("stack-switching", &["exceptions", "function-references", "reference-types", "gc"]),
    ];

    #[test]
    fn each_probe_needs_exactly_its_proposals() {
        for (name, _) in PROBES {
            let facts = inspect::facts(&module(name).unwrap()).unwrap();
            let below = BELOW.iter().find(|(of, _)| of == name).map_or(&[][..], |(_, below)| below);
            assert!(facts.proposals.contains(*name), "{name}: {:?}", facts.proposals);
            let other: Vec<_> = facts.proposals.iter().filter(|p| p != name && !below.contains(&p.as_str())).collect();
            assert!(other.is_empty(), "{name}: {other:?}");
            assert!(scenario(name).is_some(), "{name}");
        }
    }
}

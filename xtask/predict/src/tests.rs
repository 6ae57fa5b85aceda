//! Predictions from small profiles. That real profiles agree with runs is checked by `predict --against`.

use std::collections::BTreeMap;

use wasmlab_model::codes::Code;
use wasmlab_model::profile::{
    Behaviour, BehaviourOutcome, MeasuredFunctions, PROFILE_SCHEMA, ProbeAnswer, Profile, Provenance, Support,
};
use wasmlab_model::scenario::{EntryPointKind, Run};
use wasmlab_protocol::{Cause, HostRefusal};

use crate::{PlannedRun, PredictedOutcome, Uncertainty, UncertaintyKind, predict};

mod module_faults;
mod uncertain;

fn yes() -> ProbeAnswer {
    ProbeAnswer { support: Support::Yes, ..ProbeAnswer::default() }
}

fn no(cause: Cause, switches: &[&str]) -> ProbeAnswer {
    let switches = switches.iter().map(|switch| (*switch).to_owned()).collect();
    ProbeAnswer { support: Support::No, cause: Some(cause), switches }
}

fn rejected(message: &str) -> Cause {
    Cause::Rejected { message: message.to_owned(), offset: None }
}

fn missing(module: &str, name: &str) -> Cause {
    Cause::MissingImport { module: module.to_owned(), name: name.to_owned(), ty: String::new(), missing_count: 1 }
}

/// A runtime with part of WASI 0.1, without simd, with gc behind a switch, and without components.
fn profile() -> Profile {
    let ty = "(i32) -> ()".to_owned();
    let functions = MeasuredFunctions {
        specification: "WASI 0.1".to_owned(),
        defined: [
            ("proc_exit".to_owned(), ty),
            ("sched_yield".to_owned(), "() -> (i32)".to_owned()),
            ("random_get".to_owned(), "(i32, i32) -> (i32)".to_owned()),
        ]
        .into(),
        missing: ["sock_accept".to_owned()].into(),
        ..MeasuredFunctions::default()
    };
    let start = no(Cause::MissingExport { name: "_start".to_owned() }, &[]);
    let mixed = no(rejected("Module uses both legacy exceptions and try_table"), &[]);
    let errno = Behaviour { outcome: BehaviourOutcome::Errno, detail: "errno 52".to_owned() };
    Profile {
        schema: PROFILE_SCHEMA,
        runtime: "test".to_owned(),
        engine: "test".to_owned(),
        version: "1.0".to_owned(),
        provenance: Provenance {
            date: "2026-11-26".to_owned(),
            lab_commit: String::new(),
            system: "linux-x86_64".to_owned(),
            obtained_from: String::new(),
            host_layer: String::new(),
            probes: 0,
        },
        components: no(rejected("unknown binary version"), &[]),
        proposals: [
            ("simd".to_owned(), no(rejected("SIMD support is not enabled"), &[])),
            ("gc".to_owned(), no(rejected("gc is disabled"), &["--gc"])),
            ("function-references".to_owned(), yes()),
            ("reference-types".to_owned(), yes()),
            ("exceptions".to_owned(), yes()),
            ("legacy-exceptions".to_owned(), yes()),
        ]
        .into(),
        imports: [("wasi_snapshot_preview1".to_owned(), functions)].into(),
        unknown_import: no(missing("wasmlab_probe", "nothing"), &[]),
        interfaces: BTreeMap::new(),
        missing_functions: BTreeMap::new(),
        unusual_modules: [("no-start".to_owned(), start), ("mixed-exceptions".to_owned(), mixed)].into(),
        limits: BTreeMap::new(),
        behaviour: [("sched_yield".to_owned(), errno)].into(),
        sandbox: BTreeMap::new(),
    }
}

/// Functions by name, everything else in words.
fn names(uncertain: &[Uncertainty]) -> String {
    let name = |of: &Uncertainty| if of.kind == UncertaintyKind::Function { of.name.clone() } else { of.to_string() };
    uncertain.iter().map(name).collect::<Vec<_>>().join(" ")
}

/// Predicts for a module or component; `wanted`: what is expected, the code or switches, and the subject or functions.
fn check(wat: &str, expected: (PredictedOutcome, &str, &str)) {
    let facts = wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap();
    let run = Run::default();
    let found = predict(&PlannedRun { facts: Ok(&facts), run: &run, glue: false }, &profile());
    let code = found.code.map_or_else(|| found.switches.join(" "), |code| code.id().to_owned());
    let subject = found.subject.clone().unwrap_or_else(|| names(&found.uncertain));
    assert_eq!((found.outcome, code.as_str(), subject.as_str()), expected, "{wat}: {}", found.detail);
    if found.outcome == PredictedOutcome::Fails {
        assert!(found.remedy.is_some_and(|remedy| remedy.len() > 10), "{wat}");
    }
}

#[test]
fn obstacles_come_in_the_order_in_which_a_runtime_meets_them() {
    let start = "(memory (export \"memory\") 1) (func (export \"_start\"))";
    let import = |name: &str, ty: &str| format!("(import \"wasi_snapshot_preview1\" \"{name}\" (func {ty}))");
    let exit = import("proc_exit", "(param i32)");
    let accept = import("sock_accept", "(param i32 i32 i32) (result i32)");
    let simd = "(func (result v128) (v128.const i64x2 0 0))";
    let gc = "(type $s (struct)) (func (drop (struct.new $s)))";
    check(&format!("(module {exit} {start})"), (PredictedOutcome::Runs, "", ""));
    let expected = (PredictedOutcome::Fails, "missing-import", "wasi_snapshot_preview1.sock_accept");
    check(&format!("(module {exit} {accept} {start})"), expected);
    check(&format!("(module {accept} {start} {simd})"), (PredictedOutcome::Fails, "unsupported-proposal", "simd"));
    check(&format!("(module {start} {gc})"), (PredictedOutcome::Runs, "--gc", ""));
    // With the switch, the next obstacle decides.
    check(&format!("(module {accept} {start} {gc})"), expected);
    check("(component)", (PredictedOutcome::Fails, "needs-component-model", ""));
    check("(module (func (export \"f\")))", (PredictedOutcome::Fails, "no-entry-point", "_start"));
    let legacy = "(tag $e) (func try throw $e catch $e end)";
    let mixed = format!("{legacy} (func (block $l (try_table (catch $e $l) (throw $e))))");
    check(&format!("(module {start} {legacy})"), (PredictedOutcome::Runs, "", ""));
    let expected = (PredictedOutcome::Fails, "unsupported-proposal", "exceptions legacy-exceptions");
    check(&format!("(module {start} {mixed})"), expected);
    let host = "(import \"mine\" \"call\" (func))";
    check(&format!("(module {host} {start})"), (PredictedOutcome::Fails, "custom-host", "mine.call"));
    let unreliable = import("sched_yield", "(result i32)");
    let expected = (PredictedOutcome::MayFail, "", "wasi_snapshot_preview1.sched_yield");
    check(&format!("(module {unreliable} {start})"), expected);
    let expected = (PredictedOutcome::MayFail, "", "proposal multi-memory (not measured)");
    check(&format!("(module {start} (memory 1))"), expected);
}

#[test]
fn a_host_of_wasix_makes_the_memory_of_a_program() {
    let wat = "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func (param i32))) (import \"env\" \"memory\" \
               (memory 1)) (func (export \"_start\")))";
    let facts = wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap();
    let run = Run::default();
    for (functions, expected) in [(&["sock_open"][..], PredictedOutcome::Runs), (&[], PredictedOutcome::Fails)] {
        let mut profile = profile();
        profile.unusual_modules.insert("imported-memory".to_owned(), no(missing("env", "memory"), &[]));
        let refused = Cause::HostRefused { refusal: HostRefusal::NoMemory, message: "no memory".to_owned() };
        profile.unusual_modules.insert("no-memory".to_owned(), no(refused, &[]));
        let defined = functions.iter().map(|name| ((*name).to_owned(), "() -> ()".to_owned())).collect();
        profile.imports.insert("wasix_32v1".to_owned(), MeasuredFunctions { defined, ..MeasuredFunctions::default() });
        let found = predict(&PlannedRun { facts: Ok(&facts), run: &run, glue: false }, &profile);
        assert_eq!(found.outcome, expected, "{functions:?}: {}", found.detail);
    }
}

#[test]
fn reasons_are_exact() {
    let of = |wat: &str| {
        let facts = wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap();
        let run = Run::default();
        predict(&PlannedRun { facts: Ok(&facts), run: &run, glue: false }, &profile())
    };
    let wasi = |name: &str| format!("(import \"wasi_snapshot_preview1\" \"{name}\" (func))");
    let found = of(&format!("(module {} {} (func (export \"_start\")))", wasi("sock_accept"), wasi("sock_open")));
    assert_eq!(found.missing_imports, ["wasi_snapshot_preview1.sock_accept", "wasi_snapshot_preview1.sock_open"]);
    // An import that a switch defines is not missing, and another type is reported as such.
    let mut profile = profile();
    let lacks = missing("", "wasi:http/types");
    profile.components = yes();
    profile.interfaces.insert("wasi:http/types@0.2.0".to_owned(), no(lacks, &["-S http=y"]));
    profile.unusual_modules.insert("other-type".to_owned(), no(rejected("other type"), &[]));
    let missing_on = |wat: &str| {
        let facts = wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap();
        predict(&PlannedRun { facts: Ok(&facts), run: &Run::default(), glue: false }, &profile).missing_imports
    };
    let http = "(import \"wasi:http/types@0.2.0\" (instance))";
    assert_eq!(missing_on(&format!("(component (import \"a:b/c\" (instance)) {http})")), ["a:b/c"]);
    let other = "(module (import \"env\" \"f\" (func)) (import \"wasi_snapshot_preview1\" \"proc_exit\" (func)))";
    assert_eq!(missing_on(other), ["env.f", "wasi_snapshot_preview1.proc_exit with this type"]);
    let found = of("(module (func (export \"_start\")) (func $mul (drop (v128.const i64x2 0 0))))");
    let first_use = found.first_use.unwrap();
    assert_eq!((first_use.function_index, first_use.function_name.as_deref()), (Some(1), Some("mul")));
    assert!(
        found.detail.ends_with(&format!("; simd first used in function 1 (mul) at byte {:#x}", first_use.offset)),
        "{}",
        found.detail
    );
}

#[test]
fn runtime_may_have_either_form_of_exceptions_but_not_both_in_one_module() {
    let both =
        "(module (tag $e) (func (export \"_start\") try catch_all end) (func (block $b (try_table (catch_all $b)))))";
    let facts = wasmlab_inspect::facts(&wat::parse_str(both).unwrap()).unwrap();
    let mut profile = profile();
    for name in ["exceptions", "legacy-exceptions"] {
        profile.proposals.insert(name.to_owned(), yes());
    }
    profile.unusual_modules.remove("mixed-exceptions");
    let run = Run::default();
    let planned = PlannedRun { facts: Ok(&facts), run: &run, glue: false };
    let found = predict(&planned, &profile);
    assert_eq!(found.outcome, PredictedOutcome::Runs, "{found:?}");
    // A tag alone belongs to either form.
    let old = "(module (tag $e) (func (export \"_start\") try catch_all end))";
    let old = wasmlab_inspect::facts(&wat::parse_str(old).unwrap()).unwrap();
    let mut only_old = profile.clone();
    only_old.proposals.insert("exceptions".to_owned(), no(rejected("invalid opcode 0x1f"), &[]));
    assert_eq!(predict(&PlannedRun { facts: Ok(&old), ..planned }, &only_old).outcome, PredictedOutcome::Runs);
    assert_eq!(predict(&planned, &only_old).outcome, PredictedOutcome::Fails);
    let mixes = "module uses a mix of legacy and new exception handling instructions";
    profile.unusual_modules.insert("mixed-exceptions".to_owned(), no(rejected(mixes), &[]));
    let found = predict(&planned, &profile);
    assert_eq!(found.subject.as_deref(), Some("exceptions legacy-exceptions"), "{}", found.detail);
}

/// Tags belong to the proposal of the standard form, but a runtime of the legacy form alone has them too.
#[test]
fn legacy_exceptions_do_not_need_the_standard_form() {
    let legacy = "(module (tag $e) (func (export \"_start\") try catch_all end))";
    let facts = wasmlab_inspect::facts(&wat::parse_str(legacy).unwrap()).unwrap();
    let mut profile = profile();
    profile.proposals.insert("legacy-exceptions".to_owned(), yes());
    profile.proposals.insert("exceptions".to_owned(), no(rejected("no exnref"), &[]));
    let run = Run::default();
    let found = predict(&PlannedRun { facts: Ok(&facts), run: &run, glue: false }, &profile);
    assert_eq!(found.outcome, PredictedOutcome::Runs, "{found:?}");
}

#[test]
fn imported_shared_memory_has_an_answer_of_its_own() {
    let check = |part: Option<ProbeAnswer>, wat: &str, expected: PredictedOutcome| {
        let facts = wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap();
        let mut profile = profile();
        profile.proposals.insert("threads".to_owned(), no(rejected("shared memory is disabled"), &[]));
        profile.proposals.extend(part.map(|part| ("imported-shared-memory".to_owned(), part)));
        let found = predict(&PlannedRun { facts: Ok(&facts), run: &Run::default(), glue: false }, &profile);
        assert_eq!(found.outcome, expected, "{wat}: {found:?}");
    };
    let start = "(func (export \"_start\"))";
    let imports = format!("(module (import \"env\" \"memory\" (memory 1 1 shared)) {start})");
    let creates = format!("(module (memory 1 1 shared) {start})");
    check(Some(yes()), &imports, PredictedOutcome::Runs);
    check(Some(yes()), &creates, PredictedOutcome::Fails);
    check(Some(no(rejected("no"), &[])), &imports, PredictedOutcome::Fails);
    // A profile from before this was probed.
    check(None, &imports, PredictedOutcome::Fails);
}

/// A server calls an interface, which only a component exports.
#[test]
fn a_core_module_serves_no_requests() {
    let wat = "(module (memory (export \"memory\") 1) (func (export \"_start\")))";
    let facts = wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap();
    let run = Run { entry: EntryPointKind::Http, ..Run::default() };
    let found = predict(&PlannedRun { facts: Ok(&facts), run: &run, glue: false }, &profile());
    assert_eq!((found.outcome, found.code), (PredictedOutcome::Fails, Some(Code::NoEntryPoint)));
    assert_eq!(found.subject.as_deref(), Some("wasi:http/incoming-handler"));
}

/// Each list of names is bounded, and names nothing twice.
#[test]
fn a_file_with_many_imports_has_a_short_prediction() {
    let module = |name: &dyn Fn(usize) -> String| {
        let imports: String = (0..5000).map(|at| format!("(import {} (func))", name(at))).collect();
        let wat = format!("(module {imports} (memory (export \"memory\") 1) (func (export \"_start\")))");
        let facts = wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap();
        predict(&PlannedRun { facts: Ok(&facts), run: &Run::default(), glue: false }, &profile())
    };
    let many = module(&|at| format!("\"env\" \"f{at}\""));
    assert_eq!((many.missing_imports.len(), many.omitted), (200, 4800));
    let same = module(&|_| "\"env\" \"f\"".to_owned());
    assert_eq!((same.missing_imports, same.omitted), (vec!["env.f".to_owned()], 0));
}

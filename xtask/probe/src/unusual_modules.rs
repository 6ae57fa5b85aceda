//! How a runtime treats modules with something unusual about them, though nothing is missing.

use std::collections::BTreeMap;

use anyhow::Result;
use wasmlab_model::missing_feature::MissingFeature;
use wasmlab_model::profile::{ProbeAnswer, Support};
use wasmlab_protocol::Cause;

use crate::proposals::is_refused;
use crate::{Probe, ProbeReply, ProbeTarget};

/// A name, and the module.
const PROBES: &[(&str, &str)] = &[
    // It exports functions, but none to start with.
    ("no-start", "(module (func (export \"f\")))"),
    // A function with the empty name, which some runtimes start like `_start`. It exits with 7.
    ("empty-name-start", EMPTY_NAME),
    // `_start` has a parameter, which no program's has: does the runtime call it?
    ("start-parameters", "(module (func (export \"_start\") (param i32)))"),
    // What compilers call the program before a linker adds `_start`.
    ("main-without-start", "(module (func (export \"main\") (param i32 i32) (result i32) (i32.const 0)))"),
    // WASI functions work on the memory that a module exports. This one writes two numbers to it.
    (
        "no-memory",
        "(module (import \"wasi_snapshot_preview1\" \"args_sizes_get\" (func $f (param i32 i32) (result i32))) (func (export \
         \"_start\") (drop (call $f (i32.const 0) (i32.const 4)))))",
    ),
    // It only imports the function, so it shows whether the runtime looks for the memory before any call.
    (
        "no-memory-uncalled",
        "(module (import \"wasi_snapshot_preview1\" \"args_sizes_get\" (func (param i32 i32) (result i32))) (func (export \
         \"_start\")))",
    ),
    // Its memory has 65536 bytes.
    ("data-out-of-bounds", "(module (memory 1) (data (i32.const 65536) \"x\") (func (export \"_start\")))"),
    ("element-out-of-bounds", "(module (table 1 funcref) (elem (i32.const 1) $f) (func $f (export \"_start\")))"),
    // A vector as a result: the JavaScript API cannot convert it.
    (V128_CALL, "(module (func (export \"f\") (result v128) (v128.const i32x4 1 2 3 4)))"),
    ("two-entry-points", "(module (func (export \"_start\")) (func (export \"_initialize\")))"),
    // A function that every WASI host defines, with another type.
    (
        "other-type",
        "(module (import \"wasi_snapshot_preview1\" \"fd_seek\" (func (param i32 i32 i32 i32) (result i32))) (memory (export \
         \"memory\") 1) (func (export \"_start\")))",
    ),
    // Either form may be accepted, but not both in one module.
    (
        MIXED_EXCEPTIONS,
        "(module (tag $e) (func try catch_all end) (func (block $out (try_table (catch_all $out)))) (func (export \"_start\")))",
    ),
    // Waits while the value is 1; it is 0, so the instruction returns at once.
    (
        "atomic-wait",
        "(module (memory 1 1 shared) (func (export \"_start\") (if (i32.ne (memory.atomic.wait32 (i32.const 0) (i32.const 1) \
         (i64.const 0)) (i32.const 1)) (then (unreachable)))))",
    ),
    ("empty-module-name", "(module (import \"\" \"f\" (func)) (func (export \"_start\")))"),
    ("imported-memory", "(module (import \"env\" \"memory\" (memory 1)) (func (export \"_start\")))"),
    ("imported-table", "(module (import \"env\" \"table\" (table 1 funcref)) (func (export \"_start\")))"),
    ("exit-0", EXIT_0),
    ("exit-1", EXIT_1),
    ("exit-126", EXIT_126),
    ("exit-255", EXIT_255),
    ("exit-256", EXIT_256),
];

macro_rules! exit {
    ($name:ident $code:literal) => {
        exit!($name "_start" $code);
    };
    ($name:ident $export:literal $code:literal) => {
        const $name: &str = concat!(
            "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32))) (memory (export \"memory\") 1) ",
            "(func (export \"",
            $export,
            "\") (call $exit (i32.const ",
            $code,
            "))))"
        );
    };
}
exit!(EMPTY_NAME "" "7");
exit!(EXIT_0 "0");
exit!(EXIT_1 "1");
exit!(EXIT_126 "126");
exit!(EXIT_255 "255");
exit!(EXIT_256 "256");

/// The probe that V8 judges differently depending on what it compiled before.
const MIXED_EXCEPTIONS: &str = "mixed-exceptions";
/// The probe that calls an export.
const V128_CALL: &str = "v128-call";

/// Probes that ask for more than a proposal, and the proposal.
const NEEDS: &[(&str, &str)] = &[("atomic-wait", "threads"), (V128_CALL, "simd")];

/// Runs a probe; if the runtime refuses it because the proposal that it needs is off, with that proposal's switches.
fn run(name: &str, probe: &Probe, runtime: &mut dyn ProbeTarget) -> Option<ProbeReply> {
    let reply = runtime.probe(probe, &[]);
    let is_refused = reply.as_ref().and_then(is_refused) == Some(true);
    let Some((_, proposal)) = NEEDS.iter().find(|(of, _)| *of == name).filter(|_| is_refused) else { return reply };
    let switches = runtime.switches(MissingFeature::Proposal(proposal));
    if switches.is_empty() { reply } else { runtime.probe(probe, &switches) }
}

/// The answer for each; an exit code is supported if it arrives unchanged.
///
/// # Errors
/// If a probe cannot be made.
pub fn measure(runtime: &mut dyn ProbeTarget) -> Result<BTreeMap<String, ProbeAnswer>> {
    let mut answers = BTreeMap::new();
    for (name, text) in PROBES {
        let mut probe = Probe::from_text(*name, text)?;
        if *name == V128_CALL {
            probe.run = "[run]\nentry = \"calls\"\n[[run.call]]\nexport = \"f\"\n";
        }
        // In a process that compiled other modules, V8 in workerd sometimes accepts it.
        probe.own_process = *name == MIXED_EXCEPTIONS;
        let reply = run(name, &probe, runtime);
        let expected = if *name == "empty-name-start" { Some("7") } else { name.strip_prefix("exit-") };
        let expected = expected.and_then(|code| code.parse::<i32>().ok());
        let answer = match reply.and_then(|reply| reply.cause) {
            None => ProbeAnswer::default(),
            Some(Cause::Returned) if expected.is_none_or(|code| code == 0) => {
                ProbeAnswer { support: Support::Yes, ..ProbeAnswer::default() }
            }
            Some(Cause::Exit { code }) if expected.is_none_or(|expected| expected == code) => {
                ProbeAnswer { support: Support::Yes, ..ProbeAnswer::default() }
            }
            // Only a refusal by the host says something about vectors: some command lines cannot call exports, and some
            // hosts only start programs.
            Some(cause)
                if *name == V128_CALL && !matches!(cause, Cause::HostError { .. } | Cause::HostRefused { .. }) =>
            {
                ProbeAnswer::default()
            }
            Some(cause) => ProbeAnswer { support: Support::No, cause: Some(cause), switches: Vec::new() },
        };
        answers.insert((*name).to_owned(), answer);
    }
    Ok(answers)
}

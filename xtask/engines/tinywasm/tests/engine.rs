//! The conformance cases that need no WASI, on tinywasm.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../common/conformance.rs"]
#[expect(dead_code, reason = "the cases about WASI, which tinywasm lacks")]
mod conformance;

use std::process::Command;

use conformance::harness::Cell;
use conformance::{EngineTraits, EngineUnderTest};
use wasmlab_protocol::Cause;

const TINYWASM: EngineUnderTest = EngineUnderTest {
    command: || Command::new(env!("CARGO_BIN_EXE_engine-tinywasm")),
    engine: "tinywasm",
    mode: "interpreter",
    traits: EngineTraits { enables: &["stack"], ..EngineTraits::EMBEDDED },
};

mod interpreter {
    use crate::conformance::{cases, lifecycle};

    crate::conformance::conformance!(@tests crate::TINYWASM,
        cases: [adds, floats, no_start, wrong_calls, traps, endless_recursion, host_functions, many_host_calls,
            memory_limit, refused_memory, malformed, start_function, start_function_traps, v128, proposals_are_on, component],
        lifecycle: [compiled_code, unusable_specs, info, switches]
    );
}

#[test]
fn every_wasi_import_is_missing() {
    let module = r#"(module
        (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
        (import "env" "memory" (memory 1)) (import "env" "g" (global (mut i64)))
        (func (export "_start")))"#;
    let seen = Cell::new(TINYWASM, module).run();
    let Cause::MissingImport { module, name, ty, missing_count } = seen.cause() else { panic!("{:?}", seen.cause()) };
    assert_eq!((module.as_str(), name.as_str(), *missing_count), ("wasi_snapshot_preview1", "fd_write", 3));
    assert_eq!(ty, "func (i32, i32, i32, i32) -> i32");
}

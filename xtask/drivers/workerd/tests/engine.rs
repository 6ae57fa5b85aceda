//! The conformance cases in a worker of workerd. If workerd or the npm package that provides WASI 0.1 is missing,
//! nothing is tested, and each test says so.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../engines/common/conformance.rs"]
#[expect(dead_code, reason = "a worker cannot run all cases")]
mod conformance;
#[path = "../../common/tests/subject/mod.rs"]
mod subject;

use std::process::Command;

use conformance::Subject;

fn driver() -> Command {
    let driver = env!("CARGO_BIN_EXE_driver-workerd");
    subject::command(driver, &["workerd"], "WASMLAB_WORKERD", "@cloudflare/workers-wasi")
}

const PLAIN: Subject = subject::subject("workerd", "workerd", driver);
const WASI: Subject = subject::subject("workerd", "workerd+workers-wasi", driver);

/// The cases that need no WASI.
mod plain {
    crate::conformance::conformance!(@tests crate::PLAIN,
        cases: [adds, floats, no_start, wrong_calls, traps, endless_recursion, host_functions, many_host_calls,
            memory_limit, refused_memory, malformed, start_function, start_function_traps, v128, proposals_are_on, component],
        lifecycle: [unusable_specs, probe]
    );
}

/// The cases of commands: Cloudflare's package cannot call exports of a module that imports WASI.
mod workers_wasi {
    crate::conformance::conformance!(@tests crate::WASI,
        cases: [exits, returns, output_before_trap, missing_imports, import_mismatch]
    );
}

//! The conformance cases in a worker of workerd; ignored if workerd or the npm package that provides WASI 0.1 is
//! missing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../engines/common/conformance.rs"]
#[expect(dead_code, reason = "a worker cannot run all cases")]
mod conformance;
#[path = "../../../engines/common/driver.rs"]
mod driver;
#[path = "../../common/tests/subject/mod.rs"]
mod subject;

use std::process::{Command, ExitCode};

use conformance::EngineUnderTest;
use subject::Host;

const WORKERD: Host = Host { name: "workerd", package: "@cloudflare/workers-wasi" };

fn command() -> Command {
    WORKERD.command(env!("CARGO_BIN_EXE_driver-workerd"))
}

const PLAIN: EngineUnderTest = subject::subject("workerd", "workerd", command);
const WASI: EngineUnderTest = subject::subject("workerd", "workerd+workers-wasi", command);

fn main() -> ExitCode {
    use conformance::{cases, lifecycle};

    let without_wasi = conformance::conformance!(@list
        cases: [adds, floats, no_start, wrong_calls, traps, endless_recursion, host_functions, many_host_calls,
            memory_limit, refused_memory, malformed, start_function, start_function_traps, v128, proposals_are_on, component],
        lifecycle: [unusable_specs, info]
    );
    // Commands only: Cloudflare's package cannot call exports of a module that imports WASI.
    let commands = conformance::conformance!(@list
        cases: [exits, returns, output_before_trap, missing_imports, import_mismatch]
    );
    let missing = WORKERD.missing();
    let mut tests = driver::tests("plain", PLAIN, &missing, without_wasi);
    tests.extend(driver::tests("workers_wasi", WASI, &missing, commands));
    driver::run(tests)
}

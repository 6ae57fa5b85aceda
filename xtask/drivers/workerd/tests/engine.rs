//! What every engine must do, done by a worker of workerd. Without workerd, or without the npm package that gives a
//! worker WASI 0.1, there is nothing to test for it, and each test says so.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../engines/common/conformance.rs"]
#[expect(dead_code, reason = "the cases that a worker has no way to run")]
mod conformance;

use std::path::PathBuf;
use std::process::Command;

use conformance::{EngineTraits, Subject};

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../runtimes/src/js");

/// The driver; the shell puts its options after the cell, which the tests add.
fn driver() -> Command {
    let named = std::env::var_os("WASMLAB_WORKERD").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|dir| dir.join("workerd")).find(|file| file.is_file());
    let modules = std::env::var_os("WASMLAB_NODE_MODULES").map(PathBuf::from);
    let modules = modules.filter(|dir| dir.join("@cloudflare/workers-wasi").is_dir());
    let (Some(workerd), Some(modules)) = (named.or(on_path), modules) else {
        return Command::new("/absent/workerd-or-its-packages");
    };
    let mut command = Command::new("/bin/sh");
    command.args(["-c", r#"[ "$1" = run ] || exec "$DRIVER" "$@"; exec "$DRIVER" "$@" $OPTIONS"#, "driver"]);
    command.env("DRIVER", env!("CARGO_BIN_EXE_driver-workerd"));
    let options = format!("--workerd {} --scripts {SCRIPTS} --packages {}", workerd.display(), modules.display());
    command.env("OPTIONS", options);
    command
}

const TRAITS: EngineTraits = EngineTraits {
    components: false,
    keeps_code: false,
    preopened_socket: false,
    typed_host_functions: false,
    memory_limit: false,
    v128_values: false,
    escapes_by: &[],
    first_dir: 3,
};

const PLAIN: Subject = Subject { command: driver, engine: "workerd", mode: "workerd", traits: TRAITS };
const WASI: Subject = Subject { mode: "workerd+workers-wasi", ..PLAIN };

/// The cases that need no WASI.
mod plain {
    crate::conformance::conformance!(@tests crate::PLAIN,
        cases: [adds, floats, no_start, wrong_calls, traps, endless_recursion, host_functions, many_host_calls,
            memory_limit, refused_memory, malformed, start_function, start_function_traps, v128, proposals_are_on, component],
        lifecycle: [unusable_specs, probe]
    );
}

/// The cases of commands: Cloudflare's package has no way to call an export of a module that imports WASI.
mod workers_wasi {
    crate::conformance::conformance!(@tests crate::WASI,
        cases: [exits, returns, output_before_trap, missing_imports, import_mismatch]
    );
}

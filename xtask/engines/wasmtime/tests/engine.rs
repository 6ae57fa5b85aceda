//! What every engine must do, done by wasmtime in each of its modes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../common/conformance.rs"]
mod conformance;

use std::process::Command;

use conformance::{Facts, Subject, conformance};

const fn subject(mode: &'static str) -> Subject {
    Subject {
        command: || Command::new(env!("CARGO_BIN_EXE_engine-wasmtime")),
        engine: "wasmtime",
        mode,
        facts: Facts {
            components: true,
            keeps_code: true,
            preopened_socket: false,
            typed_host_functions: true,
            memory_limit: true,
            v128_values: true,
            follows_links_out: false,
            first_dir: 3,
        },
    }
}

conformance!(cranelift, crate::subject("cranelift"));
conformance!(winch, crate::subject("winch"));
conformance!(pulley, crate::subject("pulley"));

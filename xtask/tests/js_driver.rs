//! What every engine must do, done by the driver for JavaScript hosts. Without a host on the machine there is
//! nothing to test for it, and each test says so.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../engines/common/conformance.rs"]
mod conformance;

use std::process::Command;

use conformance::{Facts, Subject, conformance};

const DRIVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/runtime/js/driver.mjs");

const NODE: Subject = Subject {
    command: || {
        let mut command = Command::new("node");
        command.arg("--no-warnings").arg(DRIVER);
        command
    },
    engine: "node",
    mode: "node",
    facts: Facts {
        components: false,
        keeps_code: false,
        preopened_socket: false,
        typed_host_functions: false,
        memory_limit: false,
        v128_values: false,
        escapes_by: &["loop/secret", "out"],
        first_dir: 3,
    },
};

const DENO: Subject = Subject {
    command: || {
        let mut command = Command::new("deno");
        // The adapter names the cell's own folders; here each case has another one.
        command.args(["run", "--quiet", "--no-prompt", "--no-config", "--allow-read", "--allow-write"]);
        command.arg(DRIVER);
        command
    },
    engine: "deno",
    mode: "deno",
    facts: Facts { escapes_by: &["out"], ..NODE.facts },
};

const BUN: Subject = Subject {
    command: || {
        let mut command = Command::new("bun");
        command.args(["run", "--no-install"]).arg(DRIVER);
        command
    },
    engine: "bun",
    mode: "bun",
    facts: Facts { escapes_by: &[], ..NODE.facts },
};

conformance!(node, crate::NODE);
conformance!(deno, crate::DENO);
conformance!(bun, crate::BUN);

//! What every engine must do, done by the driver for Node. Without Node on the machine there is nothing
//! to test, and each test says so.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../engines/common/conformance.rs"]
mod conformance;

use std::process::Command;

use conformance::{Facts, Subject, conformance};

const NODE: Subject = Subject {
    command: || {
        let mut command = Command::new("node");
        command.arg("--no-warnings").arg(concat!(env!("CARGO_MANIFEST_DIR"), "/src/runtime/node.mjs"));
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
        follows_links_out: true,
        first_dir: 3,
    },
};

conformance!(node, crate::NODE);

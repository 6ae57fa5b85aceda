//! The conformance cases on the previous wasmtime.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../common/components.rs"]
mod components;
#[path = "../../common/conformance.rs"]
mod conformance;

use std::process::Command;

use conformance::{EngineTraits, EngineUnderTest, conformance};

const fn subject(mode: &'static str) -> EngineUnderTest {
    EngineUnderTest {
        command: || Command::new(env!("CARGO_BIN_EXE_engine-wasmtime-36")),
        engine: "wasmtime",
        mode,
        traits: EngineTraits {
            components: true,
            keeps_code: true,
            enables: &["custom-page-sizes", "wide-arithmetic"],
            ..EngineTraits::EMBEDDED
        },
    }
}

conformance!(cranelift, crate::subject("cranelift"));

mod component {
    use crate::components;

    crate::conformance::conformance!(@tests crate::subject("cranelift"), components: [missing_imports_are_named]);
}

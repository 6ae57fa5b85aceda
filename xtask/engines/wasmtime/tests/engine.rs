//! The conformance cases on wasmtime, in each of its modes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../common/components.rs"]
mod components;
#[path = "../../common/conformance.rs"]
mod conformance;
#[path = "../../common/emscripten.rs"]
mod emscripten_host;

use std::process::Command;

use conformance::{EngineTraits, EngineUnderTest, conformance};
use wasmlab_protocol::Cause;

const fn subject(mode: &'static str) -> EngineUnderTest {
    lacking(mode, &[])
}

/// A mode that refuses the switches of these features.
const fn lacking(mode: &'static str, lacks: &'static [&'static str]) -> EngineUnderTest {
    EngineUnderTest {
        command: || Command::new(env!("CARGO_BIN_EXE_engine-wasmtime")),
        engine: "wasmtime",
        mode,
        traits: EngineTraits {
            components: true,
            keeps_code: true,
            enables: &["custom-page-sizes", "wide-arithmetic"],
            lacks,
            ..EngineTraits::EMBEDDED
        },
    }
}

conformance!(cranelift, crate::subject("cranelift"));
// Only Cranelift's native code can switch stacks.
conformance!(winch, crate::lacking("winch", &["stack-switching"]));
conformance!(pulley, crate::lacking("pulley", &["stack-switching"]));

mod component {
    use crate::components;

    crate::conformance::conformance!(@tests crate::subject("cranelift"), components: [missing_imports_are_named]);
}

const EMSCRIPTEN: EngineUnderTest = subject("cranelift+emscripten");

// wasmtime supports shared memories, but the host cannot access them.
emscripten_host::emscripten!(
    EMSCRIPTEN,
    |cause| matches!(cause, Cause::NotAttempted { subject, .. } if subject == "threads")
);

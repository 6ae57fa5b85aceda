//! The conformance cases on wasmi.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../common/conformance.rs"]
mod conformance;
mod emscripten;
#[path = "../../common/emscripten.rs"]
mod emscripten_host;
#[path = "../../../hosts/emscripten/tests/names/mod.rs"]
mod names;

use std::process::Command;

use conformance::{EngineTraits, EngineUnderTest, conformance};
use wasmlab_protocol::Cause;

const INTERPRETER: EngineUnderTest = EngineUnderTest {
    command: || Command::new(env!("CARGO_BIN_EXE_engine-wasmi")),
    engine: "wasmi",
    mode: "interpreter",
    traits: EngineTraits {
        preopened_socket: true,
        enables: &["custom-page-sizes", "wide-arithmetic", "stack"],
        ..EngineTraits::EMBEDDED
    },
};

conformance!(interpreter, crate::INTERPRETER);

const EMSCRIPTEN: EngineUnderTest = EngineUnderTest { mode: "interpreter+emscripten", ..INTERPRETER };

#[test]
fn emscripten_every_import() {
    emscripten::every_import(EMSCRIPTEN);
}

#[test]
fn emscripten_handlers_within_handlers() {
    emscripten::handlers_within_handlers(EMSCRIPTEN);
}

// wasmi lacks the threads proposal; its message is judged by reading the module.
emscripten_host::emscripten!(EMSCRIPTEN, |cause| matches!(cause, Cause::Rejected { .. }));

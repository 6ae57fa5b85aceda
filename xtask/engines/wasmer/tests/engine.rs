//! The conformance cases on wasmer, in each of its modes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../common/conformance.rs"]
mod conformance;
#[path = "../../common/emscripten.rs"]
mod emscripten_host;
mod wasix;

use std::process::Command;

use conformance::{EngineTraits, EngineUnderTest, conformance};
use wasmlab_protocol::Cause;

const fn subject(mode: &'static str) -> EngineUnderTest {
    EngineUnderTest {
        command: || Command::new(env!("CARGO_BIN_EXE_engine-wasmer")),
        engine: "wasmer",
        mode,
        traits: EngineTraits {
            keeps_code: true,
            preopened_socket: true,
            // Singlepass has no SIMD.
            v128_values: matches!(mode.as_bytes(), b"cranelift"),
            first_dir: 4,
            ..EngineTraits::EMBEDDED
        },
    }
}

conformance!(cranelift, crate::subject("cranelift"));
conformance!(singlepass, crate::subject("singlepass"));

/// Generates a `#[test]` for each case of [`wasix`], in a module named after the mode.
macro_rules! wasix {
    ($module:ident, $subject:expr) => {
        mod $module {
            use crate::wasix;

            crate::conformance::conformance!(@tests $subject,
                wasix: [network, thread_ends, thread_traps, thread_exits, thread_left_behind, thread_memory_limit]
            );
        }
    };
}

wasix!(wasix_cranelift, crate::subject("cranelift"));
wasix!(wasix_singlepass, crate::subject("singlepass"));

const EMSCRIPTEN: EngineUnderTest = subject("cranelift+emscripten");

// As long as no thread is started, a shared memory is like any other.
emscripten_host::emscripten!(EMSCRIPTEN, |cause| *cause == Cause::Returned);

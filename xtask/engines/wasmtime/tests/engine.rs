//! The conformance cases on wasmtime, in each of its modes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../common/conformance.rs"]
mod conformance;
#[path = "../../common/emscripten.rs"]
mod emscripten_host;

use std::process::Command;

use conformance::harness::Cell;
use conformance::{EngineTraits, Subject, conformance};
use wasmlab_protocol::Cause;

const fn subject(mode: &'static str) -> Subject {
    Subject {
        command: || Command::new(env!("CARGO_BIN_EXE_engine-wasmtime")),
        engine: "wasmtime",
        mode,
        traits: EngineTraits {
            components: true,
            keeps_code: true,
            preopened_socket: false,
            typed_host_functions: true,
            memory_limit: true,
            v128_values: true,
            escapes_by: &[],
            first_dir: 3,
        },
    }
}

conformance!(cranelift, crate::subject("cranelift"));
conformance!(winch, crate::subject("winch"));
conformance!(pulley, crate::subject("pulley"));

#[test]
fn missing_component_imports_are_named() {
    let run = |interface: &str, function: &str| {
        let wat = format!(r#"(component (import "{interface}" (instance (export {function}))))"#);
        Cell::new(subject("cranelift"), &wat).run().cause().clone()
    };
    let cause = run("foo:bar/baz@0.1.0", r#""f" (func)"#);
    let Cause::MissingImport { module, name, .. } = &cause else { panic!("{cause:?}") };
    assert_eq!((module.as_str(), name.as_str()), ("foo:bar/baz@0.1.0", "f"));
    let cause = run("wasi:cli/environment@0.2.0", r#""get-arguments" (func (param "x" u32))"#);
    let Cause::ImportTypeMismatch { module, name, .. } = &cause else { panic!("{cause:?}") };
    assert_eq!((module.as_str(), name.as_str()), ("wasi:cli/environment@0.2.0", "get-arguments"));
}

const EMSCRIPTEN: Subject = subject("cranelift+emscripten");

// wasmtime supports shared memories, but the host cannot access them.
emscripten_host::emscripten!(
    EMSCRIPTEN,
    |cause| matches!(cause, Cause::NotAttempted { subject, .. } if subject == "threads")
);

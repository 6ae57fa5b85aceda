//! Behaviour that all engines must share: one list of cases, run against each engine in each of its modes.
//!
//! An engine's `tests/engine.rs` includes this file by path and calls [`conformance!`] once per mode. Where the engine
//! differs, it says so in [`EngineTraits`], and the case checks the difference too.

pub mod capabilities;
pub mod cases;
pub mod harness;
pub mod lifecycle;
pub mod required;

pub use harness::{EngineTraits, Subject};

/// Generates a `#[test]` for each case, in a module named after the mode.
macro_rules! conformance {
    ($module:ident, $subject:expr) => {
        mod $module {
            crate::conformance::conformance!(@tests $subject,
                cases: [adds, floats, exits, returns, no_start, initializes, wrong_calls, no_memory, missing_imports, import_mismatch,
                    traps, endless_recursion, output_before_trap, host_functions, many_host_calls, memory_limit, refused_memory, malformed,
                    start_function, start_function_traps, v128, proposals_are_on, component],
                lifecycle: [compiled_code, damaged_code, unusable_specs, probe, switches],
                capabilities: [arguments_and_environment, clocks_and_random, no_escape, standard_input, preopened_socket]
            );
        }
    };
    (@tests $subject:expr, $($file:ident: [$($case:ident),*]),*) => {
        $($(
            #[test]
            fn $case() {
                if !$subject.is_absent() {
                    crate::conformance::$file::$case($subject);
                }
            }
        )*)*
    };
}
pub(crate) use conformance;

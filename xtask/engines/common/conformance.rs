//! Behaviour that all engines must share: one list of cases, run against each engine in each of its modes.
//!
//! An engine's `tests/engine.rs` includes this file by path and calls [`conformance!`] once per mode. It states in
//! [`EngineTraits`] where the engine differs, and the cases check the differences too.

pub mod capabilities;
pub mod cases;
pub mod harness;
pub mod lifecycle;

pub use harness::{EngineTraits, EngineUnderTest};

/// Generates a `#[test]` for each case, in a module named after the mode; `list` returns name and function of each case
/// instead. `@tests` and `@list` do the same for selected cases, whose modules must be in scope.
macro_rules! conformance {
    ($module:ident, $subject:expr) => {
        mod $module {
            use crate::conformance::{capabilities, cases, lifecycle};

            crate::conformance::conformance! { @all @tests $subject, }
        }
    };
    (list) => {{
        use crate::conformance::{capabilities, cases, lifecycle};
        crate::conformance::conformance! { @all @list }
    }};
    (@all $($arm:tt)*) => {
        crate::conformance::conformance! { $($arm)*
            cases: [adds, floats, exits, returns, no_start, initializes, wrong_calls, no_memory, missing_imports, import_mismatch,
                traps, endless_recursion, output_before_trap, host_functions, many_host_calls, memory_limit, refused_memory, malformed,
                start_function, start_function_traps, v128, proposals_are_on, component],
            lifecycle: [compiled_code, damaged_code, unusable_specs, info, switches],
            capabilities: [arguments_and_environment, clocks_and_random, no_escape, standard_input, preopened_socket]
        }
    };
    (@tests $subject:expr, $($file:ident: [$($case:ident),*]),*) => {
        $($(
            #[test]
            fn $case() {
                $file::$case($subject);
            }
        )*)*
    };
    (@list $($file:ident: [$($case:ident),*]),*) => {
        vec![$($((stringify!($case), $file::$case as fn(crate::conformance::EngineUnderTest))),*),*]
    };
}
pub(crate) use conformance;

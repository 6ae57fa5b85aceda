//! Programs that must be on the machine: CI lists those that it installed and built, and a test fails if it lacks one
//! of them.

/// The variable that lists columns and programs, separated by spaces.
const VARIABLE: &str = "WASMLAB_TESTS_REQUIRE";

/// Whether CI requires this column or program.
pub fn is_required(name: &str) -> bool {
    std::env::var(VARIABLE).unwrap_or_default().split(' ').any(|required| required == name)
}

/// Reports that a test runs without a column or program that is not on this machine.
///
/// # Panics
/// If CI requires it.
pub fn not_here(name: &str, reason: &str) {
    assert!(!is_required(name), "{name} is not here, and {VARIABLE} names it: {reason}");
    eprintln!("not tested on {name}: {reason}");
}

//! Programs that must be on the machine: CI lists what it installed and built, and a test that finds it missing fails.

/// The variable that lists columns and programs, separated by spaces.
const VARIABLE: &str = "WASMLAB_TESTS_REQUIRE";

/// Whether CI requires this column or program.
pub fn is_required(what: &str) -> bool {
    std::env::var(VARIABLE).unwrap_or_default().split(' ').any(|name| name == what)
}

/// Reports that a test runs without a column or program that is not on this machine.
///
/// # Panics
/// If CI requires it.
pub fn not_here(what: &str, why: &str) {
    assert!(!is_required(what), "{what} is not here, and {VARIABLE} names it: {why}");
    eprintln!("not tested on {what}: {why}");
}

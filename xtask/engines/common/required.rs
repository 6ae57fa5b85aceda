//! What must be on the machine: CI names what it installed and built, and a test that finds that missing fails.

/// The variable that names columns and programs, separated by blanks.
const VARIABLE: &str = "WASMLAB_TESTS_REQUIRE";

/// Whether CI says that this column or program is here.
pub fn is_required(what: &str) -> bool {
    std::env::var(VARIABLE).unwrap_or_default().split(' ').any(|name| name == what)
}

/// Notes that a test does without a column or a program that is not on this machine.
///
/// # Panics
/// When it is required.
pub fn not_here(what: &str, why: &str) {
    assert!(!is_required(what), "{what} is not here, and {VARIABLE} names it: {why}");
    eprintln!("not tested on {what}: {why}");
}

//! Tests that need other programs: listed as ignored if one is not installed.

#[path = "../../engines/common/trials.rs"]
mod missing;

use libtest_mimic::Trial;

use super::common::required;
pub use missing::without;

/// A test that needs these programs on PATH.
pub fn needs(name: impl Into<String>, programs: &[&'static str], test: impl FnOnce() + Send + 'static) -> Trial {
    let missing: Vec<&str> = programs.iter().copied().filter(|program| which::which(program).is_err()).collect();
    without(name, &missing, test)
}

//! Tests that need other programs: listed as ignored if one is not installed.

#[path = "../../engines/common/trials.rs"]
mod missing;

use std::path::Path;
use std::process::Command;

use libtest_mimic::Trial;

use super::common::required;
pub use missing::without;

/// A test that needs these programs on PATH.
pub fn needs(name: impl Into<String>, programs: &[&'static str], test: impl FnOnce() + Send + 'static) -> Trial {
    let missing: Vec<&str> = programs.iter().copied().filter(|program| !is_here(program)).collect();
    without(name, &missing, test)
}

/// Whether the program is on PATH. Distributions have versions of wasm-opt without the passes that the lab uses.
fn is_here(program: &str) -> bool {
    let has_passes = |path: &Path| {
        let help = Command::new(path).arg("--help").output().map(|output| output.stdout).unwrap_or_default();
        String::from_utf8_lossy(&help).contains("--translate-to-exnref")
    };
    which::which(program).is_ok_and(|path| program != "wasm-opt" || has_passes(&path))
}

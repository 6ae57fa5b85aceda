//! Tests that need other programs: listed as ignored if one is not installed.

use libtest_mimic::Trial;

use super::common::required::is_required;

/// A test that needs these programs on PATH.
pub fn needs(name: impl Into<String>, programs: &[&'static str], test: impl FnOnce() + Send + 'static) -> Trial {
    let missing: Vec<&str> = programs.iter().copied().filter(|program| which::which(program).is_err()).collect();
    without(name, &missing, test)
}

/// A test for which these programs or columns are missing: ignored, unless CI requires one of them.
pub fn without(name: impl Into<String>, missing: &[&str], test: impl FnOnce() + Send + 'static) -> Trial {
    let name = name.into();
    if missing.is_empty() {
        return Trial::test(name, move || {
            test();
            Ok(())
        });
    }
    let missing_names = missing.join(", ");
    if missing.iter().any(|what| is_required(what)) {
        return Trial::test(name, move || Err(format!("{missing_names}: not here, and CI has it").into()));
    }
    Trial::test(format!("{name}, needs {missing_names}"), || Ok(())).with_ignored_flag(true)
}

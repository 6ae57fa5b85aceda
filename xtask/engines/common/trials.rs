//! Tests that need a program or column: listed as ignored if it is not here.

use libtest_mimic::Trial;

use super::required::is_required;

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
    if missing.iter().any(|name| is_required(name)) {
        return Trial::test(name, move || {
            Err(format!("{missing_names}: not here, and CI names it in WASMLAB_TESTS_REQUIRE").into())
        });
    }
    Trial::test(format!("{name}, needs {missing_names}"), || Ok(())).with_ignored_flag(true)
}

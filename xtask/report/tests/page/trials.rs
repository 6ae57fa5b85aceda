//! Runs tests that need the browser.

use libtest_mimic::{Arguments, Trial};

use crate::browser;
use crate::required;

/// Runs the tests. Without Chromium they are listed as ignored, or fail if CI requires it.
pub fn run(tests: &[(&str, fn())]) {
    let arguments = Arguments::from_args();
    let trial = |(name, test): &(&str, fn())| {
        let test = *test;
        match browser::program() {
            Some(_) => Trial::test(*name, move || {
                test();
                Ok(())
            }),
            None if required::is_required("chromium") => {
                Trial::test(*name, || Err("chromium is missing, but WASMLAB_TESTS_REQUIRE names it".into()))
            }
            None => Trial::test(format!("{name}, needs chromium"), || Ok(())).with_ignored_flag(true),
        }
    };
    libtest_mimic::run(&arguments, tests.iter().map(trial).collect()).exit();
}

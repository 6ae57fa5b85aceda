//! Runs tests that need the browser, one by one.

use libtest_mimic::{Arguments, Trial};

use crate::browser;
use crate::required;

/// Runs the tests. Without Chromium they are listed as ignored, or fail if CI requires it.
pub fn run(tests: &[(&str, fn())]) {
    let mut arguments = Arguments::from_args();
    // One browser at a time, because one of the tests measures processor time.
    arguments.test_threads = arguments.test_threads.or(Some(1));
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

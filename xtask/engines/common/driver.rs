//! Runs the conformance cases on a driver, whose host program may not be installed: each case is then listed as
//! ignored.

#[expect(dead_code, reason = "other tests use the rest")]
#[path = "required.rs"]
mod required;
#[path = "trials.rs"]
mod trials;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use crate::conformance::EngineUnderTest;

/// Name and function of a case.
pub type Case = (&'static str, fn(EngineUnderTest));

/// A test for each case, in a module of this name; `missing` are programs and packages that the driver needs.
pub fn tests(module: &str, subject: EngineUnderTest, missing: &[&str], cases: Vec<Case>) -> Vec<Trial> {
    cases
        .into_iter()
        .map(|(name, case)| trials::without(format!("{module}::{name}"), missing, move || case(subject)))
        .collect()
}

/// The `main` of a test binary.
pub fn run(tests: Vec<Trial>) -> ExitCode {
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
}

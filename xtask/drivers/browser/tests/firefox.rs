//! The conformance cases on a Firefox page: `cargo test --test firefox`. Firefox takes 2 s of CPU time to start and
//! each case starts it, so these tests are separate; ignored if Firefox or the npm package of the polyfill is missing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../engines/common/conformance.rs"]
mod conformance;
#[path = "../../../engines/common/driver.rs"]
mod driver;
#[path = "../../common/tests/subject/mod.rs"]
mod subject;

use std::process::ExitCode;

use conformance::EngineUnderTest;
use subject::Host;

const FIREFOX: Host = Host { name: "firefox", package: "@bjorn3/browser_wasi_shim" };

const SHIM: EngineUnderTest =
    subject::subject("browser", "firefox+wasi-shim", || FIREFOX.command(env!("CARGO_BIN_EXE_driver-browser")));

fn main() -> ExitCode {
    driver::run(driver::tests("shim", SHIM, &FIREFOX.missing(), conformance::conformance!(list)))
}

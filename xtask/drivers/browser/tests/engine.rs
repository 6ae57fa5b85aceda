//! The conformance cases on a Chromium page; ignored if Chromium or the npm package of the polyfill is missing. Without
//! its polyfill, a page lacks what these cases import; the matrix covers that column.

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

const CHROMIUM: Host = Host { name: "chromium", package: "@bjorn3/browser_wasi_shim" };

const SHIM: EngineUnderTest =
    subject::subject("browser", "chromium+wasi-shim", || CHROMIUM.command(env!("CARGO_BIN_EXE_driver-browser")));

fn main() -> ExitCode {
    driver::run(driver::tests("shim", SHIM, &CHROMIUM.missing(), conformance::conformance!(list)))
}

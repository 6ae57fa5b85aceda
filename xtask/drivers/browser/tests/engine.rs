//! The conformance cases on a Chromium page. If Chromium or the npm packages of a mode are missing, nothing is tested
//! for it, and each test says so. Without its polyfill, a page lacks what these cases import; the matrix covers that
//! column.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../engines/common/conformance.rs"]
mod conformance;
#[path = "../../common/tests/subject/mod.rs"]
mod subject;

use conformance::{Subject, conformance};

const PROGRAMS: &[&str] =
    &["chromium-headless-shell", "chrome-headless-shell", "chromium", "chromium-browser", "google-chrome"];

const SHIM: Subject = subject::subject("browser", "chromium+wasi-shim", || {
    subject::command(env!("CARGO_BIN_EXE_driver-browser"), PROGRAMS, "WASMLAB_CHROMIUM", "@bjorn3/browser_wasi_shim")
});

conformance!(shim, crate::SHIM);

//! The conformance cases on a Chromium page. If Chromium or the npm packages of a mode are missing, nothing is tested
//! for it, and each test says so.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../engines/common/conformance.rs"]
mod conformance;
mod page;

use conformance::{Subject, conformance};

const NAMES: &[&str] =
    &["chromium-headless-shell", "chrome-headless-shell", "chromium", "chromium-browser", "google-chrome"];

const SHIM: Subject = page::shim("chromium+wasi-shim", || page::driver(NAMES, "WASMLAB_CHROMIUM"));

conformance!(shim, crate::SHIM);

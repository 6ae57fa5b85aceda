//! The conformance cases on a Firefox page: `cargo test --test firefox`. Firefox takes 2 s of CPU time to start and
//! each case starts it, so these tests are separate.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../engines/common/conformance.rs"]
mod conformance;
mod page;

use conformance::{Subject, conformance};

const SHIM: Subject = page::shim("firefox+wasi-shim", || page::driver(&["firefox-esr", "firefox"], "WASMLAB_FIREFOX"));

conformance!(shim, crate::SHIM);

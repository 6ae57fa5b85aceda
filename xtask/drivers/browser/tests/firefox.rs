//! What every engine must do, done by a page of Firefox: `cargo test --test firefox`. A Firefox takes 2 s of
//! processor time to start, and each case starts one, so the others do not wait for it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../engines/common/conformance.rs"]
mod conformance;
mod page;

use conformance::{Subject, conformance};

const SHIM: Subject = page::shim("firefox+wasi-shim", || page::driver(&["firefox-esr", "firefox"], "WASMLAB_FIREFOX"));

conformance!(shim, crate::SHIM);

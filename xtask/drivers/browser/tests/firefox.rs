//! The conformance cases on a Firefox page: `cargo test --test firefox`. Firefox takes 2 s of CPU time to start and
//! each case starts it, so these tests are separate.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../engines/common/conformance.rs"]
mod conformance;
#[path = "../../common/tests/subject/mod.rs"]
mod subject;

use conformance::{Subject, conformance};

const SHIM: Subject = subject::subject("browser", "firefox+wasi-shim", || {
    subject::command(
        env!("CARGO_BIN_EXE_driver-browser"),
        &["firefox-esr", "firefox"],
        "WASMLAB_FIREFOX",
        "@bjorn3/browser_wasi_shim",
    )
});

conformance!(shim, crate::SHIM);

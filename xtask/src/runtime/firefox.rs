//! A page of Firefox, in the same ways as Chromium's: another engine (SpiderMonkey) below the same page.

use super::page::{Host, Page};
use super::{Runtime, Source};

/// The registry's entries.
pub const COLUMNS: &[&dyn Runtime] = &[
    &FIREFOX,
    &Page { id: "firefox+wasi-shim", host: Host::WasiShim, ..FIREFOX },
    &Page { id: "firefox+jco", host: Host::Jco, ..FIREFOX },
];

const FIREFOX: Page = Page {
    id: "firefox",
    engine: "firefox",
    source: Source::Driver {
        driver: "browser",
        names: &["firefox-esr", "firefox"],
        variable: "WASMLAB_FIREFOX",
        version: &["--version"],
        get: "install Firefox, or name it in WASMLAB_FIREFOX",
    },
    host: Host::Own,
};

//! A page of Chromium: plain WebAssembly and the toolchains' own glue, WASI 0.1 through a polyfill, components
//! through jco.

use super::page::{Host, Page};
use super::{Runtime, Source};

/// The registry's entries.
pub const COLUMNS: &[&dyn Runtime] = &[
    &CHROMIUM,
    &Page { id: "chromium+wasi-shim", host: Host::WasiShim, ..CHROMIUM },
    &Page { id: "chromium+jco", host: Host::Jco, ..CHROMIUM },
];

const CHROMIUM: Page = Page {
    id: "chromium",
    engine: "chromium",
    source: Source::Driver {
        driver: "browser",
        names: &["chromium", "chromium-browser", "google-chrome"],
        variable: "WASMLAB_CHROMIUM",
        version: &["--version"],
        get: "install Chromium, or name it in WASMLAB_CHROMIUM",
    },
    host: Host::Own,
};

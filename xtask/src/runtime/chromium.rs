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
        // The headless shell is Chromium without the parts of a desktop's browser: the same engine, at a
        // quarter of the cost (a cell took 1.1 s of processor time in Chromium 156, 0.3 s in its shell).
        names: &["chromium-headless-shell", "chrome-headless-shell", "chromium", "chromium-browser", "google-chrome"],
        variable: "WASMLAB_CHROMIUM",
        version: &["--version"],
        get: "install Chromium (its headless shell is enough), or name it in WASMLAB_CHROMIUM",
    },
    host: Host::Own,
};

//! A page of Chromium: plain WebAssembly and the toolchains' own glue, and WASI 0.1 through a polyfill. The
//! browser is found on this machine; a driver of the lab's own opens the page (`xtask/drivers/browser`).

use std::ffi::OsString;

use crate::model::facts::{Abi, Facts};
use crate::model::scenario::ScenarioFile;

use super::{CellFiles, Runtime, Source, Tool, js};

/// The registry's entries.
pub const COLUMNS: &[&dyn Runtime] = &[
    &Page { id: "chromium", packages: &[] },
    &Page { id: "chromium+wasi-shim", packages: &["@bjorn3/browser_wasi_shim"] },
];

/// A way to run a module in a page.
#[derive(Clone, Copy, Debug)]
struct Page {
    /// The column's id, which is the driver's mode too.
    id: &'static str,
    /// npm packages that the page loads.
    packages: &'static [&'static str],
}

impl Runtime for Page {
    fn id(&self) -> &'static str {
        self.id
    }

    fn engine(&self) -> &'static str {
        "chromium"
    }

    fn mode(&self) -> &'static str {
        self.id
    }

    fn source(&self) -> Source {
        Source::Driver {
            driver: "browser",
            names: &["chromium", "chromium-browser", "google-chrome"],
            variable: "WASMLAB_CHROMIUM",
            version: &["--version"],
            get: "install Chromium, or name it in WASMLAB_CHROMIUM",
        }
    }

    fn support(&self) -> &'static [(&'static str, &'static str)] {
        js::PAGE
    }

    fn packages(&self) -> &'static [&'static str] {
        self.packages
    }

    fn applies(&self, scenario: &ScenarioFile, facts: Option<&Facts>) -> Result<(), String> {
        let speaks_wasi = facts.is_none_or(|f| f.abis.iter().any(|a| a.abi == Abi::Wasi01));
        if self.packages.is_empty() || (speaks_wasi && scenario.build.companions.is_empty()) {
            return Ok(());
        }
        Err("the shim is for modules of WASI 0.1 without glue; the others run on chromium".to_owned())
    }

    fn command(&self, tool: &Tool, cell: &CellFiles) -> Vec<OsString> {
        let mut argv: Vec<OsString> = vec![tool.program.clone().into(), "run".into(), cell.spec.into()];
        argv.extend(["--browser".into(), tool.second.clone().into(), "--pages".into(), tool.support.clone().into()]);
        if !self.packages.is_empty() {
            argv.extend(["--packages".into(), tool.packages.clone().into()]);
        }
        argv
    }
}

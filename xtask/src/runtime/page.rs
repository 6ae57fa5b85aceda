//! What the browsers share: a page of one, which a driver of the lab's own opens (`xtask/drivers/browser`).

use std::ffi::OsString;
use std::path::Path;

use super::{CellFiles, Runtime, Source, Tool, js};
use wasmlab_model::facts::{Abi, Facts, Kind};
use wasmlab_model::scenario::ScenarioFile;

/// A browser in one mode.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// The column's id, which is the driver's mode too.
    pub id: &'static str,
    /// The browser: `chromium`.
    pub engine: &'static str,
    /// Where it is found.
    pub source: Source,
    /// How a module gets its imports.
    pub host: Host,
}

/// How a module in a page gets its imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// From its own glue, or it has none.
    Own,
    /// WASI 0.1 from a polyfill.
    WasiShim,
    /// A component's from the shim that jco's translation imports; Node translates.
    Jco,
}

impl Runtime for Page {
    fn id(&self) -> &'static str {
        self.id
    }

    fn engine(&self) -> &'static str {
        self.engine
    }

    fn mode(&self) -> &'static str {
        self.id
    }

    fn source(&self) -> Source {
        self.source
    }

    fn second(&self) -> Option<(&'static str, &'static str)> {
        (self.host == Host::Jco).then_some(("node", "WASMLAB_NODE"))
    }

    fn support(&self) -> &'static [(&'static str, &'static str)] {
        js::PAGE
    }

    fn packages(&self) -> &'static [&'static str] {
        match self.host {
            Host::Own => &[],
            Host::WasiShim => &["@bjorn3/browser_wasi_shim"],
            Host::Jco => js::JCO,
        }
    }

    fn applies(&self, scenario: &ScenarioFile, facts: Option<&Facts>) -> Result<(), String> {
        let Some(facts) = facts else { return Ok(()) };
        let is_component = facts.kind == Kind::Component;
        let speaks_wasi = facts.abis.iter().any(|a| a.abi == Abi::Wasi01);
        match self.host {
            Host::WasiShim if is_component || !speaks_wasi || !scenario.build.companions.is_empty() => {
                Err(format!("the shim is for modules of WASI 0.1 without glue; the others run on {}", self.engine))
            }
            Host::Jco if !is_component => {
                Err(format!("jco translates components; core modules run on {}", self.engine))
            }
            _ => Ok(()),
        }
    }

    fn prepare(&self, tool: &Tool, cell: &CellFiles, into: &Path) -> Option<Vec<OsString>> {
        if self.host != Host::Jco {
            return None;
        }
        let mut argv: Vec<OsString> = vec![tool.second.clone().into(), tool.support.join("prepare.mjs").into()];
        argv.extend([cell.spec.into(), into.into(), "--packages".into(), tool.packages.clone().into()]);
        Some(argv)
    }

    fn command(&self, tool: &Tool, cell: &CellFiles) -> Vec<OsString> {
        let mut argv: Vec<OsString> = vec![tool.program.clone().into(), "run".into(), cell.spec.into()];
        argv.extend(["--browser".into(), tool.driven.clone().into(), "--pages".into(), tool.support.clone().into()]);
        if self.host != Host::Own {
            argv.extend(["--packages".into(), tool.packages.clone().into()]);
        }
        if self.host == Host::Jco {
            argv.extend(["--component".into(), cell.prepared.into()]);
        }
        argv
    }
}

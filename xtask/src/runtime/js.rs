//! What the JavaScript hosts share: one driver, which speaks the cell protocol, in `js/`.

use std::ffi::OsString;

use super::route::Route;
use super::{CellFiles, Runtime, Source, Tool};
use wasmlab_model::facts::{Facts, Kind};
use wasmlab_model::scenario::ScenarioFile;

/// What jco needs: itself, and the host side of WASI 0.2 that its output imports.
pub const JCO: &[&str] = &["@bytecodealliance/jco", "@bytecodealliance/preview2-shim"];

/// The driver's files.
const DRIVER: &[(&str, &str)] = &[
    ("driver.mjs", include_str!("js/driver.mjs")),
    ("protocol.mjs", include_str!("js/protocol.mjs")),
    ("log.mjs", include_str!("js/log.mjs")),
    ("watch.mjs", include_str!("js/watch.mjs")),
    ("core.mjs", include_str!("js/core.mjs")),
    ("glue.mjs", include_str!("js/glue.mjs")),
    ("jco.mjs", include_str!("js/jco.mjs")),
    ("translate.mjs", include_str!("js/translate.mjs")),
    ("component.mjs", include_str!("js/component.mjs")),
    ("causes.mjs", include_str!("js/causes.mjs")),
    ("types.mjs", include_str!("js/types.mjs")),
    ("values.mjs", include_str!("js/values.mjs")),
];

/// What a page of a browser runs, below the folder that its driver serves.
pub const PAGE: &[(&str, &str)] = &[
    ("page/main.mjs", include_str!("js/page/main.mjs")),
    ("page/report.mjs", include_str!("js/page/report.mjs")),
    ("page/core.mjs", include_str!("js/page/core.mjs")),
    ("page/wasi.mjs", include_str!("js/page/wasi.mjs")),
    ("page/glue.mjs", include_str!("js/page/glue.mjs")),
    ("page/jco.mjs", include_str!("js/page/jco.mjs")),
    ("prepare.mjs", include_str!("js/prepare.mjs")),
    ("translate.mjs", include_str!("js/translate.mjs")),
    ("component.mjs", include_str!("js/component.mjs")),
    ("log.mjs", include_str!("js/log.mjs")),
    ("protocol.mjs", include_str!("js/protocol.mjs")),
    ("watch.mjs", include_str!("js/watch.mjs")),
    ("causes.mjs", include_str!("js/causes.mjs")),
    ("types.mjs", include_str!("js/types.mjs")),
    ("values.mjs", include_str!("js/values.mjs")),
];

/// A JavaScript host in one mode.
#[derive(Clone, Copy, Debug)]
pub struct Host {
    /// The column's id, which is the driver's mode too: `node`, `node+jco`.
    pub id: &'static str,
    /// The host: `node`.
    pub engine: &'static str,
    /// Where it is found.
    pub source: Source,
    /// How it is had.
    pub routes: &'static [Route],
    /// The host's own arguments before the driver.
    pub flags: fn(&Tool, &CellFiles) -> Vec<OsString>,
    /// Environment of the host's own.
    pub env: fn(&Tool) -> Vec<(&'static str, OsString)>,
    /// npm packages that the mode needs.
    pub packages: &'static [&'static str],
}

impl Runtime for Host {
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

    fn routes(&self) -> &'static [Route] {
        self.routes
    }

    fn env(&self, tool: &Tool) -> Vec<(&'static str, OsString)> {
        (self.env)(tool)
    }

    fn support(&self) -> &'static [(&'static str, &'static str)] {
        DRIVER
    }

    fn packages(&self) -> &'static [&'static str] {
        self.packages
    }

    fn applies(&self, _: &ScenarioFile, facts: Option<&Facts>) -> Result<(), String> {
        let is_component = facts.is_none_or(|f| f.kind == Kind::Component);
        if self.packages.is_empty() || is_component {
            return Ok(());
        }
        Err(format!("jco translates components; core modules run on {}", self.engine))
    }

    fn command(&self, tool: &Tool, cell: &CellFiles) -> Vec<OsString> {
        let mut argv = vec![tool.program.clone().into()];
        argv.extend((self.flags)(tool, cell));
        argv.extend([tool.support.join("driver.mjs").into(), "run".into(), cell.spec.into()]);
        if !self.packages.is_empty() {
            argv.extend(["--packages".into(), tool.packages.clone().into()]);
        }
        argv
    }
}

//! Node.js: `node:wasi` for modules that import WASI 0.1, plain WebAssembly for others, by a driver that
//! speaks the cell protocol.

use std::ffi::OsString;

use super::{CellFiles, Runtime, Source, Tool};

/// The registry's entries.
pub const COLUMNS: &[&dyn Runtime] = &[&Node];

struct Node;

impl Runtime for Node {
    fn id(&self) -> &'static str {
        "node"
    }

    fn engine(&self) -> &'static str {
        "node"
    }

    fn mode(&self) -> &'static str {
        "node"
    }

    fn source(&self) -> Source {
        Source::Program {
            name: "node",
            variable: "WASMLAB_NODE",
            version: &["--version"],
            get: "install Node.js 20 or newer, or name it in WASMLAB_NODE",
        }
    }

    fn support(&self) -> &'static [(&'static str, &'static str)] {
        &[("node.mjs", include_str!("node.mjs"))]
    }

    fn command(&self, tool: &Tool, cell: &CellFiles) -> Vec<OsString> {
        // node:wasi announces on stderr that it is experimental: the guest's stderr is to be its own.
        let driver = tool.support.join("node.mjs");
        vec![tool.program.clone().into(), "--no-warnings".into(), driver.into(), "run".into(), cell.spec.into()]
    }
}

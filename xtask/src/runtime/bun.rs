//! Bun: JavaScriptCore, with glue and jco as on Node. Its `node:wasi` lacks what a driver needs of it
//! (`getImportObject`, an exit code that is returned); what that means for a cell, the driver finds out.

use super::js::{Host, JCO};
use super::route::Route;
use super::{CellFiles, Runtime, Source, Tool};

/// The registry's entries.
pub const COLUMNS: &[&dyn Runtime] = &[&BUN, &Host { id: "bun+jco", packages: JCO, ..BUN }];

const BUN: Host = Host {
    id: "bun",
    engine: "bun",
    source: Source::Program {
        name: "bun",
        variable: "WASMLAB_BUN",
        version: &["--version"],
        get: "see https://bun.sh/docs/installation, or name it in WASMLAB_BUN",
    },
    routes: &[
        Route::quick(&["npm", "install", "--global", "bun"]),
        Route::quick(&["brew", "install", "oven-sh/bun/bun"]),
    ],
    flags,
    env: |_| Vec::new(),
    packages: &[],
};

/// Nothing is fetched, and no configuration of the machine is read.
fn flags(_: &Tool, _: &CellFiles) -> Vec<std::ffi::OsString> {
    vec!["run".into(), "--no-install".into()]
}

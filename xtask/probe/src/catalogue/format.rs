//! The format of `catalogue.json`. Its generator, `xtask/probe/catalogue`, includes this file: it uses nothing but serde.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Version of the format.
pub const SCHEMA: u32 = 1;

/// The specified functions and interfaces, as in `catalogue.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Functions of core modules.
    pub functions: Vec<SpecifiedFunctions>,
    /// Interfaces of components.
    pub packages: Vec<WitPackages>,
}

/// The functions that one specification declares in one import module.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpecifiedFunctions {
    /// The specification: `WASI 0.1`.
    pub specification: String,
    /// The crate or repository, its version or commit, and the file.
    pub source: String,
    /// The import module.
    pub module: String,
    /// Name to type: `(i32, i32) -> (i32)`.
    pub functions: BTreeMap<String, String>,
}

/// The WIT packages of a specification, all of one version.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitPackages {
    /// The specification: `WASI 0.2`.
    pub specification: String,
    /// The crate and the folder.
    pub source: String,
    /// The version.
    pub version: String,
    /// Each package as lines of WIT, dependencies first.
    pub wit: Vec<Vec<String>>,
}

//! What `wasmlab.toml` may contain.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Deserialize;

use crate::cli::check::client::NetworkArg;

/// Version of the format.
pub const SCHEMA_VERSION: u32 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    pub schema: u32,
    #[serde(default)]
    pub runtimes: Vec<String>,
    #[serde(default)]
    pub file: Vec<FileTable>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileTable {
    pub path: PathBuf,
    #[serde(default)]
    pub args: Vec<String>,
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    pub stdin: Option<PathBuf>,
    #[serde(default)]
    pub dirs: Vec<String>,
    pub network: Option<NetworkArg>,
    #[serde(default)]
    pub listen: Vec<String>,
    #[serde(default)]
    pub http: bool,
    #[serde(default)]
    pub request: Vec<String>,
    pub invoke: Option<String>,
    #[serde(default)]
    pub load: bool,
    pub expect_stdout: Option<String>,
    pub expect_exit: Option<i32>,
    #[serde(default)]
    pub must: Vec<String>,
    #[serde(default)]
    pub allow: Vec<AllowTable>,
    #[serde(default)]
    pub budget: BudgetTable,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllowTable {
    pub runtime: String,
    pub code: Option<String>,
    pub because: String,
    #[serde(default, deserialize_with = "wasmlab_model::scenario::web_link")]
    pub link: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetTable {
    pub bytes: Option<u64>,
    pub imports: Option<usize>,
    #[serde(default)]
    pub forbidden_imports: Vec<String>,
    pub proposals: Option<BTreeSet<String>>,
}

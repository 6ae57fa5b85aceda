//! A custom build beside the release: `--runtime wasmtime@/path/to/another/wasmtime`.

use std::path::PathBuf;

use crate::Runtime;

/// Separates a column's id from the name of a build. No registered id contains it.
pub const CUSTOM_BUILD: char = '@';

/// Whether this is the id of a custom build, which has no snapshots.
#[must_use]
pub fn is_custom_build(id: &str) -> bool {
    id.contains(CUSTOM_BUILD)
}

/// The id of the column that a custom build is based on; that of any other column is its own.
#[must_use]
pub fn base_id(id: &str) -> &str {
    id.split_once(CUSTOM_BUILD).map_or(id, |(base, _)| base)
}

/// The column `BASE@NAME`: like `base`, with this program, and compared with `base`.
#[must_use]
pub fn custom_build(base: &Runtime, name: &str, program: PathBuf) -> Runtime {
    Runtime {
        id: format!("{}{CUSTOM_BUILD}{name}", base.id).into(),
        custom_build: Some(program),
        reference_column: Some(base.id.clone()),
        ..base.clone()
    }
}

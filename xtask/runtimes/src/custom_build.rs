//! A build of one's own beside the release: `--runtime wasmtime@/path/to/another/wasmtime`.

use std::path::PathBuf;

use crate::Runtime;

/// What stands between a column's id and the name of a build. No column of the registry has it.
pub const CUSTOM_BUILD: char = '@';

/// Whether the id is that of such a column: it has no snapshots.
#[must_use]
pub fn is_custom_build(id: &str) -> bool {
    id.contains(CUSTOM_BUILD)
}

/// The column `BASE@NAME`: all as in `base`, with this program, and compared with `base`.
#[must_use]
pub fn custom_build(base: &Runtime, name: &str, program: PathBuf) -> Runtime {
    Runtime {
        id: format!("{}{CUSTOM_BUILD}{name}", base.id).into(),
        custom_build: Some(program),
        reference_column: Some(base.id.clone()),
        ..base.clone()
    }
}

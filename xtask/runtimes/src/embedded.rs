//! Shared by embedded engines: binaries of the lab (`xtask/engines/`) that use the cell protocol.

use crate::{Runtime, Source};

/// One mode of an embedded engine. `engine` is its folder in `xtask/engines/`, `mode` its name in the answer to `info`.
#[must_use]
pub fn column(id: &'static str, engine: &'static str, mode: &'static str) -> Runtime {
    Runtime {
        id: id.into(),
        engine,
        mode: mode.into(),
        source: Source::Embedded(engine),
        in_ci: true,
        ..Runtime::default()
    }
}

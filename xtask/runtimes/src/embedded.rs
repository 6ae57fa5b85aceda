//! What embedded engines share: a binary of the lab (`xtask/engines/`) that speaks the cell protocol.

use crate::{Runtime, Source};

/// A mode of an embedded engine. `engine` is its folder below `xtask/engines/`, `mode` what its probe calls it.
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

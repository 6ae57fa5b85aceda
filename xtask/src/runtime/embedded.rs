//! What all embedded engines share: a binary of the lab that speaks the cell protocol.

use std::ffi::OsString;

use super::{CellFiles, Runtime, Source, Tool};

/// A mode of an embedded engine.
#[derive(Clone, Copy, Debug)]
pub struct Embedded {
    /// The column's id.
    pub id: &'static str,
    /// The engine: its folder under `xtask/engines/`.
    pub engine: &'static str,
    /// The mode, as the engine's probe names it.
    pub mode: &'static str,
    /// Whether the engine's first build takes minutes.
    pub slow: bool,
}

impl Runtime for Embedded {
    fn id(&self) -> &'static str {
        self.id
    }

    fn engine(&self) -> &'static str {
        self.engine
    }

    fn mode(&self) -> &'static str {
        self.mode
    }

    fn source(&self) -> Source {
        Source::Embedded(self.engine)
    }

    fn slow_to_build(&self) -> bool {
        self.slow
    }

    fn command(&self, tool: &Tool, cell: &CellFiles) -> Vec<OsString> {
        vec![tool.program.clone().into(), "run".into(), cell.spec.into()]
    }
}

//! What all embedded engines share: a binary of the lab that speaks the cell protocol.

use std::ffi::OsString;

use super::{CellFiles, Runtime, Source, Tool};
use wasmlab_model::facts::{Abi, Facts, Shape};
use wasmlab_model::scenario::ScenarioFile;

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

/// An engine of the lab's own with the Emscripten host of `xtask/hosts/emscripten`: for programs that Emscripten
/// compiled to need no JavaScript but its system calls.
pub struct WithEmscripten(pub Embedded);

impl Runtime for WithEmscripten {
    fn id(&self) -> &'static str {
        self.0.id
    }

    fn engine(&self) -> &'static str {
        self.0.engine
    }

    fn mode(&self) -> &'static str {
        self.0.mode
    }

    fn source(&self) -> Source {
        self.0.source()
    }

    fn slow_to_build(&self) -> bool {
        self.0.slow
    }

    fn applies(&self, _: &ScenarioFile, facts: Option<&Facts>) -> Result<(), String> {
        let has = |facts: &Facts, abi| facts.abis.iter().any(|a| a.abi == abi);
        // The new ABI without its glue: standalone, it exports `_start`.
        let speaks =
            |f: &Facts| has(f, Abi::EmscriptenOld) || (has(f, Abi::EmscriptenNew) && f.shape == Shape::Command);
        if facts.is_none_or(speaks) {
            return Ok(());
        }
        Err(format!("imports no system call of Emscripten's; others run on {}", self.0.engine))
    }

    fn command(&self, tool: &Tool, cell: &CellFiles) -> Vec<OsString> {
        self.0.command(tool, cell)
    }
}

//! Compiles a module, or loads the cached code.

use wasmer::sys::{CompilerConfig, Cranelift, EngineBuilder, NativeEngineExt, Singlepass};
use wasmer::{Engine, Module};
use wasmlab_engine::{CompiledCode, EventLog, load_or_compile};
use wasmlab_protocol::{Cause, CellSpec};

use crate::cause;
use crate::limits::Limited;

/// The engine for the specification's mode, with the proposals that its compiler enables by default.
pub(crate) fn engine(spec: &CellSpec) -> Engine {
    let compiler: Box<dyn CompilerConfig> = match spec.mode.as_str() {
        "singlepass" => Box::new(Singlepass::new()),
        _ => Box::new(Cranelift::new()),
    };
    let mut engine: Engine = EngineBuilder::new(compiler).engine().into();
    engine.set_tunables(Limited::new(spec.memory_limit));
    engine
}

/// Runs the compile stage.
pub(crate) fn compiled(
    log: &EventLog,
    engine: &Engine,
    bytes: &[u8],
    cache: Option<CompiledCode>,
) -> Result<Module, Cause> {
    load_or_compile(
        log,
        cache,
        // SAFETY: `load_or_compile` only passes what `serialize` returned, for this engine, version, mode and module.
        |code| unsafe { Module::deserialize(engine, code) }.ok(),
        || Module::from_binary(engine, bytes).map_err(|e| cause::of_compiling(&e)),
        |module| Some(module.serialize().ok()?.to_vec()),
    )
}

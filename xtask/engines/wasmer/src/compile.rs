//! Compiles a module, or loads the cached code.

use wasmer::sys::{CompilerConfig, Cranelift, EngineBuilder, NativeEngineExt, Singlepass};
use wasmer::{Engine, Module};
use wasmlab_engine::{CompiledCode, Log};
use wasmlab_protocol::{Cause, CellSpec, Stage};

use crate::limits::Limited;
use crate::{WASMER, cause};

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

/// Whether compiled code of this module is cached.
pub(crate) fn is_kept(spec: &CellSpec, bytes: &[u8]) -> bool {
    CompiledCode::of(spec, WASMER.name, WASMER.version(), bytes).is_some_and(|code| code.exists())
}

/// Runs the compile stage.
pub(crate) fn compiled(spec: &CellSpec, log: &Log, engine: &Engine, bytes: &[u8]) -> Result<Module, Cause> {
    let place = CompiledCode::of(spec, WASMER.name, WASMER.version(), bytes);
    if let Some(kept) = place.as_ref().and_then(CompiledCode::read) {
        // SAFETY: `CompiledCode` only returns what it sealed itself, for this engine, version, mode and module.
        if let Ok(module) = unsafe { Module::deserialize(engine, kept) } {
            log.compile_cached();
            return Ok(module);
        }
    }
    log.stage(Stage::Compile);
    let module = Module::from_binary(engine, bytes).map_err(|e| cause::of_compiling(&e))?;
    if let Some(place) = place
        && let Ok(keep) = module.serialize()
    {
        place.write(keep.to_vec());
    }
    Ok(module)
}

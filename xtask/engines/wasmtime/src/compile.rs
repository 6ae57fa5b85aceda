//! Compiles a module or component, or loads the cached code.

use wasmlab_engine::{CompiledCode, Log};
use wasmlab_protocol::{Cause, CellSpec, Stage};
use wasmtime::component::Component;
use wasmtime::{Engine, Module, Result};

use crate::{WASMTIME, cause};

/// Compiled code that can be cached: a module or a component.
pub(crate) trait Code: Sized {
    /// Compiles `bytes`.
    fn compile(engine: &Engine, bytes: &[u8]) -> Result<Self>;

    /// Serializes the compiled code.
    fn keep(&self) -> Result<Vec<u8>>;

    /// The reverse of [`Code::keep`].
    ///
    /// # Safety
    /// `kept` must be the unchanged result of [`Code::keep`].
    unsafe fn restore(engine: &Engine, kept: &[u8]) -> Result<Self>;
}

macro_rules! code {
    ($ty:ty) => {
        impl Code for $ty {
            fn compile(engine: &Engine, bytes: &[u8]) -> Result<Self> {
                Self::from_binary(engine, bytes)
            }

            fn keep(&self) -> Result<Vec<u8>> {
                self.serialize()
            }

            unsafe fn restore(engine: &Engine, kept: &[u8]) -> Result<Self> {
                // SAFETY: the caller's guarantee is what wasmtime requires.
                unsafe { Self::deserialize(engine, kept) }
            }
        }
    };
}

code!(Module);
code!(Component);

/// Whether compiled code of this module is cached.
pub(crate) fn is_kept(spec: &CellSpec, bytes: &[u8]) -> bool {
    CompiledCode::of(spec, WASMTIME.name, WASMTIME.version(), bytes).is_some_and(|code| code.exists())
}

/// Runs the compile stage.
pub(crate) fn compiled<C: Code>(spec: &CellSpec, log: &Log, engine: &Engine, bytes: &[u8]) -> Result<C, Cause> {
    let place = CompiledCode::of(spec, WASMTIME.name, WASMTIME.version(), bytes);
    if let Some(kept) = place.as_ref().and_then(CompiledCode::read) {
        // SAFETY: `CompiledCode` only returns what it sealed itself, for this engine, version, mode and module;
        // wasmtime checks the configuration once more.
        if let Ok(code) = unsafe { C::restore(engine, &kept) } {
            log.compile_cached();
            return Ok(code);
        }
    }
    log.stage(Stage::Compile);
    let code = C::compile(engine, bytes).map_err(|e| cause::of_compiling(&e, engine, bytes))?;
    if let Some(place) = place
        && let Ok(keep) = code.keep()
    {
        place.write(keep);
    }
    Ok(code)
}

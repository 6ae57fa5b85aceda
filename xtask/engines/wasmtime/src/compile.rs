//! Compiles a module or component, or loads the cached code.

use wasmlab_engine::{CompiledCode, EventLog, load_or_compile};
use wasmlab_protocol::Cause;
use wasmtime::component::Component;
use wasmtime::{Engine, Module, Result};

use crate::cause;

/// Compiled code that can be cached: a module or a component.
pub(crate) trait Code: Sized {
    /// Compiles `bytes`.
    fn compile(engine: &Engine, bytes: &[u8]) -> Result<Self>;

    /// Serializes the compiled code.
    fn to_bytes(&self) -> Result<Vec<u8>>;

    /// The reverse of [`Code::to_bytes`].
    ///
    /// # Safety
    /// `code` must be the unchanged result of [`Code::to_bytes`].
    unsafe fn from_bytes(engine: &Engine, code: &[u8]) -> Result<Self>;
}

macro_rules! code {
    ($ty:ty) => {
        impl Code for $ty {
            fn compile(engine: &Engine, bytes: &[u8]) -> Result<Self> {
                Self::from_binary(engine, bytes)
            }

            fn to_bytes(&self) -> Result<Vec<u8>> {
                self.serialize()
            }

            unsafe fn from_bytes(engine: &Engine, code: &[u8]) -> Result<Self> {
                // SAFETY: the caller's guarantee is what wasmtime requires.
                unsafe { Self::deserialize(engine, code) }
            }
        }
    };
}

code!(Module);
code!(Component);

/// Runs the compile stage.
pub(crate) fn compiled<C: Code>(
    log: &EventLog,
    engine: &Engine,
    bytes: &[u8],
    cache: Option<CompiledCode>,
) -> Result<C, Cause> {
    load_or_compile(
        log,
        cache,
        // SAFETY: `load_or_compile` only passes what `to_bytes` returned, for this engine, version, mode and module;
        // wasmtime checks the configuration once more.
        |code| unsafe { C::from_bytes(engine, &code) }.ok(),
        || C::compile(engine, bytes).map_err(|e| cause::of_compiling(&e, engine, bytes)),
        |code| code.to_bytes().ok(),
    )
}

//! The interface that the host needs from an engine.

use std::error::Error;
use std::fmt;

use wasmlab_protocol::Cause;

use crate::Host;

/// A guest as seen by the host during a call.
pub trait Guest {
    /// The host's state for this guest.
    fn host(&mut self) -> &mut Host;

    /// The guest's memory; empty if it has none.
    fn memory(&self) -> &[u8];

    /// The guest's memory, mutable.
    fn memory_mut(&mut self) -> &mut [u8];

    /// Grows the guest's memory by this number of pages; returns whether it succeeded.
    fn grow(&mut self, pages: u32) -> bool;

    /// Calls an export whose parameters are all `i32`; `None` if it returns nothing.
    ///
    /// # Errors
    /// [`Termination::MissingExport`] if there is no export with this name and number of parameters; otherwise why the
    /// guest ended.
    fn call(&mut self, export: &str, args: &[i32]) -> Result<Option<i32>, Termination>;

    /// Size of the guest's memory, bytes.
    fn size(&self) -> u64 {
        self.memory().len() as u64
    }

    /// Copies from the guest's memory.
    ///
    /// # Errors
    /// If any byte is out of bounds; then nothing was copied.
    fn read(&self, at: u32, into: &mut [u8]) -> Result<(), OutOfBounds> {
        into.copy_from_slice(slice(self.memory(), at, into.len())?);
        Ok(())
    }

    /// Copies into the guest's memory.
    ///
    /// # Errors
    /// If any byte is out of bounds; then nothing was copied.
    fn write(&mut self, at: u32, from: &[u8]) -> Result<(), OutOfBounds> {
        slice_mut(self.memory_mut(), at, from.len())?.copy_from_slice(from);
        Ok(())
    }
}

/// A slice of a guest's memory.
pub fn slice(memory: &[u8], at: u32, len: usize) -> Result<&[u8], OutOfBounds> {
    memory.get(at as usize..).and_then(|rest| rest.get(..len)).ok_or(OutOfBounds)
}

/// A mutable slice of a guest's memory.
pub fn slice_mut(memory: &mut [u8], at: u32, len: usize) -> Result<&mut [u8], OutOfBounds> {
    memory.get_mut(at as usize..).and_then(|rest| rest.get_mut(..len)).ok_or(OutOfBounds)
}

/// An address outside the guest's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfBounds;

/// Why a guest ended.
#[derive(Debug)]
pub enum Termination {
    /// It asked to exit.
    Exit(i32),
    /// Aborted, or did something for which its own glue would have ended it; with a message.
    Abort(String),
    /// An export to be called does not exist.
    MissingExport(String),
    /// The guest called a host function that needs this export, which does not exist.
    MissingRequiredExport(String),
    /// The engine's error for a call made from within a call.
    Engine(Box<dyn Error + Send + Sync>),
}

impl fmt::Display for Termination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(code) => write!(f, "the guest exits with {code}"),
            Self::Abort(message) => f.write_str(message),
            Self::MissingExport(name) => write!(f, "the guest exports no function `{name}` that the host can call"),
            Self::MissingRequiredExport(name) => {
                write!(f, "the guest exports no function `{name}`, which its call of the host needs")
            }
            Self::Engine(error) => error.fmt(f),
        }
    }
}

impl Error for Termination {}

impl Termination {
    /// The cause of a cell whose guest ended like this; `engine_cause` converts the engine's error.
    #[must_use]
    pub fn into_cause<E: Error + 'static>(self, engine_cause: impl FnOnce(E) -> Cause) -> Cause {
        match self {
            Self::Exit(code) => Cause::Exit { code },
            Self::MissingExport(name) => Cause::MissingExport { name },
            Self::Abort(message) => Cause::HostError { message },
            Self::MissingRequiredExport(_) => Cause::HostError { message: self.to_string() },
            Self::Engine(error) => match error.downcast::<E>() {
                Ok(error) => engine_cause(*error),
                Err(other) => Cause::HostError { message: other.to_string() },
            },
        }
    }
}

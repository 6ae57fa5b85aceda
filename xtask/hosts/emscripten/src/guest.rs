//! What the host needs of an engine.

use std::error::Error;
use std::fmt;

use crate::Host;

/// A guest as its engine shows it, during a call out of it.
pub trait Guest {
    /// The host's state of this guest.
    fn host(&mut self) -> &mut Host;

    /// The guest's memory; empty where it has none.
    fn memory(&self) -> &[u8];

    /// The same, to be written.
    fn memory_mut(&mut self) -> &mut [u8];

    /// Adds pages to the guest's memory; whether that was possible.
    fn grow(&mut self, pages: u32) -> bool;

    /// Calls an export whose parameters are all `i32`; `None` where it returns nothing.
    ///
    /// # Errors
    /// [`Termination::MissingExport`] where there is none of this name and number of parameters, else what ended it.
    fn call(&mut self, export: &str, args: &[i32]) -> Result<Option<i32>, Termination>;

    /// Size of the guest's memory, bytes.
    fn size(&self) -> u64 {
        self.memory().len() as u64
    }

    /// Copies from the guest's memory.
    ///
    /// # Errors
    /// When a byte of it is outside; then nothing was copied.
    fn read(&self, at: u32, into: &mut [u8]) -> Result<(), OutOfBounds> {
        into.copy_from_slice(piece(self.memory(), at, into.len())?);
        Ok(())
    }

    /// Copies into the guest's memory.
    ///
    /// # Errors
    /// When a byte of it would be outside; then nothing was copied.
    fn write(&mut self, at: u32, from: &[u8]) -> Result<(), OutOfBounds> {
        piece_mut(self.memory_mut(), at, from.len())?.copy_from_slice(from);
        Ok(())
    }
}

/// `len` bytes of a guest's memory.
pub fn piece(memory: &[u8], at: u32, len: usize) -> Result<&[u8], OutOfBounds> {
    memory.get(at as usize..).and_then(|rest| rest.get(..len)).ok_or(OutOfBounds)
}

/// The same, to be written.
pub fn piece_mut(memory: &mut [u8], at: u32, len: usize) -> Result<&mut [u8], OutOfBounds> {
    memory.get_mut(at as usize..).and_then(|rest| rest.get_mut(..len)).ok_or(OutOfBounds)
}

/// An address of the guest's that is not in its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfBounds;

/// Why a guest does not go on.
#[derive(Debug)]
pub enum Termination {
    /// It asked to exit.
    Exit(i32),
    /// It gave up, or did what its own glue would have ended it for: in words.
    Abort(String),
    /// An export that was to be called is not there.
    MissingExport(String),
    /// The guest called the host, which needs this export for it, and it is not there.
    MissingRequiredExport(String),
    /// What the engine says of a call from within a call.
    Engine(Box<dyn Error + Send + Sync>),
}

impl fmt::Display for Termination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(code) => write!(f, "the guest exits with {code}"),
            Self::Abort(words) => f.write_str(words),
            Self::MissingExport(name) => write!(f, "the guest exports no function `{name}` that the host can call"),
            Self::MissingRequiredExport(name) => {
                write!(f, "the guest exports no function `{name}`, which its call of the host needs")
            }
            Self::Engine(error) => error.fmt(f),
        }
    }
}

impl Error for Termination {}

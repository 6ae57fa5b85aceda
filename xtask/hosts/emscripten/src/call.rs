//! A call from the guest: its arguments, its memory, its possible results.

use std::io;

use crate::guest::{slice, slice_mut};
use crate::{Errno, Guest, Host, OutOfBounds, Termination};

/// Maximum length of a guest's path, like Linux's `PATH_MAX`.
pub const PATH_MAX: usize = 4096;

/// Why a call failed.
#[derive(Debug)]
pub enum CallError {
    /// An error number to return to the guest.
    Errno(Errno),
    /// The guest ends.
    Termination(Termination),
}

impl From<Errno> for CallError {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl From<Termination> for CallError {
    fn from(stop: Termination) -> Self {
        Self::Termination(stop)
    }
}

impl From<OutOfBounds> for CallError {
    fn from(_: OutOfBounds) -> Self {
        Self::Errno(Errno::FAULT)
    }
}

impl From<rustix::io::Errno> for CallError {
    fn from(errno: rustix::io::Errno) -> Self {
        Self::Errno(errno.into())
    }
}

impl From<io::Error> for CallError {
    fn from(error: io::Error) -> Self {
        Self::Errno(error.into())
    }
}

/// The result of a call.
pub type CallResult = Result<i64, CallError>;

/// Where the next argument comes from.
#[derive(Clone, Copy, Debug)]
enum Args<'a> {
    /// The call itself.
    Values(&'a [i64]),
    /// The guest's memory at this address, four bytes each: the fastcomp ABI's `varargs`.
    Memory(u32),
}

/// A call from the guest.
pub struct Call<'a> {
    /// The guest.
    pub guest: &'a mut dyn Guest,
    args: Args<'a>,
    /// The upstream ABI, with other structure layouts and error numbers.
    pub upstream: bool,
}

impl<'a> Call<'a> {
    /// A call with these arguments.
    pub fn new(guest: &'a mut dyn Guest, args: &'a [i64], upstream: bool) -> Self {
        Self { guest, args: Args::Values(args), upstream }
    }

    /// The same call, with further arguments in the guest's memory.
    pub fn varargs(&mut self, at: u32) -> Call<'_> {
        Call { guest: self.guest, args: Args::Memory(at), upstream: self.upstream }
    }

    /// The host's state.
    pub fn host(&mut self) -> &mut Host {
        self.guest.host()
    }

    /// The next argument; 0 if there is none, like an unset register.
    pub fn int(&mut self) -> Result<i32, CallError> {
        match &mut self.args {
            Args::Values(values) => {
                let Some((first, rest)) = values.split_first() else { return Ok(0) };
                *values = rest;
                Ok(*first as i32)
            }
            Args::Memory(at) => {
                let value = read_u32(self.guest, *at)?;
                *at = at.checked_add(4).ok_or(OutOfBounds)?;
                Ok(value as i32)
            }
        }
    }

    /// The next argument as an address or a size.
    pub fn word(&mut self) -> Result<u32, CallError> {
        Ok(self.int()? as u32)
    }

    /// The next argument, if it is 64 bits wide in the call itself.
    pub fn long(&mut self) -> Result<i64, CallError> {
        match &mut self.args {
            Args::Values(values) => {
                let Some((first, rest)) = values.split_first() else { return Ok(0) };
                *values = rest;
                Ok(*first)
            }
            Args::Memory(_) => self.pair(),
        }
    }

    /// The next two arguments as a 64-bit number, low half first.
    pub fn pair(&mut self) -> Result<i64, CallError> {
        let low = self.word()?;
        let high = self.int()?;
        Ok(i64::from(high) << 32 | i64::from(low))
    }

    /// The path that the next argument points to.
    pub fn path(&mut self) -> Result<String, CallError> {
        let at = self.word()?;
        self.text(at)
    }

    /// The text at `at`, up to its terminating zero.
    pub fn text(&self, at: u32) -> Result<String, CallError> {
        let bytes = read_text(self.guest, at)?;
        // Linux accepts any bytes, but all names in the lab's folders are UTF-8.
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| Errno::NOENT.into())
    }

    /// Reads four bytes of the guest's memory.
    pub fn load(&self, at: u32) -> Result<u32, CallError> {
        Ok(read_u32(self.guest, at)?)
    }

    /// Writes four bytes of the guest's memory.
    pub fn store(&mut self, at: u32, value: u32) -> Result<(), CallError> {
        Ok(self.guest.write(at, &value.to_le_bytes())?)
    }

    /// Reads `N` bytes of the guest's memory.
    pub fn bytes<const N: usize>(&self, at: u32) -> Result<[u8; N], CallError> {
        let mut bytes = [0; N];
        self.guest.read(at, &mut bytes)?;
        Ok(bytes)
    }

    /// A slice of the guest's memory.
    pub fn slice(&self, at: u32, len: u32) -> Result<&[u8], CallError> {
        Ok(slice(self.guest.memory(), at, len as usize)?)
    }

    /// A mutable slice of the guest's memory.
    pub fn slice_mut(&mut self, at: u32, len: u32) -> Result<&mut [u8], CallError> {
        Ok(slice_mut(self.guest.memory_mut(), at, len as usize)?)
    }

    /// Checks that `len` bytes at `at` are within the guest's memory, before anything irreversible is done.
    pub fn check(&self, at: u32, len: u32) -> Result<(), CallError> {
        if u64::from(at) + u64::from(len) <= self.guest.size() { Ok(()) } else { Err(OutOfBounds.into()) }
    }

    /// Allocates zeroed memory with the guest's own allocator.
    pub fn allocate(&mut self, len: u32) -> Result<u32, CallError> {
        let name = if self.upstream { "malloc" } else { "_malloc" };
        let at = self.guest.call(name, &[len as i32])?.unwrap_or_default() as u32;
        if at == 0 {
            return Err(Errno::NOMEM.into());
        }
        self.slice_mut(at, len)?.fill(0);
        Ok(at)
    }

    /// Copies a text to memory from the guest's allocator.
    pub fn allocate_text(&mut self, text: &str) -> Result<u32, CallError> {
        let at = self.allocate(u32::try_from(text.len() + 1).unwrap_or(u32::MAX))?;
        self.guest.write(at, text.as_bytes())?;
        Ok(at)
    }

    /// The guest's number for `errno`.
    pub fn number(&self, errno: Errno) -> i32 {
        if self.upstream { errno.wasi() } else { errno.0 }
    }

    /// Sets the guest's `errno`, like its libc would.
    pub fn set_errno(&mut self, errno: Errno) -> Result<(), CallError> {
        let name = if self.upstream { "__errno_location" } else { "___errno_location" };
        match self.guest.call(name, &[]) {
            // The export may return any address; if it is invalid, the guest has no errno.
            Ok(Some(at)) => drop(self.guest.write(at as u32, &self.number(errno).to_le_bytes())),
            Ok(None) | Err(Termination::MissingExport(_)) => {}
            Err(stop) => return Err(stop.into()),
        }
        Ok(())
    }
}

/// Reads a little-endian 32-bit number.
pub fn read_u32(guest: &dyn Guest, at: u32) -> Result<u32, OutOfBounds> {
    let mut bytes = [0; 4];
    guest.read(at, &mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

/// The bytes at `at` up to a zero, at most [`PATH_MAX`].
fn read_text(guest: &dyn Guest, at: u32) -> Result<&[u8], CallError> {
    let rest = guest.memory().get(at as usize..).ok_or(OutOfBounds)?;
    let text = &rest[..rest.len().min(PATH_MAX)];
    match text.iter().position(|b| *b == 0) {
        Some(end) => Ok(&text[..end]),
        None if text.len() == PATH_MAX => Err(Errno::NAMETOOLONG.into()),
        None => Err(OutOfBounds.into()),
    }
}

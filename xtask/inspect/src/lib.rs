//! Bytes to [`Facts`]: pure, no engine, no I/O.
//!
//! [`outline`] reads what stands beside the code, in milliseconds whatever the size; [`facts`] validates
//! too and finds the minimal proposals, which takes a pass over every instruction.

use wasmparser::BinaryReaderError;

use wasmlab_model::facts::{BinaryKind, Facts};

mod abandoned;
mod abi;
mod component;
mod header;
mod limits;
mod outline;
pub mod proposals;
mod symbols;
pub mod system_calls;
#[cfg(test)]
mod tests;
mod types;

pub use outline::outline;

/// Why a file is no module or component.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// It has no bytes.
    #[error("the file is empty: 0 bytes, a module has at least 8")]
    Empty,
    /// It does not begin with `\0asm`.
    #[error("not a WebAssembly binary{what}: it begins with {first}, a module begins with 00 61 73 6d")]
    NotWasm {
        /// The first bytes, as hexadecimal.
        first: String,
        /// What it looks like instead, in parentheses; may be empty.
        what: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// It ends within its header or a section: a broken copy.
    #[error("truncated: the file ends within {within}")]
    Truncated {
        /// Within what.
        within: String,
    },
    /// It cannot be decoded.
    #[error("malformed at byte {offset:#x}: {message}")]
    Malformed {
        /// From the start of the file.
        offset: u64,
        /// The reader's words.
        message: String,
    },
    /// It decodes and does not validate under any set of proposals.
    #[error("invalid at byte {offset:#x}: {message}")]
    Invalid {
        /// From the start of the file.
        offset: u64,
        /// The validator's words.
        message: String,
    },
}

impl InspectError {
    /// What to do, where the file is no WebAssembly at all or a part of it only: no runtime need be asked.
    #[must_use]
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Empty | Self::Truncated { .. } => {
                Some("Build, copy or fetch the file again: this copy of it was not finished.")
            }
            Self::NotWasm { remedy, .. } => Some(remedy),
            Self::Malformed { .. } | Self::Invalid { .. } => None,
        }
    }
}

/// Why the file itself is at fault, whatever runtime is asked.
#[must_use]
pub fn invalid_file(bytes: &[u8]) -> Option<InspectError> {
    header::check(bytes).err().filter(|error| error.remedy().is_some())
}

impl From<BinaryReaderError> for InspectError {
    fn from(error: BinaryReaderError) -> Self {
        Self::Malformed { offset: error.offset(), message: error.message().to_owned() }
    }
}

/// Everything that reading tells, minimal proposals included.
///
/// # Errors
/// When the binary is malformed or invalid, with the byte offset.
pub fn facts(bytes: &[u8]) -> Result<Facts, InspectError> {
    let mut facts = match outline(bytes) {
        Ok(facts) => facts,
        Err(error) => match abandoned::refusal(bytes, &error) {
            Some(refusal) => return Ok(outline::refused_facts(bytes, BinaryKind::Module, refusal)),
            None => return Err(error),
        },
    };
    if facts.refusal.is_some() {
        return Ok(facts);
    }
    match proposals::minimal(bytes) {
        Ok(proposals) => facts.proposals = proposals,
        // Which proposals it needs the validator does not say any more; a runtime may still take it.
        Err(error) => {
            let refusal = limits::refusal(bytes, &error).or_else(|| abandoned::refusal(bytes, &error));
            facts.refusal = Some(refusal.ok_or(error)?);
        }
    }
    Ok(facts)
}

/// The binary as text.
///
/// # Errors
/// When the binary is malformed.
pub fn to_wat(bytes: &[u8]) -> anyhow::Result<String> {
    header::check(bytes)?;
    wasmprinter::print_bytes(bytes)
}

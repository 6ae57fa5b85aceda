//! Reads a binary into [`Facts`]: pure, without engine or I/O.
//!
//! [`outline`] reads everything except code, in milliseconds whatever the size. [`facts`] also validates and finds the
//! minimal set of proposals, which takes a pass over every instruction.

use wasmparser::BinaryReaderError;

use wasmlab_model::facts::{BinaryKind, Facts};

mod abandoned;
mod abi;
pub mod bytes;
mod component;
mod header;
pub mod interfaces;
mod limits;
mod outline;
pub mod proposals;
mod script_names;
mod segments;
mod symbols;
pub mod system_calls;
#[cfg(test)]
mod tests;
mod types;

pub use header::{may_be_text, without_byte_order_mark};
pub use outline::outline;
pub use script_names::unsafe_script_name;

/// Why a file is not a valid module or component.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// It has no bytes.
    #[error("the file is empty: it has 0 bytes, but a module has at least 8")]
    Empty,
    /// Does not start with `\0asm`.
    #[error("not a WebAssembly binary{what}: it begins with {first}, but a module begins with 00 61 73 6d")]
    NotWasm {
        /// Its first bytes, hexadecimal.
        first: String,
        /// The format it resembles, in parentheses; may be empty.
        what: String,
        /// The remedy.
        remedy: &'static str,
    },
    /// Ends within its header or a section: an incomplete copy.
    #[error("truncated: the file ends within {within}")]
    Truncated {
        /// The part that is incomplete.
        within: String,
    },
    /// Its components are nested more deeply than the lab's reader reads; a runtime may accept them.
    #[error("components are nested deeper than {} levels, the limit of the lab's reader", outline::MAX_DEPTH)]
    TooDeep,
    /// It cannot be decoded.
    #[error("malformed at byte {offset:#x}: {message}")]
    Malformed {
        /// Offset from the start of the file, bytes.
        offset: u64,
        /// The reader's message.
        message: String,
    },
    /// Can be decoded, but does not validate under any set of proposals.
    #[error("invalid at byte {offset:#x}: {message}")]
    Invalid {
        /// Offset from the start of the file, bytes.
        offset: u64,
        /// The validator's message.
        message: String,
    },
}

impl InspectError {
    /// The remedy if the file is not WebAssembly or is incomplete, in which case no runtime needs to be tried.
    #[must_use]
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Empty | Self::Truncated { .. } => Some("Build, copy or fetch the file again: it is incomplete."),
            Self::NotWasm { remedy, .. } => Some(remedy),
            Self::TooDeep | Self::Malformed { .. } | Self::Invalid { .. } => None,
        }
    }
}

/// Why the file itself is invalid, whatever the runtime; `None` if it may be valid.
#[must_use]
pub fn invalid_file(bytes: &[u8]) -> Option<InspectError> {
    header::check(bytes).err().filter(|error| error.remedy().is_some())
}

impl From<BinaryReaderError> for InspectError {
    fn from(error: BinaryReaderError) -> Self {
        Self::Malformed { offset: error.offset(), message: error.message().to_owned() }
    }
}

/// Everything the lab reads from a binary, including its minimal proposals.
///
/// # Errors
/// If the binary is malformed or invalid, with the byte offset.
pub fn facts(bytes: &[u8]) -> Result<Facts, InspectError> {
    let (mut facts, shares_memory) = match outline::read(bytes) {
        Ok(read) => read,
        Err(error) => match abandoned::rejection(bytes, &error) {
            Some(rejection) => return Ok(outline::rejected_facts(bytes, BinaryKind::Module, rejection)),
            None => {
                let refused = limits::rejected_facts(bytes, &error).or_else(|| outline::too_deep_facts(bytes, &error));
                return refused.ok_or(error);
            }
        },
    };
    if facts.rejection.is_some() {
        return Ok(facts);
    }
    let is_module = facts.kind == BinaryKind::Module;
    if is_module {
        facts.limited_counts = limits::limited_counts(bytes);
        facts.segments_out_of_bounds = segments::out_of_bounds(bytes);
    }
    match proposals::needed(bytes) {
        Ok(needed) => {
            facts.unshared_atomics = is_module && !shares_memory && needed.proposals.contains("threads");
            facts.proposals = needed.proposals;
            facts.first_uses = needed.first_uses;
            facts.mixes_exceptions = needed.mixes_exceptions;
            facts.only_non_null_externref = needed.only_non_null_externref;
            facts.declared_only = needed.declared_only;
            facts.atomic_wait = needed.atomic_wait;
        }
        // The validator cannot say which proposals it needs, but a runtime may still accept it.
        Err(error) => {
            let rejection = limits::rejection(bytes, &error).or_else(|| abandoned::rejection(bytes, &error));
            facts.rejection = Some(rejection.ok_or(error)?);
        }
    }
    Ok(facts)
}

/// Prints the binary in the text format.
///
/// # Errors
/// If the binary is malformed.
pub fn to_wat(bytes: &[u8]) -> anyhow::Result<String> {
    header::check(bytes)?;
    wasmprinter::print_bytes(bytes)
}

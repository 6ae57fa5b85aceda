//! Bytes to [`Facts`]: pure, no engine, no I/O.
//!
//! [`outline`] reads what stands beside the code, in milliseconds whatever the size; [`facts`] validates
//! too and finds the minimal proposals, which takes a pass over every instruction.

use wasmparser::BinaryReaderError;

use wasmlab_model::facts::Facts;

mod abi;
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
    #[error("not a WebAssembly binary: it begins with {first}{hint}, a module begins with 00 61 73 6d")]
    NotWasm {
        /// The first bytes, as hexadecimal.
        first: String,
        /// What it looks like instead.
        hint: String,
    },
    /// It ends early or cannot be decoded.
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
    let mut facts = outline(bytes)?;
    facts.proposals = proposals::minimal(bytes)?;
    Ok(facts)
}

/// The binary as text.
///
/// # Errors
/// When the binary is malformed.
pub fn wat(bytes: &[u8]) -> anyhow::Result<String> {
    check_magic(bytes)?;
    wasmprinter::print_bytes(bytes)
}

/// Refuses what is no WebAssembly at all, saying what it looks like.
fn check_magic(bytes: &[u8]) -> Result<(), InspectError> {
    if bytes.is_empty() {
        return Err(InspectError::Empty);
    }
    if b"\0asm".starts_with(&bytes[..bytes.len().min(4)]) {
        return match bytes.len() {
            0..8 => Err(InspectError::Malformed {
                offset: bytes.len() as u64,
                message: format!("the file ends within its header, after {} of 8 bytes", bytes.len()),
            }),
            _ => Ok(()),
        };
    }
    let first = bytes.iter().take(4).map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" ");
    let looks: &[(&[u8], &str)] = &[
        (b"\x1f\x8b", "gzip: unpack it first"),
        (b"\x7fELF", "a native program"),
        (b"(", "WebAssembly text: name it .wat"),
        (b";;", "WebAssembly text: name it .wat"),
        (b"PK", "a zip archive"),
        (b"!<arch>", "an archive of object files"),
        (b"BC\xc0\xde", "LLVM bitcode: it is not linked yet"),
        (b"<", "HTML or XML: a download may have failed"),
        (b"{", "JSON"),
    ];
    let hint = looks.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, words)| format!(" ({words})"));
    let text =
        || bytes.iter().take(64).all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace()).then(|| " (text)".to_owned());
    Err(InspectError::NotWasm { first, hint: hint.or_else(text).unwrap_or_default() })
}

//! Distinguishes malformed from invalid binaries, once it is known that no set of proposals helps.

use crate::InspectError;
use wasmparser::{Error, Parser, Payload};

/// Decides whether the validator's error is a decoding error.
///
/// A binary is malformed if it cannot be decoded with every proposal enabled. The validator decodes as it goes: it does
/// not say which kind of error it found, and may find a broken rule before it reaches malformed bytes. Sections that
/// are duplicated or out of order count as invalid here, although the specification calls them malformed.
pub(super) fn classify(bytes: &[u8], error: &Error) -> InspectError {
    match decode(bytes) {
        Ok(None) => InspectError::Invalid { offset: error.offset(), message: error.message().to_owned() },
        Ok(Some((offset, id))) => InspectError::Malformed { offset, message: format!("malformed section id: {id}") },
        Err(error) => InspectError::Malformed { offset: error.offset(), message: error.message().to_owned() },
    }
}

/// Reads every item of every section.
macro_rules! sections {
    ($payload:expr, $($section:ident)*) => {
        match $payload {
            $(Payload::$section(reader) => {
                for item in reader {
                    item?;
                }
            })*
            Payload::CodeSectionEntry(body) => {
                for local in body.get_locals_reader()? {
                    local?;
                }
                let mut operators = body.get_operators_reader()?;
                while !operators.eof() {
                    operators.read()?;
                }
                operators.finish()?;
            }
            // The parser has already read the rest, or only the validator needs it.
            _ => {}
        }
    };
}

/// Decodes everything without validating; returns the offset and id of the first unknown section, if any.
fn decode(bytes: &[u8]) -> Result<Option<(u64, u8)>, Error> {
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        if let Payload::UnknownSection { id, range, .. } = &payload {
            return Ok(Some((range.start, *id)));
        }
        sections!(
            payload,
            TypeSection ImportSection FunctionSection TableSection MemorySection TagSection GlobalSection
            ExportSection ElementSection DataSection InstanceSection CoreTypeSection ComponentInstanceSection
            ComponentAliasSection ComponentTypeSection ComponentCanonicalSection ComponentImportSection
            ComponentExportSection
        );
    }
    Ok(None)
}

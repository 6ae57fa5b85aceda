//! Tells a malformed binary from an invalid one, once it is known that no set of proposals helps.

use crate::InspectError;
use wasmparser::{Error, Parser, Payload};

/// Says whether the validator's error is one of decoding.
///
/// Malformed is what does not decode with every proposal enabled; the validator, which decodes as it goes,
/// does not say which of the two its error is, and may find a rule broken before it comes to bad bytes.
/// Sections out of order or twice count as invalid, though the specification calls them malformed.
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
            // The parser has read the others, or they are for the validator only.
            _ => {}
        }
    };
}

/// Decodes everything, validating nothing; a section of a kind that does not exist is returned.
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

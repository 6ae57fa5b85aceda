//! Annotates every byte of a small binary: offset, bytes, meaning, nested as the format is.
//!
//! The bytes need not be a valid module. What can be read is explained; where reading stops, a line says why, and the
//! next section is tried. Together, the lines hold every byte of the file once, in order.

use serde::{Deserialize, Serialize};
use wasmlab_model::report::ByteLine;
use wasmlab_model::text::counted;
use wasmparser::{BinaryReader, FromReader};

use crate::header::{COMPONENT_SECTIONS, MODULE_SECTIONS};

mod code;
mod custom;
mod sections;
#[cfg(test)]
mod tests;

/// The largest file that is annotated, bytes. A larger one would have too many lines to read.
pub const MAX_BYTES: usize = 64 << 10;

/// Modules inside of components are annotated up to this depth.
const MAX_NESTING: usize = 8;

/// An annotated binary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotated {
    /// Every byte, once, in order.
    pub lines: Vec<ByteLine>,
    /// Why it is not a valid module or component; `None` if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invalid: Option<String>,
}

/// The binary has more than [`MAX_BYTES`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "it has {0} bytes, and at most {MAX_BYTES} are annotated: without --bytes, inspect lists its sections with their \
     offsets, and --wat prints it as text"
)]
pub struct TooLarge(pub usize);

/// Annotates a binary, and says whether it is valid.
///
/// # Errors
/// If it is too large.
pub fn annotated(bytes: &[u8]) -> Result<Annotated, TooLarge> {
    let lines = annotate(bytes)?;
    let invalid = match crate::facts(bytes) {
        Ok(facts) => facts.rejection.map(|rejection| format!("{}: {}", rejection.subject, rejection.message)),
        Err(error) => Some(error.to_string()),
    };
    Ok(Annotated { lines, invalid })
}

/// The lines of a binary with at most `most` bytes; none if it is larger, or not WebAssembly.
#[must_use]
pub fn lines_of_small(bytes: &[u8], most: usize) -> Vec<ByteLine> {
    if bytes.len() > most || !bytes.starts_with(b"\0asm") {
        return Vec::new();
    }
    annotate(bytes).unwrap_or_default()
}

/// Annotates a binary.
///
/// # Errors
/// If it is too large.
fn annotate(bytes: &[u8]) -> Result<Vec<ByteLine>, TooLarge> {
    if bytes.len() > MAX_BYTES {
        return Err(TooLarge(bytes.len()));
    }
    let mut cursor = Cursor { bytes, at: 0, end: bytes.len(), depth: 0, lines: Vec::new() };
    binary(&mut cursor, 0);
    Ok(cursor.lines)
}

/// Why nothing can be read from the cursor's position on.
type ReadFailure = String;

/// Reads items of a range of the file and notes a line for each.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
    depth: usize,
    lines: Vec<ByteLine>,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..self.end]
    }

    fn is_at_end(&self) -> bool {
        self.at >= self.end
    }

    fn reader(&self) -> BinaryReader<'a> {
        BinaryReader::new(self.rest(), self.at as u64)
    }

    /// Notes the next `length` bytes as one line.
    fn note(&mut self, length: usize, meaning: impl Into<String>) {
        let to = self.at.saturating_add(length).min(self.end);
        let bytes = self.bytes[self.at..to].to_vec();
        self.lines.push(ByteLine {
            offset: self.at,
            bytes,
            depth: self.depth,
            meaning: meaning.into(),
            stops_here: false,
        });
        self.at = to;
    }

    /// Reads the next item with `read`, and notes it.
    fn item<T>(
        &mut self,
        what: &str,
        read: impl FnOnce(&mut BinaryReader<'a>) -> wasmparser::Result<T>,
        meaning: impl FnOnce(&T) -> String,
    ) -> Result<T, ReadFailure> {
        let mut reader = self.reader();
        match read(&mut reader) {
            Ok(value) => {
                self.note(reader.current_position(), meaning(&value));
                Ok(value)
            }
            Err(_) if self.is_at_end() => Err(format!("expected {what}, but the section ends here")),
            Err(error) => Err(format!("expected {what}: {}", error.message())),
        }
    }

    fn number(&mut self, what: &str, meaning: impl FnOnce(u32) -> String) -> Result<u32, ReadFailure> {
        self.item(what, BinaryReader::read_var_u32, |value| meaning(*value))
    }

    fn read<T: FromReader<'a>>(&mut self, what: &str, meaning: impl FnOnce(&T) -> String) -> Result<T, ReadFailure> {
        self.item(what, |reader| reader.read(), meaning)
    }

    fn name(&mut self, what: &str) -> Result<&'a str, ReadFailure> {
        self.item(what, BinaryReader::read_unlimited_string, |name| format!("{what} {}", quoted(name)))
    }

    /// Runs `work` one level deeper.
    fn nested<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, ReadFailure>) -> Result<T, ReadFailure> {
        self.depth += 1;
        let result = work(self);
        self.depth -= 1;
        result
    }

    /// Limits the cursor to the next `length` bytes while `work` runs. If it fails, or leaves bytes unread, a line says
    /// why, and the cursor continues behind them.
    fn within(&mut self, length: usize, what: &str, work: impl FnOnce(&mut Self) -> Result<(), ReadFailure>) {
        let outer = self.end;
        self.end = self.at.saturating_add(length).min(outer);
        let result = self.nested(work);
        let left = self.end - self.at;
        let why = match result {
            Err(why) => Some(why),
            Ok(()) if left > 0 => Some(format!("{what} should end here, and has {}", counted(left, "more byte"))),
            Ok(()) => None,
        };
        if let Some(why) = why {
            self.depth += 1;
            self.stop(&why);
            self.depth -= 1;
        }
        self.end = outer;
    }

    /// Notes everything up to the end as unread.
    fn stop(&mut self, why: &str) {
        let left = self.end - self.at;
        self.note(left, why);
        if let Some(line) = self.lines.last_mut() {
            line.stops_here = true;
        }
    }
}

/// Longest name that is shown in full, characters.
const MAX_NAME: usize = 60;

/// A name in quotes, escaped, and shortened if it is very long.
fn quoted(name: &str) -> String {
    match name.char_indices().nth(MAX_NAME) {
        Some((end, _)) => format!("{:?}… ({} bytes)", &name[..end], name.len()),
        None => format!("{name:?}"),
    }
}

/// A module or component: its header and its sections.
fn binary(cursor: &mut Cursor, nesting: usize) {
    let found = cursor.rest().get(..8).and_then(|header| <[u8; 8]>::try_from(header).ok());
    let Some([0, b'a', b's', b'm', version, 0, layer, 0]) = found else {
        if cursor.rest().starts_with(b"\0asm") {
            cursor.note(4, "magic: \\0asm");
            return cursor.stop("expected a version of 4 bytes");
        }
        return cursor.stop("not WebAssembly: the first bytes have to be 00 61 73 6d");
    };
    cursor.note(4, "magic: \\0asm");
    let component = layer == 1;
    let what = if component { "a component" } else { "a core module" };
    cursor.note(4, format!("version {version}: {what}"));
    let names: &[&str] = if component { &COMPONENT_SECTIONS } else { &MODULE_SECTIONS };
    let text = code::text_by_offset(&cursor.bytes[cursor.at - 8..cursor.end], cursor.at - 8);
    let mut state = sections::State { text, ..Default::default() };
    while let Some(id) = cursor.rest().first().copied() {
        let Some(name) = names.get(usize::from(id)) else {
            return cursor.stop(&format!("expected a section, but no section has the id {id}"));
        };
        cursor.note(1, format!("section {id}: {name}"));
        let left = cursor.rest().len();
        let size = cursor.number("the section's size", |size| format!("size: {}", counted(size as usize, "byte")));
        let size = match size {
            Ok(size) => size as usize,
            Err(why) => return cursor.stop(&why),
        };
        if size > cursor.rest().len() {
            let missing = size - cursor.rest().len();
            let why = format!("the section goes {} past the end of the file", counted(missing, "byte"));
            debug_assert!(left > 0);
            return cursor.stop(&why);
        }
        cursor.within(size, "the section", |cursor| {
            match (component, id) {
                (_, 0) => custom::section(cursor),
                (false, _) => sections::section(cursor, id, &mut state),
                // Core modules and components inside of a component.
                (true, 1 | 4) if nesting < MAX_NESTING => {
                    binary(cursor, nesting + 1);
                    Ok(())
                }
                (true, _) => {
                    let length = cursor.rest().len();
                    cursor.note(length, format!("its contents: {}", counted(length, "byte")));
                    Ok(())
                }
            }
        });
    }
}

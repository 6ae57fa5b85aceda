//! The two formats of a file: binary and text.

use std::borrow::Cow;
use std::path::Path;

/// Whether the file is in the text format, judged by its name and first characters. HTML under such a name is not.
#[must_use]
pub fn is_text(file: &Path, bytes: &[u8]) -> bool {
    let begins = bytes.trim_ascii_start();
    let begins = begins.starts_with(b"(") || begins.starts_with(b";");
    begins && file.extension().is_some_and(|e| e == "wat" || e == "wast")
}

/// The binary of a file, which is translated if it is in the text format.
///
/// # Errors
/// If the text cannot be parsed, with file, line and column.
pub fn binary<'a>(file: &Path, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, wat::Error> {
    if !is_text(file, bytes) {
        return Ok(Cow::Borrowed(bytes));
    }
    wat::parse_bytes(bytes).map_err(|mut error| {
        error.set_path(file);
        error
    })
}

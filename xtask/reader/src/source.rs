//! The two formats of a file: binary and text.

use std::borrow::Cow;
use std::path::Path;

use wasmlab_inspect::{may_be_text, without_byte_order_mark};
/// Text that cannot be parsed.
pub use wat::Error as SyntaxError;

/// Whether the file is in the text format: its name says so, and its contents may be text.
#[must_use]
pub fn is_text(file: &Path, bytes: &[u8]) -> bool {
    file.extension().is_some_and(|e| e == "wat" || e == "wast") && may_be_text(bytes)
}

/// The binary of a file; a file in the text format is translated.
///
/// # Errors
/// If the text cannot be parsed, with file, line and column.
pub fn binary<'a>(file: &Path, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, SyntaxError> {
    if !is_text(file, bytes) {
        return Ok(Cow::Borrowed(bytes));
    }
    wat::parse_bytes(without_byte_order_mark(bytes)).map_err(|mut error| {
        error.set_path(file);
        error
    })
}

/// What to do about text that cannot be parsed, judging by the line that the error's message shows.
#[must_use]
pub fn syntax_remedy(message: &str) -> Option<&'static str> {
    const FOLDED_TRY: &str = "Legacy exceptions are read only in their unfolded form: write `try … catch … end` instead of \
                              `(try (do …) (catch …))`, or convert the file with wabt: `wat2wasm --enable-exceptions`.";
    let is_folded = |line: &str| {
        let mut after = line.split("(try").skip(1);
        // A label may follow.
        after.any(|rest| {
            let rest = rest.trim_start();
            let rest = if rest.starts_with('$') { rest.split_once(' ').map_or("", |(_, rest)| rest) } else { rest };
            rest.is_empty() || rest.starts_with('(')
        })
    };
    message.lines().any(is_folded).then_some(FOLDED_TRY)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{binary, is_text, syntax_remedy};

    #[test]
    fn folded_legacy_exceptions_have_a_remedy() {
        let remedy = |body: &str| {
            let text = format!("(module (tag $e) (func {body}))");
            syntax_remedy(&binary(Path::new("a.wat"), text.as_bytes()).unwrap_err().to_string())
        };
        assert!(remedy("(try (do (throw $e)) (catch $e))").is_some_and(|text| text.contains("unfolded")));
        assert!(remedy("(try $l (do (throw $e)) (catch $e))").is_some());
        assert_eq!(remedy("(thrwo $e)"), None);
        assert!(binary(Path::new("a.wat"), b"(module (tag $e) (func try throw $e catch $e end))").is_ok());
    }

    #[test]
    fn text_is_recognized_by_name_and_contents() {
        let text = |contents: &[u8]| is_text(Path::new("a.wat"), contents);
        for module in
            [b"(module)".as_slice(), b"\n;; none\n(module)", b"\xef\xbb\xbf(module)", "(module (; ä ;))".as_bytes()]
        {
            assert!(text(module) && binary(Path::new("a.wat"), module).is_ok_and(|made| made.starts_with(b"\0asm")));
        }
        assert!(text(b"func foo") && binary(Path::new("a.wat"), b"func foo").is_err());
        for other in
            [b"".as_slice(), b"\0asm\x01\0\0\0", b"<html>", b"{}", b"version https://git-lfs.github.com/spec/v1"]
        {
            assert!(!text(other), "{other:?}");
        }
        assert!(!is_text(Path::new("a.wasm"), b"(module)"));
    }
}

//! Glob patterns of the command line and of files that somebody else may have written.

use globset::Glob;
use wasmlab_model::text::escaped;

mod runtimes;

pub use runtimes::RuntimeGlobs;

/// No name that a pattern can match is longer; `globset` panics on patterns of some 100 KB.
const MAX_BYTES: usize = 256;

/// Parses a glob pattern.
///
/// # Errors
/// If it is not one, or longer than 256 bytes; the message names the start of the pattern.
pub fn parse(text: &str) -> Result<Glob, String> {
    parse_in(text, text)
}

/// Parses a glob pattern that is a part of `text`; an error names all of `text`.
fn parse_in(text: &str, pattern: &str) -> Result<Glob, String> {
    if pattern.len() > MAX_BYTES {
        let start: String = text.chars().take(40).collect();
        return Err(format!("`{start}…` is not a glob: it is longer than {MAX_BYTES} bytes"));
    }
    let text = escaped(text);
    Glob::new(pattern).map_err(|error| format!("`{text}` is not a glob: {}", error.kind()))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn long_and_malformed_patterns_are_errors() {
        let check = |text: &str, expected: Option<&str>| {
            let error = parse(text).err();
            assert_eq!(error.is_none(), expected.is_none(), "{text}: {error:?}");
            assert!(expected.is_none_or(|expected| error.unwrap().contains(expected)), "{text}");
        };
        check("wasm*", None);
        check(&"*?".repeat(128), None);
        check("[", Some("`[` is not a glob"));
        check(&"*?".repeat(100_000), Some("longer than 256 bytes"));
    }
}

//! Errors in the files that people write: scenarios, `wasmlab.toml`, test suites, chapters.

use std::fmt;

/// An error in a file, with its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub struct FileError {
    /// The file or folder, as messages show it.
    pub file: String,
    /// The line, from 1, if known.
    pub line: Option<usize>,
    /// The column, from 1, if known.
    pub column: Option<usize>,
    /// The error, and what to do.
    pub message: String,
}

impl FileError {
    /// An error of the file as a whole.
    #[must_use]
    pub fn new(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self { file: file.into(), line: None, column: None, message: message.into() }
    }

    /// The error, at this line.
    #[must_use]
    pub fn at_line(self, line: impl Into<Option<usize>>) -> Self {
        Self { line: line.into(), ..self }
    }

    /// The error, at this column of its line.
    #[must_use]
    pub fn at_column(self, column: usize) -> Self {
        Self { column: Some(column), ..self }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        for number in [self.line, self.column].into_iter().flatten() {
            write!(f, ":{number}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// An error at a key of a table whose place in the file is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyError {
    /// The key: `build.source`, `known[1].code`.
    pub key: String,
    /// The rest of the sentence: `must name the .wat file`.
    pub message: String,
}

impl KeyError {
    /// The error `message` at `key`.
    #[must_use]
    pub fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { key: key.into(), message: message.into() }
    }

    /// The same error, in the table `table`.
    #[must_use]
    pub fn within(self, table: &str) -> Self {
        Self { key: format!("{table}.{}", self.key), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::{FileError, KeyError};

    #[test]
    fn errors_name_their_place_as_far_as_it_is_known() {
        let error = FileError::new("a/scenario.toml", "`title` is missing");
        assert_eq!(error.to_string(), "a/scenario.toml: `title` is missing");
        let error = error.at_line(3);
        assert_eq!(error.to_string(), "a/scenario.toml:3: `title` is missing");
        assert_eq!(error.at_column(7).to_string(), "a/scenario.toml:3:7: `title` is missing");
    }

    #[test]
    fn keys_are_shown_with_their_table() {
        let error = KeyError::new("source", "is missing").within("build");
        assert_eq!((error.key.as_str(), error.message.as_str()), ("build.source", "is missing"));
    }
}

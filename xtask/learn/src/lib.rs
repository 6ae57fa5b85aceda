//! The walkthrough's chapters: reading them, keeping a learner's progress, rendering them for a terminal and as a book.
//!
//! This crate starts nothing and prints nothing: `cargo xtask learn` runs the commands and shows the text.

pub mod book;
pub mod chapter;
pub mod claims;
pub mod exercise;
pub mod markup;
pub mod output;
pub mod progress;

/// An error in a chapter or an exercise, with its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct Fault {
    /// The file, relative to the folder of chapters.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The error, and what to write instead.
    pub message: String,
}

impl Fault {
    /// A fault at a line, from 1.
    #[must_use]
    pub fn new(file: &str, line: usize, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, message: message.into() }
    }
}

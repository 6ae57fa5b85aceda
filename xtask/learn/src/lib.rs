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

//! A file's facts and predictions, without running it.
//!
//! [`predictions`] is what `predict --output json` prints.

pub mod predictions;
pub mod source;

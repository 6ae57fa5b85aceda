//! The JSON object printed when a report was requested but could not be made.

use serde::{Deserialize, Serialize};

use super::SCHEMA_VERSION;

/// Replaces the report when the command line or a scenario is wrong, the lab failed, or no cell was run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Version of the format.
    pub schema: u32,
    /// The message.
    pub error: FailureText,
}

/// An exit code and its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureText {
    /// The exit code: 2, 3 or 4.
    pub exit_code: u8,
    /// The text of stderr, one or more lines.
    pub message: String,
}

impl Failure {
    /// From an exit code and the text of stderr.
    #[must_use]
    pub fn new(exit_code: u8, message: &str) -> Self {
        Self { schema: SCHEMA_VERSION, error: FailureText { exit_code, message: message.to_owned() } }
    }
}

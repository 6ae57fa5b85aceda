//! What is printed where a report was asked for and there is none.

use serde::{Deserialize, Serialize};

use super::SCHEMA_VERSION;

/// What stands in the place of a report where there is none: the command line or a scenario is wrong, the lab
/// failed, or nothing was run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// [`SCHEMA_VERSION`].
    pub schema: u32,
    /// What went wrong.
    pub error: FailureText,
}

/// An exit code with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureText {
    /// The exit code: 2, 3 or 4.
    pub code: u8,
    /// What stderr says, of one or more lines.
    pub message: String,
}

impl Failure {
    /// With an exit code and what stderr says.
    #[must_use]
    pub fn new(code: u8, message: &str) -> Self {
        Self { schema: SCHEMA_VERSION, error: FailureText { code, message: message.to_owned() } }
    }
}

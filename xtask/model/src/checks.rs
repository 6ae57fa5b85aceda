//! What a guest tried, one capability at a time: so that the one code of a cell hides none of the others.

use serde::{Deserialize, Serialize};

use crate::codes::Code;

/// A capability that a guest tried, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Check {
    /// The capability, by the guest's name for it: `file-read`.
    pub name: String,
    /// What came of it.
    pub answer: CheckAnswer,
    /// The WASI errno of the host, where it answered with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno: Option<u16>,
    /// The host function that answered, where the guest knows it: `path_rename`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// The guest's or its library's words, or the error code of WIT that the host answered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The code that it would give the cell, were it the only one; none where it works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
}

/// What came of a capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CheckAnswer {
    /// It works.
    Ok,
    /// The host answered with an errno.
    Errno,
    /// The host answered with an error code of WIT, which is the message.
    Error,
    /// A library refused without asking the host.
    NoErrno,
    /// The host was asked and refused, without an errno.
    Refused,
    /// It worked, and the result is wrong.
    Wrong,
    /// The guest reached what it was not given.
    Escaped,
    /// The guest's line is of no known form.
    Unreadable,
}

impl CheckAnswer {
    /// As in reports and in the guests' own lines: `no-errno`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Errno => "errno",
            Self::Error => "error",
            Self::NoErrno => "no-errno",
            Self::Refused => "refused",
            Self::Wrong => "wrong",
            Self::Escaped => "escaped",
            Self::Unreadable => "unreadable",
        }
    }
}

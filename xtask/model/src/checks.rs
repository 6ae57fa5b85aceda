//! The capabilities that a guest tried, one entry each: the single code of a cell shows only one of them.

use serde::{Deserialize, Serialize};

use crate::codes::Code;

/// A capability that a guest tried, and the result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Check {
    /// The capability, as the guest names it: `file-read`.
    pub name: String,
    /// The result.
    pub answer: CheckAnswer,
    /// The WASI errno that the host returned, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno: Option<u16>,
    /// The host function that returned it, if the guest knows it: `path_rename`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// The message of the guest or its library, or the WIT error code that the host returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The code that this check alone would give the cell; `None` if it works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
}

/// The result of trying a capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CheckAnswer {
    /// It works.
    Ok,
    /// The host returned an errno.
    Errno,
    /// The host returned a WIT error code, given in the message.
    Error,
    /// A library refused without calling the host.
    LibraryRefused,
    /// The host was called and refused, without an errno.
    HostRefused,
    /// It ran and gave a wrong result.
    Wrong,
    /// The guest reached something outside what it was given.
    Escaped,
    /// The guest's line has no known form.
    Unreadable,
}

impl CheckAnswer {
    /// The name in reports: `library-refused`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Errno => "errno",
            Self::Error => "error",
            Self::LibraryRefused => "library-refused",
            Self::HostRefused => "host-refused",
            Self::Wrong => "wrong",
            Self::Escaped => "escaped",
            Self::Unreadable => "unreadable",
        }
    }
}

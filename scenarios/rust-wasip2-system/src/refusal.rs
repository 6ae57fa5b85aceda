//! Why a capability is not there, printed as the lab reads it.

use std::{fmt, io};

/// What stands after the name in a `lab:` line.
pub enum Refusal {
    /// The host's function answered with this WASI error number.
    Errno { errno: i32, function: &'static str },
    /// An error that no host made: std's own words.
    NoErrno(String),
    /// No error, but the wrong value.
    Wrong(&'static str),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Errno { errno, function } => write!(f, "errno={errno} {function}"),
            Self::NoErrno(text) => write!(f, "no-errno {text}"),
            Self::Wrong(text) => write!(f, "wrong {text}"),
        }
    }
}

/// Names the host function behind an operation of std.
pub trait In<T> {
    /// `function` is the import that the operation calls last.
    fn within(self, function: &'static str) -> Result<T, Refusal>;
}

impl<T> In<T> for io::Result<T> {
    fn within(self, function: &'static str) -> Result<T, Refusal> {
        self.map_err(|error| match error.raw_os_error() {
            Some(errno) => Refusal::Errno { errno, function },
            None => Refusal::NoErrno(error.to_string()),
        })
    }
}

/// `wrong` unless the value is right.
pub fn require(right: bool, wrong: &'static str) -> Result<(), Refusal> {
    right.then_some(()).ok_or(Refusal::Wrong(wrong))
}

//! How a program is had that the lab does not build: by the commands of ordinary package clients.

/// A command of a package client that gets a program. `doctor` says it, `setup` runs it; it asks nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstallCommand {
    /// The client and its arguments.
    pub command: &'static [&'static str],
    /// What is to be known before: how long it takes, where that is long; what it does not give.
    pub note: &'static str,
}

impl InstallCommand {
    /// One that takes seconds.
    #[must_use]
    pub const fn quick(command: &'static [&'static str]) -> Self {
        Self { command, note: "" }
    }
}

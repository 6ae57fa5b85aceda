//! How to install programs that the lab does not build: with common package managers.

/// A command that installs a program without prompting. `doctor` shows it, `setup` runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstallCommand {
    /// The package manager and its arguments.
    pub command: &'static [&'static str],
    /// A note to read beforehand: how long it takes, if long, or what it does not include.
    pub note: &'static str,
}

impl InstallCommand {
    /// A command that takes seconds.
    #[must_use]
    pub const fn quick(command: &'static [&'static str]) -> Self {
        Self { command, note: "" }
    }
}

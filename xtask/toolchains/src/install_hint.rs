//! The ordinary routes by which tools are got: commands that `setup` runs, where the machine has the client.

use crate::{Machine, MissingTool};

/// A package client's command.
pub struct InstallHint {
    /// The command as a person types it.
    pub shown: String,
    /// Its words, where the client is here.
    pub command: Option<Vec<String>>,
}

impl InstallHint {
    fn new(machine: &dyn Machine, client: &str, words: &[&str]) -> Self {
        let shown = words.join(" ");
        let command = machine.which(client).map(|_| words.iter().map(|&word| word.to_owned()).collect());
        Self { shown, command }
    }
}

/// A package of PyPI.
#[must_use]
pub fn pip(machine: &dyn Machine, package: &str) -> InstallHint {
    InstallHint::new(machine, "python3", &["python3", "-m", "pip", "install", package])
}

/// A package of npm.
#[must_use]
pub fn npm(machine: &dyn Machine, package: &str) -> InstallHint {
    InstallHint::new(machine, "npm", &["npm", "install", "--global", package])
}

/// What is missing, from the distribution's packages where the machine has Debian's client.
#[must_use]
pub fn apt(machine: &dyn Machine, what: &str, packages: &[&str], otherwise: &str) -> MissingTool {
    let sudo = machine.which("sudo").map(|_| "sudo");
    let words: Vec<&str> =
        sudo.into_iter().chain(["apt-get", "install", "--yes"]).chain(packages.iter().copied()).collect();
    let InstallHint { shown, command } = InstallHint::new(machine, "apt-get", &words);
    MissingTool::new(what, if command.is_some() { &shown } else { otherwise }).with_command(command)
}

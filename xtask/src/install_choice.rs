//! Which of the commands that get a program can be run here: those whose package client is on this machine.

use wasmlab_runtimes::InstallCommand;

use crate::machine::Machine;

/// Clients that write to the system's own folders.
const NEEDS_ROOT: &[&str] = &["apt-get", "dnf", "apk"];

/// What gets a program on this machine: the first command whose client is here, and its note.
#[must_use]
pub fn choose(machine: &Machine, commands: &[InstallCommand]) -> Option<(Vec<String>, &'static str)> {
    commands.iter().find_map(|install| Some((resolve(machine, install)?, install.note)))
}

/// The command as run on this machine; `None` if its package manager is not installed.
fn resolve(machine: &Machine, install: &InstallCommand) -> Option<Vec<String>> {
    let client = install.command.first()?;
    machine.which(client)?;
    let sudo = NEEDS_ROOT.contains(client).then(|| machine.which("sudo")).flatten().map(|_| "sudo");
    Some(sudo.into_iter().chain(install.command.iter().copied()).map(str::to_owned).collect())
}

/// The commands, as a person reads them.
#[must_use]
pub fn describe(commands: &[InstallCommand]) -> String {
    let commands: Vec<String> = commands.iter().map(|c| format!("`{}`", c.command.join(" "))).collect();
    commands.join(" or ")
}

//! Selects an install command that can run on this machine: one whose package manager is installed.

use wasmlab_runtimes::InstallCommand;

use crate::machine::Machine;
use wasmlab_toolchains::install_hint;

/// Package managers that write to system folders.
const NEEDS_ROOT: &[&str] = &["apt-get", "dnf", "apk"];

/// The first command whose package manager is installed, with its note.
#[must_use]
pub fn choose(machine: &Machine, commands: &[InstallCommand]) -> Option<(Vec<String>, &'static str)> {
    commands.iter().find_map(|install| Some((resolve(machine, install)?, install.note)))
}

/// The command as run on this machine; `None` if its package manager is not installed.
fn resolve(machine: &Machine, install: &InstallCommand) -> Option<Vec<String>> {
    let client = install.command.first()?;
    machine.which(client)?;
    let sudo = NEEDS_ROOT.contains(client).then(|| machine.which("sudo")).flatten().map(|_| "sudo");
    let (start, packages) = match install.command {
        ["python3", "-m", "pip", "install", packages @ ..] => (&install.command[..4], packages),
        command => (command, &[][..]),
    };
    let options = if packages.is_empty() { &[] } else { install_hint::pip_options(machine) };
    let command = sudo.into_iter().chain(start.iter().chain(options).chain(packages).copied());
    Some(command.map(str::to_owned).collect())
}

/// The commands as text.
#[must_use]
pub fn describe(commands: &[InstallCommand]) -> String {
    let commands: Vec<String> = commands.iter().map(|c| format!("`{}`", c.command.join(" "))).collect();
    commands.join(" or ")
}

//! Usual ways to install tools: commands that `setup` runs, if the machine has the package manager.

use crate::{Machine, MissingTool, ToolQuery};

/// How to install a tool.
pub struct InstallHint {
    /// The command as a user would write it.
    pub shown: String,
    /// The command as a list of arguments, if its package manager is installed.
    pub command: Option<Vec<String>>,
}

impl InstallHint {
    fn new(machine: &dyn Machine, client: &str, args: &[&str]) -> Self {
        let shown = args.join(" ");
        let command = machine.which(client).map(|_| args.iter().map(|&word| word.to_owned()).collect());
        Self { shown, command }
    }
}

/// A package from PyPI.
#[must_use]
pub fn pip(machine: &dyn Machine, package: &str) -> InstallHint {
    let args = [&["python3", "-m", "pip", "install"], pip_options(machine), &[package]].concat();
    InstallHint::new(machine, "python3", &args)
}

/// The options with which pip installs packages on this machine. Many distributions do not let pip change their Python
/// (PEP 668); with these options it installs for the user only.
#[must_use]
pub fn pip_options(machine: &dyn Machine) -> &'static [&'static str] {
    const IS_MANAGED: &str = "import os, sys, sysconfig; print(sys.prefix == sys.base_prefix and \
                              os.path.exists(os.path.join(sysconfig.get_path('stdlib'), 'EXTERNALLY-MANAGED')))";
    let python = machine.which("python3");
    let answer = python.and_then(|python| machine.query(&ToolQuery::new(&python, ["-c", IS_MANAGED])).ok());
    if answer.as_deref() == Some("True") { &["--user", "--break-system-packages"] } else { &[] }
}

/// A package from npm.
#[must_use]
pub fn npm(machine: &dyn Machine, package: &str) -> InstallHint {
    InstallHint::new(machine, "npm", &["npm", "install", "--global", package])
}

/// A missing tool, installed from the distribution's packages if the machine has Debian's package manager.
#[must_use]
pub fn apt(machine: &dyn Machine, what: &str, packages: &[&str], otherwise: &str) -> MissingTool {
    let sudo = machine.which("sudo").map(|_| "sudo");
    let args: Vec<&str> =
        sudo.into_iter().chain(["apt-get", "install", "--yes"]).chain(packages.iter().copied()).collect();
    let InstallHint { shown, command } = InstallHint::new(machine, "apt-get", &args);
    MissingTool::new(what, if command.is_some() { &shown } else { otherwise }).with_command(command)
}

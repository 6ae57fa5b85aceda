//! A page in Firefox, like Chromium's: the same page on another engine (SpiderMonkey).

use crate::{InstallCommand, PortAccess, Program, Runtime, page};

pub fn columns() -> Vec<Runtime> {
    let program = Program {
        names: &["firefox-esr", "firefox"],
        variable: "WASMLAB_FIREFOX",
        version_args: &["--version"],
        install_hint: "install Firefox",
    };
    // No Firefox was available here to test the sandbox's port rules with, so only the page's policy limits it to the
    // cell.
    let port_access = PortAccess::Unrestricted;
    let install = vec![
        InstallCommand::quick(&["brew", "install", "--cask", "firefox"]),
        InstallCommand {
            command: &["apt-get", "install", "--yes", "firefox-esr"],
            note: "is a package of Debian; Ubuntu has Firefox as a snap",
        },
        InstallCommand::quick(&["dnf", "install", "--assumeyes", "firefox"]),
    ];
    let columns = page::columns("firefox", program).into_iter();
    columns.map(|column| Runtime { in_ci: true, port_access, install: install.clone(), ..column }).collect()
}

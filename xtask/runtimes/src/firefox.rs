//! A page of Firefox, in the same ways as Chromium's: another engine (SpiderMonkey) below the same page.

use crate::{InstallCommand, PortAccess, Program, Runtime, page};

pub fn columns() -> Vec<Runtime> {
    let program = Program {
        names: &["firefox-esr", "firefox"],
        variable: "WASMLAB_FIREFOX",
        version_args: &["--version"],
        install_hint: "install Firefox",
    };
    // Firefox was not to be had here to try the sandbox's ports with: its page's policy alone keeps it to the cell.
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

//! A page in Firefox, like Chromium's: the same page on another engine (SpiderMonkey).

use crate::{InstallCommand, Program, Runtime, page};

pub fn columns() -> Vec<Runtime> {
    let program = Program {
        names: &["firefox-esr", "firefox"],
        variable: "WASMLAB_FIREFOX",
        version_args: &["--version"],
        install_hint: "install Firefox",
    };
    let install = vec![
        InstallCommand::quick(&["brew", "install", "--cask", "firefox"]),
        InstallCommand {
            command: &["apt-get", "install", "--yes", "firefox-esr"],
            note: "is a package of Debian; Ubuntu has Firefox as a snap",
        },
        InstallCommand::quick(&["dnf", "install", "--assumeyes", "firefox"]),
    ];
    let columns = page::columns("firefox", program).into_iter();
    columns.map(|column| Runtime { in_ci: true, shares_program: true, install: install.clone(), ..column }).collect()
}

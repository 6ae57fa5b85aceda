//! A page in Chromium: plain WebAssembly, toolchains' own glue, WASI 0.1 through a polyfill, components through jco.

use wasmlab_driver::chromium::{PROGRAM_NAMES, PROGRAM_VARIABLE};

use crate::{InstallCommand, Program, Runtime, page};

const STACK: Option<&str> = Some("`--js-flags=--stack-size=KIB` when starting the browser");

pub fn columns() -> Vec<Runtime> {
    let program = Program {
        names: PROGRAM_NAMES,
        variable: PROGRAM_VARIABLE,
        version_args: &["--version"],
        install_hint: "install Chromium (its headless shell is enough)",
    };
    let install = vec![
        InstallCommand::quick(&["brew", "install", "--cask", "chromium"]),
        InstallCommand {
            command: &["apt-get", "install", "--yes", "chromium-headless-shell"],
            note: "is a package of Debian; Ubuntu has Chromium as a snap",
        },
        InstallCommand::quick(&["dnf", "install", "--assumeyes", "chromium-headless"]),
    ];
    let columns = page::columns("chromium", program).into_iter();
    columns
        .map(|column| Runtime {
            in_ci: true,
            version_names: &["chrom", "headlesschrome"],
            stack_hint: STACK,
            install: install.clone(),
            ..column
        })
        .collect()
}

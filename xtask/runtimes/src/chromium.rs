//! A page in Chromium: plain WebAssembly, toolchains' own glue, WASI 0.1 through a shim, components through jco.

use crate::{InstallCommand, Program, Runtime, page};

const STACK: Option<&str> = Some("`--js-flags=--stack-size=KIB` when starting the browser");

pub fn columns() -> Vec<Runtime> {
    let program = Program {
        // The headless shell is Chromium without the desktop user interface: the same engine at a quarter of the cost
        // (1.1 s of CPU time per cell in Chromium 156, 0.3 s in its shell).
        names: &["chromium-headless-shell", "chrome-headless-shell", "chromium", "chromium-browser", "google-chrome"],
        variable: "WASMLAB_CHROMIUM",
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

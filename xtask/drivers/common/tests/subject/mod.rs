//! A driver as the subject of the conformance cases.

use std::path::PathBuf;
use std::process::Command;

use crate::conformance::{EngineTraits, Subject};

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../runtimes/src/js");

/// A driver's mode under test.
pub const fn subject(engine: &'static str, mode: &'static str, command: fn() -> Command) -> Subject {
    let traits = EngineTraits {
        components: false,
        keeps_code: false,
        preopened_socket: false,
        typed_host_functions: false,
        memory_limit: false,
        v128_values: false,
        escapes_by: &[],
        first_dir: 3,
    };
    Subject { command, engine, mode, traits }
}

/// Starts `driver` with the first of these programs, or the one in `variable`. The shell puts the driver's options after
/// the cell, which the tests append. If the program or its npm package is missing, this is a program that does not
/// exist, and the tests report that they were skipped.
pub fn command(driver: &str, programs: &[&str], variable: &str, package: &str) -> Command {
    let modules = std::env::var_os("WASMLAB_NODE_MODULES").map(PathBuf::from);
    let modules = modules.filter(|dir| dir.join(package).is_dir());
    let (Some(program), Some(modules)) = (find(programs, variable), modules) else {
        return Command::new("/absent/the-program-or-its-packages");
    };
    let mut command = Command::new("/bin/sh");
    command.args(["-c", r#"[ "$1" = run ] || exec "$DRIVER" "$@"; exec "$DRIVER" "$@" $OPTIONS"#, "driver"]);
    let options = format!("--program {} --scripts {SCRIPTS} --packages {}", program.display(), modules.display());
    command.env("DRIVER", driver).env("OPTIONS", options);
    command
}

fn find(programs: &[&str], variable: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let found = programs.iter().flat_map(|name| dirs.iter().map(move |dir| dir.join(name)));
    named.into_iter().chain(found).find(|file| file.is_file())
}

//! The driver as the subject of the conformance cases.

use std::path::PathBuf;
use std::process::Command;

use crate::conformance::{EngineTraits, Subject};

const PAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../runtimes/src/js");

/// A browser's column with the polyfill. Without the polyfill, a page lacks what these cases import; the matrix covers
/// that column.
/// is seen in the matrix.
pub const fn shim(mode: &'static str, command: fn() -> Command) -> Subject {
    Subject {
        command,
        engine: "browser",
        mode,
        traits: EngineTraits {
            components: false,
            keeps_code: false,
            preopened_socket: false,
            typed_host_functions: false,
            memory_limit: false,
            v128_values: false,
            escapes_by: &[],
            first_dir: 3,
        },
    }
}

/// The driver. The shell puts its options after the cell, which the tests append. If the browser or a package is
/// missing, this is a program that does not exist, and the tests report that they were skipped.
pub fn driver(names: &[&str], variable: &str) -> Command {
    let modules = std::env::var_os("WASMLAB_NODE_MODULES").map(PathBuf::from);
    let modules = modules.filter(|dir| dir.join("@bjorn3/browser_wasi_shim").is_dir());
    let (Some(browser), Some(modules)) = (browser(names, variable), modules) else {
        return Command::new("/absent/the-browser-or-its-packages");
    };
    let mut command = Command::new("/bin/sh");
    command.args(["-c", r#"[ "$1" = run ] || exec "$DRIVER" "$@"; exec "$DRIVER" "$@" $OPTIONS"#, "driver"]);
    command.env("DRIVER", env!("CARGO_BIN_EXE_driver-browser"));
    command.env("OPTIONS", format!("--browser {} --pages {PAGES} --packages {}", browser.display(), modules.display()));
    command
}

fn browser(names: &[&str], variable: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let found = names.iter().flat_map(|name| dirs.iter().map(move |dir| dir.join(name)));
    named.into_iter().chain(found).find(|file| file.is_file())
}

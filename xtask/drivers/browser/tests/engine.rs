//! What every engine must do, done by a page of Chromium. Without Chromium, or without the npm packages that
//! a mode needs, there is nothing to test for it, and each test says so.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../engines/common/conformance.rs"]
mod conformance;

use std::path::PathBuf;
use std::process::Command;

use conformance::{Facts, Subject, conformance};

const PAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../src/runtime/js");

fn chromium() -> Option<PathBuf> {
    let named = std::env::var_os("WASMLAB_CHROMIUM").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let names = ["chromium-headless-shell", "chrome-headless-shell", "chromium", "chromium-browser", "google-chrome"];
    let found = std::env::split_paths(&path).flat_map(|dir| names.map(|name| dir.join(name)));
    named.into_iter().chain(found).find(|file| file.is_file())
}

/// The driver; the shell puts its options after the cell, which the tests add. Where something is missing, a
/// program that is not there either: the tests then say that they were skipped.
fn driver() -> Command {
    let modules = std::env::var_os("WASMLAB_NODE_MODULES").map(PathBuf::from);
    let modules = modules.filter(|dir| dir.join("@bjorn3/browser_wasi_shim").is_dir());
    let (Some(browser), Some(modules)) = (chromium(), modules) else {
        return Command::new("/absent/chromium-or-its-packages");
    };
    let mut command = Command::new("/bin/sh");
    command.args(["-c", r#"[ "$1" = run ] || exec "$DRIVER" "$@"; exec "$DRIVER" "$@" $OPTIONS"#, "driver"]);
    command.env("DRIVER", env!("CARGO_BIN_EXE_driver-browser"));
    command.env("OPTIONS", format!("--browser {} --pages {PAGES} --packages {}", browser.display(), modules.display()));
    command
}

/// Without the polyfill a page refuses what these cases import: that column is seen in the matrix.
const SHIM: Subject = Subject {
    command: driver,
    engine: "browser",
    mode: "chromium+wasi-shim",
    facts: Facts {
        components: false,
        keeps_code: false,
        preopened_socket: false,
        typed_host_functions: false,
        memory_limit: false,
        v128_values: false,
        escapes_by: &[],
        first_dir: 3,
    },
};

conformance!(shim, crate::SHIM);

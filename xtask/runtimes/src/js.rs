//! Shared by JavaScript hosts: a driver in `js/` that uses the cell protocol.

use std::ffi::OsString;

use crate::{CellFiles, HostLayer, Runtime, Tool};

/// Files below `js/` with their text: the named ones, and those that every host needs.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        files!(@text $($name,)* "builtins.mjs", "causes.mjs", "component.mjs", "core_shared.mjs", "functions.mjs",
            "glue_shared.mjs", "imports.mjs", "log.mjs", "protocol.mjs", "report_shared.mjs", "transpile.mjs", "types.mjs", "values.mjs",
            "watch.mjs")
    };
    (@text $($name:literal),*) => { &[$(($name, include_str!(concat!("js/", $name)))),*] };
}

/// The driver of hosts that have a file system.
const DRIVER: &[(&str, &str)] = files!["driver.mjs", "core.mjs", "glue.mjs", "jco.mjs", "shims.mjs", "uncaught.mjs"];

/// The scripts of a browser page, below the folder that its driver serves; Node runs `precompile.mjs`.
pub const PAGE: &[(&str, &str)] = files![
    "page/main.mjs",
    "page/report.mjs",
    "page/core.mjs",
    "page/wasi.mjs",
    "page/glue.mjs",
    "page/jco.mjs",
    "jco_shared.mjs",
    "precompile.mjs"
];

/// The modules of a worker of workerd; Node runs `precompile.mjs`.
pub const WORKER: &[(&str, &str)] = files![
    "worker/main.mjs",
    "worker/report.mjs",
    "worker/core.mjs",
    "worker/wasi.mjs",
    "worker/glue.mjs",
    "worker/jco.mjs",
    "worker/module.mjs",
    "jco_shared.mjs",
    "precompile.mjs"
];

/// The columns of a JavaScript host: plain, and with jco. The driver's mode is the engine's name, with `+jco` for the
/// latter.
#[must_use]
pub fn columns(host: Runtime) -> Vec<Runtime> {
    let id = if host.id.is_empty() { host.engine.into() } else { host.id.clone() };
    let host = Runtime { id, mode: host.engine.into(), support_files: DRIVER, ..host };
    vec![host.clone(), host.with_host_layer(HostLayer::Jco)]
}

/// The command: the host with its arguments, then the driver.
#[must_use]
pub fn commands(tool: &Tool, cell: &CellFiles, host_args: Vec<OsString>) -> Vec<Vec<OsString>> {
    let mut argv = vec![tool.program.clone().into()];
    argv.extend(host_args);
    argv.extend([tool.support_dir.join("driver.mjs").into(), "run".into(), cell.spec.into()]);
    argv.extend(packages_args(tool));
    vec![argv]
}

/// The folder of npm packages, if the column needs any.
pub fn packages_args(tool: &Tool) -> Vec<OsString> {
    if tool.packages_dir.as_os_str().is_empty() {
        return Vec::new();
    }
    vec!["--packages".into(), tool.packages_dir.clone().into()]
}

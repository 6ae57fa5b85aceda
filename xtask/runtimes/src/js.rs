//! Shared by JavaScript hosts: a driver in `js/` that uses the cell protocol.

use std::ffi::OsString;
use std::path::Path;

use crate::{CellFiles, HostLayer, Runtime, Tool};

/// Files below `js/` with their text: the named ones, and those that every host needs.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        files!(@text $($name,)* "builtins.mjs", "causes.mjs", "component.mjs", "core_shared.mjs", "functions.mjs",
            "glue_shared.mjs", "imports.mjs", "log.mjs", "protocol.mjs", "report_shared.mjs", "shim_files.mjs", "transpile.mjs", "types.mjs",
            "values.mjs", "watch.mjs")
    };
    (@text $($name:literal),*) => { &[$(($name, include_str!(concat!("js/", $name)))),*] };
}

/// The driver of hosts that have a file system.
const DRIVER: &[(&str, &str)] = files![
    "driver.mjs",
    "core.mjs",
    "glue.mjs",
    "jco.mjs",
    "precompile.mjs",
    "session.mjs",
    "shims.mjs",
    "specification.mjs",
    "uncaught.mjs"
];

/// The scripts of a browser page, below the folder that its driver serves; Node runs `precompile.mjs`, in sessions too.
pub const PAGE: &[(&str, &str)] = files![
    "page/main.mjs",
    "page/report.mjs",
    "page/core.mjs",
    "page/wasi.mjs",
    "page/glue.mjs",
    "page/jco.mjs",
    "jco_shared.mjs",
    "precompile.mjs",
    "session.mjs",
    "specification.mjs"
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
    "precompile.mjs",
    "session.mjs",
    "specification.mjs"
];

/// The columns of a JavaScript host: plain, and with jco. The driver's mode is the engine's name, with `+jco` for the
/// latter.
#[must_use]
pub fn columns(host: Runtime) -> Vec<Runtime> {
    let id = if host.id.is_empty() { host.engine.into() } else { host.id.clone() };
    let host = Runtime { id, mode: host.engine.into(), support_files: DRIVER, has_sessions: true, ..host };
    vec![host.clone(), host.with_host_layer(HostLayer::Jco)]
}

/// The command: the host with its arguments, then the driver. A component is what [`transpile`] made of it.
#[must_use]
pub fn commands(tool: &Tool, cell: &CellFiles, host_args: Vec<OsString>) -> Vec<Vec<OsString>> {
    let mut argv = vec![tool.program.clone().into()];
    argv.extend(host_args);
    argv.extend([tool.support_dir.join("driver.mjs").into(), "run".into(), cell.spec_path.into()]);
    argv.extend(packages_args(tool));
    if has_jco(cell) {
        argv.extend(["--component".into(), cell.precompiled.into()]);
    }
    vec![argv]
}

/// The command with which the host itself transpiles a component with jco into the folder `into`; `None` for columns
/// without jco.
#[must_use]
pub fn transpile(tool: &Tool, cell: &CellFiles, into: &Path, host_args: Vec<OsString>) -> Option<Vec<OsString>> {
    has_jco(cell)
        .then(|| [vec![tool.program.clone().into()], host_args, transpile_args(tool, cell, into, "host")].concat())
}

/// Arguments with which a host that has a file system transpiles a component: for a `page`, for a `worker`, or for
/// itself (`host`).
#[must_use]
pub fn transpile_args(tool: &Tool, cell: &CellFiles, into: &Path, host: &'static str) -> Vec<OsString> {
    let mut argv: Vec<OsString> =
        vec![tool.support_dir.join("precompile.mjs").into(), cell.spec_path.into(), into.into()];
    argv.extend(packages_args(tool));
    argv.extend(["--for".into(), host.into()]);
    argv
}

/// Whether the cell's column has jco.
#[must_use]
pub fn has_jco(cell: &CellFiles) -> bool {
    cell.spec.mode.ends_with("+jco")
}

/// The folder of npm packages, if the column needs any.
pub fn packages_args(tool: &Tool) -> Vec<OsString> {
    if tool.packages_dir.as_os_str().is_empty() {
        return Vec::new();
    }
    vec!["--packages".into(), tool.packages_dir.clone().into()]
}

//! Shared by JavaScript hosts: a driver in `js/` that uses the cell protocol.

use std::ffi::OsString;

use crate::{CellFiles, HostLayer, Runtime, Tool};

/// The driver's files.
const DRIVER: &[(&str, &str)] = &[
    ("driver.mjs", include_str!("js/driver.mjs")),
    ("protocol.mjs", include_str!("js/protocol.mjs")),
    ("log.mjs", include_str!("js/log.mjs")),
    ("glue_shared.mjs", include_str!("js/glue_shared.mjs")),
    ("watch.mjs", include_str!("js/watch.mjs")),
    ("core.mjs", include_str!("js/core.mjs")),
    ("glue.mjs", include_str!("js/glue.mjs")),
    ("jco.mjs", include_str!("js/jco.mjs")),
    ("shims.mjs", include_str!("js/shims.mjs")),
    ("transpile.mjs", include_str!("js/transpile.mjs")),
    ("component.mjs", include_str!("js/component.mjs")),
    ("imports.mjs", include_str!("js/imports.mjs")),
    ("causes.mjs", include_str!("js/causes.mjs")),
    ("builtins.mjs", include_str!("js/builtins.mjs")),
    ("functions.mjs", include_str!("js/functions.mjs")),
    ("types.mjs", include_str!("js/types.mjs")),
    ("values.mjs", include_str!("js/values.mjs")),
];

/// Files that a browser page runs, below the folder served by its driver.
pub const PAGE: &[(&str, &str)] = &[
    ("page/main.mjs", include_str!("js/page/main.mjs")),
    ("page/report.mjs", include_str!("js/page/report.mjs")),
    ("page/core.mjs", include_str!("js/page/core.mjs")),
    ("core_shared.mjs", include_str!("js/core_shared.mjs")),
    ("page/wasi.mjs", include_str!("js/page/wasi.mjs")),
    ("page/glue.mjs", include_str!("js/page/glue.mjs")),
    ("page/jco.mjs", include_str!("js/page/jco.mjs")),
    ("precompile.mjs", include_str!("js/precompile.mjs")),
    ("transpile.mjs", include_str!("js/transpile.mjs")),
    ("component.mjs", include_str!("js/component.mjs")),
    ("imports.mjs", include_str!("js/imports.mjs")),
    ("log.mjs", include_str!("js/log.mjs")),
    ("protocol.mjs", include_str!("js/protocol.mjs")),
    ("glue_shared.mjs", include_str!("js/glue_shared.mjs")),
    ("watch.mjs", include_str!("js/watch.mjs")),
    ("causes.mjs", include_str!("js/causes.mjs")),
    ("builtins.mjs", include_str!("js/builtins.mjs")),
    ("functions.mjs", include_str!("js/functions.mjs")),
    ("types.mjs", include_str!("js/types.mjs")),
    ("values.mjs", include_str!("js/values.mjs")),
];

/// What a worker of workerd consists of; the last three are for Node, which translates components before.
pub const WORKER: &[(&str, &str)] = &[
    ("worker/main.mjs", include_str!("js/worker/main.mjs")),
    ("worker/report.mjs", include_str!("js/worker/report.mjs")),
    ("worker/core.mjs", include_str!("js/worker/core.mjs")),
    ("worker/wasi.mjs", include_str!("js/worker/wasi.mjs")),
    ("worker/glue.mjs", include_str!("js/worker/glue.mjs")),
    ("worker/jco.mjs", include_str!("js/worker/jco.mjs")),
    ("core_shared.mjs", include_str!("js/core_shared.mjs")),
    ("component.mjs", include_str!("js/component.mjs")),
    ("imports.mjs", include_str!("js/imports.mjs")),
    ("protocol.mjs", include_str!("js/protocol.mjs")),
    ("glue_shared.mjs", include_str!("js/glue_shared.mjs")),
    ("watch.mjs", include_str!("js/watch.mjs")),
    ("causes.mjs", include_str!("js/causes.mjs")),
    ("builtins.mjs", include_str!("js/builtins.mjs")),
    ("functions.mjs", include_str!("js/functions.mjs")),
    ("types.mjs", include_str!("js/types.mjs")),
    ("values.mjs", include_str!("js/values.mjs")),
    ("precompile.mjs", include_str!("js/precompile.mjs")),
    ("transpile.mjs", include_str!("js/transpile.mjs")),
    ("log.mjs", include_str!("js/log.mjs")),
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
    if !tool.packages_dir.as_os_str().is_empty() {
        argv.extend(["--packages".into(), tool.packages_dir.clone().into()]);
    }
    vec![argv]
}

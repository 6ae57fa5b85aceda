//! Shared by columns whose program a driver of the lab starts (`xtask/drivers`): browsers and workerd.

use std::ffi::OsString;
use std::path::Path;

use wasmlab_protocol::EntryPoint;

use crate::{AuxProgram, CellFiles, HostLayer, Runtime, Tool, js};

/// The columns of such a program, whose modes are their ids. Modules get their imports from their own glue or need
/// none; from a host layer for WASI 0.1; or, for components, from the shims that jco's output imports.
#[must_use]
pub fn columns(host: Runtime, wasi: HostLayer) -> [Runtime; 3] {
    let plain = Runtime { commands: |tool, cell| vec![command(tool, cell)], ..host };
    let jco = Runtime {
        // Node runs jco, which compiles modules from bytes and uses Node's file system.
        aux_program: Some(AuxProgram { name: "node", variable: "WASMLAB_NODE" }),
        precompile: |tool, cell, into| Some(transpile(tool, cell, into, "page")),
        commands: |tool, cell| {
            vec![[command(tool, cell), vec!["--component".into(), cell.precompiled.into()]].concat()]
        },
        ..plain.clone().with_host_layer(HostLayer::Jco)
    };
    [plain.clone(), plain.with_host_layer(wasi), jco]
}

fn command(tool: &Tool, cell: &CellFiles) -> Vec<OsString> {
    let mut argv: Vec<OsString> = vec![tool.program.clone().into(), "run".into(), cell.spec_path.into()];
    argv.extend(["--program".into(), tool.driven_program.clone().into()]);
    argv.extend(["--scripts".into(), tool.support_dir.clone().into()]);
    argv.extend(js::packages_args(tool));
    argv
}

/// The command with which Node transpiles a component with jco into the folder `into`, for a `page` or a `worker`.
#[must_use]
pub fn transpile(tool: &Tool, cell: &CellFiles, into: &Path, host: &'static str) -> Vec<OsString> {
    let mut argv = [vec![tool.aux_program.clone().into()], js::transpile_args(tool, cell, into, host)].concat();
    // jco must know which exports may have to wait.
    if let EntryPoint::Calls(calls) = &cell.spec.entry {
        argv.extend(calls.iter().map(|call| call.export.clone().into()));
    }
    argv
}

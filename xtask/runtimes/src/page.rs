//! Shared by browsers: a page opened by a driver of the lab (`xtask/drivers/browser`).

use std::ffi::OsString;
use std::path::Path;

use wasmlab_model::scenario::EntryPointKind;

use crate::{AuxProgram, CellFiles, HostLayer, MissingFeature, Program, Runtime, Source, Tool, js};

/// What a page's author does for a guest that waits: workers may block, a page's main thread may not.
const WORKER: &str = "new Worker()";

/// The columns of a browser. Modules get their imports from their own glue or need none; from a polyfill of WASI 0.1;
/// or, for components, from the shims that jco's output imports. The driver's mode is the column's id.
#[must_use]
pub fn columns(engine: &'static str, program: Program) -> Vec<Runtime> {
    let browser = Runtime {
        id: engine.into(),
        engine,
        mode: engine.into(),
        source: Source::Driver { driver: "browser", program },
        support_files: js::PAGE,
        is_applicable: |_, scenario| match scenario.run.entry {
            EntryPointKind::Http => Err("a page cannot accept connections, so it cannot serve wasi:http".to_owned()),
            _ => Ok(()),
        },
        switches: |_, lack| if lack == MissingFeature::Waiting { vec![WORKER.to_owned()] } else { Vec::new() },
        commands: |tool, cell| vec![command(tool, cell)],
        ..Runtime::default()
    };
    let jco = Runtime {
        // Node runs jco, which cannot run in a page.
        aux_program: Some(AuxProgram { name: "node", variable: "WASMLAB_NODE" }),
        precompile: |tool, cell, into| Some(translation(tool, cell, into)),
        commands: |tool, cell| {
            vec![[command(tool, cell), vec!["--component".into(), cell.precompiled.into()]].concat()]
        },
        ..browser.clone().with_host_layer(HostLayer::Jco)
    };
    vec![browser.clone(), browser.with_host_layer(HostLayer::WasiShim), jco]
}

fn command(tool: &Tool, cell: &CellFiles) -> Vec<OsString> {
    let mut argv: Vec<OsString> = vec![tool.program.clone().into(), "run".into(), cell.spec.into()];
    argv.extend([
        "--browser".into(),
        tool.driven_program.clone().into(),
        "--pages".into(),
        tool.support_dir.clone().into(),
    ]);
    if !tool.packages_dir.as_os_str().is_empty() {
        argv.extend(["--packages".into(), tool.packages_dir.clone().into()]);
    }
    argv
}

fn translation(tool: &Tool, cell: &CellFiles, into: &Path) -> Vec<OsString> {
    let mut argv: Vec<OsString> = vec![tool.aux_program.clone().into(), tool.support_dir.join("precompile.mjs").into()];
    argv.extend([cell.spec.into(), into.into(), "--packages".into(), tool.packages_dir.clone().into()]);
    argv
}

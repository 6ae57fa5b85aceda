//! A worker of workerd, Cloudflare's runtime: V8 without compilation at run time. Plain WebAssembly, glue that takes an
//! imported module, WASI 0.1 by Cloudflare's package, components by jco. A driver of the lab (`xtask/drivers/workerd`)
//! writes a configuration for each cell.

use std::ffi::OsString;
use std::path::Path;

use wasmlab_model::scenario::EntryPointKind;

use crate::{AuxProgram, CellFiles, HostLayer, InstallCommand, Package, PackageClient, Program, Runtime, Source, Tool, js};

pub fn columns() -> Vec<Runtime> {
    let worker = Runtime {
        id: "workerd".into(),
        engine: "workerd",
        mode: "workerd".into(),
        source: Source::Driver {
            driver: "workerd",
            program: Program {
                names: &["workerd"],
                variable: "WASMLAB_WORKERD",
                version_args: &["--version"],
                install_hint: "see https://github.com/cloudflare/workerd",
            },
        },
        install: vec![InstallCommand::quick(&["npm", "install", "--global", "workerd"])],
        package: Some(Package {
            client: PackageClient::Npm,
            name: "workerd",
            programs: &[
                "node_modules/@cloudflare/workerd-linux-64/bin/workerd",
                "node_modules/@cloudflare/workerd-linux-arm64/bin/workerd",
                "node_modules/@cloudflare/workerd-darwin-arm64/bin/workerd",
                "node_modules/@cloudflare/workerd-darwin-64/bin/workerd",
                "node_modules/@cloudflare/workerd-windows-64/bin/workerd.exe",
            ],
        }),
        in_ci: true,
        support_files: js::WORKER,
        is_applicable: |_, scenario| match scenario.run.entry {
            EntryPointKind::Http => Err("a worker answers requests by its own script, not as a handler of wasi:http".to_owned()),
            _ => Ok(()),
        },
        switches: |_, _| Vec::new(),
        commands: |tool, cell| vec![command(tool, cell)],
        ..Runtime::default()
    };
    let jco = Runtime {
        // Node translates: jco compiles modules, which a worker may not.
        aux_program: Some(AuxProgram { name: "node", variable: "WASMLAB_NODE" }),
        precompile: |tool, cell, into| Some(translation(tool, cell, into)),
        commands: |tool, cell| {
            vec![[command(tool, cell), vec!["--component".into(), cell.precompiled.into()]].concat()]
        },
        ..worker.clone().with_host_layer(HostLayer::Jco)
    };
    vec![worker.clone(), worker.with_host_layer(HostLayer::WorkersWasi), jco]
}

fn command(tool: &Tool, cell: &CellFiles) -> Vec<OsString> {
    let mut argv: Vec<OsString> = vec![tool.program.clone().into(), "run".into(), cell.spec.into()];
    argv.extend(["--workerd".into(), tool.driven_program.clone().into()]);
    argv.extend(["--scripts".into(), tool.support_dir.clone().into()]);
    if !tool.packages_dir.as_os_str().is_empty() {
        argv.extend(["--packages".into(), tool.packages_dir.clone().into()]);
    }
    argv
}

fn translation(tool: &Tool, cell: &CellFiles, into: &Path) -> Vec<OsString> {
    let mut argv: Vec<OsString> = vec![tool.aux_program.clone().into(), tool.support_dir.join("precompile.mjs").into()];
    argv.extend([cell.spec.into(), into.into(), "--packages".into(), tool.packages_dir.clone().into()]);
    argv.extend(["--below".into(), "..".into()]);
    argv
}

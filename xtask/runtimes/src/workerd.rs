//! A worker of workerd, Cloudflare's runtime: V8 without compilation at run time. Plain WebAssembly, glue that accepts a
//! compiled module, WASI 0.1 through Cloudflare's package, components through jco. A driver of the lab
//! (`xtask/drivers/workerd`) writes a configuration for each cell.

use wasmlab_model::scenario::EntryPointKind;

use crate::{HostLayer, InstallCommand, Package, PackageClient, Program, Runtime, Source, driven, js};

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
            EntryPointKind::Http => {
                Err("a worker answers requests by its own script, not as a handler of wasi:http".to_owned())
            }
            _ => Ok(()),
        },
        switches: |_, _| Vec::new(),
        ..Runtime::default()
    };
    let [plain, wasi, jco] = driven::columns(worker, HostLayer::WorkersWasi);
    let jco = Runtime { precompile: |tool, cell, into| Some(driven::transpile(tool, cell, into, "worker")), ..jco };
    vec![plain, wasi, jco]
}

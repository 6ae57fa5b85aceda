//! Bun: JavaScriptCore, with glue and jco as on Node. Its `node:wasi` lacks some of what the driver needs
//! (`getImportObject`, returning exit codes); the driver finds out what that means for a cell.

use crate::{InstallCommand, ONLY_VERSION, Package, PackageClient, Runtime, Source, js, switches};

/// Prints JavaScriptCore's options, which Bun reads from its environment but does not list in its help.
const LIST_OPTIONS: &str = "process.stdout.write(Bun.spawnSync([process.execPath, '-e', '0'], \
                            { env: { BUN_JSC_dumpOptions: '2' }, stderr: 'pipe' }).stderr)";

/// Downloads nothing and reads no configuration of this machine.
fn host_args() -> Vec<std::ffi::OsString> {
    vec!["run".into(), "--no-install".into()]
}

pub fn columns() -> Vec<Runtime> {
    js::columns(Runtime {
        engine: "bun",
        source: Source::on_path(&["bun"], "WASMLAB_BUN", "see https://bun.sh/docs/installation"),
        version_names: &[ONLY_VERSION],
        install: vec![
            InstallCommand::quick(&["npm", "install", "--global", "bun"]),
            InstallCommand::quick(&["brew", "install", "oven-sh/bun/bun"]),
        ],
        package: Some(Package {
            client: PackageClient::Npm,
            name: "bun",
            programs: &[
                "node_modules/@oven/bun-linux-x64/bin/bun",
                "node_modules/@oven/bun-linux-aarch64/bin/bun",
                "node_modules/@oven/bun-darwin-aarch64/bin/bun",
                "node_modules/@oven/bun-darwin-x64/bin/bun",
                "node_modules/bun/bin/bun.exe",
            ],
        }),
        in_ci: true,
        stack_hint: Some("the variable `BUN_JSC_maxPerThreadStackUsage=BYTES` together with `ulimit -s` above that"),
        help_args: &[&["-e", LIST_OPTIONS]],
        // The driver restarts itself with them in its environment.
        switches: switches::jsc_options,
        precompile: |tool, cell, into| js::transpile(tool, cell, into, host_args()),
        commands: |tool, cell| js::commands(tool, cell, host_args()),
        ..Runtime::default()
    })
}

//! Deno: V8 with Deno's own `node:wasi`; glue and jco as on Node. A guest gets the permissions of its cell.

use std::ffi::OsString;
use std::path::Path;

use wasmlab_protocol::{EntryPoint, Network};

use crate::{CellFiles, InstallCommand, Package, PackageClient, Runtime, Source, Tool, js, switches};

pub fn columns() -> Vec<Runtime> {
    js::columns(Runtime {
        engine: "deno",
        source: Source::on_path(&["deno"], "WASMLAB_DENO", "see https://docs.deno.com/runtime/getting_started/installation"),
        install: vec![
            InstallCommand::quick(&["npm", "install", "--global", "deno"]),
            InstallCommand::quick(&["brew", "install", "deno"]),
            InstallCommand::quick(&["python3", "-m", "pip", "install", "deno"]),
        ],
        package: Some(Package {
            client: PackageClient::Npm,
            name: "deno",
            programs: &[
                "node_modules/@deno/linux-x64-glibc/deno",
                "node_modules/@deno/linux-arm64-glibc/deno",
                "node_modules/@deno/darwin-arm64/deno",
                "node_modules/@deno/darwin-x64/deno",
                "node_modules/@deno/win32-x64/deno.exe",
            ],
        }),
        in_ci: true,
        stack_hint: Some("`deno run --v8-flags=--stack-size=KIB`, and `ulimit -s` above that"),
        env,
        commands: |tool, cell| js::commands(tool, cell, permissions(tool, cell)),
        help: &[&["run", "--v8-flags=--help"]],
        switches: switches::of_v8,
        ..Runtime::default()
    })
}

/// Deno caches its analysis of scripts, including the driver, in databases below the home folder. A cell's home is new,
/// so without this each cell would repeat it, which takes a fifth of the startup time. Guests cannot write there.
fn env(tool: &Tool) -> Vec<(&'static str, OsString)> {
    let mut dir = tool.support_dir.clone().into_os_string();
    dir.push("-deno");
    vec![("DENO_DIR", dir)]
}

/// Never prompts, reads no configuration of this machine, and limits files and network to the cell's.
fn permissions(tool: &Tool, cell: &CellFiles) -> Vec<OsString> {
    let spec = cell.cell;
    let beside = |path: &Path| path.parent().unwrap_or(path).to_owned();
    let dirs = || spec.dirs.iter().map(|d| d.host.clone());
    let mut read = vec![cell.spec.to_owned(), cell.module.to_owned(), tool.support_dir.clone()];
    read.extend(spec.glue.as_deref().map(beside));
    read.extend(spec.code_cache.clone());
    read.extend(Some(tool.packages_dir.clone()).filter(|p| !p.as_os_str().is_empty()));
    read.extend(dirs());
    let mut write = vec![spec.events.clone()];
    write.extend(spec.glue.as_deref().map(beside));
    write.extend(spec.code_cache.clone());
    write.extend(dirs());
    let list = |paths: Vec<std::path::PathBuf>| {
        paths.into_iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(",")
    };
    let mut flags: Vec<OsString> =
        ["run", "--quiet", "--no-prompt", "--no-config", "--no-lock", "--no-remote"].map(OsString::from).to_vec();
    if !tool.packages_dir.as_os_str().is_empty() {
        // Packages import each other from where npm installed them; otherwise Deno would look in its own cache.
        flags.push("--node-modules-dir=manual".into());
        // jco's packages ask for the system to choose native parts. The shim reads the whole environment when it is
        // loaded, which no list of names permits; the driver replaces it with the cell's before a guest runs.
        flags.extend(["--allow-sys".into(), "--allow-ffi".into(), "--allow-env".into()]);
    }
    flags.push(format!("--allow-read={}", list(read)).into());
    flags.push(format!("--allow-write={}", list(write)).into());
    if !spec.switches.is_empty() {
        flags.push(format!("--v8-flags={}", spec.switches.join(",")).into());
    }
    // The driver serves handlers, whatever the guest itself may access.
    if spec.network == Network::Loopback || matches!(spec.entry, EntryPoint::Http { .. }) {
        let ports = spec.ports.iter().chain(&spec.connect_ports).map(|port| format!("127.0.0.1:{port}"));
        let ports: Vec<String> = ports.collect();
        // An empty list would allow everything.
        if !ports.is_empty() {
            flags.push(format!("--allow-net={}", ports.join(",")).into());
        } else if cell.run.own_loopback {
            // The lab's sandbox limits it to its own loopback interface.
            flags.push("--allow-net".into());
        }
    }
    flags
}

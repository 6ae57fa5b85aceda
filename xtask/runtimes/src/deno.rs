//! Deno: V8 with Deno's own `node:wasi`; glue and jco as on Node. A guest gets the permissions of its cell.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use wasmlab_protocol::{EntryPoint, Network};

use crate::{CellFiles, InstallCommand, Package, PackageClient, Runtime, Source, Tool, js, switches};

pub fn columns() -> Vec<Runtime> {
    js::columns(Runtime {
        engine: "deno",
        source: Source::on_path(
            &["deno"],
            "WASMLAB_DENO",
            "see https://docs.deno.com/runtime/getting_started/installation",
        ),
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
        precompile: |tool, cell, into| {
            let write = [cell.spec.events.clone(), into.to_owned()];
            js::transpile(tool, cell, into, permissions(tool, &readable(tool, cell), &write))
        },
        commands: |tool, cell| js::commands(tool, cell, for_guest(tool, cell)),
        help_args: &[&["run", "--v8-flags=--help"]],
        switches: switches::v8_flags,
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

/// Files that every process of the cell reads.
fn readable(tool: &Tool, cell: &CellFiles) -> Vec<PathBuf> {
    let mut read = vec![cell.spec_path.to_owned(), cell.module.to_owned(), tool.support_dir.clone()];
    read.extend(Some(tool.packages_dir.clone()).filter(|p| !p.as_os_str().is_empty()));
    read
}

/// The permissions of a process that runs a guest: the cell's files and network.
fn for_guest(tool: &Tool, cell: &CellFiles) -> Vec<OsString> {
    let spec = cell.spec;
    let beside = |path: &Path| path.parent().unwrap_or(path).to_owned();
    let given = || spec.glue.as_deref().map(beside).into_iter().chain(spec.dirs.iter().map(|dir| dir.host.clone()));
    let mut read = readable(tool, cell);
    read.extend(Some(cell.precompiled.to_owned()).filter(|_| js::has_jco(cell)));
    read.extend(given());
    let mut flags = permissions(tool, &read, &[vec![spec.events.clone()], given().collect()].concat());
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

/// Never prompts, reads no configuration of this machine, and allows only these files.
fn permissions(tool: &Tool, read: &[PathBuf], write: &[PathBuf]) -> Vec<OsString> {
    let list = |paths: &[PathBuf]| paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(",");
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
    flags
}

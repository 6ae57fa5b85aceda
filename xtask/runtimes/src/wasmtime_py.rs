//! wasmtime through its official Python package, which contains a prebuilt library: the newest version, even if this
//! machine's Rust is too old to build it. A driver in Python, `py/driver.py`, implements the cell protocol.

use std::ffi::OsString;

use crate::{CellFiles, InstallCommand, Package, PackageClient, Program, Runtime, Source, Tool};

/// The driver's files.
const DRIVER: &[(&str, &str)] = &[
    ("driver.py", include_str!("py/driver.py")),
    ("protocol.py", include_str!("py/protocol.py")),
    ("config.py", include_str!("py/config.py")),
    ("compiled.py", include_str!("py/compiled.py")),
    ("causes.py", include_str!("py/causes.py")),
    ("values.py", include_str!("py/values.py")),
    ("types_of.py", include_str!("py/types_of.py")),
    ("module.py", include_str!("py/module.py")),
    ("component.py", include_str!("py/component.py")),
];

pub fn columns() -> Vec<Runtime> {
    vec![Runtime {
        id: "wasmtime-py".into(),
        engine: "wasmtime",
        mode: "cranelift".into(),
        source: Source::Program(Program {
            names: &["python3", "python"],
            variable: "WASMLAB_WASMTIME_PY",
            version_args: &["--version"],
            install_hint: "see https://pypi.org/project/wasmtime",
        }),
        version_names: &["python"],
        note: Some("wasmtime's library from its official PyPI package `wasmtime`, embedded in Python"),
        python_package: Some("wasmtime"),
        compiles_before_linking: true,
        install: vec![
            InstallCommand::quick(&["brew", "install", "python"]),
            InstallCommand::quick(&["apt-get", "install", "--yes", "python3-pip"]),
            InstallCommand::quick(&["dnf", "install", "--assumeyes", "python3-pip"]),
        ],
        package: Some(Package { client: PackageClient::Pip, name: "wasmtime", programs: &[PACKAGE_FILE] }),
        in_ci: true,
        support_files: DRIVER,
        has_sessions: true,
        stack_hint: Some("`Config.max_wasm_stack = BYTES` in the program that embeds it, and `ulimit -s` above that"),
        commands,
        reference_column: Some("wasmtime-cranelift".into()),
        ..Runtime::default()
    }]
}

/// A file of the package that proves it is installed; Python itself does not come with it.
const PACKAGE_FILE: &str = "wasmtime/__init__.py";

/// Python isolated from this machine's configuration (`-I`) and without its package folders (`-S`), since the driver
/// gets the folder as an argument; writes no bytecode (`-B`).
fn commands(tool: &Tool, cell: &CellFiles) -> Vec<Vec<OsString>> {
    let driver = tool.support_dir.join("driver.py");
    let mut argv: Vec<OsString> = vec![tool.program.clone().into(), "-ISB".into(), driver.into()];
    argv.extend(["run".into(), cell.spec_path.into(), "--packages".into(), tool.packages_dir.clone().into()]);
    vec![argv]
}

//! Runs the real binary on a temporary workspace with its own scenarios, fixtures, snapshots and reports, and with
//! engines from the cache that `cargo xtask run-all` filled.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

#[path = "checkout.rs"]
pub mod checkout;
#[path = "../../engines/common/required.rs"]
pub mod required;

/// Columns that run a core module for WASI 0.1 without help. Other columns (no WASI, components only, web pages only)
/// are left out of tests that expect the same answer everywhere.
pub const COLUMNS: &str = "{wasmi,wasmtime-cranelift,wasmtime-winch,wasmtime-pulley,wasmtime-36-cranelift,wasmtime-cli,wasmtime-py,wasmer-cranelift,wasmer-singlepass,wasmer-cli,wasmi-cli,node,deno,bun}";

/// A path below `fixtures/`.
pub fn fixtures(path: &str) -> PathBuf {
    checkout::top().join("fixtures").join(path)
}

/// A text of a JSON object; empty if it has no such text.
pub fn field(object: &serde_json::Value, name: &str) -> String {
    object[name].as_str().unwrap_or_default().to_owned()
}

/// A temporary workspace.
pub struct Workspace {
    dir: tempfile::TempDir,
}

/// The result of running the lab.
#[derive(Debug)]
pub struct CommandResult {
    /// The exit code.
    pub code: i32,
    /// stdout.
    pub stdout: String,
    /// stderr.
    pub stderr: String,
}

impl CommandResult {
    /// The JSON document on stdout.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}\n{}", self.stdout, self.stderr))
    }
}

impl Workspace {
    /// An empty workspace.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("scenarios")).unwrap();
        Self { dir }
    }

    /// A path in the workspace.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.dir.path().join(relative)
    }

    /// Writes a file, creating its parent folders.
    pub fn write(&self, relative: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    /// Adds a scenario with one WAT file.
    pub fn scenario(&self, name: &str, wat: &str, rest: &str) {
        let head = format!("schema = 1\ntitle = \"{name}\"\nfamily = \"test\"\nroute = \"wat\"\n");
        let toml = format!("{head}{rest}\n[build]\ntoolchain = \"wat\"\nsource = \"guest.wat\"\n");
        self.write(&format!("scenarios/{name}/scenario.toml"), toml);
        self.write(&format!("scenarios/{name}/guest.wat"), wat);
    }

    /// A command that runs the lab with a prepared environment, for further changes.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wasmlab"));
        command
            .args(args)
            .env("WASMLAB_ROOT", self.dir.path())
            .env("WASMLAB_CACHE", cache())
            .env_remove("WASMLAB_RUST_TOOLCHAIN");
        command.current_dir(self.dir.path());
        command
    }

    /// Runs the lab.
    pub fn run(&self, args: &[&str]) -> CommandResult {
        result_of(self.command(args).output().unwrap())
    }

    /// Runs `run-all` with the engines that are built; returns the result and the JSON report.
    pub fn run_all(&self, args: &[&str]) -> (CommandResult, serde_json::Value) {
        let all = ["run-all", "--engines", "built", "--runtime", COLUMNS, "--output", "json"];
        let ran = self.run(&[&all, args].concat());
        let report = ran.json();
        (ran, report)
    }
}

/// The cache that `cargo xtask run-all` filled.
pub fn cache() -> PathBuf {
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("target/wasmlab");
    std::env::var_os("WASMLAB_CACHE").map_or_else(usual, PathBuf::from)
}

/// The result of a finished command.
pub fn result_of(output: Output) -> CommandResult {
    CommandResult {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The measured cells: `(runtime, verdict, code)`. Fails if no runtime is installed, because then nothing is tested,
/// and if one is missing that CI requires.
pub fn measured(report: &serde_json::Value) -> Vec<(String, String, String)> {
    let text = |cell: &serde_json::Value, key: &str| cell[key].as_str().unwrap_or_default().to_owned();
    let cells = report["cells"].as_array().unwrap();
    let (present, absent): (Vec<_>, Vec<_>) = cells.iter().partition(|c| c["verdict"] != "absent");
    for cell in absent {
        required::not_here(&text(cell, "runtime"), &text(cell, "detail"));
    }
    assert!(!present.is_empty(), "no runtime is here: run `cargo xtask run-all` first, or install Node.js");
    present.iter().map(|c| (text(c, "runtime"), text(c, "verdict"), text(c, "code"))).collect()
}

//! The real binary on a workspace of the test's own: scenarios, fixtures, snapshots and reports in a
//! temporary folder, engines from the cache that `cargo xtask run-all` filled.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

#[path = "../../engines/common/required.rs"]
pub mod required;

/// Columns that run a core module of WASI 0.1 as it is: what the others say of one (no WASI, components only,
/// nothing but a page) is not the matter of tests that look for one answer everywhere.
pub const COLUMNS: &str = "{wasmi,wasmtime-cranelift,wasmtime-winch,wasmtime-pulley,wasmtime-36-cranelift,wasmtime-cli,wasmer-cranelift,wasmer-singlepass,wasmer-cli,wasmi-cli,node,deno,bun}";

/// A temporary workspace.
pub struct Workspace {
    dir: tempfile::TempDir,
}

/// What one call of the lab came to.
#[derive(Debug)]
pub struct CommandResult {
    /// The exit code.
    pub code: i32,
    /// stdout.
    pub stdout: String,
    /// stderr.
    pub stderr: String,
}

impl Workspace {
    /// An empty one.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("scenarios")).unwrap();
        Self { dir }
    }

    /// A path in it.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.dir.path().join(relative)
    }

    /// Writes a file, with the folders above it.
    pub fn write(&self, relative: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    /// A scenario of one WAT file.
    pub fn scenario(&self, name: &str, wat: &str, rest: &str) {
        let head = format!("schema = 1\ntitle = \"{name}\"\nfamily = \"test\"\nroute = \"wat\"\n");
        let toml = format!("{head}{rest}\n[build]\ntoolchain = \"wat\"\nsource = \"guest.wat\"\n");
        self.write(&format!("scenarios/{name}/scenario.toml"), toml);
        self.write(&format!("scenarios/{name}/guest.wat"), wat);
    }

    /// A call of the lab, its environment prepared, for further changes.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        let cache = std::env::var_os("WASMLAB_CACHE").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("target/wasmlab"),
            PathBuf::from,
        );
        command
            .args(args)
            .env("WASMLAB_ROOT", self.dir.path())
            .env("WASMLAB_CACHE", cache)
            .env_remove("WASMLAB_RUST_TOOLCHAIN");
        command.current_dir(self.dir.path());
        command
    }

    /// Calls the lab.
    pub fn run(&self, args: &[&str]) -> CommandResult {
        result_of(self.command(args).output().unwrap())
    }

    /// `run-all` on what is built, as JSON: the call and its report.
    pub fn run_all(&self, args: &[&str]) -> (CommandResult, serde_json::Value) {
        let all = ["run-all", "--engines", "built", "--runtime", COLUMNS, "--output", "json"];
        let ran = self.run(&[&all, args].concat());
        let report =
            serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {}\n{}", ran.stdout, ran.stderr));
        (ran, report)
    }
}

/// The output of a finished call.
pub fn result_of(output: Output) -> CommandResult {
    CommandResult {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The cells that were measured: `(runtime, verdict, code)`. A machine without a single runtime cannot
/// test anything, and that is a failure; so is the absence of one that CI says is here.
pub fn measured(report: &serde_json::Value) -> Vec<(String, String, String)> {
    let text = |cell: &serde_json::Value, key: &str| cell[key].as_str().unwrap_or_default().to_owned();
    let cells = report["cells"].as_array().unwrap();
    let (here, absent): (Vec<_>, Vec<_>) = cells.iter().partition(|c| c["verdict"] != "absent");
    for cell in absent {
        required::not_here(&text(cell, "runtime"), &text(cell, "detail"));
    }
    assert!(!here.is_empty(), "no runtime is here: run `cargo xtask run-all` first, or install Node.js");
    here.iter().map(|c| (text(c, "runtime"), text(c, "verdict"), text(c, "code"))).collect()
}

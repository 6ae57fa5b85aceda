//! Steps for the separate workspaces: engines, hosts and drivers, each with its own lock file.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use xshell::{Shell, cmd};

use super::{CiStep, Context};
use wasmlab_report::visible::VisiblePath;

/// The value of `CLIPPY_ARGS` for `-D warnings`: cargo-clippy passes its options in this form.
const DENY_WARNINGS: &str = "-Dwarnings__CLIPPY_HACKERY__";
/// Folders of workspaces below `xtask/`, in the order their steps run, with the word for one of each kind.
const KINDS: &[(&str, &str)] = &[("drivers", "driver"), ("hosts", "host"), ("engines", "engine")];

/// A separate workspace.
pub struct Workspace {
    /// Name of its step: `engine-wasmi`.
    pub step: String,
    /// Name of its folder.
    name: String,
    /// Its folder.
    pub dir: PathBuf,
}

/// Every separate workspace, sorted by kind and name.
pub fn workspaces(xtask: &Path) -> Vec<Workspace> {
    let mut found = Vec::new();
    for (folder, kind) in KINDS {
        let mut dirs: Vec<PathBuf> = std::fs::read_dir(xtask.join(folder))
            .map(|entries| entries.flatten().map(|e| e.path()).filter(|dir| is_workspace(dir)).collect())
            .unwrap_or_default();
        dirs.sort();
        for dir in dirs {
            let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
            found.push(Workspace { step: format!("{kind}-{name}"), name, dir });
        }
    }
    found
}

/// Whether a folder is a separate workspace; crates that engines share belong to the lab's workspace.
fn is_workspace(dir: &Path) -> bool {
    let manifest = std::fs::read_to_string(dir.join("Cargo.toml")).unwrap_or_default();
    manifest.lines().any(|line| line == "[workspace]")
}

/// Lints and tests a workspace in one build, in the folder where the lab built it: clippy replaces the compiler for its
/// own crates, and the dependencies are reused from the lab's build. `cargo clippy` would check all of them again.
pub fn step(workspace: Workspace, needs: Vec<&'static str>) -> CiStep {
    let Workspace { step, name, dir } = workspace;
    let about = format!("Lint and test the {}", step.replacen('-', " ", 1));
    let run = move |context: &Context| {
        let shell = context.shell()?;
        lint_with_tests(&shell)?;
        let (manifest, target) = (dir.join("Cargo.toml"), context.lab.cache.dir().join("engines").join(&name));
        let quick = quick_to_compile(&dir)?;
        context.run(cmd!(
            shell,
            "cargo test --release --locked --manifest-path {manifest} --target-dir {target} {quick...}"
        ))
    };
    CiStep { name: step, about, needs, only_full: false, in_background: false, run: Box::new(run) }
}

/// Options that compile an engine's own crate without optimization and leave its dependencies as they are. The crate
/// instantiates most of the library's generic code, which takes a tenth of the time of compiling the library; tests do
/// not need it to be fast.
fn quick_to_compile(dir: &Path) -> Result<Vec<String>> {
    let manifest = std::fs::read_to_string(dir.join("Cargo.toml"))?;
    let manifest: toml::Table = toml::from_str(&manifest)?;
    let package = manifest.get("package").and_then(|p| p.get("name")?.as_str()).context("a package without a name")?;
    Ok(vec!["--config".to_owned(), format!("profile.release.package.{package}.opt-level=0")])
}

/// Makes cargo compile the workspace's own crates with clippy, with warnings as errors.
pub fn lint_with_tests(shell: &Shell) -> Result<()> {
    shell.set_var("RUSTC_WORKSPACE_WRAPPER", clippy_driver(shell)?);
    shell.set_var("CLIPPY_ARGS", DENY_WARNINGS);
    Ok(())
}

/// The same as options for a single command: builds that its tests start do not inherit them.
pub fn lint_options(shell: &Shell) -> Result<[String; 4]> {
    let wrapper = format!("build.rustc-workspace-wrapper='{}'", clippy_driver(shell)?.display());
    Ok(["--config".to_owned(), wrapper, "--config".to_owned(), format!("env.CLIPPY_ARGS='{DENY_WARNINGS}'")])
}

/// Clippy as a compiler.
fn clippy_driver(shell: &Shell) -> Result<PathBuf> {
    let sysroot = cmd!(shell, "rustc --print sysroot").quiet().read()?;
    let driver = Path::new(&sysroot).join("bin").join(format!("clippy-driver{}", std::env::consts::EXE_SUFFIX));
    if !driver.is_file() {
        return Err(anyhow!("`{}` does not exist", driver.visible()))
            .context("clippy is missing: rustup component add clippy");
    }
    Ok(driver)
}

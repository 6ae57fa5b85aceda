//! Steps for the separate workspaces: engines, hosts and drivers, each with its own lock file.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use cargo_lock::Lockfile;
use cargo_metadata::{MetadataCommand, PackageId};
use xshell::{Shell, cmd};

use super::{CiStep, Context};
use crate::engines::{KEEP_VARIABLE, build_dir, crates_of_build};
use wasmlab_report::visible::VisiblePath;
use wasmlab_runtimes::Runtime;

/// The value of `CLIPPY_ARGS` for `-D warnings`: cargo-clippy passes its options in this form.
const DENY_WARNINGS: &str = "-Dwarnings__CLIPPY_HACKERY__";
/// Folders of workspaces below `xtask/`, in the order their steps run, with the word for one of each kind.
const KINDS: &[(&str, &str)] = &[("drivers", "driver"), ("hosts", "host"), ("engines", "engine")];

/// Number of locked packages from which a workspace is large.
const LARGE: usize = 100;

/// A separate workspace.
pub struct Workspace {
    /// Name of its step: `engine-wasmi`.
    pub step: String,
    /// Its folder.
    pub dir: PathBuf,
    /// The columns that only `--full` builds and runs: all of an engine's, or none.
    full: Vec<&'static str>,
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
            let full = columns_of_full(&name);
            found.push(Workspace { step: format!("{kind}-{name}"), dir, full });
        }
    }
    found
}

/// The columns of an engine or driver of which the ordinary CI has none.
fn columns_of_full(name: &str) -> Vec<&'static str> {
    let columns: Vec<&Runtime> = wasmlab_runtimes::all().iter().filter(|r| r.source.built() == Some(name)).collect();
    if columns.iter().any(|column| column.in_ci) { Vec::new() } else { columns.into_iter().map(Runtime::id).collect() }
}

/// Options of the lab that select these columns.
pub fn selection<'a>(columns: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    columns.into_iter().flat_map(|column| ["--runtime", column]).collect()
}

/// Whether a folder is a separate workspace; crates that engines share belong to the lab's workspace.
fn is_workspace(dir: &Path) -> bool {
    let manifest = std::fs::read_to_string(dir.join("Cargo.toml")).unwrap_or_default();
    manifest.lines().any(|line| line == "[workspace]")
}

/// Lints and tests a workspace in one build: clippy replaces the compiler for its own crates. `cargo clippy` would
/// check all its dependencies again. With `--full`, first builds and runs the engines that the ordinary CI leaves out.
pub fn step(workspace: Workspace, needs: Vec<&'static str>) -> CiStep {
    let Workspace { step, dir, full } = workspace;
    let only_full = !full.is_empty();
    let work = if only_full { "Build, run, lint and test" } else { "Lint and test" };
    let about = format!("{work} the {}", step.replacen('-', " ", 1));
    let run = move |context: &Context| {
        let shell = context.shell()?;
        if !full.is_empty() {
            let (xtask, selection) = (std::env::current_exe()?, selection(full.iter().copied()));
            // Its tests need the complete build.
            shell.set_var(KEEP_VARIABLE, "1");
            context.run(cmd!(shell, "{xtask} run-all {selection...}"))?;
        }
        lint_with_tests(&shell)?;
        let options = test_options(context, &dir)?;
        context.run(cmd!(shell, "cargo test {options...}"))
    };
    CiStep { name: step, about, needs, only_full, in_background: false, run: Box::new(run) }
}

/// Cargo options to test a workspace. A large engine reuses the dependencies that the lab has built for it. A small
/// workspace could reuse little, because its test dependencies enable more features, so it is compiled without
/// optimization. All use one folder.
pub fn test_options(context: &Context, dir: &Path) -> Result<Vec<OsString>> {
    let (manifest, target) = (dir.join("Cargo.toml"), build_dir(context.lab));
    let profile = if locked_packages(dir)? < LARGE {
        ["--config", "profile.dev.debug=false"].map(str::to_owned).to_vec()
    } else {
        [vec!["--release".to_owned()], quick_to_compile(dir)?].concat()
    };
    let mut options: Vec<OsString> = ["--locked", "--manifest-path"].map(OsString::from).to_vec();
    options.extend([manifest.into(), "--target-dir".into(), target.into()]);
    options.extend(profile.into_iter().map(OsString::from));
    Ok(options)
}

/// The number of packages in a workspace's lock file.
fn locked_packages(dir: &Path) -> Result<usize> {
    let file = dir.join("Cargo.lock");
    let lock = Lockfile::load(&file).with_context(|| format!("failed to read `{}`", file.visible()))?;
    Ok(lock.packages.len())
}

/// Cargo options that turn off optimization for the engine's own crate and for its dev-dependencies. All other crates
/// keep the lab's options, so their builds are reused. Optimizing the engine's crate would take a tenth of the
/// library's compile time, and no test needs it to be fast.
fn quick_to_compile(dir: &Path) -> Result<Vec<String>> {
    let options = ["--locked", "--filter-platform", "host-tuple"].map(str::to_owned).to_vec();
    let metadata = MetadataCommand::new().current_dir(dir).other_options(options).exec()?;
    let of_build = crates_of_build(&metadata);
    let resolve = metadata.resolve.as_ref().context("cargo metadata resolved no dependencies")?;
    let of_tests = resolve.nodes.iter().map(|node| &node.id).filter(|id| !of_build.contains(id));
    let option = |spec: String| ["--config".to_owned(), format!("profile.release.package.\"{spec}\".opt-level=0")];
    // Cargo refuses two entries for one package that are spelled differently, so those of the manifest are left alone.
    let manifest: toml::Table = toml::from_str(&std::fs::read_to_string(dir.join("Cargo.toml"))?)?;
    let entries = manifest.get("profile").and_then(|profile| profile.get("release")?.get("package"));
    let of_tests =
        of_tests.filter(|id| entries.is_none_or(|entries| entries.get(metadata[*id].name.as_str()).is_none()));
    let own = resolve.root.iter().map(|id| metadata[id].name.to_string());
    let of_tests = of_tests.map(|id: &PackageId| format!("{}@{}", metadata[id].name, metadata[id].version));
    Ok(of_tests.chain(own).flat_map(option).collect())
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

//! Where everything is: the workspace's folders, the cache, the machine. Created once and passed on.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cell::SharedBrowsers;
use crate::machine::Machine;
use crate::program_name;
use crate::store::cache::{Cache, INSTALLED, WASI_TESTSUITE};
use crate::store::embedded;
use wasmlab_report::visible::VisiblePath;

pub use wasmlab_toolchains::adapters::fetched::FIXTURES_VARIABLE;

/// The variable that names the folder for results and builds.
pub const CACHE_VARIABLE: &str = "WASMLAB_CACHE";
/// The variable that names the folder with scenarios/, fixtures/, snapshots/ and reports/, if it is not the current
/// folder or a parent.
pub const ROOT_VARIABLE: &str = "WASMLAB_ROOT";

/// The variable that names the parent of the folder of installed engines, if it is not the user's data folder.
pub const DATA_VARIABLE: &str = "WASMLAB_DATA";

/// The workspace, the cache and the machine.
#[derive(Debug)]
pub struct Lab {
    /// The workspace folder.
    pub root: PathBuf,
    /// Cached results and builds.
    pub cache: Cache,
    /// Installed tools and hashes of files.
    pub machine: Machine,
    /// Browsers that several cells use.
    pub browsers: SharedBrowsers,
}

impl Lab {
    /// Finds the workspace: named by `WASMLAB_ROOT`, in the current folder or a parent, or where the lab was built. The
    /// installed program has one only if `WASMLAB_ROOT` names it, and works without: measured results come from the
    /// program itself, and files of its own are in the user's folders.
    ///
    /// # Errors
    /// If `WASMLAB_ROOT` names no workspace, or no folder for files is known.
    pub fn find() -> Result<Self> {
        let root = match variable(ROOT_VARIABLE) {
            Some(root) => {
                let is_root = root.join("scenarios").is_dir();
                let shown = root.visible();
                anyhow::ensure!(is_root, "failed to use {ROOT_VARIABLE}: `{shown}` has no folder scenarios/");
                Some(root)
            }
            // A foreign repository must not become a workspace: the lab trusts its workspace's cache and sources.
            None if program_name::is_installed() => None,
            None => {
                let current = std::env::current_dir().context("failed to read the current folder")?;
                let built = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
                current.ancestors().chain(built).find(|dir| dir.join("scenarios").is_dir()).map(Path::to_owned)
            }
        };
        match root {
            Some(root) => Self::with_workspace(&root),
            None => Self::without_workspace(),
        }
    }

    /// Whether the workspace is where the lab was built, and neither the current folder nor `WASMLAB_ROOT` is in it.
    #[must_use]
    pub fn is_outside_current_dir(&self) -> bool {
        let is_here = std::env::current_dir().is_ok_and(|here| here.starts_with(&self.root));
        self.has_workspace() && variable(ROOT_VARIABLE).is_none() && !is_here
    }

    /// The lab of this workspace.
    ///
    /// # Errors
    /// If it contains links to folders outside of it.
    pub fn with_workspace(root: &Path) -> Result<Self> {
        let root = std::path::absolute(root)?;
        if let Some(why) = link_out_of_workspace(&root) {
            anyhow::bail!(why);
        }
        let cache = match variable(CACHE_VARIABLE) {
            Some(dir) => std::path::absolute(dir).with_context(|| format!("failed to use {CACHE_VARIABLE}"))?,
            None => root.join("target").join("wasmlab"),
        };
        Ok(Self::with_cache(root, cache))
    }

    fn without_workspace() -> Result<Self> {
        let cache = match variable(CACHE_VARIABLE) {
            Some(dir) => dir,
            None => user_folder("XDG_CACHE_HOME", ".cache").with_context(|| {
                format!("failed to find a folder for the cache: the user has no home folder; set {CACHE_VARIABLE} to a folder")
            })?,
        };
        let cache = std::path::absolute(cache).with_context(|| format!("failed to use {CACHE_VARIABLE}"))?;
        Ok(Self::with_cache(cache.join(INSTALLED), cache))
    }

    /// A lab in which nothing runs yet.
    #[must_use]
    pub fn new(root: PathBuf, cache: Cache, machine: Machine) -> Self {
        Self { root, cache, machine, browsers: SharedBrowsers::default() }
    }

    fn with_cache(root: PathBuf, cache: PathBuf) -> Self {
        let machine = Machine::new(cache.join("machine.json"));
        Self::new(root, Cache::new(cache), machine)
    }

    /// Whether there is a workspace with scenarios. If not, `root` is a folder of the cache.
    #[must_use]
    pub fn has_workspace(&self) -> bool {
        self.scenarios().is_dir()
    }

    /// Whether the sources of engines are here. If not, engines are those that were installed.
    #[must_use]
    pub fn has_sources(&self) -> bool {
        self.xtask().join("engines").is_dir()
    }

    /// Makes the measured results of `snapshots/` available where there is no workspace.
    ///
    /// # Errors
    /// If the cache cannot be written.
    pub fn unpack_results(&self) -> Result<()> {
        if self.has_workspace() {
            return Ok(());
        }
        embedded::unpack(&self.root).map_err(|error| self.cache.unwritable(&error).into())
    }

    /// The folder of installed engines: that of `WASMLAB_DATA`, or of the user's data. `None` if neither is known.
    #[must_use]
    pub fn installed_engines() -> Option<PathBuf> {
        let data = variable(DATA_VARIABLE).or_else(|| user_folder("XDG_DATA_HOME", ".local/share"))?;
        std::path::absolute(data.join("engines")).ok()
    }

    /// `scenarios/`.
    #[must_use]
    pub fn scenarios(&self) -> PathBuf {
        self.root.join("scenarios")
    }

    /// The folder of a scenario's prebuilt guest.
    #[must_use]
    pub fn fixture(&self, scenario: &str) -> PathBuf {
        self.root.join("fixtures").join(scenario)
    }

    /// `snapshots/`.
    #[must_use]
    pub fn snapshots(&self) -> PathBuf {
        self.root.join("snapshots")
    }

    /// `reports/latest/`.
    #[must_use]
    pub fn latest_report(&self) -> PathBuf {
        self.root.join("reports").join("latest")
    }

    /// A file in `reports/`, published for others.
    #[must_use]
    pub fn published(&self, name: &str) -> PathBuf {
        self.root.join("reports").join(name)
    }

    /// The name of the report that is published for machines of this kind: `linux-x86_64.json`.
    #[must_use]
    pub fn published_report_name() -> String {
        format!("{}-{}.json", std::env::consts::OS, std::env::consts::ARCH)
    }

    /// `reports/check/`: separate, so that a `check` does not overwrite the report of a long run.
    #[must_use]
    pub fn check_reports(&self) -> PathBuf {
        self.root.join("reports").join("check")
    }

    /// Where `cargo xtask setup --suite` clones wasi-testsuite.
    #[must_use]
    pub fn wasi_testsuite(&self) -> PathBuf {
        self.cache.dir().join(WASI_TESTSUITE)
    }

    /// `reports/suite/`.
    #[must_use]
    pub fn suite_reports(&self) -> PathBuf {
        self.root.join("reports").join("suite")
    }

    /// The folder `xtask/` of the workspace. If the workspace has only data (in tests, or somebody's own scenarios),
    /// that of the workspace where the lab was built.
    #[must_use]
    pub fn xtask(&self) -> PathBuf {
        let xtask = self.root.join("xtask");
        if xtask.join("engines").is_dir() || program_name::is_installed() {
            return xtask;
        }
        PathBuf::from(env!("CARGO_MANIFEST_DIR"))
    }

    /// The source folder of an embedded engine or a driver. Their names are unique.
    #[must_use]
    pub fn engine(&self, name: &str) -> PathBuf {
        let driver = self.xtask().join("drivers").join(name);
        if driver.is_dir() { driver } else { self.xtask().join("engines").join(name) }
    }
}

/// A path in a variable, if it is set and not empty.
fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The user's home folder: that of `HOME`, or else of the user database.
fn home_folder() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| home.is_absolute())
}

/// The lab's folder within a folder of the user, as the XDG base directories define it.
fn user_folder(name: &str, below_home: &str) -> Option<PathBuf> {
    let named = variable(name).filter(|path| path.is_absolute());
    named.or_else(|| Some(home_folder()?.join(below_home))).map(|folder| folder.join("wasmlab"))
}

/// Folders that the lab writes to, and the levels of folders below each: `reports/latest/output`.
const WRITTEN_FOLDERS: [(&str, u32); 4] = [("fixtures", 1), ("learn", 1), ("reports", 2), ("snapshots", 1)];

/// An error if a folder that the lab writes to is a link out of the workspace, as in a malicious repository.
fn link_out_of_workspace(root: &Path) -> Option<String> {
    let real = std::fs::canonicalize(root).ok()?;
    let mut left = WRITTEN_FOLDERS.map(|(name, levels)| (PathBuf::from(name), levels)).to_vec();
    while let Some((name, levels)) = left.pop() {
        let Ok(to) = std::fs::canonicalize(root.join(&name)) else { continue };
        if !to.starts_with(&real) && to.is_dir() {
            let (name, to) = (name.visible(), to.visible());
            return Some(format!("`{name}` is a link out of the workspace, to `{to}`: put a folder in its place"));
        }
        let Some(levels) = levels.checked_sub(1) else { continue };
        for entry in std::fs::read_dir(to).into_iter().flatten().flatten() {
            // Writing replaces a file, or a link to one.
            if entry.file_type().is_ok_and(|kind| !kind.is_file()) {
                left.push((name.join(entry.file_name()), levels));
            }
        }
    }
    None
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::link_out_of_workspace;
    use std::os::unix::fs::symlink;

    #[test]
    fn folders_to_write_to_lie_in_the_workspace() {
        let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::create_dir_all(root.path().join("own/latest")).unwrap();
        symlink("own", root.path().join("reports")).unwrap();
        assert_eq!(link_out_of_workspace(root.path()), None);
        std::fs::remove_dir(root.path().join("own/latest")).unwrap();
        symlink(outside.path(), root.path().join("own/latest")).unwrap();
        let why = link_out_of_workspace(root.path()).unwrap();
        assert!(why.starts_with("`reports/latest` is a link out of the workspace, to `"), "{why}");
        for link in ["reports/latest/output", "snapshots/profiles", "fixtures/wat-add", "reports/repro/a-node"] {
            let root = tempfile::tempdir().unwrap();
            let at = root.path().join(link);
            std::fs::create_dir_all(at.parent().unwrap()).unwrap();
            // A link to a file is replaced.
            std::fs::write(outside.path().join("file"), "").unwrap();
            symlink(outside.path().join("file"), at.with_extension("json")).unwrap();
            assert_eq!(link_out_of_workspace(root.path()), None);
            symlink(outside.path(), at).unwrap();
            let why = link_out_of_workspace(root.path()).unwrap();
            assert!(why.starts_with(&format!("`{link}` is a link out of the workspace, to `")), "{why}");
        }
    }
}

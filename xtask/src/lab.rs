//! Where everything is: the workspace's folders, the cache, the machine. Created once and passed on.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::machine::Machine;
use crate::store::cache::Cache;

pub use wasmlab_toolchains::adapters::fetched::FIXTURES_VARIABLE;

/// The variable that names the folder for results and builds.
pub const CACHE_VARIABLE: &str = "WASMLAB_CACHE";
/// The variable that names the folder with scenarios/, fixtures/, snapshots/ and reports/, if it is not the current
/// folder or a parent.
pub const ROOT_VARIABLE: &str = "WASMLAB_ROOT";

/// The workspace, the cache and the machine.
#[derive(Debug)]
pub struct Lab {
    /// The workspace folder.
    pub root: PathBuf,
    /// Cached results and builds.
    pub cache: Cache,
    /// Installed tools and hashes of files.
    pub machine: Machine,
}

impl Lab {
    /// Finds the workspace: named by `WASMLAB_ROOT`, in the current folder or a parent, or where the lab was built.
    ///
    /// # Errors
    /// If none of these is a workspace of the lab.
    pub fn find() -> Result<Self> {
        let is_root = |dir: &Path| dir.join("scenarios").is_dir();
        let root = match std::env::var_os(ROOT_VARIABLE).filter(|v| !v.is_empty()) {
            Some(root) => {
                let root = PathBuf::from(root);
                anyhow::ensure!(
                    is_root(&root),
                    "failed to use {ROOT_VARIABLE}: `{}` has no folder scenarios/",
                    root.display()
                );
                root
            }
            None => {
                let here = std::env::current_dir().context("failed to read the current folder")?;
                let built = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
                let mut candidates = here.ancestors().chain(built);
                candidates
                    .find(|dir| is_root(dir))
                    .with_context(|| {
                        format!("failed to find the workspace above `{}`: run it in the repository", here.display())
                    })?
                    .to_owned()
            }
        };
        let root = std::path::absolute(&root)?;
        if let Some(why) = link_out_of_workspace(&root) {
            anyhow::bail!(why);
        }
        let cache = match std::env::var_os(CACHE_VARIABLE).filter(|v| !v.is_empty()) {
            Some(dir) => {
                std::path::absolute(PathBuf::from(dir)).with_context(|| format!("failed to use {CACHE_VARIABLE}"))?
            }
            None => root.join("target").join("wasmlab"),
        };
        let machine = Machine::new(cache.join("machine.json"));
        Ok(Self { root, cache: Cache::new(cache), machine })
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

    /// `reports/check/`: separate, so that a `check` does not overwrite the report of a long run.
    #[must_use]
    pub fn check_reports(&self) -> PathBuf {
        self.root.join("reports").join("check")
    }

    /// Where `cargo xtask setup --suite` clones wasi-testsuite.
    #[must_use]
    pub fn wasi_testsuite(&self) -> PathBuf {
        self.cache.dir().join("wasi-testsuite")
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
        let own = self.root.join("xtask");
        if own.join("engines").is_dir() { own } else { PathBuf::from(env!("CARGO_MANIFEST_DIR")) }
    }

    /// The source folder of an embedded engine or a driver. Their names are unique.
    #[must_use]
    pub fn engine(&self, name: &str) -> PathBuf {
        let driver = self.xtask().join("drivers").join(name);
        if driver.is_dir() { driver } else { self.xtask().join("engines").join(name) }
    }
}

/// An error if a folder that the lab writes to is a link out of the workspace, as in a malicious repository.
fn link_out_of_workspace(root: &Path) -> Option<String> {
    let real = std::fs::canonicalize(root).ok()?;
    [
        "reports",
        "reports/latest",
        "reports/check",
        "reports/suite",
        "snapshots",
        "snapshots/matrix",
        "snapshots/artifacts",
    ]
    .into_iter()
    .filter_map(|name| Some((name, std::fs::canonicalize(root.join(name)).ok()?)))
    .find(|(_, to)| !to.starts_with(&real))
    .map(|(name, to)| {
        format!("`{name}` is a link out of the workspace, to `{}`: put a folder in its place", to.display())
    })
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
    }
}

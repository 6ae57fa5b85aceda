//! Versions of runtimes' programs beside the one on PATH: `node@24`. Each lies in a folder of its own in the lab's
//! cache, where a package client puts it; only `setup` starts that client.

use std::path::PathBuf;

use wasmlab_runtimes::{Package, Runtime};

use crate::engines::Absence;
use crate::lab::Lab;

/// A version of a runtime's program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionedProgram {
    engine: &'static str,
    package: Package,
    version: String,
}

impl VersionedProgram {
    /// This version of the runtime's program.
    ///
    /// # Errors
    /// When no package carries its versions.
    pub fn new(runtime: &Runtime, version: &str) -> Result<Self, String> {
        let engine = runtime.engine;
        let package = runtime.package.ok_or_else(|| {
            format!("the lab knows no package for versions of {engine}: use {engine}@PATH with a program of your own")
        })?;
        Ok(Self { engine, package, version: version.to_owned() })
    }

    /// The versions that a column such as `node-24` is of; `None` for a column of whichever is here.
    #[must_use]
    pub fn of_line(runtime: &Runtime) -> Option<Self> {
        let version = runtime.version_line?;
        Self::new(runtime, version).ok()
    }

    /// `node@24`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}@{}", self.engine, self.version)
    }

    fn folder(&self, lab: &Lab) -> PathBuf {
        lab.cache.dir().join("versions").join(self.name())
    }
}

/// The program that `setup` got before.
///
/// # Errors
/// How to install it.
pub fn find(lab: &Lab, wanted: &VersionedProgram) -> Result<PathBuf, Absence> {
    let (name, folder) = (wanted.name(), wanted.folder(lab));
    wanted.package.candidates(&folder).find(|program| program.is_file()).ok_or_else(|| {
        let command = wanted.package.command(&wanted.version, &folder);
        let command: Vec<String> = command.into_iter().map(|word| word.to_string_lossy().into_owned()).collect();
        let client = command.first().cloned().unwrap_or_default();
        let (how, command) = match lab.machine.which(&client) {
            Some(_) => (format!("`cargo xtask setup {name}` installs it"), Some((command, ""))),
            None => (format!("install {client}, which is not on PATH, then run `cargo xtask setup {name}`"), None),
        };
        Absence { reason: format!("{name} is not installed"), remedy: how, command }
    })
}

/// Makes the program executable: a wheel of PyPI may bring it without that.
///
/// # Errors
/// As [`find`]; a program whose mode cannot be set.
pub fn find_and_make_executable(lab: &Lab, wanted: &VersionedProgram) -> Result<PathBuf, Absence> {
    let program = find(lab, wanted)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mended = std::fs::metadata(&program).and_then(|meta| {
            let mode = meta.permissions().mode();
            if mode & 0o100 == 0o100 {
                Ok(())
            } else {
                std::fs::set_permissions(&program, PermissionsExt::from_mode(mode | 0o755))
            }
        });
        let how = format!("make `{}` executable", program.display());
        mended.map_err(|e| Absence::new(format!("{} cannot be made executable: {e}", wanted.name()), how))?;
    }
    Ok(program)
}

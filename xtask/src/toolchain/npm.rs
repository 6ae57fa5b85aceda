//! What the toolchains that npm brings have in common: a package, found by its program on PATH, in the folder
//! that a variable names, or among the global packages; and Node, which runs it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::{Found, Missing};
use crate::machine::{Machine, Question};
use crate::npm;
use wasmlab_model::version::version_in;

/// The entry of [`Found::env`] that says where the package is: for recipes, not for the tool.
const FOLDER: &str = "WASMLAB_NPM_PACKAGE";

/// Where a found package is, and the environment of its commands.
pub fn folder_and_env(found: &Found) -> (PathBuf, BTreeMap<OsString, OsString>) {
    let mut env = found.env.clone();
    let folder = env.remove(OsStr::new(FOLDER)).unwrap_or_default();
    (folder.into(), env)
}

/// A package of npm that makes guests.
pub struct Package {
    /// Its name: `assemblyscript`.
    pub name: &'static str,
    /// The program that it puts on PATH, where it has one.
    pub program: Option<&'static str>,
}

impl Package {
    /// Node as the program, and the package's version.
    ///
    /// # Errors
    /// What is missing.
    pub fn find(&self, machine: &Machine) -> Result<Found, Missing> {
        let no_node = |what: &str| Missing {
            what: what.to_owned(),
            how: "install Node.js 20 or newer, or name it in WASMLAB_NODE".to_owned(),
            command: None,
        };
        let named = machine.variable("WASMLAB_NODE").unwrap_or_else(|| "node".to_owned());
        let program = machine.which(&named).ok_or_else(|| no_node("node"))?;
        let dir = self.folder(machine).ok_or_else(|| self.missing(machine))?;
        let version = npm::version(&dir, ".").map_err(|words| Missing { what: words, ..self.missing(machine) })?;
        let args = vec!["--version".into()];
        let question = Question { program: program.clone(), args, env: BTreeMap::new(), witness: program.clone() };
        let node = machine.ask(&question).map_err(|words| no_node(&format!("a node that answers ({words})")))?;
        let fingerprint = format!("{version} {} node {}", machine.stamp(&dir.join("package.json")), version_in(&node));
        Ok(Found {
            program,
            version: format!("{} {version}", self.name),
            fingerprint,
            env: BTreeMap::from([(FOLDER.into(), dir.into())]),
        })
    }

    /// The package's folder.
    fn folder(&self, machine: &Machine) -> Option<PathBuf> {
        let on_path = || {
            let program = std::fs::canonicalize(machine.which(self.program?)?).ok()?;
            program.ancestors().find(|dir| dir.ends_with(self.name)).map(Path::to_owned)
        };
        let beside_node = || npm::packages(machine, Path::new("node"), &[self.name]).map(|dir| dir.join(self.name));
        on_path().or_else(beside_node).filter(|dir| dir.join("package.json").is_file())
    }

    fn missing(&self, machine: &Machine) -> Missing {
        let command = ["npm", "install", "--global", self.name].map(str::to_owned).to_vec();
        Missing {
            what: format!("the npm package {}", self.name),
            how: format!("{}, or name the node_modules that has it in {}", command.join(" "), npm::VARIABLE),
            command: machine.which("npm").map(|_| command),
        }
    }
}

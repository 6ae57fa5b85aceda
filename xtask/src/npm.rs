//! Packages of npm that tools and drivers need: found, never installed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::machine::Machine;

/// The variable that names a folder `node_modules`.
pub const VARIABLE: &str = "WASMLAB_NODE_MODULES";

/// The folder `node_modules` that has all of `names`: the one that the variable names, or that of global
/// packages beside `program`, which is Node or a program that npm installed. `None`: not all of them are here.
#[must_use]
pub fn packages(machine: &Machine, program: &Path, names: &[&str]) -> Option<PathBuf> {
    let has_all = |dir: &PathBuf| names.iter().all(|name| dir.join(name).join("package.json").is_file());
    folders(machine, program).into_iter().find(has_all)
}

/// Where packages are looked for.
fn folders(machine: &Machine, program: &Path) -> Vec<PathBuf> {
    if let Some(dir) = machine.variable(VARIABLE) {
        return vec![PathBuf::from(dir)];
    }
    // `npm root --global` is PREFIX/lib/node_modules, and Node is PREFIX/bin/node; a program that npm
    // installed is a link into the same folder.
    let node = machine.which("node");
    let programs = [Some(program.to_owned()), node].into_iter().flatten();
    let mut folders: Vec<PathBuf> = programs
        .flat_map(|p| [Some(p.clone()), fs::canonicalize(p).ok()])
        .flatten()
        .filter_map(|p| Some(p.parent()?.parent()?.join("lib/node_modules")))
        .filter(|dir| dir.is_dir())
        .collect();
    folders.dedup();
    folders
}

/// The version of a package in `packages`.
///
/// # Errors
/// When its package.json cannot be read.
pub fn version(packages: &Path, name: &str) -> Result<String, String> {
    let file = packages.join(name).join("package.json");
    let bad = |why: String| format!("`{}`: {why}", file.display());
    let text = fs::read_to_string(&file).map_err(|e| bad(e.to_string()))?;
    let json: serde_json::Value = serde_json::from_str(&text).map_err(|e| bad(e.to_string()))?;
    json["version"].as_str().map(str::to_owned).ok_or_else(|| bad("has no `version`".to_owned()))
}

//! Finds npm packages that tools and drivers need; installs nothing.

use std::path::{Path, PathBuf};

use wasmlab_model::version::find_version;

use crate::program::ProgramState;
use crate::{EnvVariable, FoundTool, Machine, MissingTool, install_hint};

/// The variable that names a `node_modules` folder.
pub const VARIABLE: &str = "WASMLAB_NODE_MODULES";

/// The variables that locate a toolchain from npm.
pub const VARIABLES: &[EnvVariable] = &[
    EnvVariable { name: "WASMLAB_NODE", meaning: "the Node.js to use, if not the one on PATH" },
    EnvVariable {
        name: VARIABLE,
        meaning: "a folder of npm packages (jco, the browser's WASI shim, …), if they are not installed globally",
    },
];

/// The detail that holds the package's folder.
const FOLDER: &str = "npm package";

/// The `node_modules` folder that contains all of `names`: the one that the variable names, or a global one: beside
/// `program` (Node, or installed by npm), or of a folder on PATH. `None` if no folder has all of them.
#[must_use]
pub fn packages(machine: &dyn Machine, program: &Path, names: &[&str]) -> Option<PathBuf> {
    let has_all = |dir: &PathBuf| names.iter().all(|name| machine.is_file(&dir.join(name).join("package.json")));
    folders(machine, program).into_iter().find(has_all)
}

/// Folders to search for packages.
fn folders(machine: &dyn Machine, program: &Path) -> Vec<PathBuf> {
    if let Some(dir) = machine.variable(VARIABLE) {
        return vec![PathBuf::from(dir)];
    }
    // `npm root --global` is PREFIX/lib/node_modules and Node is PREFIX/bin/node; a program installed by npm is a link
    // into the same folder.
    let node = machine.which("node");
    let programs = [Some(program.to_owned()), node].into_iter().flatten();
    let beside = programs.flat_map(|p| [Some(p.clone()), machine.canonical(&p)]).flatten();
    // npm may have a prefix of its own, as on Debian (/usr/local) and in many home directories; its programs are on PATH.
    let path = machine.variable("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&path).map(|dir| dir.join("program")).collect();
    let mut folders: Vec<PathBuf> = Vec::new();
    for program in beside.chain(on_path) {
        let prefix = program.parent().and_then(Path::parent);
        let modules = prefix.map(|prefix| prefix.join("lib/node_modules"));
        folders.extend(modules.filter(|dir| !folders.contains(dir) && machine.is_dir(dir)));
    }
    folders
}

/// The version of a package in the folder `packages`.
///
/// # Errors
/// If its package.json cannot be read.
pub fn version(machine: &dyn Machine, packages: &Path, name: &str) -> Result<String, String> {
    let file = packages.join(name).join("package.json");
    let bad = |why: String| format!("`{}`: {why}", file.display());
    let text = machine.read(&file).map_err(bad)?;
    let json: serde_json::Value = serde_json::from_str(&text).map_err(|e| bad(e.to_string()))?;
    json["version"].as_str().map(str::to_owned).ok_or_else(|| bad("has no `version`".to_owned()))
}

/// An npm package that builds guests, run by Node. It is found by its program on PATH, in the folder that [`VARIABLE`]
/// names, or among the global packages.
pub struct Package<'a> {
    /// Its name: `assemblyscript`.
    pub name: &'a str,
    /// The program it installs on PATH, if any.
    pub program: Option<&'static str>,
}

impl Package<'_> {
    /// Finds Node, as the program, and the package, whose version counts.
    ///
    /// # Errors
    /// If either is missing.
    pub fn find(&self, machine: &dyn Machine) -> Result<FoundTool, MissingTool> {
        let no_node = MissingTool::new("node", "install Node.js 20 or newer, or name it in WASMLAB_NODE");
        let named = machine.variable("WASMLAB_NODE").unwrap_or_else(|| "node".to_owned());
        let program = machine.which(&named).ok_or_else(|| no_node.clone())?;
        let dir = self.folder(machine).ok_or_else(|| self.missing(machine))?;
        let version = version(machine, &dir, ".").map_err(|what| MissingTool { what, ..self.missing(machine) })?;
        let node = ProgramState::query(machine, Some(program), &["--version"], &Default::default());
        let (program, node) = node.or_missing(no_node)?;
        let fingerprint =
            format!("{version} {} node {}", machine.stamp(&dir.join("package.json")), find_version(&node));
        let version = format!("{} {version}", self.name);
        Ok(FoundTool { program, version, fingerprint, ..FoundTool::default() }.with_detail(FOLDER, dir))
    }

    /// The package's folder.
    fn folder(&self, machine: &dyn Machine) -> Option<PathBuf> {
        let on_path = || {
            let program = machine.canonical(&machine.which(self.program?)?)?;
            program.ancestors().find(|dir| dir.ends_with(self.name)).map(Path::to_owned)
        };
        let beside_node = || packages(machine, Path::new("node"), &[self.name]).map(|dir| dir.join(self.name));
        on_path().or_else(beside_node).filter(|dir| machine.is_file(&dir.join("package.json")))
    }

    fn missing(&self, machine: &dyn Machine) -> MissingTool {
        let install = install_hint::npm(machine, self.name);
        let remedy = format!("{}, or name the node_modules that has it in {VARIABLE}", install.shown);
        MissingTool::new(format!("the npm package {}", self.name), remedy).with_command(install.command)
    }
}

/// The folder of a found package.
#[must_use]
pub fn folder(found: &FoundTool) -> &Path {
    found.path(FOLDER)
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::packages;
    use crate::tests::fake::FakeMachine;

    #[test]
    fn global_packages_are_found_below_nodes_prefix_and_below_those_on_path() {
        let file = |prefix: &str| (format!("{prefix}/lib/node_modules/jco/package.json"), String::new());
        let find = |prefix: &str, variables: &[(&'static str, &'static str)]| {
            let files = [file(prefix)].into();
            let variables = variables.iter().copied().collect();
            let machine = FakeMachine { programs: ["node"].into(), files, variables, ..FakeMachine::default() };
            packages(&machine, Path::new("/opt/bin/runtime"), &["jco"])
        };
        let path = ("PATH", "/usr/local/bin:/home/me/.npm-global/bin:/bin");
        let folder = |prefix: &str| Some(PathBuf::from(format!("{prefix}/lib/node_modules")));
        for prefix in ["", "/opt", "/usr/local", "/home/me/.npm-global"] {
            assert_eq!(find(prefix, &[path]), folder(prefix), "{prefix}");
        }
        assert_eq!(find("/usr/local", &[]), None);
        assert_eq!(find("/elsewhere", &[path]), None);
        assert_eq!(find("/usr/local", &[path, ("WASMLAB_NODE_MODULES", "/mine")]), None, "the variable decides");
    }
}

//! PHP: npm's `@php-wasm/node` brings the interpreter ready-made, with Emscripten's glue; the guest is a script
//! beside it. Nothing is compiled, and nothing of the package is ever committed.

use std::path::{Path, PathBuf};

use super::npm::{self, Package};
use super::{Found, Missing, Recipe, Toolchain};
use crate::machine::Machine;
use wasmlab_model::scenario::{Build, Scenario};

/// The registry's entry.
pub const TOOLCHAIN: Php = Php;

/// What people install; it depends on a package for each of PHP's versions.
const PACKAGE: Package = Package { name: "@php-wasm/node", program: None };
/// The folder of the build that suspends by Emscripten's Asyncify. The other one, by JSPI, wants a host of 2025.
const BUILD: &str = "asyncify";
/// The interpreter's file, in [`Found::env`]: its folder is named after the version in full.
const MODULE: &str = "WASMLAB_PHP_MODULE";

/// The interpreter of npm's package.
pub struct Php;

impl Toolchain for Php {
    fn id(&self) -> &'static str {
        "php"
    }

    fn makes(&self) -> &'static str {
        "PHP -> JavaScript hosts with its glue: an interpreter that comes ready-made"
    }

    fn check(&self, build: &Build) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        let Some(name) = build.target.as_deref().and_then(file_stem) else {
            faults.push(("target", "is PHP's version: `8.4`".to_owned()));
            return faults;
        };
        if build.source.as_deref().and_then(Path::extension).is_none_or(|e| e != "php") {
            faults.push(("source", "names the .php file".to_owned()));
        }
        if build.artifact.as_ref() != Some(&format!("{name}.wasm")) {
            faults.push(("artifact", format!("is the interpreter's file: `{name}.wasm`")));
        }
        let source = build.source.as_deref().unwrap_or(Path::new("")).display().to_string();
        if build.companions != [format!("{name}.js"), source.clone()] {
            faults.push(("companions", format!("are the glue and the script: [\"{name}.js\", \"{source}\"]")));
        }
        faults
    }

    fn find(&self, build: &Build, machine: &Machine) -> Result<Found, Missing> {
        let mut found = PACKAGE.find(machine)?;
        let (folder, mut env) = npm::folder_and_env(&found);
        let target = build.target.as_deref().unwrap_or_default();
        let module = module(&folder, target).ok_or_else(|| Missing {
            what: format!("PHP {target} in the npm package {}", PACKAGE.name),
            how: format!("npm install --global {}, in a version that has PHP {target}", PACKAGE.name),
            command: None,
        })?;
        found.fingerprint = format!("{} {}", found.fingerprint, machine.stamp(&module));
        env.insert(MODULE.into(), module.into());
        found.env = env;
        Ok(found)
    }

    fn recipe(&self, scenario: &Scenario, found: &Found, out: &Path, _: bool) -> Recipe {
        let build = &scenario.spec.build;
        let source = build.source.clone().unwrap_or_default();
        let target = build.target.as_deref().unwrap_or_default();
        let name = file_stem(target).unwrap_or_default();
        let module = PathBuf::from(found.env.get(std::ffi::OsStr::new(MODULE)).cloned().unwrap_or_default());
        let folder = module.parent().and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
        let (glue, artifact) = (format!("{name}.js"), out.join(format!("{name}.wasm")));
        let files = vec![
            (folder.join(&glue), out.join(&glue)),
            (module, artifact.clone()),
            (scenario.dir.join(&source), out.join(&source)),
        ];
        let typed = format!(
            "cp \"$(npm root --global)\"/{}/{BUILD}/{{{glue},*/{name}.wasm}} {} .",
            package(target),
            source.display()
        );
        Recipe::Copy { files, artifact, typed }
    }
}

/// The name of the interpreter's files: `php_8_4` for `8.4`.
fn file_stem(version: &str) -> Option<String> {
    let (major, minor) = version.split_once('.')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (is_number(major) && is_number(minor)).then(|| format!("php_{major}_{minor}"))
}

/// The package of one of PHP's versions.
fn package(version: &str) -> String {
    format!("{}-{}", PACKAGE.name, version.replace('.', "-"))
}

/// The interpreter: npm puts a package's dependencies beside it or below it.
fn module(folder: &Path, version: &str) -> Option<PathBuf> {
    let (file, package) = (format!("{}.wasm", file_stem(version)?), package(version));
    let roots = [folder.ancestors().nth(2)?.to_owned(), folder.join("node_modules")];
    let build = roots.into_iter().map(|root| root.join(&package).join(BUILD)).find(|dir| dir.is_dir())?;
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(build).ok()?.flatten().map(|entry| entry.path().join(&file)).filter(|file| file.is_file()).collect();
    found.sort();
    found.pop()
}

#[cfg(test)]
mod tests {
    use super::{TOOLCHAIN, Toolchain, module};
    use wasmlab_model::scenario::Build;
    use std::path::Path;

    #[test]
    fn the_interpreter_is_found_where_npm_puts_it() {
        for place in ["node_modules/@php-wasm/node-8-4", "node_modules/@php-wasm/node/node_modules/@php-wasm/node-8-4"] {
            let root = tempfile::tempdir().unwrap();
            let dir = root.path().join(place).join("asyncify/8_4_25");
            std::fs::create_dir_all(&dir).unwrap();
            std::fs::create_dir_all(root.path().join(place).join("asyncify/extensions")).unwrap();
            let folder = root.path().join("node_modules/@php-wasm/node");
            assert_eq!(module(&folder, "8.4"), None);
            std::fs::write(dir.join("php_8_4.wasm"), "").unwrap();
            assert_eq!(module(&folder, "8.4"), Some(dir.join("php_8_4.wasm")));
            assert_eq!(module(&folder, "9.9"), None);
        }
        assert_eq!(module(Path::new("/"), "8.4"), None);
    }

    #[test]
    fn names_follow_the_version() {
        let faults = |toml: &str| -> Vec<&'static str> {
            let build: Build = toml::from_str(toml).unwrap();
            TOOLCHAIN.check(&build).into_iter().map(|(key, _)| key).collect()
        };
        let good = "toolchain = \"php\"\ntarget = \"8.4\"\nsource = \"a.php\"\nartifact = \"php_8_4.wasm\"\n\
            companions = [\"php_8_4.js\", \"a.php\"]";
        assert!(faults(good).is_empty());
        assert_eq!(faults(&good.replace("8.4", "new")), ["target"]);
        assert_eq!(faults(&good.replace("8.4", "8.5")), ["artifact", "companions"]);
        assert_eq!(faults(&good.replace("a.php", "a.js")), ["source"]);
    }
}

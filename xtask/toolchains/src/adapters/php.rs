//! PHP: npm's `@php-wasm/node-8-4` and `@php-wasm/web-8-4` contain the compiled interpreter with Emscripten's glue for
//! Node and for web pages; the guest is a script beside it. Nothing is compiled, and none of their files are committed.

use std::path::{Path, PathBuf};

use wasmlab_model::file_error::KeyError;
use wasmlab_model::scenario::{Build, Scenario};

use crate::npm::{self, Package};
use crate::{BuildStep, FoundTool, Machine, MissingTool, Recipe, Task, Toolchain, build_table};

/// Suffix of targets for web pages: `8.4-web`.
const WEB: &str = "-web";
/// The folder of the build that suspends with Asyncify. The other build uses JSPI, which needs a host from 2025 or
/// later.
const BUILD: &str = "asyncify";
/// The detail that holds the path of the interpreter, whose folder is named after the full version.
const MODULE: &str = "php module";

/// Registry entry.
pub const TOOLCHAIN: Toolchain = Toolchain {
    id: "php",
    summary: "PHP -> JavaScript hosts, with the package's glue: a prebuilt interpreter",
    example: concat!(
        "source = \"hello.php\"\ntarget = \"8.4\"\nartifact = \"php_8_4.wasm\"\n",
        "companions = [\"php_8_4.js\", \"hello.php\"]"
    ),
    variables: npm::VARIABLES,
    check,
    find,
    recipe,
    ..Toolchain::BASE
};

fn check(build: &Build) -> Vec<KeyError> {
    let mut errors = Vec::new();
    let Some(name) = build.target.as_deref().and_then(file_stem) else {
        errors.push(KeyError::new("target", "must be PHP's version, for Node (`8.4`) or for web pages (`8.4-web`)"));
        return errors;
    };
    errors.extend(build_table::source(build, "php"));
    if build.artifact.as_ref() != Some(&format!("{name}.wasm")) {
        errors.push(KeyError::new("artifact", format!("must be the interpreter's file: `{name}.wasm`")));
    }
    let source = build.source.as_deref().unwrap_or(Path::new("")).display().to_string();
    if build.companions != [format!("{name}.js"), source.clone()] {
        let message = format!("must be the glue and the script: [\"{name}.js\", \"{source}\"]");
        errors.push(KeyError::new("companions", message));
    }
    errors
}

fn find(scenario: &Scenario, machine: &dyn Machine) -> Result<FoundTool, MissingTool> {
    let target = scenario.spec.build.target.as_deref().unwrap_or_default();
    let name = package(target);
    let package = Package { name: &name, program: None };
    let mut found = package.find(machine)?;
    let module = module(machine, npm::folder(&found), target).ok_or_else(|| {
        let remedy = format!("npm install --global {name}, in a version that has the folder {BUILD}");
        MissingTool::new(format!("PHP {} in the npm package {name}", version(target)), remedy)
    })?;
    found.fingerprint = format!("{} {}", found.fingerprint, machine.stamp(&module));
    Ok(found.with_detail(MODULE, module))
}

fn recipe(task: &Task) -> Recipe {
    let (source, out) = (task.source(), task.out);
    let name = file_stem(task.target()).unwrap_or_default();
    let module = task.tool.path(MODULE);
    let folder = module.parent().and_then(Path::parent).unwrap_or(Path::new(""));
    let (glue, artifact) = (format!("{name}.js"), out.join(format!("{name}.wasm")));
    let files = vec![
        (folder.join(&glue), out.join(&glue)),
        (module.to_owned(), artifact.clone()),
        (task.scenario.dir.join(source), out.join(source)),
    ];
    let (package, source) = (package(task.target()), source.display());
    let shown = format!("cp \"$(npm root --global)\"/{package}/{BUILD}/{{{glue},*/{name}.wasm}} {source} .");
    Recipe { steps: vec![BuildStep::Copy { files, shown }], artifact, conversions: Vec::new() }
}

/// The PHP version of a target: `8.4` of `8.4-web`.
fn version(target: &str) -> &str {
    target.strip_suffix(WEB).unwrap_or(target)
}

/// Stem of the interpreter's file names: `php_8_4` for `8.4` and `8.4-web`.
fn file_stem(target: &str) -> Option<String> {
    let (major, minor) = version(target).split_once('.')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (is_number(major) && is_number(minor)).then(|| format!("php_{major}_{minor}"))
}

/// The package for a target: one per PHP version and host.
fn package(target: &str) -> String {
    let host = if target.ends_with(WEB) { "web" } else { "node" };
    format!("@php-wasm/{host}-{}", version(target).replace('.', "-"))
}

/// The interpreter, in a folder named after the full version.
fn module(machine: &dyn Machine, folder: &Path, target: &str) -> Option<PathBuf> {
    let (build, file) = (folder.join(BUILD), format!("{}.wasm", file_stem(target)?));
    let versions = machine.entries(&build).into_iter().rev();
    versions.map(|version| build.join(version).join(&file)).find(|file| machine.is_file(file))
}

#[cfg(test)]
mod tests {
    use super::{check, module, package};
    use crate::tests::FakeMachine;
    use std::path::Path;
    use wasmlab_model::scenario::Build;

    #[test]
    fn interpreter_is_found_in_the_folder_of_its_version() {
        let folder = Path::new("/node_modules/@php-wasm/node-8-4");
        let with = |files: &[&str]| FakeMachine {
            files: files.iter().map(|file| ((*file).to_owned(), String::new())).collect(),
            ..FakeMachine::default()
        };
        let other = "/node_modules/@php-wasm/node-8-4/asyncify/extensions/x.so";
        let file = "/node_modules/@php-wasm/node-8-4/asyncify/8_4_25/php_8_4.wasm";
        assert_eq!(module(&with(&[other]), folder, "8.4"), None);
        let machine = with(&[other, file]);
        assert_eq!(module(&machine, folder, "8.4").as_deref(), Some(Path::new(file)));
        assert_eq!(module(&machine, folder, "9.9"), None);
        assert_eq!([package("8.4"), package("8.4-web")], ["@php-wasm/node-8-4", "@php-wasm/web-8-4"]);
    }

    #[test]
    fn file_names_contain_the_version() {
        let errors = |toml: &str| -> Vec<String> {
            let build: Build = toml::from_str(toml).unwrap();
            check(&build).into_iter().map(|error| error.key).collect()
        };
        let good = "toolchain = \"php\"\ntarget = \"8.4\"\nsource = \"a.php\"\nartifact = \"php_8_4.wasm\"\n\
            companions = [\"php_8_4.js\", \"a.php\"]";
        assert!(errors(good).is_empty());
        assert!(errors(&good.replace("8.4", "8.4-web")).is_empty());
        assert_eq!(errors(&good.replace("8.4", "new")), ["target"]);
        assert_eq!(errors(&good.replace("8.4", "8.5")), ["artifact", "companions"]);
        assert_eq!(errors(&good.replace("a.php", "a.js")), ["source"]);
    }
}

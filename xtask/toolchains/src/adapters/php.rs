//! PHP: npm's `@php-wasm/node` brings the interpreter ready-made, with Emscripten's glue; the guest is a script
//! beside it. Nothing is compiled, and nothing of the package is ever committed.

use std::path::{Path, PathBuf};

use wasmlab_model::scenario::{Build, Scenario};

use crate::npm::{self, Package};
use crate::{Fault, FoundTool, Machine, MissingTool, Recipe, Step, Task, Toolchain, build_table};

/// What people install; it depends on a package for each of PHP's versions.
const PACKAGE: Package = Package { name: "@php-wasm/node", program: None };
/// The folder of the build that suspends by Emscripten's Asyncify. The other one, by JSPI, wants a host of 2025.
const BUILD: &str = "asyncify";
/// The detail of a found tool that is the interpreter's file: its folder is named after the version in full.
const MODULE: &str = "php module";

/// The registry's entry.
pub const TOOLCHAIN: Toolchain = Toolchain {
    id: "php",
    makes: "PHP -> JavaScript hosts with its glue: an interpreter that comes ready-made",
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

fn check(build: &Build) -> Vec<Fault> {
    let mut faults = Vec::new();
    let Some(name) = build.target.as_deref().and_then(file_stem) else {
        faults.push(("target", "is PHP's version: `8.4`".to_owned()));
        return faults;
    };
    faults.extend(build_table::source(build, "php"));
    if build.artifact.as_ref() != Some(&format!("{name}.wasm")) {
        faults.push(("artifact", format!("is the interpreter's file: `{name}.wasm`")));
    }
    let source = build.source.as_deref().unwrap_or(Path::new("")).display().to_string();
    if build.companions != [format!("{name}.js"), source.clone()] {
        faults.push(("companions", format!("are the glue and the script: [\"{name}.js\", \"{source}\"]")));
    }
    faults
}

fn find(scenario: &Scenario, machine: &dyn Machine) -> Result<FoundTool, MissingTool> {
    let mut found = PACKAGE.find(machine)?;
    let target = scenario.spec.build.target.as_deref().unwrap_or_default();
    let module = module(machine, npm::folder(&found), target).ok_or_else(|| {
        let how = format!("npm install --global {}, in a version that has PHP {target}", PACKAGE.name);
        MissingTool::new(format!("PHP {target} in the npm package {}", PACKAGE.name), how)
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
    Recipe { steps: vec![Step::Copy { files, shown }], artifact, conversions: Vec::new() }
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
fn module(machine: &dyn Machine, folder: &Path, version: &str) -> Option<PathBuf> {
    let (file, package) = (format!("{}.wasm", file_stem(version)?), package(version));
    let roots = [folder.ancestors().nth(2)?.to_owned(), folder.join("node_modules")];
    let build = roots.into_iter().map(|root| root.join(&package).join(BUILD)).find(|dir| machine.is_dir(dir))?;
    let versions = machine.entries(&build).into_iter().rev();
    versions.map(|version| build.join(version).join(&file)).find(|file| machine.is_file(file))
}

#[cfg(test)]
mod tests {
    use super::{check, module};
    use crate::tests::FakeMachine;
    use std::path::Path;
    use wasmlab_model::scenario::Build;

    #[test]
    fn the_interpreter_is_found_where_npm_puts_it() {
        let folder = Path::new("/node_modules/@php-wasm/node");
        for place in ["/node_modules/@php-wasm/node-8-4", "/node_modules/@php-wasm/node/node_modules/@php-wasm/node-8-4"] {
            let with = |files: &[String]| FakeMachine {
                files: files.iter().map(|file| (file.clone(), String::new())).collect(),
                ..FakeMachine::default()
            };
            let (other, file) =
                (format!("{place}/asyncify/extensions/x.so"), format!("{place}/asyncify/8_4_25/php_8_4.wasm"));
            assert_eq!(module(&with(std::slice::from_ref(&other)), folder, "8.4"), None);
            let machine = with(&[other, file.clone()]);
            assert_eq!(module(&machine, folder, "8.4").as_deref(), Some(Path::new(&file)));
            assert_eq!(module(&machine, folder, "9.9"), None);
            assert_eq!(module(&machine, Path::new("/"), "8.4"), None);
        }
    }

    #[test]
    fn names_follow_the_version() {
        let faults = |toml: &str| -> Vec<&'static str> {
            let build: Build = toml::from_str(toml).unwrap();
            check(&build).into_iter().map(|(key, _)| key).collect()
        };
        let good = "toolchain = \"php\"\ntarget = \"8.4\"\nsource = \"a.php\"\nartifact = \"php_8_4.wasm\"\n\
            companions = [\"php_8_4.js\", \"a.php\"]";
        assert!(faults(good).is_empty());
        assert_eq!(faults(&good.replace("8.4", "new")), ["target"]);
        assert_eq!(faults(&good.replace("8.4", "8.5")), ["artifact", "companions"]);
        assert_eq!(faults(&good.replace("a.php", "a.js")), ["source"]);
    }
}

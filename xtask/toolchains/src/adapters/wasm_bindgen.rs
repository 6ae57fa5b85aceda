//! wasm-bindgen: cargo builds a module for wasm32-unknown-unknown, from which `wasm-bindgen` generates the final module
//! and the ES module that a JavaScript host loads.

use cargo_lock::Lockfile;
use wasmlab_model::file_error::KeyError;
use wasmlab_model::scenario::{Build, Scenario};

use super::rust;
use crate::BuildCommand;
use crate::program::ProgramState;
use crate::{BuildStep, EnvVariable, FoundTool, Machine, MissingTool, Recipe, Task, Toolchain};

/// The variable that names a wasm-bindgen other than the one on PATH.
const VARIABLE: &str = "WASMLAB_WASM_BINDGEN";
/// Suffix that wasm-bindgen adds to the module's name.
const SUFFIX: &str = "_bg.wasm";
/// The detail that holds the path of wasm-bindgen; the tool itself is cargo.
const BINDGEN: &str = "wasm-bindgen";

/// Registry entry: cargo, then wasm-bindgen.
pub const TOOLCHAIN: Toolchain = Toolchain {
    id: "wasm-bindgen",
    summary: "Rust -> JavaScript hosts, with wasm-bindgen's glue",
    example: "target = \"wasm32-unknown-unknown\"\nartifact = \"hello_bg.wasm\"\ncompanions = [\"hello.js\"]",
    variables: &[EnvVariable { name: VARIABLE, meaning: "the wasm-bindgen to use, if not the one on PATH" }],
    own_code: true,
    check,
    preflight_error: |build, machine| {
        rust::preflight_error(build, machine).or_else(|| bindgen(machine).preflight_error())
    },
    find,
    recipe,
    ..Toolchain::BASE
};

fn check(build: &Build) -> Vec<KeyError> {
    let mut errors = rust::check(build);
    let stem = build.artifact.as_deref().and_then(|name| name.strip_suffix(SUFFIX));
    if stem.is_none() {
        errors.push(KeyError::new("artifact", format!("must be the file that wasm-bindgen writes: NAME{SUFFIX}")));
    }
    if build.companions.first() != stem.map(|stem| format!("{stem}.js")).as_ref() {
        errors.push(KeyError::new("companions", "must begin with the glue, named after the artifact: NAME.js"));
    }
    errors
}

fn find(scenario: &Scenario, machine: &dyn Machine) -> Result<FoundTool, MissingTool> {
    let mut found = rust::find(scenario, machine)?;
    let lock = machine.read(&scenario.dir.join("Cargo.lock")).unwrap_or_default();
    let (program, version) = bindgen(machine).or_missing(missing(&lock))?;
    found.version = format!("{}, {version}", found.version);
    found.fingerprint = format!("{} {version} {}", found.fingerprint, machine.stamp(&program));
    Ok(found.with_detail(BINDGEN, program))
}

fn recipe(task: &Task) -> Recipe {
    let name = task.artifact_name();
    let stem = name.strip_suffix(SUFFIX).unwrap_or(name);
    let mut for_cargo = task.scenario.clone();
    for_cargo.spec.build.artifact = Some(format!("{stem}.wasm"));
    let mut recipe = rust::recipe(&Task { scenario: &for_cargo, ..*task });
    let dir = task.out.join("bindgen");
    let shown =
        format!("wasm-bindgen target/{}/release/{stem}.wasm --target web --no-typescript --out-dir .", task.target());
    let bindgen = BuildCommand::new(task.tool.path(BINDGEN), &task.scenario.dir)
        .arg(&recipe.artifact)
        .args(["--target", "web", "--no-typescript", "--out-dir"])
        .arg(&dir)
        .shown(shown);
    recipe.steps.push(BuildStep::Run(bindgen));
    Recipe { artifact: dir.join(name), ..recipe }
}

/// The missing tool, with the command that installs the version locked in the guest's `Cargo.lock` (given as text).
/// Building without default features, which let the test runner download browser drivers, halves the time. `--locked`
/// is not used because the tool's lock file lists crates that a registry mirror may not have.
fn missing(lock: &str) -> MissingTool {
    let command = |version: &str| format!("cargo install --no-default-features wasm-bindgen-cli@{version}");
    match locked_version(lock) {
        Some(version) => MissingTool::new(format!("wasm-bindgen {version}"), command(&version))
            .with_command(Some(command(&version).split(' ').map(str::to_owned).collect())),
        None => {
            let remedy = format!("{}, with the version of wasm-bindgen in the guest's Cargo.lock", command("VERSION"));
            MissingTool::new("wasm-bindgen", remedy)
        }
    }
}

/// The version of wasm-bindgen in a `Cargo.lock`, given as text.
fn locked_version(lock: &str) -> Option<String> {
    let lock: Lockfile = lock.parse().ok()?;
    let package = lock.packages.iter().find(|package| package.name.as_str() == "wasm-bindgen")?;
    Some(package.version.to_string())
}

fn bindgen(machine: &dyn Machine) -> ProgramState {
    ProgramState::named(machine, VARIABLE, &["wasm-bindgen"], &["--version"])
}

#[cfg(test)]
mod tests {
    use super::missing;

    #[test]
    fn install_command_uses_the_locked_version() {
        let known = missing("[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n");
        assert_eq!(known.remedy, "cargo install --no-default-features wasm-bindgen-cli@0.2.130");
        assert_eq!(known.command.map(|args| args.join(" ")), Some(known.remedy));
        for unknown in ["", "[[package]]\nname = \"other\"\nversion = \"1.0.0\"\n", "no lock file"] {
            let unknown = missing(unknown);
            assert!(unknown.command.is_none() && unknown.remedy.contains("Cargo.lock"), "{unknown:?}");
        }
    }
}

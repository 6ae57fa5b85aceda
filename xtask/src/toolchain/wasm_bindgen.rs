//! wasm-bindgen: cargo makes a module for wasm32-unknown-unknown, `wasm-bindgen` makes of it the module and the
//! ES module that a JavaScript host loads.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use super::c::{self, Sought};
use super::{Found, Missing, Obstacle, Recipe, Toolchain, rust};
use crate::machine::Machine;
use wasmlab_model::scenario::{Build, Scenario};

/// The registry's entry.
pub const TOOLCHAIN: WasmBindgen = WasmBindgen;

/// The variable that names another wasm-bindgen than that on PATH.
pub const VARIABLE: &str = "WASMLAB_WASM_BINDGEN";
/// What wasm-bindgen puts after the module's name.
const SUFFIX: &str = "_bg.wasm";

/// cargo, then wasm-bindgen.
pub struct WasmBindgen;

impl Toolchain for WasmBindgen {
    fn id(&self) -> &'static str {
        "wasm-bindgen"
    }

    fn makes(&self) -> &'static str {
        "Rust -> JavaScript hosts with its glue"
    }

    fn check(&self, build: &Build) -> Vec<(&'static str, String)> {
        let mut faults = rust::TOOLCHAIN.check(build);
        let stem = build.artifact.as_deref().and_then(|name| name.strip_suffix(SUFFIX));
        if stem.is_none() {
            faults.push(("artifact", format!("names the file that wasm-bindgen leaves: NAME{SUFFIX}")));
        }
        if build.companions.first() != stem.map(|stem| format!("{stem}.js")).as_ref() {
            faults.push(("companions", "begin with the glue, which has the artifact's name: NAME.js".to_owned()));
        }
        faults
    }

    fn obstacle(&self, build: &Build, machine: &Machine) -> Option<Obstacle> {
        rust::TOOLCHAIN.obstacle(build, machine).or_else(|| bindgen(machine).obstacle())
    }

    fn find(&self, build: &Build, machine: &Machine) -> Result<Found, Missing> {
        let found = rust::TOOLCHAIN.find(build, machine)?;
        with_bindgen(found, machine, missing(Path::new("")))
    }

    fn find_for(&self, scenario: &Scenario, machine: &Machine) -> Result<Found, Missing> {
        let found = rust::TOOLCHAIN.find_for(scenario, machine)?;
        with_bindgen(found, machine, missing(&scenario.dir))
    }

    fn recipe(&self, scenario: &Scenario, found: &Found, out: &Path, offline: bool) -> Recipe {
        let name = scenario.spec.build.artifact.clone().unwrap_or_default();
        let stem = name.strip_suffix(SUFFIX).unwrap_or(&name).to_owned();
        let mut by_cargo = scenario.clone();
        by_cargo.spec.build.artifact = Some(format!("{stem}.wasm"));
        let mut rust = found.clone();
        let program = rust.env.remove(OsString::from(VARIABLE).as_os_str()).unwrap_or_default();
        let cargo = rust::TOOLCHAIN.recipe(&by_cargo, &rust, out, offline);
        let dir = out.join("bindgen");
        let mut argv: Vec<OsString> = vec![program];
        argv.extend(cargo.artifact().map(|file| file.as_os_str().to_owned()));
        argv.extend(["--target", "web", "--no-typescript", "--out-dir"].map(OsString::from));
        argv.push(dir.clone().into());
        let typed = format!("wasm-bindgen target/{}/release/{stem}.wasm --target web --no-typescript --out-dir .",
            scenario.spec.build.target.as_deref().unwrap_or_default());
        let bindgen =
            Recipe::Command { argv, env: BTreeMap::new(), cwd: scenario.dir.clone(), artifact: dir.join(&name), typed };
        Recipe::Then(Box::new(cargo), Box::new(bindgen))
    }
}

/// What is missing, and the command that gets the version of the guest's crate. Without the features, which let
/// its test runner fetch browsers' drivers, it builds in half the time; without `--locked`, since its lock file
/// names crates that a mirror of the registry may not have.
pub fn missing(guest: &Path) -> Missing {
    let lock = std::fs::read_to_string(guest.join("Cargo.lock")).unwrap_or_default();
    let command = |version: &str| format!("cargo install --no-default-features wasm-bindgen-cli@{version}");
    match locked_version(&lock) {
        Some(version) => Missing {
            what: format!("wasm-bindgen {version}"),
            how: command(&version),
            command: Some(command(&version).split(' ').map(str::to_owned).collect()),
        },
        None => Missing {
            what: "wasm-bindgen".to_owned(),
            how: format!("{}, with the version of wasm-bindgen in the guest's Cargo.lock", command("VERSION")),
            command: None,
        },
    }
}

/// The version of wasm-bindgen in the text of a `Cargo.lock`.
fn locked_version(lock: &str) -> Option<String> {
    let lock: toml::Table = lock.parse().ok()?;
    let packages = lock.get("package")?.as_array()?;
    let named = packages.iter().find(|p| p.get("name").and_then(toml::Value::as_str) == Some("wasm-bindgen"))?;
    named.get("version")?.as_str().map(str::to_owned)
}

fn with_bindgen(mut found: Found, machine: &Machine, missing: Missing) -> Result<Found, Missing> {
    let (program, version) = bindgen(machine).here(missing)?;
    found.version = format!("{}, {version}", found.version);
    found.fingerprint = format!("{} {version} {}", found.fingerprint, machine.stamp(&program));
    found.env.insert(VARIABLE.into(), program.into());
    Ok(found)
}

fn bindgen(machine: &Machine) -> Sought {
    c::ask(machine, c::look_for(machine, VARIABLE, &["wasm-bindgen"]), &["--version"], &BTreeMap::new())
}

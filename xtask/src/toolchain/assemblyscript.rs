//! AssemblyScript: `asc` of the npm package `assemblyscript`, a compiler for a language that looks like
//! TypeScript.

use std::ffi::OsString;
use std::path::Path;

use super::npm::{self, Package};
use super::{Found, Missing, Recipe, Toolchain};
use crate::machine::Machine;
use wasmlab_model::scenario::{Build, Scenario};

/// The registry's entry.
pub const TOOLCHAIN: AssemblyScript = AssemblyScript;

const PACKAGE: Package = Package { name: "assemblyscript", program: Some("asc") };

/// `asc`.
pub struct AssemblyScript;

impl Toolchain for AssemblyScript {
    fn id(&self) -> &'static str {
        "assemblyscript"
    }

    fn makes(&self) -> &'static str {
        "AssemblyScript -> modules for JavaScript hosts, modules without imports"
    }

    fn check(&self, build: &Build) -> Vec<(&'static str, String)> {
        super::source_and_artifact(build, "ts")
    }

    fn find(&self, _: &Build, machine: &Machine) -> Result<Found, Missing> {
        PACKAGE.find(machine)
    }

    fn recipe(&self, scenario: &Scenario, found: &Found, out: &Path, _: bool) -> Recipe {
        let build = &scenario.spec.build;
        let source = build.source.clone().unwrap_or_default();
        let name = build.artifact.clone().unwrap_or_default();
        let artifact = out.join(&name);
        let (folder, env) = npm::folder_and_env(found);
        let asc = folder.join("bin/asc.js");
        let mut argv: Vec<OsString> = vec![found.program.clone().into(), asc.into(), source.clone().into()];
        argv.extend(["--outFile".into(), artifact.clone().into()]);
        argv.extend(build.flags.iter().map(OsString::from));
        let flags: String = build.flags.iter().map(|f| format!(" {f}")).collect();
        let typed = format!("asc {} --outFile {name}{flags}", source.display());
        Recipe::Command { argv, env, cwd: scenario.dir.clone(), artifact, typed }
    }
}

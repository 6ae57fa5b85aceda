//! Python as a component: PyPI's `componentize-py` puts the program beside CPython and has it import the
//! program once, at build time.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use super::c::{self, Sought};
use super::{Found, Missing, Obstacle, Recipe, Toolchain};
use crate::machine::Machine;
use wasmlab_model::scenario::{Build, Scenario};

/// The registry's entry.
pub const TOOLCHAIN: ComponentizePy = ComponentizePy;

/// The variable that names another componentize-py than that on PATH.
pub const VARIABLE: &str = "WASMLAB_COMPONENTIZE_PY";

/// `componentize-py`.
pub struct ComponentizePy;

impl Toolchain for ComponentizePy {
    fn id(&self) -> &'static str {
        "componentize-py"
    }

    fn makes(&self) -> &'static str {
        "Python -> components of WASI 0.2, with CPython in them"
    }

    fn check(&self, build: &Build) -> Vec<(&'static str, String)> {
        let mut faults = super::source_and_artifact(build, "py");
        if build.target.is_none() {
            faults.push(("target", "is missing: name the world of wit/world.wit".to_owned()));
        }
        faults
    }

    fn obstacle(&self, _: &Build, machine: &Machine) -> Option<Obstacle> {
        componentize_py(machine).obstacle()
    }

    fn find(&self, _: &Build, machine: &Machine) -> Result<Found, Missing> {
        let command = ["python3", "-m", "pip", "install", "componentize-py"].map(str::to_owned).to_vec();
        let how = format!("{}, or name it in {VARIABLE}", command.join(" "));
        let command = machine.which("python3").map(|_| command);
        let missing = Missing { what: "componentize-py".to_owned(), how, command };
        let (program, version) = componentize_py(machine).here(missing)?;
        let fingerprint = format!("{version} {}", machine.stamp(&program));
        Ok(Found { program, version, fingerprint, env: BTreeMap::new() })
    }

    fn recipe(&self, scenario: &Scenario, found: &Found, out: &Path, _: bool) -> Recipe {
        let build = &scenario.spec.build;
        let app = build.source.as_deref().and_then(Path::file_stem).unwrap_or_default().to_owned();
        let (world, name) = (build.target.clone().unwrap_or_default(), build.artifact.clone().unwrap_or_default());
        let artifact = out.join(&name);
        let mut argv: Vec<OsString> = vec![found.program.clone().into()];
        argv.extend(["--wit-path".into(), scenario.dir.join("wit").into()]);
        argv.extend(["--world", &world, "componentize", "--output"].map(OsString::from));
        argv.push(artifact.clone().into());
        argv.extend(build.flags.iter().map(OsString::from));
        argv.push(app.clone());
        let flags: String = build.flags.iter().map(|f| format!(" {f}")).collect();
        let typed =
            format!("componentize-py --wit-path wit --world {world} componentize --output {name}{flags} {}", app.display());
        // The Python within imports the program where it stands and leaves a folder `__pycache__` there.
        let source = build.source.clone().unwrap_or_default();
        let work = out.join("src");
        let files = vec![(scenario.dir.join(&source), work.join(&source))];
        let copy = Recipe::Copy { files, artifact: artifact.clone(), typed: format!("cp {} BUILD/", source.display()) };
        let command = Recipe::Command { argv, env: found.env.clone(), cwd: work, artifact, typed };
        Recipe::Then(Box::new(copy), Box::new(command))
    }
}

fn componentize_py(machine: &Machine) -> Sought {
    c::ask(machine, c::look_for(machine, VARIABLE, &["componentize-py"]), &["--version"], &BTreeMap::new())
}

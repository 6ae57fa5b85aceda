//! JavaScript as a component: npm's `@bytecodealliance/componentize-js` puts the program beside a whole
//! JavaScript engine (StarlingMonkey) and has it read the program once, at build time.

use std::ffi::OsString;
use std::path::Path;

use super::npm::{self, Package};
use super::{Found, Missing, Recipe, Toolchain};
use crate::files;
use crate::machine::Machine;
use wasmlab_model::scenario::{Build, Scenario};

/// The registry's entry.
pub const TOOLCHAIN: ComponentizeJs = ComponentizeJs;

const PACKAGE: Package = Package { name: "@bytecodealliance/componentize-js", program: Some("componentize-js") };
/// Its own command line finds no WIT file with some versions of the shim below it, so the world is handed
/// over as text. Arguments: package, source, WIT file, world, output, features to leave out.
const SCRIPT: &str = "import { readFile, writeFile } from 'node:fs/promises'; \
    import { pathToFileURL } from 'node:url'; \
    const [, folder, sourcePath, wit, worldName, out, ...disableFeatures] = process.argv; \
    const { componentize } = await import(pathToFileURL(`${folder}/src/componentize.js`)); \
    const witWorld = await readFile(wit, 'utf8'); \
    const { component } = await componentize({ sourcePath, witWorld, worldName, disableFeatures }); \
    await writeFile(out, component);";
/// The script's first argument as a person types it.
const TYPED_FOLDER: &str = "\"$(npm root --global)/@bytecodealliance/componentize-js\"";

/// `componentize-js`.
pub struct ComponentizeJs;

impl Toolchain for ComponentizeJs {
    fn id(&self) -> &'static str {
        "componentize-js"
    }

    fn makes(&self) -> &'static str {
        "JavaScript -> components of WASI 0.2, with the engine in them"
    }

    fn check(&self, build: &Build) -> Vec<(&'static str, String)> {
        let mut faults = super::source_and_artifact(build, "js");
        if build.target.is_none() {
            faults.push(("target", "is missing: name the world of wit/world.wit".to_owned()));
        }
        faults
    }

    fn find(&self, _: &Build, machine: &Machine) -> Result<Found, Missing> {
        PACKAGE.find(machine)
    }

    fn recipe(&self, scenario: &Scenario, found: &Found, out: &Path, _: bool) -> Recipe {
        let build = &scenario.spec.build;
        let (source, world) = (build.source.clone().unwrap_or_default(), build.target.clone().unwrap_or_default());
        let name = build.artifact.clone().unwrap_or_default();
        let artifact = out.join(&name);
        let (folder, env) = npm::folder_and_env(found);
        let mut argv: Vec<OsString> = vec![found.program.clone().into()];
        argv.extend(["--input-type=module", "--eval", SCRIPT, "--"].map(OsString::from));
        argv.extend([folder.into(), source.clone().into(), "wit/world.wit".into(), world.clone().into()]);
        argv.push(artifact.clone().into());
        argv.extend(build.flags.iter().map(OsString::from));
        let off: String = build.flags.iter().map(|feature| format!(" {feature}")).collect();
        let typed = format!(
            "node --input-type=module --eval {} -- {TYPED_FOLDER} {} wit/world.wit {world} {name}{off}",
            files::quoted(SCRIPT),
            source.display()
        );
        Recipe::Command { argv, env, cwd: scenario.dir.clone(), artifact, typed }
    }
}

//! AssemblyScript: `asc` from the npm package `assemblyscript`, a compiler for a variant of TypeScript.

use wasmlab_model::file_error::KeyError;
use wasmlab_model::scenario::Build;

use crate::npm::{self, Package};
use crate::{Recipe, Task, Toolchain, build_table};

const PACKAGE: Package = Package { name: "assemblyscript", program: Some("asc") };

/// Registry entry.
pub const TOOLCHAIN: Toolchain = Toolchain {
    id: "assemblyscript",
    summary: "AssemblyScript -> modules for JavaScript hosts, modules without imports",
    example: "source = \"hello.ts\"\nartifact = \"hello.wasm\"\nflags = [\"-O\"]",
    variables: npm::VARIABLES,
    own_code: true,
    check,
    find: |_, machine| PACKAGE.find(machine),
    recipe,
    ..Toolchain::BASE
};

fn check(build: &Build) -> Vec<KeyError> {
    let (source, artifact) = (build_table::source(build, "ts"), build_table::artifact(build));
    let mut errors: Vec<KeyError> = source.into_iter().chain(artifact).collect();
    let bindings = build.artifact.as_ref().and_then(|name| Some(format!("{}.js", name.strip_suffix(".wasm")?)));
    if let Some(glue) = build.companions.first()
        && (Some(glue) != bindings.as_ref() || !build.flags.iter().any(|flag| flag == "--bindings"))
    {
        let message = format!("`{glue}` is not the file that `--bindings` among the flags writes: NAME.js");
        errors.push(KeyError::new("companions", message));
    }
    errors
}

fn recipe(task: &Task) -> Recipe {
    let asc = npm::folder(task.tool).join("bin/asc.js");
    let command = task.command().arg(asc).arg(task.source()).arg("--outFile").arg(task.artifact());
    let (source, name, flags) = (task.source().display(), task.artifact_name(), task.shown_flags());
    let shown = format!("asc {source} --outFile {name}{flags}");
    command.args(&task.build().flags).shown(shown).into_recipe(task.artifact())
}

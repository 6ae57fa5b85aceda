//! AssemblyScript: `asc` of the npm package `assemblyscript`, a compiler for a language that looks like
//! TypeScript.

use crate::npm::{self, Package};
use crate::{Recipe, Task, Toolchain, build_table};

const PACKAGE: Package = Package { name: "assemblyscript", program: Some("asc") };

/// The registry's entry.
pub const TOOLCHAIN: Toolchain = Toolchain {
    id: "assemblyscript",
    makes: "AssemblyScript -> modules for JavaScript hosts, modules without imports",
    example: "source = \"hello.ts\"\nartifact = \"hello.wasm\"\nflags = [\"-O\"]",
    variables: npm::VARIABLES,
    check: |build| build_table::source(build, "ts").into_iter().chain(build_table::artifact(build)).collect(),
    find: |_, machine| PACKAGE.find(machine),
    recipe,
    ..Toolchain::BASE
};

fn recipe(task: &Task) -> Recipe {
    let asc = npm::folder(task.tool).join("bin/asc.js");
    let command = task.command().arg(asc).arg(task.source()).arg("--outFile").arg(task.artifact());
    let (source, name, flags) = (task.source().display(), task.artifact_name(), task.shown_flags());
    let shown = format!("asc {source} --outFile {name}{flags}");
    command.args(&task.build().flags).shown(shown).into_recipe(task.artifact())
}

//! JavaScript as a component: npm's `@bytecodealliance/componentize-js` combines the program with a JavaScript engine
//! (StarlingMonkey), which loads the program once at build time.

use wasmlab_model::shell::quote;

use crate::npm::{self, Package};
use crate::{Recipe, Task, Toolchain, build_table};

const PACKAGE: Package = Package { name: "@bytecodealliance/componentize-js", program: Some("componentize-js") };
/// The package's own command line cannot find WIT files with some versions of its dependencies, so this script passes
/// the world as text. Arguments: package, source, WIT file, world, output, features to leave out.
const SCRIPT: &str = "import { readFile, writeFile } from 'node:fs/promises'; \
    import { pathToFileURL } from 'node:url'; \
    const [, folder, sourcePath, wit, worldName, out, ...disableFeatures] = process.argv; \
    const { componentize } = await import(pathToFileURL(`${folder}/src/componentize.js`)); \
    const witWorld = await readFile(wit, 'utf8'); \
    const { component } = await componentize({ sourcePath, witWorld, worldName, disableFeatures }); \
    await writeFile(out, component);";
/// The script's first argument as a user would write it.
const SHOWN_FOLDER: &str = "\"$(npm root --global)/@bytecodealliance/componentize-js\"";

/// Registry entry.
pub const TOOLCHAIN: Toolchain = Toolchain {
    id: "componentize-js",
    summary: "JavaScript -> WASI 0.2 components that embed the engine",
    example: "source = \"hello.js\"\ntarget = \"hello\"\nartifact = \"hello.wasm\"\nflags = [\"http\"]",
    variables: npm::VARIABLES,
    check: |build| {
        let (source, artifact) = (build_table::source(build, "js"), build_table::artifact(build));
        source.into_iter().chain(artifact).chain(build_table::world(build)).collect()
    },
    find: |_, machine| PACKAGE.find(machine),
    recipe,
    ..Toolchain::BASE
};

fn recipe(task: &Task) -> Recipe {
    let (source, world, name) = (task.source().display(), task.target(), task.artifact_name());
    let off = task.shown_flags();
    let shown = format!(
        "node --input-type=module --eval {} -- {SHOWN_FOLDER} {source} wit/world.wit {world} {name}{off}",
        quote(SCRIPT)
    );
    task.command()
        .args(["--input-type=module", "--eval", SCRIPT, "--"])
        .arg(npm::folder(task.tool))
        .arg(task.source())
        .args(["wit/world.wit", world])
        .arg(task.artifact())
        .args(&task.build().flags)
        .shown(shown)
        .into_recipe(task.artifact())
}

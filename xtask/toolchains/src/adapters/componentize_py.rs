//! Python as a component: PyPI's `componentize-py` combines the program with CPython, which imports the program once at
//! build time.

use std::path::Path;

use wasmlab_model::scenario::Scenario;

use crate::BuildCommand;
use crate::program::ProgramState;
use crate::{
    BuildStep, EnvVariable, FoundTool, Machine, MissingTool, Recipe, Task, Toolchain, build_table, install_hint,
};

const VARIABLE: &str = "WASMLAB_COMPONENTIZE_PY";

/// Registry entry.
pub const TOOLCHAIN: Toolchain = Toolchain {
    id: "componentize-py",
    summary: "Python -> WASI 0.2 components that embed CPython",
    example: "source = \"app.py\"\ntarget = \"hello\"\nartifact = \"app.wasm\"",
    variables: &[EnvVariable { name: VARIABLE, meaning: "the componentize-py to use, if not the one on PATH" }],
    check: |build| {
        let (source, artifact) = (build_table::source(build, "py"), build_table::artifact(build));
        source.into_iter().chain(artifact).chain(build_table::world(build)).collect()
    },
    preflight_error: |_, machine| componentize_py(machine).preflight_error(),
    find,
    recipe,
    ..Toolchain::BASE
};

fn find(_: &Scenario, machine: &dyn Machine) -> Result<FoundTool, MissingTool> {
    let pip = install_hint::pip(machine, "componentize-py");
    let remedy = format!("{}, or name it in {VARIABLE}", pip.shown);
    let missing = MissingTool::new("componentize-py", remedy).with_command(pip.command);
    let (program, version) = componentize_py(machine).or_missing(missing)?;
    Ok(FoundTool::new(machine, program, version))
}

fn recipe(task: &Task) -> Recipe {
    let (source, name, world) = (task.source(), task.artifact_name(), task.target());
    let app = source.file_stem().unwrap_or_default();
    // CPython imports the program from a copy, because it leaves a folder `__pycache__` beside it.
    let work = task.out.join("src");
    let files = vec![(task.scenario.dir.join(source), work.join(source))];
    let copy = BuildStep::Copy { files, shown: format!("cp {} BUILD/", source.display()) };
    let flags = task.shown_flags();
    let shown = format!(
        "componentize-py --wit-path wit --world {world} componentize --output {name}{flags} {}",
        Path::new(app).display()
    );
    let command = BuildCommand::new(&task.tool.program, &work)
        .arg("--wit-path")
        .arg(task.scenario.dir.join("wit"))
        .args(["--world", world, "componentize", "--output"])
        .arg(task.artifact())
        .args(&task.build().flags)
        .arg(app)
        .shown(shown);
    Recipe { steps: vec![copy, BuildStep::Run(command)], artifact: task.artifact(), conversions: Vec::new() }
}

fn componentize_py(machine: &dyn Machine) -> ProgramState {
    ProgramState::named(machine, VARIABLE, &["componentize-py"], &["--version"])
}

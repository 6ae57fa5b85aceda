//! zig: the language itself, and a C compiler with clang, a linker and wasi-libc, in one download.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use wasmlab_model::file_error::KeyError;
use wasmlab_model::scenario::{Build, Scenario};

use crate::program::{ProgramState, locate};
use crate::{BuildCommand, EnvVariable, FoundTool, Machine, MissingTool, Recipe, Task, ToolQuery, Toolchain};
use crate::{build_table, c, crates, install_hint};

const VARIABLE: &str = "WASMLAB_ZIG";

/// Registry entry.
pub const TOOLCHAIN: Toolchain = Toolchain {
    id: "zig",
    summary: "Zig, C, C++ -> WASI 0.1, with zig's own libraries; Zig -> modules without imports",
    example: "source = \"hello.c\"\nartifact = \"hello.wasm\"\nflags = [\"-O2\"]",
    variables: &[EnvVariable { name: VARIABLE, meaning: "the zig to use, if not the one on PATH" }],
    own_code: true,
    check,
    preflight_error: |_, machine| zig(machine).preflight_error(),
    find,
    recipe,
    ..Toolchain::BASE
};

/// The default target.
const WASI: &str = "wasm32-wasi";

fn check(build: &Build) -> Vec<KeyError> {
    if !is_zig(build) {
        return c::check(build);
    }
    let target = build.target.as_deref().filter(|target| !target.starts_with("wasm"));
    let error = target
        .map(|target| KeyError::new("target", format!("`{target}` is not a target for WebAssembly, such as {WASI}")));
    build_table::artifact(build).into_iter().chain(error).collect()
}

fn is_zig(build: &Build) -> bool {
    build.source.as_deref().and_then(Path::extension).is_some_and(|extension| extension == "zig")
}

fn find(scenario: &Scenario, machine: &dyn Machine) -> Result<FoundTool, MissingTool> {
    let pip = install_hint::pip(machine, "ziglang");
    let remedy = format!("{}, or install zig (https://ziglang.org/download)", pip.shown);
    let (program, version) = zig(machine).or_missing(MissingTool::new("zig", remedy).with_command(pip.command))?;
    let mut found = FoundTool::new(machine, program, version);
    found.version = format!("zig {}", found.version);
    crates::with_crate(found, &scenario.spec.build, machine)
}

fn recipe(task: &Task) -> Recipe {
    // zig compiles its libc on first use, which takes most of a minute, so all scenarios share one cache.
    let cache = task.out.with_file_name(".zig");
    let env = ["ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"].map(|name| (name.into(), cache.clone().into()));
    let mut tool = task.tool.clone();
    tool.env.extend(env);
    if is_zig(task.build()) {
        return zig_recipe(task, tool);
    }
    let driver = c::driver(task.build(), "cc", "c++");
    let args = [driver, "-target", WASI].map(Into::into).to_vec();
    let shown = format!("zig {driver} -target {WASI}");
    c::recipe(&Task { tool: &tool, ..*task }, tool.program.clone(), args, &shown, task.artifact_name())
}

/// A program in Zig, or a library with `-fno-entry` among the flags.
fn zig_recipe(task: &Task, tool: FoundTool) -> Recipe {
    let target = task.build().target.as_deref().unwrap_or(WASI);
    let (source, name, flags) = (task.source(), task.artifact_name(), task.shown_flags());
    let mut emit = OsString::from("-femit-bin=");
    emit.push(task.artifact());
    let command = BuildCommand::new(&tool.program, &task.scenario.dir).envs(tool.env);
    let command = command.args(["build-exe", "-target", target]).args(&task.build().flags).arg(source).arg(emit);
    let shown = format!("zig build-exe -target {target}{flags} {} -femit-bin={name}", source.display());
    command.shown(shown).into_recipe(task.artifact())
}

fn zig(machine: &dyn Machine) -> ProgramState {
    let program = locate(machine, VARIABLE, &["zig", "python-zig"]).or_else(|| in_python(machine));
    ProgramState::query(machine, program, &["version"], &BTreeMap::new())
}

/// The program inside PyPI's package `ziglang`, which `python3 -m ziglang` runs.
fn in_python(machine: &dyn Machine) -> Option<PathBuf> {
    let python = machine.which("python3").or_else(|| machine.which("python"))?;
    let script = "import os, ziglang; print(os.path.dirname(ziglang.__file__))";
    let dir = PathBuf::from(machine.query(&ToolQuery::new(&python, ["-c", script])).ok()?);
    Some(dir.join(format!("zig{}", std::env::consts::EXE_SUFFIX))).filter(|zig| machine.is_file(zig))
}

//! zig as a C compiler: clang, a linker and wasi-libc in one download.

use std::collections::BTreeMap;
use std::path::PathBuf;

use wasmlab_model::scenario::Scenario;

use crate::program::{Program, locate};
use crate::{FoundTool, Machine, MissingTool, ToolQuery, Recipe, Task, Toolchain, EnvVariable, c, crates, install_hint};

const VARIABLE: &str = "WASMLAB_ZIG";

/// Registry entry.
pub const TOOLCHAIN: Toolchain = Toolchain {
    id: "zig",
    makes: "C -> WASI 0.1, with the wasi-libc that zig brings",
    example: "source = \"hello.c\"\nartifact = \"hello.wasm\"\nflags = [\"-O2\"]",
    variables: &[EnvVariable { name: VARIABLE, meaning: "the zig to use, if not the one on PATH" }],
    own_code: true,
    check: c::check,
    preflight_error: |_, machine| zig(machine).preflight_error(),
    find,
    recipe,
    ..Toolchain::BASE
};

fn find(scenario: &Scenario, machine: &dyn Machine) -> Result<FoundTool, MissingTool> {
    let pip = install_hint::pip(machine, "ziglang");
    let remedy = format!("{}, or install zig (https://ziglang.org/download)", pip.shown);
    let (program, version) = zig(machine).or_missing(MissingTool::new("zig", remedy).with_command(pip.command))?;
    let mut found = FoundTool::new(machine, program, version);
    found.version = format!("zig {}", found.version);
    crates::with_crate(found, &scenario.spec.build, machine)
}

fn recipe(task: &Task) -> Recipe {
    let driver = c::driver(task.build(), "cc", "c++");
    // zig compiles its libc on first use, which takes most of a minute: once for all scenarios, in the lab's cache.
    let cache = task.out.with_file_name(".zig");
    let env = ["ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"].map(|name| (name.into(), cache.clone().into()));
    let mut tool = task.tool.clone();
    tool.env.extend(env);
    let args = [driver, "-target", "wasm32-wasi"].map(Into::into).to_vec();
    let shown = format!("zig {driver} -target wasm32-wasi");
    c::recipe(&Task { tool: &tool, ..*task }, tool.program.clone(), args, &shown, task.artifact_name())
}

fn zig(machine: &dyn Machine) -> Program {
    let program = locate(machine, VARIABLE, &["zig", "python-zig"]).or_else(|| in_python(machine));
    Program::query(machine, program, &["version"], &BTreeMap::new())
}

/// The program inside PyPI's package `ziglang`, which `python3 -m ziglang` runs.
fn in_python(machine: &dyn Machine) -> Option<PathBuf> {
    let python = machine.which("python3").or_else(|| machine.which("python"))?;
    let script = "import os, ziglang; print(os.path.dirname(ziglang.__file__))";
    let dir = PathBuf::from(machine.query(&ToolQuery::new(&python, ["-c", script])).ok()?);
    Some(dir.join(format!("zig{}", std::env::consts::EXE_SUFFIX))).filter(|zig| machine.is_file(zig))
}

//! wasi-sdk: clang with wasi-libc in one folder, which `WASI_SDK_PATH` names. It has neither a usual place nor a
//! package, so without the variable it counts as missing.

use std::collections::BTreeMap;
use std::env::consts::EXE_SUFFIX;
use std::path::PathBuf;

use wasmlab_model::scenario::Scenario;

use crate::program::ProgramState;
use crate::{EnvVariable, FoundTool, Machine, MissingTool, Recipe, Task, Toolchain, c, crates};

/// The variable that wasi-sdk's documentation uses.
const VARIABLE: &str = "WASI_SDK_PATH";
/// The detail that holds its target name for WASI 0.1.
const TARGET: &str = "target";

/// Registry entry.
pub const TOOLCHAIN: Toolchain = Toolchain {
    id: "wasi-sdk",
    summary: "C -> WASI 0.1, with wasi-sdk's wasi-libc",
    example: "source = \"hello.c\"\nartifact = \"hello.wasm\"\nflags = [\"-O2\"]",
    variables: &[EnvVariable { name: VARIABLE, meaning: "the folder of wasi-sdk" }],
    own_code: true,
    check: c::check,
    preflight_error: |_, machine| clang(machine).preflight_error(),
    find,
    recipe,
    ..Toolchain::BASE
};

fn find(scenario: &Scenario, machine: &dyn Machine) -> Result<FoundTool, MissingTool> {
    let what = match machine.variable(VARIABLE) {
        Some(_) => format!("bin/clang in the folder that {VARIABLE} names"),
        None => "wasi-sdk".to_owned(),
    };
    let remedy =
        format!("unpack a release of https://github.com/WebAssembly/wasi-sdk and name its folder in {VARIABLE}");
    let (program, version) = clang(machine).or_missing(MissingTool::new(what, remedy))?;
    // The default target was renamed between releases; both names mean WASI 0.1.
    let sysroot = program.ancestors().nth(2).map(|sdk| sdk.join("share").join("wasi-sysroot"));
    let renamed = sysroot.is_some_and(|dir| machine.is_dir(&dir.join("lib").join("wasm32-wasip1")));
    let target = if renamed { "wasm32-wasip1" } else { "wasm32-wasi" };
    let mut found = FoundTool::new(machine, program, version).with_detail(TARGET, target);
    found.version = format!("wasi-sdk {}", found.version);
    crates::with_crate(found, &scenario.spec.build, machine)
}

fn recipe(task: &Task) -> Recipe {
    let name = c::driver(task.build(), "clang", "clang++");
    let program = task.tool.program.with_file_name(format!("{name}{EXE_SUFFIX}"));
    let target = format!("--target={}", task.tool.text(TARGET));
    let shown = format!("${VARIABLE}/bin/{name} {target}");
    c::recipe(task, program, vec![target.into()], &shown, task.artifact_name())
}

fn clang(machine: &dyn Machine) -> ProgramState {
    let file = |sdk| PathBuf::from(sdk).join("bin").join(format!("clang{EXE_SUFFIX}"));
    let program = machine.variable(VARIABLE).map(file).filter(|clang| machine.is_file(clang));
    ProgramState::query(machine, program, &["--version"], &BTreeMap::new())
}

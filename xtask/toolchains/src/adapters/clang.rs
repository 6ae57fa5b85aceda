//! An installed clang with wasi-libc: C and C++ for WASI 0.1, C for WASI 0.2, from a distribution's packages.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use wasmlab_model::scenario::Scenario;
use wasmlab_model::version::find_version;

use crate::program::{ProgramState, candidates};
use crate::{
    EnvVariable, FoundTool, Machine, MissingTool, Recipe, Task, TestCompile, ToolQuery, Toolchain, VersionRequirement,
};
use crate::{c, crates, install_hint, linker};

mod component_linker;
mod sysroot;

use component_linker::ComponentLinker;
use sysroot::{SYSROOT_VARIABLE, Sysroot};

const VARIABLE: &str = "WASMLAB_CLANG";
/// Program names in distributions, after the user's own choice.
const NAMES: &[&str] = &[
    "clang", "clang-23", "clang-22", "clang-21", "clang-20", "clang-19", "clang-18", "clang-17", "clang-16",
    "clang-15", "clang-14",
];
/// The second target: clang links it with `wasm-component-ld`, which produces a component.
const WASI_0_2: &str = "wasm32-wasip2";

/// Registry entry: clang, lld, compiler-rt and wasi-libc.
pub const TOOLCHAIN: Toolchain = Toolchain {
    id: "clang",
    summary: "C, C++ -> WASI 0.1; C -> WASI 0.2 components; with the distribution's wasi-libc",
    example: "source = \"hello.c\"\nartifact = \"hello.wasm\"\nflags = [\"-O2\"]",
    variables: &[
        EnvVariable { name: VARIABLE, meaning: "the clang to use, if not the one on PATH" },
        EnvVariable { name: SYSROOT_VARIABLE, meaning: "the folder of wasi-libc for clang, if not in a usual place" },
    ],
    own_code: true,
    takes_version: true,
    check: |build| c::check_for(build, &[WASI_0_2]),
    preflight_error: |build, machine| clang(machine, VersionRequirement::of(build).as_ref()).preflight_error(),
    find,
    recipe,
    ..Toolchain::BASE
};

fn find(scenario: &Scenario, machine: &dyn Machine) -> Result<FoundTool, MissingTool> {
    let build = &scenario.spec.build;
    let all = &["clang", "lld", "wasi-libc", "libclang-rt-dev-wasm32"];
    let missing = install_hint::apt(machine, "clang", all, "install clang and lld, 14 or newer");
    let (program, version) = clang(machine, VersionRequirement::of(build).as_ref()).or_missing(missing)?;
    let rt = format!("libclang-rt-{}-dev-wasm32", major(&version));
    let Some(sysroot) = Sysroot::find(machine, major(&version), build.target.as_deref()) else {
        let otherwise = format!("install wasi-libc, or name its folder in {SYSROOT_VARIABLE}");
        return Err(match build.target.as_deref() {
            None => install_hint::apt(machine, "wasi-libc", &["wasi-libc", &rt], &otherwise),
            // Distributions have it since 2025, and no package has another name for it.
            Some(target) => {
                MissingTool::new(format!("wasi-libc for {target}"), otherwise.replace("install", "install a newer"))
            }
        });
    };
    let component_linker = match build.target {
        Some(_) => ComponentLinker::find(machine)?,
        None => ComponentLinker::default(),
    };
    // Helper functions, such as 128-bit arithmetic, that clang links in.
    let builtins = builtins(machine, &program, &sysroot).map_err(|file| {
        let otherwise = format!("install compiler-rt for WebAssembly: clang looks for {file}");
        install_hint::apt(machine, "compiler-rt for wasm32", &[&rt], &otherwise)
    })?;
    machine.test_compile(&link(&program, &sysroot, &component_linker)).map_err(|message| {
        match linker::is_missing(&message) {
            true => {
                let otherwise = format!("install lld of clang's version; clang says: {message}");
                install_hint::apt(machine, "wasm-ld", &[&format!("lld-{}", major(&version))], &otherwise)
            }
            false => MissingTool::new(
                format!("a clang that can link for {} ({message})", sysroot.target),
                format!("repair `{}` or what it links with", program.display()),
            ),
        }
    })?;
    let stamps = [&program, &sysroot.libc(), &builtins].map(|file| machine.stamp(file)).join(" ");
    let fingerprint = format!("{version} {stamps}{}", component_linker.fingerprint);
    let found = FoundTool { program, version, fingerprint, env: component_linker.env, ..FoundTool::default() };
    crates::with_crate(sysroot.store_in(found), build, machine)
}

fn recipe(task: &Task) -> Recipe {
    let name = c::driver(task.build(), "clang", "clang++");
    let program = c::sibling(&task.tool.program, "clang", name);
    let sysroot = Sysroot::load_from(task.tool);
    let shown = format!("{name} {}", sysroot.shown_args());
    c::recipe(task, program, sysroot.args(), &shown, task.artifact_name())
}

fn clang(machine: &dyn Machine, wanted: Option<&VersionRequirement>) -> ProgramState {
    let query = |program| ProgramState::query(machine, program, &["--version"], &BTreeMap::new());
    ProgramState::select(candidates(machine, VARIABLE, NAMES), wanted, query)
}

/// `14` of `Debian clang version 14.0.6`.
fn major(version: &str) -> u32 {
    find_version(version).split('.').next().and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// clang's builtins library for the target; `Err` holds its expected file name if it is not installed.
fn builtins(machine: &dyn Machine, clang: &Path, sysroot: &Sysroot) -> Result<PathBuf, String> {
    let mut args = sysroot.args();
    args.extend(["--rtlib=compiler-rt", "-print-libgcc-file-name"].map(OsString::from));
    let file = PathBuf::from(machine.query(&ToolQuery::new(clang, args))?);
    if machine.is_file(&file) { Ok(file) } else { Err(file.display().to_string()) }
}

/// Checks that clang can link. Asking for its linker is not reliable: with only Debian's lld-14 installed, clang links
/// with `wasm-ld-14`, but `-print-prog-name=wasm-ld` finds nothing. With `-v` it lists every file it links with.
fn link(clang: &Path, sysroot: &Sysroot, component_linker: &ComponentLinker) -> TestCompile {
    let (source, output) = ("trial.c", "trial.wasm");
    let mut args = sysroot.args();
    args.extend(["-v", source, "-o", output].map(OsString::from));
    let query = ToolQuery::new(clang, args).with_env(component_linker.env.clone());
    TestCompile { query, source: (source, "int main(void) { return 0; }\n"), output }
}

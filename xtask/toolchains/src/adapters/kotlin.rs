//! Kotlin/Wasm: `kotlinc-wasm`, for WASI 0.1 or for JavaScript hosts with its glue. The compiler is Java; it comes with
//! Kotlin's own distribution, or as the npm package `kotlin-compiler`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use wasmlab_model::file_error::KeyError;
use wasmlab_model::scenario::Build;

use crate::program::{ProgramState, locate};
use crate::{BuildCommand, BuildStep, EnvVariable, FoundTool, Machine, MissingTool, Recipe, Task, Toolchain};
use crate::{build_table, install_hint, npm};

const VARIABLE: &str = "WASMLAB_KOTLIN";
const PACKAGE: &str = "kotlin-compiler";
/// The detail that holds the compiler's folder; the tool itself is Java.
const HOME: &str = "kotlin home";

/// Registry entry.
pub const TOOLCHAIN: Toolchain = Toolchain {
    id: "kotlin",
    summary: "Kotlin -> WASI 0.1; JavaScript hosts, with Kotlin's glue; needs gc and exceptions",
    example: "source = \"hello.kt\"\ntarget = \"wasm-wasi\"\nartifact = \"hello.wasm\"",
    variables: &[
        EnvVariable {
            name: VARIABLE,
            meaning: "the kotlinc-wasm to use, if not the one on PATH or npm's kotlin-compiler",
        },
        EnvVariable {
            name: "JAVA_HOME",
            meaning: "the folder of the Java runtime for Kotlin's compiler, if not the java on PATH",
        },
    ],
    own_code: true,
    check,
    preflight_error: |_, machine| java(machine).preflight_error(),
    find: |_, machine| find(machine),
    recipe,
    ..Toolchain::BASE
};

fn check(build: &Build) -> Vec<KeyError> {
    let mut errors: Vec<KeyError> =
        build_table::source(build, "kt").into_iter().chain(build_table::artifact(build)).collect();
    let target = build.target.as_deref();
    if !matches!(target, Some("wasm-wasi" | "wasm-js")) {
        errors.push(KeyError::new("target", "must be wasm-wasi or wasm-js"));
    }
    let glue = build.artifact.as_deref().and_then(|name| Some(format!("{}.mjs", name.strip_suffix(".wasm")?)));
    if target == Some("wasm-js") && build.companions.first() != glue.as_ref() {
        errors.push(KeyError::new("companions", "must begin with the glue, named after the artifact: NAME.mjs"));
    }
    errors
}

fn find(machine: &dyn Machine) -> Result<FoundTool, MissingTool> {
    let home = home(machine).ok_or_else(|| {
        let npm = install_hint::npm(machine, PACKAGE);
        let how = format!("{}, or put the kotlinc-wasm of Kotlin 2.4 or newer on PATH", npm.shown);
        MissingTool::new("Kotlin's compiler for WebAssembly", how).with_command(npm.command)
    })?;
    let otherwise = "install Java 17 or newer, or name its folder in JAVA_HOME";
    let missing = install_hint::apt(machine, "java", &["default-jre-headless"], otherwise);
    let (program, java) = java(machine).or_missing(missing)?;
    // `2.4.20` or `2.4.20-release-123`; asking the compiler itself takes seconds.
    let version = machine.read(&home.join("build.txt")).map_err(|why| {
        MissingTool::new(format!("a Kotlin that reports its version (build.txt: {why})"), "install Kotlin again")
    })?;
    let version = format!("kotlinc-wasm {}", version.trim());
    let fingerprint = format!("{version} {} {java}", machine.stamp(&home.join("lib/kotlin-compiler.jar")));
    Ok(FoundTool { program, version, fingerprint, ..FoundTool::default() }.with_detail(HOME, home))
}

/// Compiles the sources to a Kotlin library, then the library to the module: the second step needs the whole program.
fn recipe(task: &Task) -> Recipe {
    let (target, name) = (task.target(), task.artifact_name());
    let stem = name.strip_suffix(".wasm").unwrap_or(name);
    let lib = task.tool.path(HOME).join("lib");
    let stdlib = format!("kotlin-stdlib-{target}.klib");
    let klib = task.out.join(format!("{stem}.klib"));
    let common =
        format!("-Xwasm-target={target} -libraries $KOTLIN_HOME/lib/{stdlib} -ir-output-dir . -ir-output-name {stem}");
    let start = || {
        compiler(task, &lib)
            .arg(format!("-Xwasm-target={target}"))
            .arg("-libraries")
            .arg(lib.join(&stdlib))
            .arg("-ir-output-dir")
            .arg(task.out)
            .args(["-ir-output-name", stem])
    };
    let to_klib = start().arg(task.source());
    let to_klib = to_klib.shown(format!("kotlinc-wasm {common} {}", task.source().display()));
    let mut include = std::ffi::OsString::from("-Xinclude=");
    include.push(&klib);
    let flags = task.shown_flags();
    let to_wasm = start().args(["-Xir-produce-js", "-Xir-dce"]).arg(include).args(&task.build().flags);
    let to_wasm = to_wasm.shown(format!("kotlinc-wasm {common} -Xir-produce-js -Xir-dce -Xinclude={stem}.klib{flags}"));
    Recipe {
        steps: vec![BuildStep::Run(to_klib), BuildStep::Run(to_wasm)],
        artifact: task.artifact(),
        conversions: Vec::new(),
    }
}

/// The command that the script `kotlinc-wasm` runs.
fn compiler(task: &Task, lib: &Path) -> BuildCommand {
    let command = task.command().arg("-Xmx1g").arg("-cp").arg(lib.join("kotlin-preloader.jar"));
    let command =
        command.arg("org.jetbrains.kotlin.preloading.Preloader").arg("-cp").arg(lib.join("kotlin-compiler.jar"));
    command.arg("org.jetbrains.kotlin.cli.js.KotlinWasmCompiler")
}

/// The folder that contains `lib/kotlin-compiler.jar`: from a Kotlin distribution or the npm package.
fn home(machine: &dyn Machine) -> Option<PathBuf> {
    let of_script = || {
        let script = machine.canonical(&locate(machine, VARIABLE, &["kotlinc-wasm"])?)?;
        Some(script.parent()?.parent()?.to_owned())
    };
    let of_npm = || Some(npm::packages(machine, Path::new("node"), &[PACKAGE])?.join(PACKAGE));
    let has_compiler = |dir: &PathBuf| machine.is_file(&dir.join("lib/kotlin-compiler.jar"));
    of_script().filter(has_compiler).or_else(|| of_npm().filter(has_compiler))
}

/// Java: in the folder that `JAVA_HOME` names, or on PATH.
fn java(machine: &dyn Machine) -> ProgramState {
    let in_home =
        || machine.which(&PathBuf::from(machine.variable("JAVA_HOME")?).join("bin/java").display().to_string());
    ProgramState::query(machine, in_home().or_else(|| machine.which("java")), &["-version"], &BTreeMap::new())
}

//! Shared by the C compilers: their input and their command line.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use wasmlab_model::file_error::KeyError;
use wasmlab_model::scenario::Build;

use crate::BuildCommand;
use crate::build_table::is_wasm_file;
use crate::{Recipe, Task, crates};

/// Checks a `[build]` table for a compiler that takes one C or C++ file and has one target.
pub fn check(build: &Build) -> Vec<KeyError> {
    check_for(build, &[])
}

/// Like [`check`], for a compiler that has these targets besides its default one.
pub fn check_for(build: &Build, targets: &[&str]) -> Vec<KeyError> {
    let mut errors = Vec::new();
    match &build.source {
        None => errors.push(KeyError::new("source", "is missing: name the .c, .cc or .cpp file")),
        Some(path) if !is_c(path) && !is_cpp(path) => {
            errors.push(KeyError::new("source", format!("`{}` is not a .c, .cc or .cpp file", path.display())));
        }
        Some(_) => {}
    }
    match build.artifact.as_deref() {
        None => errors.push(KeyError::new("artifact", "is missing: name the .wasm file to build")),
        Some(name) if !is_wasm_file(name) => {
            errors
                .push(KeyError::new("artifact", format!("`{name}` is not the name of a .wasm file, without folders")));
        }
        Some(_) => {}
    }
    if let Some(target) = build.target.as_deref().filter(|target| !targets.contains(target)) {
        let others = targets.iter().map(|other| format!(", or use {other}")).collect::<String>();
        let text = format!("`{target}` is not supported: leave it out for the toolchain's default target{others}");
        errors.push(KeyError::new("target", text));
    }
    errors.extend(crates::check(build));
    if build.profile.is_some() {
        errors.push(KeyError::new("profile", "is for cargo only: put options such as -O2 or -g under flags"));
    }
    errors
}

fn has_extension(path: &Path, wanted: &[&str]) -> bool {
    path.extension().and_then(|e| e.to_str()).is_some_and(|e| wanted.contains(&e))
}

fn is_c(path: &Path) -> bool {
    has_extension(path, &["c"])
}

fn is_cpp(path: &Path) -> bool {
    has_extension(path, &["cc", "cpp", "cxx"])
}

/// The compiler driver for the scenario's language.
pub fn driver<'a>(build: &Build, c: &'a str, cpp: &'a str) -> &'a str {
    if build.source.as_deref().is_some_and(is_cpp) { cpp } else { c }
}

/// The program of the same installation under another name: `clang++-14` beside `clang-14`, `em++.bat` beside
/// `emcc.bat`.
pub fn sibling(program: &Path, name: &str, other: &str) -> PathBuf {
    let file = program.file_name().unwrap_or_default().to_string_lossy().replacen(name, other, 1);
    program.with_file_name(file)
}

/// The compiler's command: `args` first, then the scenario's flags and source; `output` is written below the task's
/// folder. `shown` is the program with `args` as a user would write them.
pub fn recipe(task: &Task, program: PathBuf, args: Vec<OsString>, shown: &str, output: &str) -> Recipe {
    let mut command = BuildCommand::new(&program, &task.scenario.dir).envs(task.tool.env.clone()).args(args);
    let mut shown = shown.to_owned();
    for flag in &task.build().flags {
        let (real, plain) = crates::flag(flag, task.build(), task.tool);
        shown += &format!(" {plain}");
        command = command.arg(real);
    }
    shown += &format!(" {} -o {output}", task.source().display());
    command.arg(task.source()).arg("-o").arg(task.out.join(output)).shown(shown).into_recipe(task.artifact())
}

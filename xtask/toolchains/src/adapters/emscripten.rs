//! Emscripten: emcc for C, em++ for C++; either a module with its JavaScript glue or a standalone module.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use wasmlab_model::file_error::KeyError;
use wasmlab_model::scenario::Build;
use wasmlab_model::version::find_version;

use crate::program::{ProgramState, candidates};
use crate::{
    EnvVariable, FoundTool, Machine, MissingTool, PreflightError, Recipe, Task, ToolQuery, Toolchain,
    VersionRequirement,
};
use crate::{c, crates, install_hint};

/// The variable that names an emcc other than the one on PATH; em++ is expected beside it.
const VARIABLE: &str = "WASMLAB_EMCC";

/// Registry entry.
pub const TOOLCHAIN: Toolchain = Toolchain {
    id: "emscripten",
    summary: "C, C++ -> JavaScript hosts, with Emscripten's glue; standalone modules",
    example: "source = \"hello.cpp\"\nartifact = \"hello.wasm\"\ncompanions = [\"hello.js\"]\nflags = [\"-O2\"]",
    variables: &[
        EnvVariable { name: VARIABLE, meaning: "the emcc to use, if not the one on PATH" },
        EnvVariable { name: "EMSDK", meaning: "the folder of emsdk, if emcc is not on PATH" },
    ],
    own_code: true,
    takes_version: true,
    check,
    preflight_error: |build, machine| emcc(machine, VersionRequirement::of(build).as_ref()).preflight_error(),
    find: |scenario, machine| {
        let build = &scenario.spec.build;
        crates::with_crate(compiler_of_version(machine, VersionRequirement::of(build).as_ref())?, build, machine)
    },
    recipe,
    ..Toolchain::BASE
};

fn check(build: &Build) -> Vec<KeyError> {
    let mut errors = c::check(build);
    // emcc derives the module's name from that of the glue.
    if let (Some(glue), Some(artifact)) = (build.companions.first(), &build.artifact)
        && Path::new(glue).file_stem() != Path::new(artifact).file_stem()
    {
        let message = format!("`{glue}` is not the glue that emcc writes beside `{artifact}`");
        errors.push(KeyError::new("companions", message));
    }
    errors
}

/// The error if emcc is installed but broken.
pub fn preflight_error(machine: &dyn Machine) -> Option<PreflightError> {
    emcc(machine, None).preflight_error()
}

/// Finds emcc, which serves as a C compiler and as Rust's linker.
///
/// # Errors
/// If it is missing.
pub fn compiler(machine: &dyn Machine) -> Result<FoundTool, MissingTool> {
    compiler_of_version(machine, None)
}

fn compiler_of_version(machine: &dyn Machine, wanted: Option<&VersionRequirement>) -> Result<FoundTool, MissingTool> {
    let otherwise =
        "install emsdk (https://emscripten.org/docs/getting_started/downloads.html) and source its emsdk_env.sh";
    let (program, answer) =
        emcc(machine, wanted).or_missing(install_hint::apt(machine, "emcc", &["emscripten"], otherwise))?;
    // `emcc (Emscripten gcc/clang-like replacement + linker emulating GNU ld) 3.1.6 ()`
    let version = format!("emcc {}", find_version(&answer));
    let env = environment(machine, &program);
    let binaryen = machine.stamp(&own_binaryen(&program));
    let tool = FoundTool::new(machine, program, answer);
    Ok(FoundTool { version, env, fingerprint: format!("{} {binaryen}", tool.fingerprint), ..tool })
}

fn recipe(task: &Task) -> Recipe {
    let name = c::driver(task.build(), "emcc", "em++");
    let program = c::sibling(&task.tool.program, "emcc", name);
    // With glue, emcc's output is the glue, and the module is written beside it.
    let output = task.build().companions.first().map_or(task.artifact_name(), String::as_str);
    c::recipe(task, program, Vec::new(), name, output)
}

/// emcc: the first with the required version among the variable's, those on PATH, and the one in `EMSDK`.
fn emcc(machine: &dyn Machine, wanted: Option<&VersionRequirement>) -> ProgramState {
    let in_emsdk = || {
        let dir = PathBuf::from(machine.variable("EMSDK")?).join("upstream").join("emscripten");
        machine.which(&dir.join("emcc").display().to_string())
    };
    let all = candidates(machine, VARIABLE, &["emcc"]).into_iter().chain(in_emsdk()).collect();
    ProgramState::select(all, wanted, |program| {
        let env = program.as_ref().map(|program| environment(machine, program)).unwrap_or_default();
        ProgramState::query(machine, program, &["--version"], &env)
    })
}

/// The LLVM version of an emcc: `14.0.6`; `None` if it does not report one.
pub fn llvm(machine: &dyn Machine) -> Option<String> {
    let ProgramState::Works(program, _) = emcc(machine, None) else { return None };
    let query = ToolQuery::new(&program, ["-v"]).with_env(environment(machine, &program));
    llvm_in(&machine.query(&query).ok()?)
}

fn llvm_in(answer: &str) -> Option<String> {
    answer.lines().find_map(|line| Some(find_version(line.split_once("clang version ")?.1)))
}

/// Environment variables for emcc, beyond the common ones.
fn environment(machine: &dyn Machine, emcc: &Path) -> BTreeMap<OsString, OsString> {
    /// Variables set by `emsdk_env.sh`, and by users of a read-only installation.
    const EMSCRIPTEN_VARIABLES: &[&str] = &["EMSDK", "EMSDK_NODE", "EMSDK_PYTHON", "EM_CONFIG", "EM_CACHE"];
    let configured = EMSCRIPTEN_VARIABLES.iter().filter_map(|name| Some((name, machine.variable(name)?)));
    let mut env: BTreeMap<OsString, OsString> = configured.map(|(name, value)| (name.into(), value.into())).collect();
    // Debian's package installs emcc's JavaScript libraries (acorn) where only Debian's own node looks. Any other node
    // on PATH fails with MODULE_NOT_FOUND in acorn-optimizer.js.
    let debian = Path::new("/usr/share/nodejs");
    if emcc.starts_with("/usr/bin") && machine.is_dir(&debian.join("acorn")) {
        env.insert("NODE_PATH".into(), debian.into());
    }
    if let Some(path) = machine.variable("PATH").and_then(|path| own_binaryen_first(machine, emcc, &path)) {
        env.insert("PATH".into(), path);
    }
    env
}

/// The wasm-opt that a distribution installs beside emcc.
fn own_binaryen(emcc: &Path) -> PathBuf {
    emcc.with_file_name("wasm-opt")
}

/// `path` with folders that contain another Binaryen moved to the end, if emcc has its own. Some emcc use the first one
/// on PATH, and a newer one (from npm) renames symbols that the -O3 glue then cannot find.
fn own_binaryen_first(machine: &dyn Machine, emcc: &Path, path: &str) -> Option<OsString> {
    let beside_emcc = own_binaryen(emcc);
    if !machine.is_file(&beside_emcc) {
        return None;
    }
    let is_other = |dir: &PathBuf| {
        let theirs = dir.join("wasm-opt");
        machine.is_file(&theirs) && machine.canonical(&theirs) != machine.canonical(&beside_emcc)
    };
    let (others, mut dirs): (Vec<_>, Vec<_>) = std::env::split_paths(path).partition(is_other);
    dirs.extend(others);
    std::env::join_paths(dirs).ok()
}

#[cfg(test)]
mod tests {
    use super::{c, find_version, llvm_in, own_binaryen_first};
    use crate::tests::FakeMachine;

    /// Output of `emcc --version` and `emcc -v` of Debian's 3.1.6, and of the latter from an emsdk.
    #[test]
    fn versions_are_read_from_emccs_output() {
        let debian = "emcc (Emscripten gcc/clang-like replacement + linker emulating GNU ld) 3.1.6 ()";
        assert_eq!(find_version(debian), "3.1.6");
        let verbose = "emcc (Emscripten gcc/clang-like replacement + linker emulating GNU ld) 3.1.6 ()\n\
            Debian clang version 14.0.6\nTarget: wasm32-unknown-emscripten\n";
        assert_eq!(llvm_in(verbose).as_deref(), Some("14.0.6"));
        let emsdk = "clang version 21.0.0git (https:/github.com/llvm/llvm-project 1234abcd)\nTarget: wasm32-unknown-emscripten\n";
        assert_eq!(llvm_in(emsdk).as_deref(), Some("21.0.0git"));
        assert_eq!(llvm_in("emcc: error\n"), None);
    }

    #[test]
    fn binaryen_beside_emcc_comes_first() {
        let files = ["/usr/bin/wasm-opt", "/npm/.bin/wasm-opt"].map(|file| (file.to_owned(), file.to_owned()));
        let machine = FakeMachine { files: files.into(), ..FakeMachine::default() };
        let check = |emcc: &str, expected: Option<&str>| {
            let path = own_binaryen_first(&machine, emcc.as_ref(), "/mine:/npm/.bin:/usr/bin:/bin");
            assert_eq!(path.as_deref().and_then(|path| path.to_str()), expected, "{emcc}");
        };
        check("/usr/bin/emcc", Some("/mine:/usr/bin:/bin:/npm/.bin"));
        check("/emsdk/upstream/emscripten/emcc", None);
    }

    #[test]
    fn cpp_driver_is_found_beside_emcc() {
        assert_eq!(c::sibling("/sdk/emcc".as_ref(), "emcc", "em++").to_str(), Some("/sdk/em++"));
        assert_eq!(c::sibling("/sdk/emcc.bat".as_ref(), "emcc", "em++").to_str(), Some("/sdk/em++.bat"));
    }
}

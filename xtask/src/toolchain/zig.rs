//! zig as a C compiler: it brings clang, a linker and wasi-libc in one download.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::c::{self, Call, Sought};
use super::{Found, Missing, Obstacle, Recipe, Toolchain, crates};
use crate::machine::{Machine, Question};
use wasmlab_model::scenario::{Build, Scenario};

/// The registry's entry.
pub const TOOLCHAIN: Zig = Zig;

/// The variable that names another zig.
pub const VARIABLE: &str = "WASMLAB_ZIG";

/// `zig cc`.
pub struct Zig;

impl Toolchain for Zig {
    fn id(&self) -> &'static str {
        "zig"
    }

    fn makes(&self) -> &'static str {
        "C -> WASI 0.1, with the wasi-libc that zig brings"
    }

    fn check(&self, build: &Build) -> Vec<(&'static str, String)> {
        c::check(build)
    }

    fn obstacle(&self, _: &Build, machine: &Machine) -> Option<Obstacle> {
        zig(machine).obstacle()
    }

    fn find(&self, build: &Build, machine: &Machine) -> Result<Found, Missing> {
        let command = ["python3", "-m", "pip", "install", "ziglang"].map(str::to_owned).to_vec();
        let how = format!("{}, or install zig (https://ziglang.org/download)", command.join(" "));
        let command = machine.which("python3").map(|_| command);
        let (program, version) = zig(machine).here(Missing { what: "zig".to_owned(), how, command })?;
        let fingerprint = format!("{version} {}", machine.stamp(&program));
        let found = Found { program, version: format!("zig {version}"), fingerprint, env: BTreeMap::new() };
        crates::with(found, build, machine)
    }

    fn may_be_prebuilt(&self, build: &Build) -> bool {
        super::is_own_file(build)
    }

    fn recipe(&self, scenario: &Scenario, found: &Found, out: &Path, _: bool) -> Recipe {
        let driver = if c::wants_cpp(&scenario.spec.build) { "c++" } else { "cc" };
        // zig compiles its libc on first use (most of a minute): once for all scenarios, within the lab's cache.
        let cache = out.with_file_name(".zig");
        let mut env = BTreeMap::from([
            ("ZIG_GLOBAL_CACHE_DIR".into(), cache.clone().into()),
            ("ZIG_LOCAL_CACHE_DIR".into(), cache.into()),
        ]);
        env.extend(found.env.clone());
        let args = vec![driver.into(), "-target".into(), "wasm32-wasi".into()];
        let typed = format!("zig {driver} -target wasm32-wasi");
        let output = scenario.spec.build.artifact.as_deref().unwrap_or_default();
        Call { program: found.program.clone(), args, typed, env }.recipe(scenario, out, output)
    }
}

fn zig(machine: &Machine) -> Sought {
    let program = c::look_for(machine, VARIABLE, &["zig", "python-zig"]).or_else(|| in_python(machine));
    c::ask(machine, program, &["version"], &BTreeMap::new())
}

/// The program within PyPI's package `ziglang`, which `python3 -m ziglang` starts.
fn in_python(machine: &Machine) -> Option<PathBuf> {
    let python = machine.which("python3").or_else(|| machine.which("python"))?;
    let script = "import os, ziglang; print(os.path.dirname(ziglang.__file__))";
    let args = vec!["-c".into(), script.into()];
    let question = Question { program: python.clone(), args, env: BTreeMap::new(), witness: python };
    let dir = PathBuf::from(machine.ask(&question).ok()?);
    let zig = dir.join(format!("zig{}", std::env::consts::EXE_SUFFIX));
    zig.is_file().then_some(zig)
}

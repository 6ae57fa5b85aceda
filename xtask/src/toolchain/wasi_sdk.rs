//! wasi-sdk: clang with wasi-libc in one folder, which `WASI_SDK_PATH` names. It has no usual place and no
//! package, so without the variable it is missing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::c::{self, Call, Sought};
use super::{Found, Missing, Obstacle, Recipe, Toolchain, crates};
use crate::machine::Machine;
use wasmlab_model::scenario::{Build, Scenario};

/// The registry's entry.
pub const TOOLCHAIN: WasiSdk = WasiSdk;

/// The variable of wasi-sdk's own users.
pub const VARIABLE: &str = "WASI_SDK_PATH";

/// wasi-sdk's clang, which knows its own sysroot.
pub struct WasiSdk;

impl Toolchain for WasiSdk {
    fn id(&self) -> &'static str {
        "wasi-sdk"
    }

    fn makes(&self) -> &'static str {
        "C -> WASI 0.1, with the wasi-libc of wasi-sdk"
    }

    fn check(&self, build: &Build) -> Vec<(&'static str, String)> {
        c::check(build)
    }

    fn obstacle(&self, _: &Build, machine: &Machine) -> Option<Obstacle> {
        clang(machine).obstacle()
    }

    fn find(&self, build: &Build, machine: &Machine) -> Result<Found, Missing> {
        let what = match machine.variable(VARIABLE) {
            Some(_) => format!("bin/clang in the folder that {VARIABLE} names"),
            None => "wasi-sdk".to_owned(),
        };
        let how = format!("unpack a release of https://github.com/WebAssembly/wasi-sdk and name its folder in {VARIABLE}");
        let (program, version) = clang(machine).here(Missing { what, how, command: None })?;
        let fingerprint = format!("{version} {}", machine.stamp(&program));
        let found = Found { program, version: format!("wasi-sdk {version}"), fingerprint, env: BTreeMap::new() };
        crates::with(found, build, machine)
    }

    fn may_be_prebuilt(&self, build: &Build) -> bool {
        super::is_own_file(build)
    }

    fn recipe(&self, scenario: &Scenario, found: &Found, out: &Path, _: bool) -> Recipe {
        let name = if c::wants_cpp(&scenario.spec.build) { "clang++" } else { "clang" };
        let program = found.program.with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        // Its default target was renamed between releases; both names stand for WASI 0.1.
        let sysroot = found.program.ancestors().nth(2).map(|sdk| sdk.join("share").join("wasi-sysroot"));
        let renamed = sysroot.is_some_and(|s| s.join("lib").join("wasm32-wasip1").is_dir());
        let target = format!("--target={}", if renamed { "wasm32-wasip1" } else { "wasm32-wasi" });
        let typed = format!("${VARIABLE}/bin/{name} {target}");
        let output = scenario.spec.build.artifact.as_deref().unwrap_or_default();
        Call { program, args: vec![target.into()], typed, env: found.env.clone() }.recipe(scenario, out, output)
    }
}

fn clang(machine: &Machine) -> Sought {
    let file = |sdk| PathBuf::from(sdk).join("bin").join(format!("clang{}", std::env::consts::EXE_SUFFIX));
    let program = machine.variable(VARIABLE).map(file).filter(|p| p.is_file());
    c::ask(machine, program, &["--version"], &BTreeMap::new())
}

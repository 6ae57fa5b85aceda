//! Emscripten: emcc for C, em++ for C++; a module with its JavaScript glue, or a standalone one.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::c::{self, Call, Sought};
use super::{Found, Missing, Obstacle, Recipe, Toolchain, crates};
use wasmlab_model::codes::Code;
use crate::machine::{Machine, Question};
use wasmlab_model::scenario::{Build, Scenario};
use wasmlab_model::version::version_in;

/// The registry's entry.
pub const TOOLCHAIN: Emscripten = Emscripten;

/// The variable that names another emcc than that on PATH; em++ is looked for beside it.
pub const VARIABLE: &str = "WASMLAB_EMCC";

/// emcc and em++.
pub struct Emscripten;

impl Toolchain for Emscripten {
    fn id(&self) -> &'static str {
        "emscripten"
    }

    fn makes(&self) -> &'static str {
        "C, C++ -> JavaScript hosts with its glue, standalone modules"
    }

    fn check(&self, build: &Build) -> Vec<(&'static str, String)> {
        let mut faults = c::check(build);
        // emcc names the module after the glue.
        if let (Some(glue), Some(artifact)) = (build.companions.first(), &build.artifact)
            && Path::new(glue).file_stem() != Path::new(artifact).file_stem()
        {
            faults.push(("companions", format!("`{glue}` is not the glue that emcc writes beside `{artifact}`")));
        }
        faults
    }

    fn obstacle(&self, _: &Build, machine: &Machine) -> Option<Obstacle> {
        emcc(machine).obstacle()
    }

    fn find(&self, build: &Build, machine: &Machine) -> Result<Found, Missing> {
        let (program, said) = emcc(machine).here(missing(machine))?;
        // `emcc (Emscripten gcc/clang-like replacement + linker emulating GNU ld) 3.1.6 ()`
        let version = format!("emcc {}", version_in(&said));
        let fingerprint = format!("{said} {}", machine.stamp(&program));
        crates::with(Found { env: environment(machine, &program), program, version, fingerprint }, build, machine)
    }

    fn missing(&self, build: &Build, machine: &Machine) -> Code {
        crates::missing(build, emcc(machine).is_here())
    }

    fn may_be_prebuilt(&self, build: &Build) -> bool {
        super::is_own_file(build)
    }

    fn recipe(&self, scenario: &Scenario, found: &Found, out: &Path, _: bool) -> Recipe {
        let build = &scenario.spec.build;
        let (name, program) = match c::wants_cpp(build) {
            true => ("em++", beside(&found.program, "em++")),
            false => ("emcc", found.program.clone()),
        };
        let call = Call { program, args: Vec::new(), typed: name.to_owned(), env: found.env.clone() };
        // With glue, emcc is asked for the glue and leaves the module beside it.
        let output = build.companions.first().or(build.artifact.as_ref()).cloned().unwrap_or_default();
        call.recipe(scenario, out, &output)
    }
}

fn missing(machine: &Machine) -> Missing {
    let otherwise = "install emsdk (https://emscripten.org/docs/getting_started/downloads.html) and source its emsdk_env.sh";
    c::packages(machine, "emcc", &["emscripten"], otherwise)
}

/// emcc: named, on PATH, or in the emsdk that `EMSDK` names.
fn emcc(machine: &Machine) -> Sought {
    let in_emsdk = || {
        let dir = PathBuf::from(machine.variable("EMSDK")?).join("upstream").join("emscripten");
        machine.which(&dir.join("emcc").display().to_string())
    };
    let program = c::look_for(machine, VARIABLE, &["emcc"]).or_else(in_emsdk);
    let env = program.as_ref().map(|p| environment(machine, p)).unwrap_or_default();
    c::ask(machine, program, &["--version"], &env)
}

/// The version of the LLVM within emcc: `14.0.6`; `None` where it does not say.
pub fn llvm(machine: &Machine) -> Option<String> {
    let Sought::Here(program, _) = emcc(machine) else { return None };
    let env = environment(machine, &program);
    let question = Question { args: vec!["-v".into()], env, witness: program.clone(), program };
    llvm_in(&machine.ask(&question).ok()?)
}

fn llvm_in(answer: &str) -> Option<String> {
    answer.lines().find_map(|line| Some(version_in(line.split_once("clang version ")?.1)))
}

/// The program of the same installation with another name: `em++`, or `em++.bat`.
fn beside(emcc: &Path, name: &str) -> PathBuf {
    let file = emcc.file_name().unwrap_or_default().to_string_lossy().replacen("emcc", name, 1);
    emcc.with_file_name(file)
}

/// What emcc's own variables say, which the common environment leaves out.
fn environment(machine: &Machine, emcc: &Path) -> BTreeMap<OsString, OsString> {
    /// What `emsdk_env.sh` sets, and what a user of a read-only installation sets.
    const OWN: &[&str] = &["EMSDK", "EMSDK_NODE", "EMSDK_PYTHON", "EM_CONFIG", "EM_CACHE"];
    let own = OWN.iter().filter_map(|name| Some((OsString::from(name), OsString::from(machine.variable(name)?))));
    let mut env: BTreeMap<OsString, OsString> = own.collect();
    // Debian's package keeps emcc's JavaScript libraries (acorn) where only Debian's own node looks. Any
    // other node on PATH ends with MODULE_NOT_FOUND in acorn-optimizer.js.
    let debian = Path::new("/usr/share/nodejs");
    if emcc.starts_with("/usr/bin") && debian.join("acorn").is_dir() {
        env.insert("NODE_PATH".into(), debian.into());
    }
    env
}

#[cfg(test)]
mod tests {
    use super::{beside, llvm_in, version_in};

    /// What `emcc --version` and `emcc -v` of Debian's 3.1.6 say, and the second in the form of an emsdk.
    #[test]
    fn versions_are_read_from_what_emcc_says() {
        let debian = "emcc (Emscripten gcc/clang-like replacement + linker emulating GNU ld) 3.1.6 ()";
        assert_eq!(version_in(debian), "3.1.6");
        let verbose = "emcc (Emscripten gcc/clang-like replacement + linker emulating GNU ld) 3.1.6 ()\n\
            Debian clang version 14.0.6\nTarget: wasm32-unknown-emscripten\n";
        assert_eq!(llvm_in(verbose).as_deref(), Some("14.0.6"));
        let emsdk = "clang version 21.0.0git (https:/github.com/llvm/llvm-project 1234abcd)\nTarget: wasm32-unknown-emscripten\n";
        assert_eq!(llvm_in(emsdk).as_deref(), Some("21.0.0git"));
        assert_eq!(llvm_in("emcc: error\n"), None);
    }

    #[test]
    fn the_cpp_driver_stands_beside_emcc() {
        assert_eq!(beside("/sdk/emcc".as_ref(), "em++").to_str(), Some("/sdk/em++"));
        assert_eq!(beside("/sdk/emcc.bat".as_ref(), "em++").to_str(), Some("/sdk/em++.bat"));
    }
}

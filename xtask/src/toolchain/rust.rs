//! Rust by cargo, for any of its wasm targets. For `wasm32-unknown-emscripten` emcc links.
//!
//! The toolchain is the one that runs the lab, or the rustup toolchain that `WASMLAB_RUST_TOOLCHAIN`
//! names. Whether a target is there is read from the toolchain's folder: no process is started for it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Found, Missing, Obstacle, Recipe, Toolchain, crates, emscripten};
use wasmlab_model::codes::Code;
use crate::machine::{Machine, Question};
use wasmlab_model::scenario::{Build, Scenario};
use wasmlab_model::version::version_in;

/// The registry's entry.
pub const TOOLCHAIN: Rust = Rust;

/// The target that emcc links for.
const EMSCRIPTEN: &str = "wasm32-unknown-emscripten";

/// Targets that have another name since Rust 1.78, and lost the old one in 1.84.
const RENAMED: &[(&str, &str)] =
    &[("wasm32-wasi", "wasm32-wasip1"), ("wasm32-wasi-preview1-threads", "wasm32-wasip1-threads")];

/// The variable that names the rustup toolchain for guests.
pub const TOOLCHAIN_VARIABLE: &str = "WASMLAB_RUST_TOOLCHAIN";

/// cargo and rustc.
pub struct Rust;

impl Toolchain for Rust {
    fn id(&self) -> &'static str {
        "rust"
    }

    fn makes(&self) -> &'static str {
        "Rust -> WASI 0.1 (with wasi-threads too), components of WASI 0.2 and 0.3, Emscripten, no system at all"
    }

    fn check(&self, build: &Build) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        if build.target.is_none() {
            faults.push(("target", "is missing: name the compiler's target, such as wasm32-wasip1".to_owned()));
        }
        match build.artifact.as_deref() {
            None => faults.push(("artifact", "is missing: name the .wasm file that cargo leaves".to_owned())),
            Some(name) if name.contains(['/', '\\']) => {
                faults.push(("artifact", format!("`{name}` is a path: give the file's name alone")));
            }
            Some(_) => {}
        }
        faults
    }

    fn obstacle(&self, build: &Build, machine: &Machine) -> Option<Obstacle> {
        let target = build.target.as_deref()?;
        if target == EMSCRIPTEN {
            return emscripten::TOOLCHAIN.obstacle(build, machine);
        }
        let (_, new) = RENAMED.iter().find(|(old, _)| *old == target)?;
        // A compiler of the years between takes both: only its refusal counts.
        let words = machine.refusal(&rustc(machine, &["--print", "cfg", "--target", target])?).ok()??;
        let words = words.split_once("error: ").map_or(words.as_str(), |(_, words)| words);
        Some(Obstacle {
            code: Code::TargetRenamed,
            detail: format!("the target {target} is called {new} now; rustc says: {words}"),
            how: format!("write `target = \"{new}\"` under [build]"),
        })
    }

    fn doubts(&self, build: &Build, machine: &Machine) -> Vec<String> {
        if build.target.as_deref() != Some(EMSCRIPTEN) {
            return Vec::new();
        }
        let ours = rustc(machine, &["--version", "--verbose"]).and_then(|q| machine.ask(&q).ok());
        let ours = ours.and_then(|words| words.lines().find_map(|l| l.strip_prefix("LLVM version: ")).map(version_in));
        ours.zip(emscripten::llvm(machine)).and_then(|(ours, theirs)| bad_pair(&ours, &theirs)).into_iter().collect()
    }

    fn find(&self, build: &Build, machine: &Machine) -> Result<Found, Missing> {
        let target = build.target.as_deref().unwrap_or_default();
        let name = machine.variable(TOOLCHAIN_VARIABLE);
        let plus = name.as_ref().map(|n| format!(" --toolchain {n}")).unwrap_or_default();
        let no_rustc = || Missing { what: "rustc".to_owned(), how: "install Rust from https://rustup.rs".to_owned(), command: None };
        let (program, rustc) = (machine.which("cargo").ok_or_else(no_rustc)?, machine.which("rustc").ok_or_else(no_rustc)?);
        let mut env = BTreeMap::new();
        if let Some(name) = &name {
            env.insert(OsString::from("RUSTUP_TOOLCHAIN"), OsString::from(name));
        }
        let sysroot = sysroot(machine, name.as_deref(), &rustc).ok_or_else(|| match &name {
            Some(name) => Missing {
                what: format!("the rustup toolchain `{name}` that {TOOLCHAIN_VARIABLE} names"),
                how: format!("rustup toolchain install {name}, or unset {TOOLCHAIN_VARIABLE}"),
                command: None,
            },
            None => no_rustc(),
        })?;
        if !has_std(&sysroot.join("lib/rustlib").join(target).join("lib")) {
            let how = format!("rustup target add {target}{plus}");
            // Without rustup the target comes with the distribution's own packages.
            let command = machine.which("rustup").map(|_| how.split(' ').map(str::to_owned).collect());
            return Err(Missing { what: format!("Rust's target {target}"), how, command });
        }
        // rustup's `rustc` is one proxy for every toolchain: the answer belongs to the real compiler.
        let witness = compiler_in(&sysroot);
        let question = Question { program: rustc, args: vec!["--version".into()], env: env.clone(), witness: witness.clone() };
        let version = machine.ask(&question).map_err(|words| Missing {
            what: format!("a rustc that answers ({words})"),
            how: "rustup update".to_owned(),
            command: None,
        })?;
        let version = version.lines().next().unwrap_or_default().to_owned();
        let fingerprint = format!("{version} {}", machine.stamp(&witness));
        let found = Found { program, version, fingerprint, env };
        Ok(if target == EMSCRIPTEN { with_linker(found, &emscripten::TOOLCHAIN.find(build, machine)?) } else { found })
    }

    fn may_be_prebuilt(&self, build: &Build) -> bool {
        super::is_own_file(build)
    }

    fn recipe(&self, scenario: &Scenario, found: &Found, out: &Path, offline: bool) -> Recipe {
        let build = &scenario.spec.build;
        let target = build.target.clone().unwrap_or_default();
        let profile = build.profile.as_deref().unwrap_or("release");
        let how = if profile == "release" { "--release".to_owned() } else { format!("--profile {profile}") };
        let call = format!("cargo build {how} --locked --target {target}");
        let mut argv: Vec<OsString> = vec![found.program.clone().into()];
        argv.extend(call.split(' ').skip(1).map(OsString::from));
        let typed = match &build.flags[..] {
            [] => call,
            flags => format!("RUSTFLAGS=\"{}\" {call}", flags.join(" ")),
        };
        argv.push("--target-dir".into());
        argv.push(out.into());
        if offline {
            argv.push("--offline".into());
        }
        let mut env = found.env.clone();
        // A guest must not tell on which machine it was built, nor differ between two folders.
        let remap = |from: PathBuf, to: &str| format!("--remap-path-prefix={}={to}", from.display());
        let mut flags = vec![remap(scenario.dir.clone(), "."), remap(crates::cargo_home(), "cargo")];
        flags.extend(build.flags.iter().cloned());
        env.insert("CARGO_ENCODED_RUSTFLAGS".into(), flags.join("\u{1f}").into());
        // Cargo's own profiles `dev` and `release` have folders of other names or their own.
        let folder = if profile == "dev" { "debug" } else { profile };
        let artifact = out.join(&target).join(folder).join(build.artifact.clone().unwrap_or_default());
        Recipe::Command { argv, env, cwd: scenario.dir.clone(), artifact, typed }
    }
}

/// A question to the compiler for guests; `None` where there is none.
fn rustc(machine: &Machine, args: &[&str]) -> Option<Question> {
    let program = machine.which("rustc")?;
    let name = machine.variable(TOOLCHAIN_VARIABLE);
    let witness = compiler_in(&sysroot(machine, name.as_deref(), &program)?);
    let env = name.map(|name| (OsString::from("RUSTUP_TOOLCHAIN"), OsString::from(name))).into_iter().collect();
    Some(Question { program, args: args.iter().map(OsString::from).collect(), env, witness })
}

/// rustc calls emcc by that name: it is told which one, with the environment that it needs.
fn with_linker(mut found: Found, emcc: &Found) -> Found {
    found.env.extend(emcc.env.clone());
    found.env.insert("CARGO_TARGET_WASM32_UNKNOWN_EMSCRIPTEN_LINKER".into(), emcc.program.clone().into());
    found.version = format!("{}, {}", found.version, emcc.version);
    found.fingerprint = format!("{} {}", found.fingerprint, emcc.fingerprint);
    found
}

/// What is to be feared of an emcc whose LLVM is older than rustc's: its linker is given objects of a later
/// format. Seen with 14 and 22: a program with panic=abort links and runs; rustc's book asks for a std that was
/// rebuilt with the emcc in use, or for the very emcc that Rust's own was built with.
fn bad_pair(rustc: &str, emcc: &str) -> Option<String> {
    let major = |version: &str| version.split('.').next().and_then(|n| n.parse::<u32>().ok());
    (major(emcc)? < major(rustc)?).then(|| {
        format!(
            "emcc has LLVM {emcc}, rustc LLVM {rustc}: emcc's linker may refuse what rustc makes; \
             use panic = \"abort\" and a std built with this emcc, or a newer emsdk"
        )
    })
}

fn home() -> Option<PathBuf> {
    std::env::home_dir()
}

/// The compiler itself, behind rustup's proxy.
#[must_use]
pub fn compiler_in(sysroot: &Path) -> PathBuf {
    sysroot.join("bin").join(format!("rustc{}", std::env::consts::EXE_SUFFIX))
}

/// The folder of the toolchain that `rustc` is: that of the rustup toolchain `name`, or of the one in use.
#[must_use]
pub fn sysroot(machine: &Machine, name: Option<&str>, rustc: &Path) -> Option<PathBuf> {
    let rustup = machine.variable("RUSTUP_HOME").map(PathBuf::from).or_else(|| Some(home()?.join(".rustup")))?;
    let from_proxy = machine.variable("RUSTUP_TOOLCHAIN");
    if let Some(name) = name.map(str::to_owned).or(from_proxy) {
        let dir = rustup.join("toolchains").join(&name);
        let dir = if dir.is_dir() { dir } else { PathBuf::from(&name) };
        return dir.join("bin").is_dir().then_some(dir);
    }
    let args = ["--print", "sysroot"].map(OsString::from).to_vec();
    let question = Question { program: rustc.to_owned(), args, env: BTreeMap::new(), witness: rustup.join("settings.toml") };
    machine.ask(&question).ok().map(|text| PathBuf::from(text.trim()))
}

fn has_std(lib: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(lib) else { return false };
    entries.flatten().any(|e| e.file_name().to_string_lossy().starts_with("libstd-"))
}

#[cfg(test)]
mod tests {
    use super::bad_pair;

    #[test]
    fn an_emcc_that_is_older_than_rustc_is_doubtful() {
        assert!(bad_pair("22.1.8", "14.0.6").is_some_and(|words| words.contains("22.1.8")));
        assert_eq!(bad_pair("20.1.0", "20.0.0git"), None);
        assert_eq!(bad_pair("18.1.0", "21.0.0git"), None);
        assert_eq!(bad_pair("?", "21.0.0git"), None);
    }
}

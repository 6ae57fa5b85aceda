//! Rust by cargo, for any of its wasm targets. For `wasm32-unknown-emscripten` emcc links.
//!
//! The toolchain is the one that runs the lab, or the rustup toolchain that `WASMLAB_RUST_TOOLCHAIN`
//! names. Whether a target is there is read from the toolchain's folder: no process is started for it.

use std::collections::BTreeMap;
use std::path::Path;

use wasmlab_model::codes::Code;
use wasmlab_model::scenario::{Build, Scenario};
use wasmlab_model::version::find_version;

use super::emscripten;
use crate::crates::cargo_home;
use crate::rustc::{TOOLCHAIN_VARIABLE, chosen, compiler_in, has_std, rustc, sysroot};
use crate::{Fault, FoundTool, Machine, MissingTool, PreflightError, Question, Recipe, Task, Toolchain, Variable};

/// The target that emcc links for.
const EMSCRIPTEN: &str = "wasm32-unknown-emscripten";

/// Targets that have another name since Rust 1.78, and lost the old one in 1.84.
const RENAMED: &[(&str, &str)] =
    &[("wasm32-wasi", "wasm32-wasip1"), ("wasm32-wasi-preview1-threads", "wasm32-wasip1-threads")];

/// The detail of a found tool that is cargo's own folder.
const CARGO_HOME: &str = "cargo home";

/// The registry's entry.
pub const TOOLCHAIN: Toolchain = Toolchain {
    id: "rust",
    makes: "Rust -> WASI 0.1 (with wasi-threads too), components of WASI 0.2 and 0.3, Emscripten, no system at all",
    example: "target = \"wasm32-wasip1\"\nartifact = \"hello.wasm\"\nflags = [\"-Ctarget-feature=+simd128\"]",
    variables: &[Variable {
        name: TOOLCHAIN_VARIABLE,
        meaning: "the rustup toolchain that builds the guests, if not the default one",
    }],
    own_code: true,
    takes_version: false,
    check,
    preflight_error,
    warnings,
    find,
    recipe,
};

pub(super) fn check(build: &Build) -> Vec<Fault> {
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

pub(super) fn preflight_error(build: &Build, machine: &dyn Machine) -> Option<PreflightError> {
    let target = build.target.as_deref()?;
    if target == EMSCRIPTEN {
        return emscripten::preflight_error(machine);
    }
    let (_, new) = RENAMED.iter().find(|(old, _)| *old == target)?;
    // A compiler of the years between takes both: only its refusal counts.
    let message = machine.refusal(&rustc(machine, &["--print", "cfg", "--target", target])?).ok()??;
    let message = message.split_once("error: ").map_or(message.as_str(), |(_, message)| message);
    Some(PreflightError {
        code: Code::TargetRenamed,
        detail: format!("the target {target} is called {new} now; rustc says: {message}"),
        how: format!("write `target = \"{new}\"` under [build]"),
    })
}

fn warnings(build: &Build, machine: &dyn Machine) -> Vec<String> {
    if build.target.as_deref() != Some(EMSCRIPTEN) {
        return Vec::new();
    }
    let ours = rustc(machine, &["--version", "--verbose"]).and_then(|question| machine.ask(&question).ok());
    let ours = ours.and_then(|answer| answer.lines().find_map(|l| l.strip_prefix("LLVM version: ")).map(find_version));
    ours.zip(emscripten::llvm(machine)).and_then(|(ours, theirs)| bad_pair(&ours, &theirs)).into_iter().collect()
}

pub(super) fn find(scenario: &Scenario, machine: &dyn Machine) -> Result<FoundTool, MissingTool> {
    let target = scenario.spec.build.target.as_deref().unwrap_or_default();
    let name = machine.variable(TOOLCHAIN_VARIABLE);
    let no_rustc = || MissingTool::new("rustc", "install Rust from https://rustup.rs");
    let (program, rustc) = (machine.which("cargo").ok_or_else(no_rustc)?, machine.which("rustc").ok_or_else(no_rustc)?);
    let sysroot = sysroot(machine, name.as_deref(), &rustc).ok_or_else(|| match &name {
        Some(name) => MissingTool::new(
            format!("the rustup toolchain `{name}` that {TOOLCHAIN_VARIABLE} names"),
            format!("rustup toolchain install {name}, or unset {TOOLCHAIN_VARIABLE}"),
        ),
        None => no_rustc(),
    })?;
    if !has_std(machine, &sysroot.join("lib/rustlib").join(target).join("lib")) {
        let what = format!("Rust's target {target}");
        if let Some(name) = name.as_deref().filter(|name| !is_release(name)) {
            let how = format!(
                "`{name}`, which {TOOLCHAIN_VARIABLE} names, is a toolchain of your own, and rustup adds no targets to those: \
                 build std for {target} into it, or unset {TOOLCHAIN_VARIABLE} and run `rustup target add {target}`"
            );
            return Err(MissingTool::new(what, how));
        }
        let plus = name.map(|name| format!(" --toolchain {name}")).unwrap_or_default();
        let how = format!("rustup target add {target}{plus}");
        // Without rustup the target comes with the distribution's own packages.
        let command = machine.which("rustup").map(|_| how.split(' ').map(str::to_owned).collect());
        return Err(MissingTool::new(what, how).with_command(command));
    }
    // rustup's `rustc` is one proxy for every toolchain: the answer belongs to the real compiler.
    let witness = compiler_in(&sysroot);
    let env: BTreeMap<_, _> = chosen(name).into_iter().collect();
    let question = Question { witness: witness.clone(), ..Question::new(&rustc, ["--version"]).with_env(env.clone()) };
    let version = machine.ask(&question).map_err(|message| {
        MissingTool::new(format!("a rustc that answers ({message})"), "rustup update")
    })?;
    let version = version.lines().next().unwrap_or_default().to_owned();
    let fingerprint = format!("{version} {}", machine.stamp(&witness));
    let found = FoundTool { program, version, fingerprint, env, ..FoundTool::default() };
    let found = found.with_detail(CARGO_HOME, cargo_home(machine));
    Ok(if target == EMSCRIPTEN { with_linker(found, &emscripten::compiler(machine)?) } else { found })
}

/// Whether rustup knows the toolchain of this name as a release: `stable`, `nightly-2026-01-02-x86_64-unknown-linux-gnu`,
/// `1.96.0`. It adds targets to no other.
fn is_release(name: &str) -> bool {
    let channel = name.split('-').next().unwrap_or_default();
    let is_version = channel.contains('.') && channel.split('.').all(|part| part.parse::<u32>().is_ok());
    matches!(channel, "stable" | "beta" | "nightly") || is_version
}

pub(super) fn recipe(task: &Task) -> Recipe {
    let (build, target) = (task.build(), task.target());
    let profile = build.profile.as_deref().unwrap_or("release");
    let how = if profile == "release" { "--release".to_owned() } else { format!("--profile {profile}") };
    let call = format!("cargo build {how} --locked --target {target}");
    let mut command = task.command().args(call.split(' ').skip(1)).arg("--target-dir").arg(task.out);
    if task.offline {
        command = command.arg("--offline");
    }
    // A guest must not tell on which machine it was built, nor differ between two folders.
    let remap = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
    let mut flags = vec![remap(&task.scenario.dir, "."), remap(task.tool.path(CARGO_HOME), "cargo")];
    flags.extend(build.flags.iter().cloned());
    let shown = match &build.flags[..] {
        [] => call,
        flags => format!("RUSTFLAGS=\"{}\" {call}", flags.join(" ")),
    };
    // Cargo's own profiles `dev` and `release` have folders of other names or their own.
    let folder = if profile == "dev" { "debug" } else { profile };
    let artifact = task.out.join(target).join(folder).join(task.artifact_name());
    command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}")).shown(shown).into_recipe(artifact)
}

/// rustc calls emcc by that name: it is told which one, with the environment that it needs.
fn with_linker(mut found: FoundTool, emcc: &FoundTool) -> FoundTool {
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

#[cfg(test)]
mod tests {
    use super::{bad_pair, is_release};

    #[test]
    fn a_toolchain_of_ones_own_is_no_release() {
        for name in ["stable", "nightly-2026-01-02", "1.96.0", "1.96", "beta-x86_64-unknown-linux-gnu"] {
            assert!(is_release(name), "{name}");
        }
        for name in ["mine", "wasmlab-guests", "1", "stage1", "1.x"] {
            assert!(!is_release(name), "{name}");
        }
    }

    #[test]
    fn an_emcc_that_is_older_than_rustc_is_doubtful() {
        assert!(bad_pair("22.1.8", "14.0.6").is_some_and(|warning| warning.contains("22.1.8")));
        assert_eq!(bad_pair("20.1.0", "20.0.0git"), None);
        assert_eq!(bad_pair("18.1.0", "21.0.0git"), None);
        assert_eq!(bad_pair("?", "21.0.0git"), None);
    }
}

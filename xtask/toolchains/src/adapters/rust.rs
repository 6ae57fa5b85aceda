//! Rust, built by cargo, for any of its wasm targets. For `wasm32-unknown-emscripten`, emcc links.
//!
//! The toolchain is the one that runs the lab, or the rustup toolchain that `WASMLAB_RUST_TOOLCHAIN` names. Whether a
//! target is installed is read from the toolchain's folder, without starting a process.

use std::collections::BTreeMap;
use std::path::Path;

use wasmlab_model::codes::Code;
use wasmlab_model::file_error::KeyError;
use wasmlab_model::scenario::{Build, Scenario};
use wasmlab_model::version::find_version;

use super::emscripten;
use crate::crates::cargo_home;
use crate::rustc::{TOOLCHAIN_VARIABLE, compiler_in, has_std, rustc, sysroot, toolchain_env};
use crate::{EnvVariable, FoundTool, Machine, MissingTool, PreflightError, Recipe, Task, ToolQuery, Toolchain};

/// The target for which emcc links.
const EMSCRIPTEN: &str = "wasm32-unknown-emscripten";

/// Targets renamed in Rust 1.78; the old names were removed in 1.84.
const RENAMED: &[(&str, &str)] =
    &[("wasm32-wasi", "wasm32-wasip1"), ("wasm32-wasi-preview1-threads", "wasm32-wasip1-threads")];

/// The detail that holds cargo's home folder.
const CARGO_HOME: &str = "cargo home";

/// Registry entry.
pub const TOOLCHAIN: Toolchain = Toolchain {
    id: "rust",
    summary: "Rust -> WASI 0.1 (also with wasi-threads), WASI 0.2 and 0.3 components, Emscripten, wasm32-unknown-unknown",
    example: "target = \"wasm32-wasip1\"\nartifact = \"hello.wasm\"\nflags = [\"-Ctarget-feature=+simd128\"]",
    variables: &[EnvVariable {
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

pub(super) fn check(build: &Build) -> Vec<KeyError> {
    let mut errors = Vec::new();
    if build.target.is_none() {
        errors.push(KeyError::new("target", "is missing: name the compiler's target, such as wasm32-wasip1"));
    }
    match build.artifact.as_deref() {
        None => errors.push(KeyError::new("artifact", "is missing: name the .wasm file that cargo leaves")),
        Some(name) if name.contains(['/', '\\']) => {
            errors.push(KeyError::new("artifact", format!("`{name}` is a path: give the file's name alone")));
        }
        Some(_) => {}
    }
    errors
}

pub(super) fn preflight_error(build: &Build, machine: &dyn Machine) -> Option<PreflightError> {
    let target = build.target.as_deref()?;
    if target == EMSCRIPTEN {
        return emscripten::preflight_error(machine);
    }
    let (_, new) = RENAMED.iter().find(|(old, _)| *old == target)?;
    // Compilers between these versions accept both names, so only an actual refusal counts.
    let message = machine.refusal(&rustc(machine, &["--print", "cfg", "--target", target])?).ok()??;
    let message = message.split_once("error: ").map_or(message.as_str(), |(_, message)| message);
    Some(PreflightError {
        code: Code::TargetRenamed,
        detail: format!("the target {target} is called {new} now; rustc says: {message}"),
        remedy: format!("write `target = \"{new}\"` under [build]"),
    })
}

fn warnings(build: &Build, machine: &dyn Machine) -> Vec<String> {
    if build.target.as_deref() != Some(EMSCRIPTEN) {
        return Vec::new();
    }
    let ours = rustc(machine, &["--version", "--verbose"]).and_then(|query| machine.query(&query).ok());
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
            let remedy = format!(
                "`{name}`, which {TOOLCHAIN_VARIABLE} names, is a custom toolchain, and rustup cannot add targets to \
                 it: build it with std for {target}, or unset {TOOLCHAIN_VARIABLE} and run `rustup target add {target}`"
            );
            return Err(MissingTool::new(what, remedy));
        }
        let plus = name.map(|name| format!(" --toolchain {name}")).unwrap_or_default();
        let remedy = format!("rustup target add {target}{plus}");
        // Without rustup, targets come from the distribution's packages.
        let command = machine.which("rustup").map(|_| remedy.split(' ').map(str::to_owned).collect());
        return Err(MissingTool::new(what, remedy).with_command(command));
    }
    // rustup's `rustc` is a proxy for every toolchain, so the cached answer depends on the real compiler.
    let depends_on = compiler_in(&sysroot);
    let env: BTreeMap<_, _> = toolchain_env(name).into_iter().collect();
    let query =
        ToolQuery { depends_on: depends_on.clone(), ..ToolQuery::new(&rustc, ["--version"]).with_env(env.clone()) };
    let version = machine
        .query(&query)
        .map_err(|message| MissingTool::new(format!("a working rustc ({message})"), "rustup update"))?;
    let version = version.lines().next().unwrap_or_default().to_owned();
    let fingerprint = format!("{version} {}", machine.stamp(&depends_on));
    let found = FoundTool { program, version, fingerprint, env, ..FoundTool::default() };
    let found = found.with_detail(CARGO_HOME, cargo_home(machine));
    Ok(if target == EMSCRIPTEN { with_linker(found, &emscripten::compiler(machine)?) } else { found })
}

/// Whether rustup knows a toolchain of this name as a release: `stable`, `nightly-2026-01-02-x86_64-unknown-linux-gnu`,
/// `1.96.0`. It can add targets only to those.
fn is_release(name: &str) -> bool {
    let channel = name.split('-').next().unwrap_or_default();
    let is_version = channel.contains('.') && channel.split('.').all(|part| part.parse::<u32>().is_ok());
    matches!(channel, "stable" | "beta" | "nightly") || is_version
}

pub(super) fn recipe(task: &Task) -> Recipe {
    let (build, target) = (task.build(), task.target());
    let profile = build.profile.as_deref().unwrap_or("release");
    let profile_flag = if profile == "release" { "--release".to_owned() } else { format!("--profile {profile}") };
    let call = format!("cargo build {profile_flag} --locked --target {target}");
    let mut command = task.command().args(call.split(' ').skip(1)).arg("--target-dir").arg(task.out);
    if task.offline {
        command = command.arg("--offline");
    }
    // A guest must not reveal the machine it was built on, nor depend on the folder.
    let remap = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
    let mut flags = vec![remap(&task.scenario.dir, "."), remap(task.tool.path(CARGO_HOME), "cargo")];
    flags.extend(build.flags.iter().cloned());
    let shown = match &build.flags[..] {
        [] => call,
        flags => format!("RUSTFLAGS=\"{}\" {call}", flags.join(" ")),
    };
    // The folder of the profile `dev` is called `debug`; others are named after the profile.
    let folder = if profile == "dev" { "debug" } else { profile };
    let artifact = task.out.join(target).join(folder).join(task.artifact_name());
    command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}")).shown(shown).into_recipe(artifact)
}

/// rustc runs its linker by the name `emcc`: name the program, and pass the environment it needs.
fn with_linker(mut found: FoundTool, emcc: &FoundTool) -> FoundTool {
    found.env.extend(emcc.env.clone());
    found.env.insert("CARGO_TARGET_WASM32_UNKNOWN_EMSCRIPTEN_LINKER".into(), emcc.program.clone().into());
    found.version = format!("{}, {}", found.version, emcc.version);
    found.fingerprint = format!("{} {}", found.fingerprint, emcc.fingerprint);
    found
}

/// A warning if emcc's LLVM is older than rustc's, because its linker then receives object files of a newer format.
/// Tried with 14 and 22: a program with panic=abort links and runs. rustc's book recommends rebuilding std with the
/// emcc in use, or the emcc version that Rust's own std was built with.
fn bad_pair(rustc: &str, emcc: &str) -> Option<String> {
    let major = |version: &str| version.split('.').next().and_then(|n| n.parse::<u32>().ok());
    (major(emcc)? < major(rustc)?).then(|| {
        format!(
            "emcc has LLVM {emcc}, rustc LLVM {rustc}: emcc's linker may reject rustc's output; \
             use panic = \"abort\" and a std built with this emcc, or a newer emsdk"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::{bad_pair, is_release};

    #[test]
    fn custom_toolchain_is_not_a_release() {
        for name in ["stable", "nightly-2026-01-02", "1.96.0", "1.96", "beta-x86_64-unknown-linux-gnu"] {
            assert!(is_release(name), "{name}");
        }
        for name in ["mine", "wasmlab-guests", "1", "stage1", "1.x"] {
            assert!(!is_release(name), "{name}");
        }
    }

    #[test]
    fn emcc_older_than_rustc_gives_a_warning() {
        assert!(bad_pair("22.1.8", "14.0.6").is_some_and(|warning| warning.contains("22.1.8")));
        assert_eq!(bad_pair("20.1.0", "20.0.0git"), None);
        assert_eq!(bad_pair("18.1.0", "21.0.0git"), None);
        assert_eq!(bad_pair("?", "21.0.0git"), None);
    }
}

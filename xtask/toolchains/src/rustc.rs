//! The Rust toolchain that builds the guests: which one it is, and where its real compiler is behind rustup's proxy.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::{Machine, Question};

/// The variable that names the rustup toolchain for guests.
pub const TOOLCHAIN_VARIABLE: &str = "WASMLAB_RUST_TOOLCHAIN";

/// The variable by which rustup's proxies are told the toolchain.
pub fn chosen(name: Option<String>) -> Option<(OsString, OsString)> {
    name.map(|name| ("RUSTUP_TOOLCHAIN".into(), name.into()))
}

/// A question to the compiler for guests; `None` where there is none.
pub fn rustc(machine: &dyn Machine, args: &[&str]) -> Option<Question> {
    let program = machine.which("rustc")?;
    let name = machine.variable(TOOLCHAIN_VARIABLE);
    let witness = compiler_in(&sysroot(machine, name.as_deref(), &program)?);
    Some(Question { witness, ..Question::new(&program, args).with_env(chosen(name).into_iter().collect()) })
}

/// The compiler itself, behind rustup's proxy.
#[must_use]
pub fn compiler_in(sysroot: &Path) -> PathBuf {
    sysroot.join("bin").join(format!("rustc{}", std::env::consts::EXE_SUFFIX))
}

/// The folder of the toolchain that `rustc` is: that of the rustup toolchain `name`, or of the one in use.
#[must_use]
pub fn sysroot(machine: &dyn Machine, name: Option<&str>, rustc: &Path) -> Option<PathBuf> {
    let rustup =
        machine.variable("RUSTUP_HOME").map(PathBuf::from).or_else(|| Some(machine.home()?.join(".rustup")))?;
    let from_proxy = machine.variable("RUSTUP_TOOLCHAIN");
    if let Some(name) = name.map(str::to_owned).or(from_proxy) {
        let dir = rustup.join("toolchains").join(&name);
        let dir = if machine.is_dir(&dir) { dir } else { PathBuf::from(&name) };
        return machine.is_dir(&dir.join("bin")).then_some(dir);
    }
    let question = Question { witness: rustup.join("settings.toml"), ..Question::new(rustc, ["--print", "sysroot"]) };
    machine.ask(&question).ok().map(|text| PathBuf::from(text.trim()))
}

/// Whether a target's standard library is in this folder.
pub fn has_std(machine: &dyn Machine, lib: &Path) -> bool {
    machine.entries(lib).iter().any(|name| name.to_string_lossy().starts_with("libstd-"))
}

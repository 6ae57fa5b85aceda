//! The Rust toolchain for guests: which one it is, and where its real compiler is behind rustup's proxy.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::{Machine, ToolQuery};

/// The variable that names the rustup toolchain for guests.
pub const TOOLCHAIN_VARIABLE: &str = "WASMLAB_RUST_TOOLCHAIN";

/// The variable that selects a toolchain in rustup's proxies, with its value.
pub fn toolchain_env(name: Option<String>) -> Option<(OsString, OsString)> {
    name.map(|name| ("RUSTUP_TOOLCHAIN".into(), name.into()))
}

/// A query to the compiler for guests; `None` if there is none.
pub fn rustc(machine: &dyn Machine, args: &[&str]) -> Option<ToolQuery> {
    let program = machine.which("rustc")?;
    let name = machine.variable(TOOLCHAIN_VARIABLE);
    let depends_on = compiler_in(&sysroot(machine, name.as_deref(), &program)?);
    Some(ToolQuery { depends_on, ..ToolQuery::new(&program, args).with_env(toolchain_env(name).into_iter().collect()) })
}

/// The real compiler, behind rustup's proxy.
#[must_use]
pub fn compiler_in(sysroot: &Path) -> PathBuf {
    sysroot.join("bin").join(format!("rustc{}", std::env::consts::EXE_SUFFIX))
}

/// The folder of a Rust toolchain: the rustup toolchain `name`, or the one in use.
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
    let query = ToolQuery { depends_on: rustup.join("settings.toml"), ..ToolQuery::new(rustc, ["--print", "sysroot"]) };
    machine.query(&query).ok().map(|text| PathBuf::from(text.trim()))
}

/// Whether a target's standard library is installed in this folder.
pub fn has_std(machine: &dyn Machine, lib: &Path) -> bool {
    machine.entries(lib).iter().any(|name| name.to_string_lossy().starts_with("libstd-"))
}

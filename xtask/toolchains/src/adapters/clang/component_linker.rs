//! `wasm-component-ld`, which clang runs to link for WASI 0.2: it links with `wasm-ld` and turns the result into a
//! component. Distributions do not package it, but every Rust toolchain contains it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::rustc::{TOOLCHAIN_VARIABLE, sysroot};
use crate::{Machine, MissingTool};

const NAME: &str = "wasm-component-ld";

/// The arguments with which clang finds the linker; empty for targets that do not need it.
#[derive(Default)]
pub struct ComponentLinker {
    /// Additional environment variables.
    pub env: BTreeMap<OsString, OsString>,
    /// Changes whenever the linker changes.
    pub fingerprint: String,
}

impl ComponentLinker {
    /// Finds it on PATH or in the Rust toolchain that builds guests.
    ///
    /// # Errors
    /// If it is missing.
    pub fn find(machine: &dyn Machine) -> Result<Self, MissingTool> {
        let stamp = |program: &Path| format!(" {}", machine.stamp(program));
        if let Some(program) = machine.which(NAME) {
            return Ok(Self { env: BTreeMap::new(), fingerprint: stamp(&program) });
        }
        let how = format!("cargo install {NAME}");
        let command = machine.which("cargo").map(|_| how.split(' ').map(str::to_owned).collect());
        let program = in_rust(machine).ok_or_else(|| MissingTool::new(NAME, how).with_command(command))?;
        let path = machine.variable("PATH").unwrap_or_default();
        let dirs = std::env::split_paths(&path).chain(program.parent().map(Path::to_owned));
        let path = std::env::join_paths(dirs).map_err(|e| MissingTool::new(NAME, format!("repair PATH: {e}")))?;
        Ok(Self { env: BTreeMap::from([("PATH".into(), path)]), fingerprint: stamp(&program) })
    }
}

/// The linker in the Rust toolchain, next to its other linkers.
fn in_rust(machine: &dyn Machine) -> Option<PathBuf> {
    let name = machine.variable(TOOLCHAIN_VARIABLE);
    let rustlib = sysroot(machine, name.as_deref(), &machine.which("rustc")?)?.join("lib/rustlib");
    let file = format!("{NAME}{}", std::env::consts::EXE_SUFFIX);
    let hosts = machine.entries(&rustlib).into_iter();
    hosts.map(|host| rustlib.join(host).join("bin").join(&file)).find(|program| machine.is_file(program))
}

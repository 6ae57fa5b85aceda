//! Runtimes: the columns of the matrix, as data.
//!
//! A [`Runtime`] says where its program comes from, which commands run a cell, and what exit code and output mean.
//! Everything here is computed: nothing is started, installed, printed or looked up on the machine. `README.md` in this
//! crate's folder explains how to add one.

use std::sync::LazyLock;

pub mod command_line;
mod custom_build;
pub mod driven;
pub mod embedded;
mod host_layer;
mod install;
pub mod js;
mod messages;
pub mod page;
#[cfg(test)]
mod recorded;
mod runtime;
pub mod switches;
#[cfg(test)]
mod tests;
mod version_answer;
mod versions;
mod wasmtime_messages;
mod wave;

pub use custom_build::{CUSTOM_BUILD, base_id, custom_build, is_custom_build};
pub use host_layer::HostLayer;
pub use install::InstallCommand;
pub use runtime::{
    AdapterInput, AuxProgram, CellFiles, ColumnResult, PortAccess, Program, Runtime, SocketPassing, Source, Tool,
};
pub use version_answer::ONLY_VERSION;
pub use versions::{Package, PackageClient, is_version, numbers, version_build};
pub use wasmlab_model::missing_feature::MissingFeature;

/// The list of adapters; each file contributes one or more columns with its `columns()`.
macro_rules! registry {
    ($($module:ident),* $(,)?) => {
        $(mod $module;)*
        static ALL: LazyLock<Vec<Runtime>> = LazyLock::new(|| [$($module::columns()),*].concat());
    };
}

registry! {
    wasmi, tinywasm, wasmtime, wasmtime_36, wasmer, wasmtime_cli, wasmtime_py, wasmi_cli, wasmer_cli, wamr_zig, iwasm, wasmedge, wazero, wabt, spin, node, deno, bun, workerd, chromium, firefox
}

/// The columns of the matrix: those tested with the real program.
pub fn tested() -> impl Iterator<Item = &'static Runtime> {
    all().iter().filter(|runtime| !runtime.untested)
}

/// Every column in matrix order, including those not in the matrix.
#[must_use]
pub fn all() -> &'static [Runtime] {
    &ALL
}

/// The column with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Runtime> {
    all().iter().find(|runtime| runtime.id == id)
}

/// Ids of the columns whose programs CI installs or builds; if one is absent there, CI reports it.
pub fn in_ci() -> impl Iterator<Item = &'static str> {
    all().iter().filter(|runtime| runtime.in_ci).map(Runtime::id)
}

/// Environment variables that name programs to use instead of those on PATH, in matrix order, without duplicates.
#[must_use]
pub fn variables() -> Vec<&'static str> {
    let mut variables = Vec::new();
    for variable in all().iter().flat_map(Runtime::variables) {
        if !variables.contains(&variable) {
            variables.push(variable);
        }
    }
    variables
}

//! Toolchains turn a scenario's source into a module. An adapter is a value that says what it needs, what it finds and
//! which commands to run. Nothing here starts a program, reads a file or accesses the environment: adapters query a
//! [`Machine`], and the lab carries out their [`Recipe`]s.

pub mod adapters;
mod build_table;
mod c;
pub mod componentize;
pub mod crates;
pub mod install_hint;
pub mod linker;
mod machine;
pub mod npm;
mod plan;
mod program;
mod recipe;
pub mod rustc;
#[cfg(test)]
mod tests;
mod tool;
mod version_requirement;
pub mod wasm_opt;

pub use adapters::ALL;
pub use machine::{Machine, TestCompile, ToolQuery};
pub use plan::{BuildPlan, plan};
pub use recipe::{BuildCommand, BuildStep, Conversion, Recipe, Task};
pub use tool::{FoundTool, MissingTool, PreflightError};
pub use version_requirement::VersionRequirement;

use wasmlab_model::file_error::KeyError;
use wasmlab_model::scenario::{Build, Scenario};

/// A toolchain. An adapter sets the fields it needs and takes the rest from [`Toolchain::BASE`].
pub struct Toolchain {
    /// Kebab-case, unique: the value of `build.toolchain` in a scenario.
    pub id: &'static str,
    /// Source and result: `C, C++ -> WASI 0.1`.
    pub summary: &'static str,
    /// A `[build]` table without `toolchain`, as a start for new scenarios.
    pub example: &'static str,
    /// Environment variables that say where it is installed.
    pub variables: &'static [EnvVariable],
    /// Whether its guests consist of the scenario's own code, the standard library, and glue that the compiler
    /// generates. Only such guests may be committed as prebuilt ones, because they contain no third-party engine or
    /// script.
    pub own_code: bool,
    /// Whether it supports `build.version`.
    pub takes_version: bool,
    /// Finds errors in a `[build]` table; [`Toolchain::errors`] finds the rest.
    pub check: fn(&Build) -> Vec<KeyError>,
    /// Why a build cannot work although nothing is missing; called before `find`.
    pub preflight_error: fn(&Build, &dyn Machine) -> Option<PreflightError>,
    /// Warnings that `doctor` shows about a tool that is installed but may fail, one line each.
    pub warnings: fn(&Build, &dyn Machine) -> Vec<String>,
    /// Looks for everything this scenario needs; the error says what is missing and how to get it.
    pub find: fn(&Scenario, &dyn Machine) -> Result<FoundTool, MissingTool>,
    /// The commands that build the module; everything is written below the task's folder.
    pub recipe: fn(&Task) -> Recipe,
}

/// An environment variable that a toolchain reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnvVariable {
    /// `WASMLAB_ZIG`.
    pub name: &'static str,
    /// Its meaning, for a table: `the zig to use, if not the one on PATH`.
    pub meaning: &'static str,
}

impl Toolchain {
    /// Default values for everything an adapter does not set.
    pub const BASE: Self = Self {
        id: "",
        summary: "",
        example: "",
        variables: &[],
        own_code: false,
        takes_version: false,
        check: |_| Vec::new(),
        preflight_error: |_, _| None,
        warnings: |_, _| Vec::new(),
        find: |scenario, _| Err(MissingTool::new(&scenario.spec.build.toolchain, "there is no way to install it")),
        recipe: |_| Recipe::default(),
    };

    /// Finds all errors in a `[build]` table.
    #[must_use]
    pub fn errors(&self, build: &Build) -> Vec<KeyError> {
        let mut errors = (self.check)(build);
        match build.version.as_deref() {
            Some(_) if !self.takes_version => {
                errors.push(KeyError::new("version", format!("is not supported by the toolchain `{}`", self.id)));
            }
            Some(text) if VersionRequirement::parse(text).is_none() => {
                errors.push(KeyError::new("version", format!("`{text}` is not a version (3.1) or a minimum (>=23)")));
            }
            _ => {}
        }
        errors
    }

    /// Whether the result may be committed as a prebuilt guest.
    #[must_use]
    pub fn may_be_prebuilt(&self, build: &Build) -> bool {
        self.own_code && build.source_crate.is_none()
    }
}

/// The toolchain with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Toolchain> {
    ALL.iter().copied().find(|toolchain| toolchain.id == id)
}

/// Every toolchain, in registry order.
pub fn all() -> impl Iterator<Item = &'static Toolchain> {
    ALL.iter().copied()
}

/// Their ids, in registry order: `wat, rust, …`.
#[must_use]
pub fn ids() -> String {
    all().map(|toolchain| toolchain.id).collect::<Vec<_>>().join(", ")
}

/// The variables of all toolchains and of the tools that run after them, without duplicates, in registry order.
#[must_use]
pub fn variables() -> Vec<EnvVariable> {
    let mut all: Vec<EnvVariable> = Vec::new();
    for variable in ALL.iter().flat_map(|toolchain| toolchain.variables).chain(wasm_opt::VARIABLES) {
        if !all.contains(variable) {
            all.push(*variable);
        }
    }
    all
}

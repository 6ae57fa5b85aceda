//! Toolchains: how a scenario's source becomes a module. An adapter is a value that says what it needs, what it
//! finds and what would be run. Nothing here starts a program, reads a file or looks at the environment: what is
//! to be known of the machine is asked through [`Machine`], and [`Recipe`]s are carried out by the lab.

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
mod wanted_version;
pub mod wasm_opt;

pub use adapters::ALL;
pub use machine::{Machine, Question, Trial};
pub use plan::{Plan, plan};
pub use recipe::{BuildCommand, Conversion, Recipe, Step, Task};
pub use tool::{FoundTool, MissingTool, PreflightError};
pub use wanted_version::WantedVersion;

use wasmlab_model::scenario::{Build, Scenario};

/// A way from source to module. An adapter names what it has, the rest is [`Toolchain::BASE`].
pub struct Toolchain {
    /// Kebab-case, unique: `build.toolchain` of a scenario.
    pub id: &'static str,
    /// From what to what, in a few words: `C, C++ -> WASI 0.1`.
    pub makes: &'static str,
    /// A `[build]` table that it takes, without `toolchain`: what a new scenario begins with.
    pub example: &'static str,
    /// The variables of the environment by which a user says where it is.
    pub variables: &'static [Variable],
    /// Guests are the scenario's own code and its language's library, and their glue is what the compiler writes for
    /// them: such a guest may be committed as a prebuilt one, with its glue. Engines and scripts of others may not.
    pub own_code: bool,
    /// It heeds `build.version`.
    pub takes_version: bool,
    /// What is wrong with a `[build]` table for this toolchain; [`Toolchain::faults`] has the rest.
    pub check: fn(&Build) -> Vec<Fault>,
    /// Why there can be no such build although nothing is missing: asked before `find`.
    pub preflight_error: fn(&Build, &dyn Machine) -> Option<PreflightError>,
    /// What `doctor` says of a tool that is here and may yet fail: one line each.
    pub warnings: fn(&Build, &dyn Machine) -> Vec<String>,
    /// Looks for the tool, with all that this scenario needs of it; else what is missing and how to get it.
    pub find: fn(&Scenario, &dyn Machine) -> Result<FoundTool, MissingTool>,
    /// What makes the scenario's module, with everything that is written going below the task's folder.
    pub recipe: fn(&Task) -> Recipe,
}

/// What is wrong with a `[build]` table: the key, and words that follow it (`names the .wat file`).
pub type Fault = (&'static str, String);

/// A variable of the environment that a toolchain heeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    /// `WASMLAB_ZIG`.
    pub name: &'static str,
    /// What it says, for a table: `the zig to use, if not the one on PATH`.
    pub meaning: &'static str,
}

impl Toolchain {
    /// A toolchain that has nothing and makes nothing: what an adapter does not name.
    pub const BASE: Self = Self {
        id: "",
        makes: "",
        example: "",
        variables: &[],
        own_code: false,
        takes_version: false,
        check: |_| Vec::new(),
        preflight_error: |_, _| None,
        warnings: |_, _| Vec::new(),
        find: |scenario, _| Err(MissingTool::new(&scenario.spec.build.toolchain, "there is no way to get it")),
        recipe: |_| Recipe::default(),
    };

    /// All that is wrong with a `[build]` table.
    #[must_use]
    pub fn faults(&self, build: &Build) -> Vec<Fault> {
        let mut faults = (self.check)(build);
        match build.version.as_deref() {
            Some(_) if !self.takes_version => {
                faults.push(("version", format!("is not heeded by the toolchain `{}`", self.id)));
            }
            Some(text) if WantedVersion::parse(text).is_none() => {
                faults.push(("version", format!("`{text}` is neither the beginning of a version (3.1) nor a least one (>=23)")));
            }
            _ => {}
        }
        faults
    }

    /// Whether what it makes of this may be committed as a prebuilt guest.
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

/// The ids of all toolchains, in the order of help texts: `wat, rust, …`.
#[must_use]
pub fn ids() -> String {
    ALL.iter().map(|toolchain| toolchain.id).collect::<Vec<_>>().join(", ")
}

/// The variables that toolchains and the tools after them heed, each once, in the order of the registry.
#[must_use]
pub fn variables() -> Vec<Variable> {
    let mut all: Vec<Variable> = Vec::new();
    for variable in ALL.iter().flat_map(|toolchain| toolchain.variables).chain(wasm_opt::VARIABLES) {
        if !all.contains(variable) {
            all.push(*variable);
        }
    }
    all
}

//! Toolchains: how a scenario's source becomes a module. An adapter says what it needs, what it finds
//! and what would be run; it never starts or installs anything.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::machine::Machine;
use wasmlab_model::codes::Code;
use wasmlab_model::scenario::{Build, Scenario};

/// One line a toolchain: its file, its entry in the registry.
macro_rules! registry {
    ($($module:ident),* $(,)?) => {
        $(pub mod $module;)*
        /// Every toolchain, in the order of help texts.
        pub const ALL: &[&dyn Toolchain] = &[$(&$module::TOOLCHAIN),*];
    };
}

registry! {
    wat, rust, emscripten, clang, zig, wasi_sdk, go, assemblyscript, componentize_js, componentize_py, wasm_bindgen,
    php, fetched,
}

pub mod c;
pub mod crates;
pub mod linker;
mod npm;
#[cfg(test)]
mod tests;

/// A way from source to module.
pub trait Toolchain: Sync {
    /// Kebab-case, unique.
    fn id(&self) -> &'static str;

    /// From what to what, in a few words: `C, C++ -> WASI 0.1`.
    fn makes(&self) -> &'static str;

    /// What is wrong with a `[build]` table for this toolchain: (key, message).
    fn check(&self, build: &Build) -> Vec<(&'static str, String)>;

    /// Why there can be no such build although nothing is missing: asked before [`Toolchain::find`].
    fn obstacle(&self, _build: &Build, _machine: &Machine) -> Option<Obstacle> {
        None
    }

    /// What `doctor` says of a tool that is here and may yet fail: one line each.
    fn doubts(&self, _build: &Build, _machine: &Machine) -> Vec<String> {
        Vec::new()
    }

    /// Looks for the tool, for this build.
    ///
    /// # Errors
    /// What is missing and the command that gets it.
    fn find(&self, build: &Build, machine: &Machine) -> Result<Found, Missing>;

    /// The code of a row for which [`Toolchain::find`] finds nothing.
    fn missing(&self, _build: &Build, _machine: &Machine) -> Code {
        Code::ToolchainMissing
    }

    /// As [`Toolchain::find`], with what only the scenario's own files tell: the version that its lock file names.
    ///
    /// # Errors
    /// As [`Toolchain::find`].
    fn find_for(&self, scenario: &Scenario, machine: &Machine) -> Result<Found, Missing> {
        self.find(&scenario.spec.build, machine)
    }

    /// Whether what it makes of this may be committed as a prebuilt guest: it is the scenario's own code and its
    /// language's library, and one file. Engines of others, in the guest or beside it, are not.
    fn may_be_prebuilt(&self, _build: &Build) -> bool {
        false
    }

    /// What makes the module of `scenario`, with everything that is written going below `out`.
    fn recipe(&self, scenario: &Scenario, found: &Found, out: &Path, offline: bool) -> Recipe;
}

/// A tool that is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The program; empty for a toolchain within the lab.
    pub program: PathBuf,
    /// Its version, as it says it: `rustc 1.96.0 (…)`.
    pub version: String,
    /// Changes whenever the tool may make something else of the same source.
    pub fingerprint: String,
    /// Environment that its commands need beside the common one.
    pub env: BTreeMap<OsString, OsString>,
}

/// A tool that is not here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// What is missing: `target wasm32-wasip1 of the toolchain stable`.
    pub what: String,
    /// What a person does to get it.
    pub how: String,
    /// The command that `setup` runs for it, where one does.
    pub command: Option<Vec<String>>,
}

/// Why a build cannot be, however much is installed: a target of an old name, a tool that is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The code.
    pub code: Code,
    /// What is wrong, with the tool's own words where it has any.
    pub detail: String,
    /// What a person does about it.
    pub how: String,
}

/// How a module is made.
#[derive(Clone, Debug)]
pub enum Recipe {
    /// Within the lab: the module's bytes, or the error's words.
    Inside(fn(&Path) -> Result<Vec<u8>, String>, PathBuf),
    /// By a command, which leaves the module in a file.
    Command {
        /// Program and arguments.
        argv: Vec<OsString>,
        /// Environment beside the common one.
        env: BTreeMap<OsString, OsString>,
        /// Where it is run.
        cwd: PathBuf,
        /// The module.
        artifact: PathBuf,
        /// The command as a person would type it, without this machine's paths: for provenance.
        typed: String,
    },
    /// By copying files of an installation: glue that a toolchain brings, a module that comes ready.
    Copy {
        /// From where to where.
        files: Vec<(PathBuf, PathBuf)>,
        /// The module.
        artifact: PathBuf,
        /// The command that does the same.
        typed: String,
    },
    /// By one after the other; the last leaves the module.
    Then(Box<Recipe>, Box<Recipe>),
}

impl Recipe {
    /// The file in which the module is left; `None` for one that is made within the lab.
    #[must_use]
    pub fn artifact(&self) -> Option<&Path> {
        match self {
            Self::Inside(..) => None,
            Self::Command { artifact, .. } | Self::Copy { artifact, .. } => Some(artifact),
            Self::Then(_, last) => last.artifact(),
        }
    }

    /// What a person would type; empty for a module that is made within the lab.
    #[must_use]
    pub fn typed(&self) -> String {
        match self {
            Self::Inside(..) => String::new(),
            Self::Command { typed, .. } | Self::Copy { typed, .. } => typed.clone(),
            Self::Then(first, last) => format!("{} && {}", first.typed(), last.typed()),
        }
    }
}

/// The toolchain with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static dyn Toolchain> {
    ALL.iter().copied().find(|t| t.id() == id)
}

/// Whether a build makes one file, of the scenario's own sources: see [`Toolchain::may_be_prebuilt`].
fn is_own_file(build: &Build) -> bool {
    build.companions.is_empty() && build.source_crate.is_none()
}

/// Whether this is the name of a .wasm file, without folders.
fn is_wasm_file(name: &str) -> bool {
    name.ends_with(".wasm") && !name.contains(['/', '\\'])
}

/// What is wrong with a `[build]` table for a toolchain that makes a .wasm file of one source file.
fn source_and_artifact(build: &Build, extension: &str) -> Vec<(&'static str, String)> {
    let mut faults = Vec::new();
    if build.source.as_deref().and_then(Path::extension).is_none_or(|e| e != extension) {
        faults.push(("source", format!("names the .{extension} file")));
    }
    if !build.artifact.as_deref().is_some_and(is_wasm_file) {
        faults.push(("artifact", "names the .wasm file, without folders".to_owned()));
    }
    faults
}

//! What comes of looking for a tool: it is here, it is missing, or the build cannot be.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use wasmlab_model::codes::Code;

use crate::Machine;

/// A tool that is here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundTool {
    /// The program; empty for a toolchain within the lab.
    pub program: PathBuf,
    /// Its version, as it says it: `rustc 1.96.0 (…)`.
    pub version: String,
    /// Changes whenever the tool may make something else of the same source.
    pub fingerprint: String,
    /// Environment that its commands need beside the common one.
    pub env: BTreeMap<OsString, OsString>,
    /// What else was found and the recipe needs, by a name of the adapter's own: `sysroot`.
    pub details: BTreeMap<&'static str, OsString>,
}

impl FoundTool {
    /// A program of this version, which makes the same as long as neither changes.
    #[must_use]
    pub fn new(machine: &dyn Machine, program: PathBuf, version: impl Into<String>) -> Self {
        let version = version.into();
        let fingerprint = format!("{version} {}", machine.stamp(&program));
        Self { program, version, fingerprint, ..Self::default() }
    }

    /// The same with one more detail.
    #[must_use]
    pub fn with_detail(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.details.insert(name, value.into());
        self
    }

    /// A detail that is a path; the empty path for one that is not there.
    #[must_use]
    pub fn path(&self, detail: &str) -> &Path {
        self.details.get(detail).map_or(Path::new(""), Path::new)
    }

    /// A detail that is text; empty for one that is not there.
    #[must_use]
    pub fn text(&self, detail: &str) -> String {
        self.details.get(detail).map(|value| value.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

/// A tool that is not here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingTool {
    /// What is missing: `target wasm32-wasip1 of the toolchain stable`.
    pub what: String,
    /// What a person does to get it.
    pub how: String,
    /// The command that `setup` runs for it, where one does.
    pub command: Option<Vec<String>>,
    /// The code of a row for which it is missing.
    pub code: Code,
}

impl MissingTool {
    /// What a person has to get by hand.
    #[must_use]
    pub fn new(what: impl Into<String>, how: impl Into<String>) -> Self {
        Self { what: what.into(), how: how.into(), command: None, code: Code::ToolchainMissing }
    }

    /// The same, which this command gets.
    #[must_use]
    pub fn with_command(self, command: Option<Vec<String>>) -> Self {
        Self { command, ..self }
    }
}

/// Why a build cannot be, however much is installed: a target of an old name, a tool that is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreflightError {
    /// The code.
    pub code: Code,
    /// What is wrong, with the tool's own message where it has any.
    pub detail: String,
    /// What a person does about it.
    pub how: String,
}

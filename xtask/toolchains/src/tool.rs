//! The result of looking for a tool: found, missing, or unable to build.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use wasmlab_model::codes::Code;

use crate::Machine;

/// An installed tool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundTool {
    /// The program; empty for a toolchain that is part of the lab.
    pub program: PathBuf,
    /// Its version as it reports it: `rustc 1.96.0 (…)`.
    pub version: String,
    /// Changes whenever the tool might produce a different result from the same source.
    pub fingerprint: String,
    /// Environment variables for its commands, beyond the common ones.
    pub env: BTreeMap<OsString, OsString>,
    /// Anything else the recipe needs, by a name that the adapter chooses: `sysroot`.
    pub details: BTreeMap<&'static str, OsString>,
}

impl FoundTool {
    /// A tool whose result depends only on the program and its version.
    #[must_use]
    pub fn new(machine: &dyn Machine, program: PathBuf, version: impl Into<String>) -> Self {
        let version = version.into();
        let fingerprint = format!("{version} {}", machine.stamp(&program));
        Self { program, version, fingerprint, ..Self::default() }
    }

    /// Adds a detail.
    #[must_use]
    pub fn with_detail(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.details.insert(name, value.into());
        self
    }

    /// A detail that is a path; empty if it is not set.
    #[must_use]
    pub fn path(&self, detail: &str) -> &Path {
        self.details.get(detail).map_or(Path::new(""), Path::new)
    }

    /// A detail that is text; empty if it is not set.
    #[must_use]
    pub fn text(&self, detail: &str) -> String {
        self.details.get(detail).map(|value| value.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

/// A tool that is not installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingTool {
    /// The missing part: `target wasm32-wasip1 of the toolchain stable`.
    pub what: String,
    /// How to install it.
    pub remedy: String,
    /// The command with which `setup` installs it, if there is one.
    pub command: Option<Vec<String>>,
    /// The code of rows that need it.
    pub code: Code,
}

impl MissingTool {
    /// A tool that has to be installed by hand.
    #[must_use]
    pub fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: remedy.into(), command: None, code: Code::ToolchainMissing }
    }

    /// Sets the command that installs it.
    #[must_use]
    pub fn with_command(self, command: Option<Vec<String>>) -> Self {
        Self { command, ..self }
    }
}

/// Why a build cannot work even if everything is installed: an outdated target name, a broken tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreflightError {
    /// The code.
    pub code: Code,
    /// The error, with the tool's own message if there is one.
    pub detail: String,
    /// The remedy.
    pub remedy: String,
}

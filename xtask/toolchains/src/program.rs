//! Looks for a program and asks for its version.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use wasmlab_model::codes::Code;
use wasmlab_model::version::find_version;

use crate::{Machine, MissingTool, PreflightError, ToolQuery, VersionRequirement};

/// The result of looking for a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramState {
    /// Found, with the first line of its version text.
    Works(PathBuf, String),
    /// Found but not working, with its message.
    Broken(PathBuf, String),
    /// Found, in another version than the scenario needs: the program, its answer, and the version needed.
    OtherVersion(PathBuf, String, VersionRequirement),
    /// Not found.
    Absent,
}

/// The file that the variable names, or the first of `names` on PATH.
pub fn locate(machine: &dyn Machine, variable: &str, names: &[&str]) -> Option<PathBuf> {
    match machine.variable(variable) {
        Some(named) => Some(machine.which(&named).unwrap_or_else(|| PathBuf::from(named))),
        None => names.iter().find_map(|name| machine.which(name)),
    }
}

/// All places where a program may be: the file that a variable names, then each of `names` on PATH.
pub fn candidates(machine: &dyn Machine, variable: &str, names: &[&str]) -> Vec<PathBuf> {
    let on_path = names.iter().filter_map(|name| machine.which(name));
    let mut all: Vec<PathBuf> = locate(machine, variable, names).into_iter().chain(on_path).collect();
    all.dedup();
    all
}

impl ProgramState {
    /// The first of `candidates`, or the first that has the version `wanted`.
    pub fn select(
        candidates: Vec<PathBuf>,
        wanted: Option<&VersionRequirement>,
        query: impl Fn(Option<PathBuf>) -> Self,
    ) -> Self {
        let Some(wanted) = wanted else { return query(candidates.into_iter().next()) };
        let mut first = Self::Absent;
        for program in candidates {
            match query(Some(program)) {
                Self::Works(program, answer) if wanted.accepts(&answer) => return Self::Works(program, answer),
                Self::Works(program, answer) if first == Self::Absent => {
                    first = Self::OtherVersion(program, answer, wanted.clone());
                }
                other if first == Self::Absent => first = other,
                _ => {}
            }
        }
        first
    }

    /// Looks for a program with [`locate`] and runs it with `args`.
    pub fn named(machine: &dyn Machine, variable: &str, names: &[&str], args: &[&str]) -> Self {
        Self::query(machine, locate(machine, variable, names), args, &BTreeMap::new())
    }

    /// Runs a program to get its version.
    pub fn query(
        machine: &dyn Machine,
        program: Option<PathBuf>,
        args: &[&str],
        env: &BTreeMap<OsString, OsString>,
    ) -> Self {
        let Some(program) = program else { return Self::Absent };
        match machine.query(&ToolQuery::new(&program, args).with_env(env.clone())) {
            Ok(answer) => Self::Works(program, answer.lines().next().unwrap_or_default().to_owned()),
            // Only the file name, because the message goes into reports.
            Err(message) => {
                let message = message.replace(&program.display().to_string(), &name_of(&program));
                Self::Broken(program, message)
            }
        }
    }

    /// The error for [`crate::Toolchain::preflight_error`]: a broken tool is not a missing one.
    pub fn preflight_error(&self) -> Option<PreflightError> {
        let Self::Broken(program, message) = self else { return None };
        Some(PreflightError {
            code: Code::ToolchainBroken,
            detail: format!("`{}` is installed but does not report its version: {message}", name_of(program)),
            remedy: repair(program),
        })
    }

    /// The program and its version text.
    ///
    /// # Errors
    /// `missing` if it was not found, or an error with its message if it does not work.
    pub fn or_missing(self, missing: MissingTool) -> Result<(PathBuf, String), MissingTool> {
        match self {
            Self::Works(program, version) => Ok((program, version)),
            Self::Absent => Err(missing),
            Self::OtherVersion(_, answer, wanted) => {
                let what = format!("{} {wanted} (this one is {})", missing.what, find_version(&answer));
                let how = format!(
                    "install {} {wanted} as well; scenarios without `build.version` use the first one on PATH",
                    missing.what
                );
                Err(MissingTool::new(what, how))
            }
            Self::Broken(program, message) => {
                Err(MissingTool::new(format!("a working {} ({message})", missing.what), repair(&program)))
            }
        }
    }
}

fn repair(program: &Path) -> String {
    format!("repair `{}`, or remove it from PATH", program.display())
}

fn name_of(program: &Path) -> String {
    program.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

//! Looking for a program and asking it for its version.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use wasmlab_model::codes::Code;
use wasmlab_model::version::find_version;

use crate::{Machine, MissingTool, PreflightError, Question, WantedVersion};

/// A program that was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// Here, and it says its version: the first line of its answer.
    Works(PathBuf, String),
    /// A file of that name is here, and it does not answer: the program and its message.
    Broken(PathBuf, String),
    /// Here, in another version than the scenario is for: the program, what it says, and what is wanted.
    OtherVersion(PathBuf, String, WantedVersion),
    /// Nowhere.
    Absent,
}

/// Where a program may be: the file that a variable names, or the first of `names` on PATH.
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

impl Program {
    /// The first of `candidates`; for a scenario that asks for a version, the first that has it.
    pub fn of_version(
        candidates: Vec<PathBuf>,
        wanted: Option<&WantedVersion>,
        ask: impl Fn(Option<PathBuf>) -> Self,
    ) -> Self {
        let Some(wanted) = wanted else { return ask(candidates.into_iter().next()) };
        let mut first = Self::Absent;
        for program in candidates {
            match ask(Some(program)) {
                Self::Works(program, said) if wanted.accepts(&said) => return Self::Works(program, said),
                Self::Works(program, said) if first == Self::Absent => {
                    first = Self::OtherVersion(program, said, wanted.clone());
                }
                other if first == Self::Absent => first = other,
                _ => {}
            }
        }
        first
    }

    /// Looks for it by [`locate`], and asks it with these arguments.
    pub fn named(machine: &dyn Machine, variable: &str, names: &[&str], args: &[&str]) -> Self {
        Self::ask(machine, locate(machine, variable, names), args, &BTreeMap::new())
    }

    /// Asks a program for its version.
    pub fn ask(
        machine: &dyn Machine,
        program: Option<PathBuf>,
        args: &[&str],
        env: &BTreeMap<OsString, OsString>,
    ) -> Self {
        let Some(program) = program else { return Self::Absent };
        match machine.ask(&Question::new(&program, args).with_env(env.clone())) {
            Ok(answer) => Self::Works(program, answer.lines().next().unwrap_or_default().to_owned()),
            // Its name is enough: the message goes into reports.
            Err(message) => {
                let message = message.replace(&program.display().to_string(), &name_of(&program));
                Self::Broken(program, message)
            }
        }
    }

    /// For [`crate::Toolchain::preflight_error`]: a tool that is here and does not work is not a missing one.
    pub fn preflight_error(&self) -> Option<PreflightError> {
        let Self::Broken(program, message) = self else { return None };
        Some(PreflightError {
            code: Code::ToolchainBroken,
            detail: format!("`{}` is installed but does not report its version: {message}", name_of(program)),
            how: repair(program),
        })
    }

    /// The program and what it says of itself.
    ///
    /// # Errors
    /// `missing`, or that it does not answer.
    pub fn or_missing(self, missing: MissingTool) -> Result<(PathBuf, String), MissingTool> {
        match self {
            Self::Works(program, version) => Ok((program, version)),
            Self::Absent => Err(missing),
            Self::OtherVersion(program, said, wanted) => {
                let name = name_of(&program);
                let what = format!("{name} {wanted} (here is {})", find_version(&said));
                Err(MissingTool::new(what, format!("install {name} {wanted} beside it: the lab takes either")))
            }
            Self::Broken(program, message) => {
                Err(MissingTool::new(format!("a {} that answers ({message})", missing.what), repair(&program)))
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

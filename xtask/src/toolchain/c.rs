//! What the C compilers have in common: where they are looked for, how they are asked, what is typed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Missing, Obstacle, Recipe, crates};
use crate::machine::{Machine, Question};
use wasmlab_model::codes::Code;
use wasmlab_model::scenario::{Build, Scenario};

/// What is wrong with a `[build]` table for a compiler that takes one C or C++ file.
pub fn check(build: &Build) -> Vec<(&'static str, String)> {
    let mut faults = Vec::new();
    match &build.source {
        None => faults.push(("source", "is missing: name the .c, .cc or .cpp file".to_owned())),
        Some(path) if !is_c(path) && !is_cpp(path) => {
            faults.push(("source", format!("`{}` is no .c, .cc or .cpp file", path.display())));
        }
        Some(_) => {}
    }
    match build.artifact.as_deref() {
        None => faults.push(("artifact", "is missing: name the .wasm file that the compiler shall leave".to_owned())),
        Some(name) if !name.ends_with(".wasm") || name.contains(['/', '\\']) => {
            faults.push(("artifact", format!("`{name}` is not the name of a .wasm file, without folders")));
        }
        Some(_) => {}
    }
    if build.target.is_some() {
        faults.push((
            "target",
            "is not taken: the toolchain has one target, under whichever name its version knows".to_owned(),
        ));
    }
    faults.extend(crates::check(build));
    if build.profile.is_some() {
        faults.push(("profile", "is cargo's: write -O2, -g and the like under flags".to_owned()));
    }
    faults
}

fn has_extension(path: &Path, wanted: &[&str]) -> bool {
    path.extension().and_then(|e| e.to_str()).is_some_and(|e| wanted.contains(&e))
}

fn is_c(path: &Path) -> bool {
    has_extension(path, &["c"])
}

fn is_cpp(path: &Path) -> bool {
    has_extension(path, &["cc", "cpp", "cxx"])
}

/// Whether the scenario's source is C++.
pub fn wants_cpp(build: &Build) -> bool {
    build.source.as_deref().is_some_and(is_cpp)
}

/// A program that was looked for.
pub enum Sought {
    /// Here, and it says its version: the first line of its answer.
    Here(PathBuf, String),
    /// A file of that name is here, and it does not answer: the program and the words.
    Broken(PathBuf, String),
    /// Nowhere.
    Absent,
}

/// Where a program may be: the file that a variable names, or the first of `names` on PATH.
pub fn look_for(machine: &Machine, variable: &str, names: &[&str]) -> Option<PathBuf> {
    match machine.variable(variable) {
        Some(named) => Some(machine.which(&named).unwrap_or_else(|| PathBuf::from(named))),
        None => names.iter().find_map(|name| machine.which(name)),
    }
}

/// Asks a program for its version.
pub fn ask(machine: &Machine, program: Option<PathBuf>, args: &[&str], env: &BTreeMap<OsString, OsString>) -> Sought {
    let Some(program) = program else { return Sought::Absent };
    let args = args.iter().map(OsString::from).collect();
    let question = Question { program: program.clone(), args, env: env.clone(), witness: program.clone() };
    match machine.ask(&question) {
        Ok(answer) => Sought::Here(program, answer.lines().next().unwrap_or_default().to_owned()),
        // Its name is enough: the words go into reports.
        Err(words) => {
            Sought::Broken(program.clone(), words.replace(&program.display().to_string(), &name_of(&program)))
        }
    }
}

fn name_of(program: &Path) -> String {
    program.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

impl Sought {
    /// Whether it is here and answers.
    pub fn is_here(&self) -> bool {
        matches!(self, Self::Here(..))
    }

    /// For [`super::Toolchain::obstacle`]: a tool that is here and does not work is not a missing one.
    pub fn obstacle(&self) -> Option<Obstacle> {
        let Self::Broken(program, words) = self else { return None };
        Some(Obstacle {
            code: Code::ToolchainBroken,
            detail: format!("`{}` is here and does not say its version: {words}", name_of(program)),
            how: format!("repair `{}`, or take it from PATH", program.display()),
        })
    }

    /// The program and what it says of itself.
    ///
    /// # Errors
    /// `missing`, or that it does not answer.
    pub fn here(self, missing: Missing) -> Result<(PathBuf, String), Missing> {
        match self {
            Self::Here(program, version) => Ok((program, version)),
            Self::Absent => Err(missing),
            Self::Broken(program, words) => Err(Missing {
                what: format!("a {} that answers ({words})", missing.what),
                how: format!("repair `{}`, or take it from PATH", program.display()),
                command: None,
            }),
        }
    }
}

/// What is missing, from the distribution's packages where the machine has Debian's client.
pub fn packages(machine: &Machine, what: &str, names: &[&str], otherwise: &str) -> Missing {
    let Some(_) = machine.which("apt-get") else {
        return Missing { what: what.to_owned(), how: otherwise.to_owned(), command: None };
    };
    let sudo = machine.which("sudo").map(|_| "sudo");
    let command: Vec<String> = sudo
        .into_iter()
        .chain(["apt-get", "install", "--yes"])
        .chain(names.iter().copied())
        .map(str::to_owned)
        .collect();
    Missing { what: what.to_owned(), how: command.join(" "), command: Some(command) }
}

/// A call of a C compiler.
pub struct Call {
    /// The program.
    pub program: PathBuf,
    /// The arguments before the scenario's own.
    pub args: Vec<OsString>,
    /// Program and arguments as a person types them, without this machine's paths.
    pub typed: String,
    /// Environment beside the common one.
    pub env: BTreeMap<OsString, OsString>,
}

impl Call {
    /// The recipe: the scenario's flags and source follow, and `output` goes below `out`.
    pub fn recipe(self, scenario: &Scenario, out: &Path, output: &str) -> Recipe {
        let build = &scenario.spec.build;
        let source = build.source.clone().unwrap_or_default();
        let mut typed = self.typed;
        let mut argv: Vec<OsString> = vec![self.program.into()];
        argv.extend(self.args);
        for flag in &build.flags {
            let (real, shown) = crates::flag(flag, build, &self.env);
            typed += &format!(" {shown}");
            argv.push(real);
        }
        typed += &format!(" {} -o {output}", source.display());
        argv.extend([source.into(), "-o".into(), out.join(output).into()]);
        let artifact = out.join(build.artifact.clone().unwrap_or_default());
        Recipe::Command { argv, env: self.env, cwd: scenario.dir.clone(), artifact, typed }
    }
}

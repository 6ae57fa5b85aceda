//! How a module is made, as data: the lab carries it out.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use wasmlab_model::scenario::{Build, Scenario};

use crate::FoundTool;

/// What is to be built, with what, and where.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// What [`crate::Toolchain::find`] found for it.
    pub tool: &'a FoundTool,
    /// The folder below which everything is written.
    pub out: &'a Path,
    /// Nothing may be fetched.
    pub offline: bool,
}

impl Task<'_> {
    /// The `[build]` table.
    #[must_use]
    pub fn build(&self) -> &Build {
        &self.scenario.spec.build
    }

    /// `build.source`, relative to the scenario's folder.
    #[must_use]
    pub fn source(&self) -> &Path {
        self.build().source.as_deref().unwrap_or(Path::new(""))
    }

    /// `build.target`.
    #[must_use]
    pub fn target(&self) -> &str {
        self.build().target.as_deref().unwrap_or_default()
    }

    /// `build.artifact`: the name of the module's file.
    #[must_use]
    pub fn artifact_name(&self) -> &str {
        self.build().artifact.as_deref().unwrap_or_default()
    }

    /// Where the module is left by a compiler that is told so.
    #[must_use]
    pub fn artifact(&self) -> PathBuf {
        self.out.join(self.artifact_name())
    }

    /// A command that begins with the tool, run in the scenario's folder.
    #[must_use]
    pub fn command(&self) -> BuildCommand {
        BuildCommand::new(&self.tool.program, &self.scenario.dir).envs(self.tool.env.clone())
    }

    /// `build.flags` as a person types them: a space before each.
    #[must_use]
    pub fn shown_flags(&self) -> String {
        self.build().flags.iter().map(|flag| format!(" {flag}")).collect()
    }
}

/// How a module is made: steps in order, then conversions of what they left.
#[derive(Clone, Debug, Default)]
pub struct Recipe {
    /// What is run and copied, in order. Without any, `artifact` is a file of the scenario's.
    pub steps: Vec<Step>,
    /// The file that holds the module after the last step.
    pub artifact: PathBuf,
    /// What becomes of its bytes within the lab, in order.
    pub conversions: Vec<Conversion>,
}

/// One step of a recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A command is run.
    Run(BuildCommand),
    /// Files of an installation are copied: glue that a toolchain brings, a module that comes ready.
    Copy {
        /// From where to where.
        files: Vec<(PathBuf, PathBuf)>,
        /// The command that does the same, without this machine's paths.
        shown: String,
    },
}

/// A command of a recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildCommand {
    /// Program and arguments.
    pub argv: Vec<OsString>,
    /// Environment beside the common one.
    pub env: BTreeMap<OsString, OsString>,
    /// Where it is run.
    pub cwd: PathBuf,
    /// The command as a person types it, without this machine's paths: for provenance.
    pub shown: String,
}

impl BuildCommand {
    /// A program without arguments.
    #[must_use]
    pub fn new(program: &Path, cwd: &Path) -> Self {
        let argv = vec![program.into()];
        Self { argv, env: BTreeMap::new(), cwd: cwd.to_owned(), shown: String::new() }
    }

    /// With one more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.argv.push(arg.into());
        self
    }

    /// With more arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.argv.extend(args.into_iter().map(Into::into));
        self
    }

    /// With one more variable of the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// With more variables of the environment.
    #[must_use]
    pub fn envs(mut self, env: BTreeMap<OsString, OsString>) -> Self {
        self.env.extend(env);
        self
    }

    /// With the command as a person types it.
    #[must_use]
    pub fn shown(self, shown: impl Into<String>) -> Self {
        Self { shown: shown.into(), ..self }
    }

    /// The recipe of this command alone, which leaves the module in `artifact`.
    #[must_use]
    pub fn into_recipe(self, artifact: PathBuf) -> Recipe {
        Recipe { steps: vec![Step::Run(self)], artifact, conversions: Vec::new() }
    }
}

/// A conversion within the lab, a pure function of bytes.
#[derive(Clone, Copy, Debug)]
pub struct Conversion {
    /// Of a file's bytes; its path is for messages. Gives the new bytes, or a message.
    pub convert: fn(&Path, &[u8]) -> Result<Vec<u8>, String>,
    /// The command that does the same; empty where the lab's own format is the source.
    pub shown: &'static str,
}

impl Recipe {
    /// The command line that a person types for all of it; empty where everything is done within the lab.
    #[must_use]
    pub fn shown_command(&self) -> String {
        let steps = self.steps.iter().map(|step| match step {
            Step::Run(BuildCommand { shown, .. }) | Step::Copy { shown, .. } => shown.as_str(),
        });
        let conversions = self.conversions.iter().map(|conversion| conversion.shown);
        steps.chain(conversions).filter(|shown| !shown.is_empty()).collect::<Vec<_>>().join(" && ")
    }
}

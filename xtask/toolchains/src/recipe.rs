//! How to build a module, as data that the lab carries out.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use wasmlab_model::scenario::{Build, Scenario};

use crate::FoundTool;

/// A build: the scenario, the tool, and the folder to build in.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The tool that [`crate::Toolchain::find`] found.
    pub tool: &'a FoundTool,
    /// The folder below which everything is written.
    pub out: &'a Path,
    /// Nothing may be downloaded.
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

    /// `build.artifact`: the file name of the module.
    #[must_use]
    pub fn artifact_name(&self) -> &str {
        self.build().artifact.as_deref().unwrap_or_default()
    }

    /// The path of the module, for compilers that take an output path.
    #[must_use]
    pub fn artifact(&self) -> PathBuf {
        self.out.join(self.artifact_name())
    }

    /// A command that runs the tool in the scenario's folder.
    #[must_use]
    pub fn command(&self) -> BuildCommand {
        BuildCommand::new(&self.tool.program, &self.scenario.dir).envs(self.tool.env.clone())
    }

    /// `build.flags` as a user would write them, each preceded by a space.
    #[must_use]
    pub fn shown_flags(&self) -> String {
        self.build().flags.iter().map(|flag| format!(" {flag}")).collect()
    }
}

/// How to build a module: steps in order, then conversions of the result.
#[derive(Clone, Debug, Default)]
pub struct Recipe {
    /// Commands to run and files to copy, in order. If there are none, `artifact` is a file of the scenario.
    pub steps: Vec<BuildStep>,
    /// The file that contains the module after the last step.
    pub artifact: PathBuf,
    /// Conversions of its bytes within the lab, in order.
    pub conversions: Vec<Conversion>,
}

/// One step of a recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildStep {
    /// Run a command.
    Run(BuildCommand),
    /// Copy files from an installation: glue or a module that comes with the toolchain.
    Copy {
        /// Source and destination of each file.
        files: Vec<(PathBuf, PathBuf)>,
        /// An equivalent command without paths of this machine.
        shown: String,
    },
}

/// A command of a recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildCommand {
    /// Program and arguments.
    pub argv: Vec<OsString>,
    /// Environment variables, beyond the common ones.
    pub env: BTreeMap<OsString, OsString>,
    /// Working directory.
    pub cwd: PathBuf,
    /// The command as a user would write it, without paths of this machine; recorded as provenance.
    pub shown: String,
}

impl BuildCommand {
    /// A program without arguments.
    #[must_use]
    pub fn new(program: &Path, cwd: &Path) -> Self {
        let argv = vec![program.into()];
        Self { argv, env: BTreeMap::new(), cwd: cwd.to_owned(), shown: String::new() }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.argv.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.argv.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// Sets environment variables.
    #[must_use]
    pub fn envs(mut self, env: BTreeMap<OsString, OsString>) -> Self {
        self.env.extend(env);
        self
    }

    /// Sets the command as a user would write it.
    #[must_use]
    pub fn shown(self, shown: impl Into<String>) -> Self {
        Self { shown: shown.into(), ..self }
    }

    /// A recipe that only runs this command, which writes the module to `artifact`.
    #[must_use]
    pub fn into_recipe(self, artifact: PathBuf) -> Recipe {
        Recipe { steps: vec![BuildStep::Run(self)], artifact, conversions: Vec::new() }
    }
}

/// A conversion within the lab, a pure function of bytes.
#[derive(Clone, Copy, Debug)]
pub struct Conversion {
    /// Converts a file's bytes; the path is for messages. Returns the new bytes or an error message.
    pub convert: fn(&Path, &[u8]) -> Result<Vec<u8>, String>,
    /// An equivalent command; empty if the source is in the lab's own format.
    pub shown: &'static str,
}

impl Recipe {
    /// The equivalent command line for the whole recipe; empty if everything is done within the lab.
    #[must_use]
    pub fn shown_command(&self) -> String {
        let steps = self.steps.iter().map(|step| match step {
            BuildStep::Run(BuildCommand { shown, .. }) | BuildStep::Copy { shown, .. } => shown.as_str(),
        });
        let conversions = self.conversions.iter().map(|conversion| conversion.shown);
        steps.chain(conversions).filter(|shown| !shown.is_empty()).collect::<Vec<_>>().join(" && ")
    }
}

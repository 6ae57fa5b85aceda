//! What an adapter is: a value whose fields say what is constant and whose few functions compute the rest.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use wasmlab_model::codes::Code;
use wasmlab_model::facts::{BinaryKind, Facts};
use wasmlab_model::observation::{GuestProgress, Observation};
use wasmlab_model::scenario::{EntryPointKind, Run, ScenarioFile};
use wasmlab_model::verdict::{NotAttempted, Verdict};
use wasmlab_protocol::{CellSpec, Switch};

use crate::command_line::{self, OutputParser};
use crate::host_layer::HostLayer;
use crate::install::InstallCommand;
use crate::switches::{self, MissingFeature};
use crate::versions::Package;

/// A column: an engine in one mode. An adapter names the fields that it has; the others are those of
/// [`Runtime::default`].
#[derive(Clone, Debug)]
pub struct Runtime {
    /// `engine[-compiler][+host layer][@custom build]`, unique, kebab-case.
    pub id: Cow<'static, str>,
    /// The engine: `wasmtime`.
    pub engine: &'static str,
    /// How it translates or which host it gives: `winch`, `node:wasi`.
    pub mode: Cow<'static, str>,
    /// Where its program comes from.
    pub source: Source,
    /// What its name does not say and its results should not be read without: whose work it is, in what state.
    pub note: Option<&'static str>,
    /// The commands of package clients that get its program, the best first.
    pub install: Vec<InstallCommand>,
    /// The package that carries each version of its program, for `ID@VERSION` and [`Runtime::version_line`].
    pub package: Option<Package>,
    /// The versions that the column is of, where it is not of whichever is here: `24` is 24.x.
    pub version_line: Option<&'static str>,
    /// CI installs or builds its program: where it is absent there, CI says what it left out.
    pub in_ci: bool,
    /// Written by its documentation and never tried with the real program: it is no column of the table, and runs
    /// where it is named.
    pub unproven: bool,
    /// The user's own program, which takes the place of what [`Runtime::source`] says.
    pub custom_build: Option<PathBuf>,
    /// The column of the same engine that it is compared with: embedded and by its command line, a custom build
    /// and the release.
    pub reference_column: Option<Cow<'static, str>>,
    /// What the lab adds to the engine so that it can run other guests.
    pub host_layer: HostLayer,
    /// The switches that every cell of the column is run with; those that a cell needs are in its commands.
    pub flags: &'static [&'static str],
    /// The commands that make its program list its switches, without the program: [`Tool::help`] is what they print.
    pub help: &'static [&'static [&'static str]],
    /// The switches, off by default, that this program has and that give what a run fell short of, as
    /// [`CellSpec::switches`] takes them. Limits and permissions of the cell are none: they are in its commands.
    pub switches: fn(&Tool, MissingFeature) -> Vec<String>,
    /// A second program that it needs beside the one of [`Runtime::source`]: a compiler.
    pub aux_program: Option<AuxProgram>,
    /// Files of the lab that its commands need, path and text: drivers.
    pub support_files: &'static [(&'static str, &'static str)],
    /// Minutes that the first build of its engine takes on two cores, as measured; 0: two at most. `--engines quick`
    /// leaves out what takes longer.
    pub build_minutes: u32,
    /// Its process translates the module and does not say when it begins to run it. Where no [`Runtime::precompile`] did
    /// so before, the process has both limits together.
    pub compiles_silently: bool,
    /// How a guest comes to a listening socket that is open already.
    pub sockets: SocketPassing,
    /// Which TCP ports its process may use.
    pub port_access: PortAccess,
    /// Its command line gives a directory by the name that the host has it by: the cell's directories have the guest's
    /// names in the folder where it is started, as far as they can ([`command_line::host_name`]).
    pub names_dirs_as_host: bool,
    /// Environment of its program beside the cell's: where it keeps what it worked out before.
    pub env: fn(&Tool) -> Vec<(&'static str, OsString)>,
    /// Files that its commands name, path and text, to be written beside [`CellFiles::spec`] before it is started.
    pub extra_files: fn(&CellFiles) -> Vec<(&'static str, String)>,
    /// Whether the scenario makes sense on this column; the error says why it does not.
    pub is_applicable: fn(&Runtime, &ScenarioFile) -> Result<(), String>,
    /// What the cell asks and the lab has no way to ask this runtime: then nothing is started, and nobody is
    /// blamed. What the runtime itself may refuse is given to it: its own words are the answer.
    pub not_attempted: fn(&CellFiles) -> Option<NotAttempted>,
    /// The command that translates the module into this folder, for runtimes that take nothing else. The folder is
    /// [`CellFiles::precompiled`] when the guest is run, and is kept for later cells.
    pub precompile: fn(&Tool, &CellFiles, &Path) -> Option<Vec<OsString>>,
    /// The cell's commands, one process after the other as long as each exits with 0: more than one where
    /// every call has to be a process of its own.
    pub commands: fn(&Tool, &CellFiles) -> Vec<Vec<OsString>>,
    /// How its output is read; `None` where the program speaks the lab's protocol.
    pub output_parser: Option<OutputParser>,
    /// How a guest gets a larger stack on this runtime: its switch, or the call of who embeds it, with its unit.
    pub stack_hint: Option<&'static str>,
    /// The switch or the default of this runtime that explains a result unlike that of its reference column.
    pub explain_difference: fn(&Finding) -> Option<&'static str>,
}

impl Default for Runtime {
    /// A binary that speaks the lab's protocol, without an id, an engine, a mode and a source: a test sees to it
    /// that every column of the registry names these.
    fn default() -> Self {
        Self {
            id: Cow::Borrowed(""),
            engine: "",
            mode: Cow::Borrowed(""),
            source: Source::Embedded(""),
            note: None,
            install: Vec::new(),
            package: None,
            version_line: None,
            in_ci: false,
            unproven: false,
            custom_build: None,
            reference_column: None,
            host_layer: HostLayer::None,
            flags: &[],
            help: &[],
            switches: switches::of_engine,
            aux_program: None,
            support_files: &[],
            build_minutes: 0,
            compiles_silently: false,
            sockets: SocketPassing::None,
            port_access: PortAccess::Cell,
            names_dirs_as_host: false,
            env: |_| Vec::new(),
            extra_files: |_| Vec::new(),
            is_applicable: |_, _| Ok(()),
            not_attempted: |_| None,
            precompile: |_, _, _| None,
            commands: |tool, cell| vec![vec![tool.program.clone().into(), "run".into(), cell.spec.into()]],
            output_parser: None,
            stack_hint: None,
            explain_difference: |_| None,
        }
    }
}

impl Runtime {
    /// [`Runtime::id`] as text.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// [`Runtime::mode`] as text.
    #[must_use]
    pub fn mode(&self) -> &str {
        &self.mode
    }

    /// Whether the cell makes sense on this column, by its host layer and by its adapter.
    ///
    /// # Errors
    /// Why it does not.
    pub fn is_applicable(&self, scenario: &ScenarioFile, facts: Option<&Facts>) -> Result<(), String> {
        self.host_layer.is_applicable(&self.id, scenario, facts)?;
        let core_module = facts.is_some_and(|f| f.kind == BinaryKind::Module);
        if core_module && scenario.run.entry == EntryPointKind::Http && self.output_parser.is_some() {
            return Err(format!("a core module has no wasi:http handler, and {} serves only those", self.id));
        }
        (self.is_applicable)(self, scenario)
    }

    /// npm packages that its driver imports.
    #[must_use]
    pub fn npm_packages(&self) -> &'static [&'static str] {
        self.host_layer.npm_packages()
    }

    /// How far a guest came, and why it ended.
    #[must_use]
    pub fn progress(&self, seen: &AdapterInput) -> GuestProgress {
        match self.output_parser {
            Some(reader) => command_line::progress(seen, reader),
            None => seen.observation.reported_progress(),
        }
    }

    /// The environment variables that name its programs.
    pub fn variables(&self) -> impl Iterator<Item = &'static str> {
        let program = self.source.program().map(|program| program.variable);
        program.into_iter().chain(self.aux_program.map(|aux| aux.variable))
    }

    /// The same column with a host layer of the lab: `ID+LAYER`.
    #[must_use]
    pub fn with_host_layer(self, host_layer: HostLayer) -> Self {
        let suffixed = |text: &str| Cow::Owned(format!("{text}+{}", host_layer.name()));
        // Emscripten's host has no socket that is open already.
        let sockets = if host_layer == HostLayer::Emscripten { SocketPassing::None } else { self.sockets };
        Self { id: suffixed(&self.id), mode: suffixed(&self.mode), host_layer, sockets, ..self }
    }
}

/// How a guest comes to a listening socket that the host opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SocketPassing {
    /// Not at all: the guest is started without it, and what it then says is the answer.
    #[default]
    None,
    /// The program inherits the descriptor from the lab.
    Inherited,
    /// The program opens it itself, by its address.
    Opened,
}

/// Which TCP ports the process of a runtime may use. The lab's sandbox holds it to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PortAccess {
    /// The cell's own, and those between a driver and what it drives.
    #[default]
    Cell,
    /// The same, and it may bind a port that the system chooses where the cell has a preopened socket: it binds a
    /// socket of its own first, and puts the inherited one in its place.
    CellAndEphemeral,
    /// All: nothing holds it to the cell's ports but what the runtime itself does.
    Unrestricted,
}

/// Where a runtime's program comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Built from `xtask/engines/NAME`.
    Embedded(&'static str),
    /// Found on this machine.
    Program(Program),
    /// Found on this machine, as [`Tool::driven_program`], and driven by a binary of the lab.
    Driver {
        /// Built from `xtask/drivers/NAME`.
        driver: &'static str,
        /// What it drives.
        program: Program,
    },
}

impl Source {
    /// A program that prints its version for `--version`: see [`Program`].
    #[must_use]
    pub const fn on_path(names: &'static [&'static str], variable: &'static str, how_to_get: &'static str) -> Self {
        Self::Program(Program { names, variable, version_args: &["--version"], install_hint: how_to_get })
    }

    /// The binary that the lab builds for it, by the name of its folder.
    #[must_use]
    pub fn built(&self) -> Option<&'static str> {
        match self {
            Self::Embedded(name) | Self::Driver { driver: name, .. } => Some(name),
            Self::Program(_) => None,
        }
    }

    /// The program that is to be found on this machine.
    #[must_use]
    pub fn program(&self) -> Option<Program> {
        match self {
            Self::Program(program) | Self::Driver { program, .. } => Some(*program),
            Self::Embedded(_) => None,
        }
    }
}

/// A program that is to be found on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its names on PATH; the first that is there is taken.
    pub names: &'static [&'static str],
    /// The variable that names it elsewhere: `WASMLAB_WASMTIME`.
    pub variable: &'static str,
    /// The arguments that make it print its version.
    pub version_args: &'static [&'static str],
    /// How a person gets it where no [`Runtime::install`] command does, as an imperative: `see https://…`.
    pub install_hint: &'static str,
}

/// A second program of a runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuxProgram {
    /// Its name on PATH.
    pub name: &'static str,
    /// The variable that names it elsewhere.
    pub variable: &'static str,
}

/// A runtime's program that is here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tool {
    /// The program.
    pub program: PathBuf,
    /// Its version: `2.0.0`.
    pub version: String,
    /// Changes whenever the program or a driver changes.
    pub fingerprint: String,
    /// What an embedded engine leaves off by default and a specification may turn on.
    pub switches: Vec<Switch>,
    /// What the program prints for [`Runtime::help`]; empty where there is none.
    pub help: String,
    /// The folder of [`Runtime::support_files`]; empty where there are none.
    pub support_dir: PathBuf,
    /// The folder `node_modules` that has [`Runtime::npm_packages`]; empty where there are none.
    pub packages_dir: PathBuf,
    /// The [`Runtime::aux_program`]; empty where there is none.
    pub aux_program: PathBuf,
    /// The program that a [`Source::Driver`] drives; empty where there is none.
    pub driven_program: PathBuf,
}

/// The files of a cell that a command may name.
#[derive(Clone, Copy, Debug)]
pub struct CellFiles<'a> {
    /// The [`wasmlab_protocol::CellSpec`], JSON.
    pub spec: &'a Path,
    /// The module.
    pub module: &'a Path,
    /// What the specification says, for runtimes that take it as arguments.
    pub cell: &'a CellSpec,
    /// What reading the module told, where it is a module or a component.
    pub facts: Option<&'a Facts>,
    /// What the scenario says of the run.
    pub run: &'a Run,
    /// The folder that [`Runtime::precompile`] filled.
    pub precompiled: &'a Path,
}

/// What an adapter reads a guest's progress from.
#[derive(Clone, Copy, Debug)]
pub struct AdapterInput<'a> {
    /// What happened.
    pub observation: &'a Observation,
    /// What was to be done.
    pub run: &'a Run,
    /// What reading the module told, where it is one.
    pub facts: Option<&'a Facts>,
}

/// What a cell found, as far as a difference between two columns is explained by it.
#[derive(Clone, Copy, Debug)]
pub struct Finding<'a> {
    /// Its verdict.
    pub verdict: Verdict,
    /// The reason.
    pub code: Option<Code>,
    /// What the reason is about.
    pub subject: Option<&'a str>,
}

//! The type of an adapter: a value with constant fields and a few functions that compute the rest.

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
use crate::versions::Package;
use crate::{MissingFeature, switches};

/// A column: an engine in one mode. An adapter sets the fields it needs and takes the rest from [`Runtime::default`].
#[derive(Clone, Debug)]
pub struct Runtime {
    /// `engine[-compiler][+host layer][@custom build]`, unique, kebab-case.
    pub id: Cow<'static, str>,
    /// The engine: `wasmtime`.
    pub engine: &'static str,
    /// Its compiler, interpreter or host: `winch`, `node:wasi`.
    pub mode: Cow<'static, str>,
    /// Where its program comes from.
    pub source: Source,
    /// What its program prints before its version, in lower case, or [`crate::ONLY_VERSION`]; if empty, the engine's
    /// name. A program given by its path that prints something else is refused.
    pub version_names: &'static [&'static str],
    /// A note that readers of the results need: who maintains it, its state.
    pub note: Option<&'static str>,
    /// Commands that install its program, best first.
    pub install: Vec<InstallCommand>,
    /// The package with every version of its program, for `ID@VERSION` and [`Runtime::version_line`].
    pub package: Option<Package>,
    /// The release line of the column, if it does not use whatever is installed: `24` means 24.x.
    pub version_line: Option<&'static str>,
    /// CI installs or builds its program, also without `--full`; if it is absent there, CI reports it.
    pub in_ci: bool,
    /// Written from documentation and never tested with the real program. Not part of the matrix, but usable by name.
    pub untested: bool,
    /// The user's own program, which replaces [`Runtime::source`].
    pub custom_build: Option<PathBuf>,
    /// The column of the same engine to compare with: embedded and command line, custom build and release.
    pub reference_column: Option<Cow<'static, str>>,
    /// The host layer that the lab adds to the engine.
    pub host_layer: HostLayer,
    /// Switches that every cell of the column uses; those needed by a single cell are in its commands.
    pub constant_switches: &'static [&'static str],
    /// Arguments that make the program list its switches; [`Tool::help_text`] is the output.
    pub help_args: &'static [&'static [&'static str]],
    /// The program's switches, off by default, that provide a missing feature, in the form of [`CellSpec::switches`].
    /// Limits and permissions of the cell do not belong here: they are in its commands.
    pub switches: fn(&Tool, MissingFeature) -> Vec<String>,
    /// A second program that it needs in addition to [`Runtime::source`]: a compiler.
    pub aux_program: Option<AuxProgram>,
    /// The PyPI package that its program, a Python interpreter, must have; it is in [`Tool::packages_dir`]. `driver.py` among
    /// [`Runtime::support_files`] prints its version.
    pub python_package: Option<&'static str>,
    /// Files of the lab that its commands need (path and text): drivers.
    pub support_files: &'static [(&'static str, &'static str)],
    /// Measured minutes of the first build of its engine on two cores; 0 means at most two. `--engines quick` skips
    /// anything that takes longer.
    pub build_minutes: u32,
    /// Its process compiles the module without reporting when it starts to run it. Unless [`Runtime::precompile`]
    /// compiled before, the process gets the sum of both limits.
    pub compiles_silently: bool,
    /// It compiles the whole module before it looks for the imports. For a large module, the lab first runs a module that
    /// has only its imports.
    pub compiles_before_linking: bool,
    /// Its driver can use one program for several cells, one after the other; see `driver-browser host`.
    pub shares_program: bool,
    /// Its driver can run several modules in one process, one after the other; see `js/session.mjs`.
    pub has_sessions: bool,
    /// How a guest gets a preopened listening socket.
    pub sockets: SocketPassing,
    /// Which TCP ports its process may use.
    pub port_access: PortAccess,
    /// Its command line gives the guest a directory under its host path. The cell's directories are therefore linked
    /// under the guest's names into the working directory, as far as possible ([`command_line::host_name`]).
    pub dirs_keep_host_paths: bool,
    /// Environment variables in addition to the cell's: where the program stores its caches.
    pub env: fn(&Tool) -> Vec<(&'static str, OsString)>,
    /// Files that its commands name (path and text), written beside [`CellFiles::spec`] before it is started.
    pub extra_files: fn(&CellFiles) -> Vec<(&'static str, String)>,
    /// Whether the scenario makes sense on this column; the error says why not.
    pub is_applicable: fn(&Runtime, &ScenarioFile) -> Result<(), String>,
    /// A need of the cell that the lab cannot express for this runtime; nothing is started, and nobody is blamed.
    /// Anything that the runtime itself may refuse is passed to it: its message is the answer.
    pub not_attempted: fn(&CellFiles) -> Option<NotAttempted>,
    /// The command that compiles the module into this folder, for runtimes that accept nothing else. It becomes
    /// [`CellFiles::precompiled`] when the guest is run, and is kept for later cells.
    pub precompile: fn(&Tool, &CellFiles, &Path) -> Option<Vec<OsString>>,
    /// The cell's commands, run in order as long as each exits with 0; more than one if every call needs its own
    /// process.
    pub commands: fn(&Tool, &CellFiles) -> Vec<Vec<OsString>>,
    /// It checks import modules in random order, so of several that it lacks, each run may name another one.
    pub import_order_is_random: bool,
    /// How to interpret its output; `None` if the program uses the lab's protocol.
    pub output_parser: Option<OutputParser>,
    /// How to give a guest a larger stack on this runtime: the switch, or the embedder's call, with its unit.
    pub stack_hint: Option<&'static str>,
    /// A library of the same engine that can enable proposals for which its command line has no switch.
    pub library_may_enable: Option<&'static str>,
    /// The switch or default that explains a result different from that of the reference column.
    pub explain_difference: fn(&ColumnResult) -> Option<&'static str>,
}

impl Default for Runtime {
    /// A binary that uses the lab's protocol, without id, engine, mode and source. A test ensures that every registered
    /// column sets these.
    fn default() -> Self {
        Self {
            id: Cow::Borrowed(""),
            engine: "",
            mode: Cow::Borrowed(""),
            source: Source::Embedded(""),
            version_names: &[],
            note: None,
            install: Vec::new(),
            package: None,
            version_line: None,
            in_ci: false,
            untested: false,
            custom_build: None,
            reference_column: None,
            host_layer: HostLayer::None,
            constant_switches: &[],
            help_args: &[],
            switches: switches::listed_by_engine,
            aux_program: None,
            python_package: None,
            support_files: &[],
            build_minutes: 0,
            compiles_silently: false,
            compiles_before_linking: false,
            shares_program: false,
            has_sessions: false,
            sockets: SocketPassing::None,
            port_access: PortAccess::Cell,
            dirs_keep_host_paths: false,
            env: |_| Vec::new(),
            extra_files: |_| Vec::new(),
            is_applicable: |_, _| Ok(()),
            not_attempted: |_| None,
            import_order_is_random: false,
            precompile: |_, _, _| None,
            commands: |tool, cell| vec![vec![tool.program.clone().into(), "run".into(), cell.spec_path.into()]],
            output_parser: None,
            stack_hint: None,
            library_may_enable: None,
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

    /// Whether the cell makes sense on this column, according to its host layer and its adapter.
    ///
    /// # Errors
    /// Why not.
    pub fn is_applicable(&self, scenario: &ScenarioFile, facts: Option<&Facts>) -> Result<(), String> {
        self.host_layer.is_applicable(&self.id, scenario, facts)?;
        let core_module = facts.is_some_and(|f| f.kind == BinaryKind::Module);
        if core_module && scenario.run.entry == EntryPointKind::Http && self.output_parser.is_some() {
            return Err(format!("a core module has no wasi:http handler, and {} serves only those", self.id));
        }
        (self.is_applicable)(self, scenario)
    }

    /// Whether it runs the JavaScript with which a toolchain loads its module, the glue, with the lab's script for it.
    #[must_use]
    pub fn runs_glue(&self) -> bool {
        self.support_files.iter().any(|(name, _)| Path::new(name).ends_with("glue.mjs"))
    }

    /// npm packages that its driver imports.
    #[must_use]
    pub fn npm_packages(&self) -> &'static [&'static str] {
        self.host_layer.npm_packages()
    }

    /// How far the guest got, and why it ended.
    #[must_use]
    pub fn progress(&self, seen: &AdapterInput) -> GuestProgress {
        match self.output_parser {
            Some(parser) => command_line::progress(seen, parser),
            None => seen.observation.reported_progress(),
        }
    }

    /// The environment variables that name its programs.
    pub fn variables(&self) -> impl Iterator<Item = &'static str> {
        let program = self.source.program().map(|program| program.variable);
        program.into_iter().chain(self.aux_program.map(|aux| aux.variable))
    }

    /// The same column with a host layer: `ID+LAYER`.
    #[must_use]
    pub fn with_host_layer(self, host_layer: HostLayer) -> Self {
        let suffixed = |text: &str| Cow::Owned(format!("{text}+{}", host_layer.name()));
        // Emscripten's host does not support preopened sockets.
        let sockets = if host_layer == HostLayer::Emscripten { SocketPassing::None } else { self.sockets };
        Self { id: suffixed(&self.id), mode: suffixed(&self.mode), host_layer, sockets, ..self }
    }
}

/// How a guest gets a listening socket opened by the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SocketPassing {
    /// Not at all: the guest is started without it, and its reaction is the answer.
    #[default]
    None,
    /// The program inherits the descriptor from the lab.
    Inherited,
    /// The program opens it by its address.
    Opened,
}

/// Which TCP ports a runtime's process may use; enforced by the lab's sandbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PortAccess {
    /// The cell's own, and those between a driver and its browser.
    #[default]
    Cell,
    /// The same, and a port chosen by the system if the cell has a preopened socket: the runtime first binds a socket
    /// of its own, and then replaces it with the inherited one.
    CellAndEphemeral,
}

/// Where a runtime's program comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Built from `xtask/engines/NAME`.
    Embedded(&'static str),
    /// An installed program.
    Program(Program),
    /// An installed program, [`Tool::driven_program`], driven by a binary of the lab.
    Driver {
        /// Built from `xtask/drivers/NAME`.
        driver: &'static str,
        /// The driven program.
        program: Program,
    },
}

impl Source {
    /// A program that prints its version for `--version`; see [`Program`].
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

    /// The program to find on this machine.
    #[must_use]
    pub fn program(&self) -> Option<Program> {
        match self {
            Self::Program(program) | Self::Driver { program, .. } => Some(*program),
            Self::Embedded(_) => None,
        }
    }
}

/// A program to find on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its names on PATH; the first one found is used.
    pub names: &'static [&'static str],
    /// The variable that names another one: `WASMLAB_WASMTIME`.
    pub variable: &'static str,
    /// Arguments that make it print its version.
    pub version_args: &'static [&'static str],
    /// How to install it if no [`Runtime::install`] command applies, as an imperative: `see https://…`.
    pub install_hint: &'static str,
}

/// An additional program of a runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuxProgram {
    /// Its name on PATH.
    pub name: &'static str,
    /// The variable that names another one.
    pub variable: &'static str,
}

/// An installed program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tool {
    /// The program.
    pub program: PathBuf,
    /// Its version: `2.0.0`.
    pub version: String,
    /// Changes whenever the program or a driver changes.
    pub fingerprint: String,
    /// Features that an embedded engine disables by default and a specification may enable.
    pub switches: Vec<Switch>,
    /// Output of the program for [`Runtime::help_args`]; empty if there is none.
    pub help_text: String,
    /// The folder of [`Runtime::support_files`]; empty if there are none.
    pub support_dir: PathBuf,
    /// The `node_modules` folder that contains [`Runtime::npm_packages`], or the folder that contains
    /// [`Runtime::python_package`]; empty if there are none.
    pub packages_dir: PathBuf,
    /// The [`Runtime::aux_program`]; empty if there is none.
    pub aux_program: PathBuf,
    /// The program driven by a [`Source::Driver`]; empty if there is none.
    pub driven_program: PathBuf,
}

/// Files of a cell that commands may name.
#[derive(Clone, Copy, Debug)]
pub struct CellFiles<'a> {
    /// The file that holds `spec` as JSON.
    pub spec_path: &'a Path,
    /// The module or component.
    pub module: &'a Path,
    /// The cell's specification, for runtimes that take it as arguments.
    pub spec: &'a CellSpec,
    /// Facts about the guest, if it is a module or component.
    pub facts: Option<&'a Facts>,
    /// The scenario's `[run]` table.
    pub run: &'a Run,
    /// The folder filled by [`Runtime::precompile`].
    pub precompiled: &'a Path,
}

/// The input from which an adapter derives a guest's progress.
#[derive(Clone, Copy, Debug)]
pub struct AdapterInput<'a> {
    /// The observed events.
    pub observation: &'a Observation,
    /// The scenario's `[run]` table.
    pub run: &'a Run,
    /// Facts about the guest, if it is a module or component.
    pub facts: Option<&'a Facts>,
}

/// The result of a cell, as far as it can explain a difference between two columns.
#[derive(Clone, Copy, Debug)]
pub struct ColumnResult<'a> {
    /// Its verdict.
    pub verdict: Verdict,
    /// The reason.
    pub code: Option<Code>,
    /// The subject of the reason.
    pub subject: Option<&'a str>,
}

//! Runtimes: the columns. An adapter says where its program comes from, what command runs a cell, and
//! what a runtime's exit code and output mean; it never starts, installs or prints.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use route::Route;
use wasmlab_model::facts::Facts;
use wasmlab_model::observation::{Observation, Progress};
use wasmlab_model::report::Cell;
use wasmlab_model::scenario::{Run, ScenarioFile};
use wasmlab_protocol::{Cause, CellSpec};

pub mod command_line;
pub mod embedded;
pub mod js;
pub mod own;
pub mod page;
#[cfg(test)]
mod recorded;
pub mod route;
mod words;

/// One line a runtime's file; each gives one or more columns.
macro_rules! registry {
    ($($module:ident),* $(,)?) => {
        $(pub mod $module;)*
        /// Every column, in the order of the table.
        #[must_use]
        pub fn all() -> Vec<&'static dyn Runtime> {
            [$($module::COLUMNS),*].concat()
        }
    };
}

registry! {
    wasmi, tinywasm, wasmtime, wasmtime_36, wasmer, wasmtime_cli, wasmi_cli, wasmer_cli, wamr, iwasm, wasmedge, wazero, spin, node, deno, bun, chromium, firefox
}

/// A column: an engine in one mode.
pub trait Runtime: Sync {
    /// `engine[-compiler][+host]`, unique, kebab-case.
    fn id(&self) -> &'static str;

    /// The engine: `wasmtime`.
    fn engine(&self) -> &'static str;

    /// How it translates or which host it gives: `winch`, `node:wasi`.
    fn mode(&self) -> &'static str;

    /// Where its program comes from.
    fn source(&self) -> Source;

    /// The commands that get its program, the best first; `setup` runs the first one whose client is here.
    fn routes(&self) -> &'static [Route] {
        &[]
    }

    /// A program of the user's, which takes the place of what [`Runtime::source`] says.
    fn program(&self) -> Option<&Path> {
        None
    }

    /// The switches that every cell of the column is run with; those that a cell needs are in its command.
    fn flags(&self) -> &'static [&'static str] {
        &[]
    }

    /// Environment that its program has beside the cell's: where it keeps what it worked out before.
    fn env(&self, _: &Tool) -> Vec<(&'static str, OsString)> {
        Vec::new()
    }

    /// A second program that it needs beside [`Source::Program`], and the variable that names it elsewhere.
    fn second(&self) -> Option<(&'static str, &'static str)> {
        None
    }

    /// Whether the first build of its engine takes minutes: `--engines quick` leaves it out.
    fn slow_to_build(&self) -> bool {
        false
    }

    /// Files of the lab that its command needs, by name: drivers.
    fn support(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// npm packages that its driver imports.
    fn packages(&self) -> &'static [&'static str] {
        &[]
    }

    /// The cell's command.
    fn command(&self, tool: &Tool, cell: &CellFiles) -> Vec<OsString>;

    /// The cell's commands, one process after the other as long as each exits with 0: more than one where
    /// every call has to be a process of its own.
    fn commands(&self, tool: &Tool, cell: &CellFiles) -> Vec<Vec<OsString>> {
        vec![self.command(tool, cell)]
    }

    /// The command that translates the module into the folder `into`, for runtimes that take nothing else.
    /// [`CellFiles::prepared`] is that folder when the guest is run; it is kept for later cells.
    fn prepare(&self, _: &Tool, _: &CellFiles, _into: &Path) -> Option<Vec<OsString>> {
        None
    }

    /// Files that its command names, written beside [`CellFiles::spec`] before it is started.
    fn files(&self, _: &CellFiles) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// What the cell asks for and no switch of this runtime gives: then nothing is started.
    fn refuses(&self, _: &CellFiles) -> Option<Cause> {
        None
    }

    /// Whether the cell makes sense on this column.
    ///
    /// # Errors
    /// Why it does not.
    fn applies(&self, _: &ScenarioFile, _: Option<&Facts>) -> Result<(), String> {
        Ok(())
    }

    /// The column of the same engine that it is compared with: by its command line and embedded, a build of
    /// one's own and the release.
    fn twin(&self) -> Option<&'static str> {
        None
    }

    /// The switch or the default of this runtime that explains a cell unlike its twin's, where it is known.
    fn because(&self, _: &Cell) -> Option<&'static str> {
        None
    }

    /// Whether it opens a cell's listening sockets itself, by their addresses, instead of inheriting them.
    fn opens_sockets(&self) -> bool {
        false
    }

    /// How far a guest came. Engines of the lab report it themselves.
    fn progress(&self, seen: &Seen) -> Progress {
        seen.observation.reported()
    }
}

/// What an adapter reads a guest's way from.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// What happened.
    pub observation: &'a Observation,
    /// What was to be done.
    pub run: &'a Run,
    /// What reading the module told, where it is one.
    pub facts: Option<&'a Facts>,
}

/// Where a runtime's program comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Built from `xtask/engines/NAME`.
    Embedded(&'static str),
    /// Found on this machine.
    Program {
        /// Its name on PATH.
        name: &'static str,
        /// The variable that names it elsewhere.
        variable: &'static str,
        /// The arguments that make it say its version.
        version: &'static [&'static str],
        /// How a person gets it: the page that tells, and what beside [`Runtime::routes`] there is.
        get: &'static str,
    },
    /// Found on this machine, and driven by a binary of the lab's own; what was found is [`Tool::driven`].
    Driver {
        /// Built from `xtask/drivers/NAME`.
        driver: &'static str,
        /// Its names on PATH; the first that is there is taken.
        names: &'static [&'static str],
        /// The variable that names it elsewhere.
        variable: &'static str,
        /// The arguments that make it say its version.
        version: &'static [&'static str],
        /// How to get it.
        get: &'static str,
    },
}

impl Source {
    /// The binary that the lab builds for it, by the name of its folder.
    #[must_use]
    pub fn built(&self) -> Option<&'static str> {
        match self {
            Self::Embedded(name) | Self::Driver { driver: name, .. } => Some(name),
            Self::Program { .. } => None,
        }
    }
}

/// A runtime's program that is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    /// The program.
    pub program: PathBuf,
    /// Its version: `2.0.0`.
    pub version: String,
    /// Changes whenever the program or a driver changes.
    pub fingerprint: String,
    /// The folder of [`Runtime::support`].
    pub support: PathBuf,
    /// The folder `node_modules` that has [`Runtime::packages`]; empty where there are none.
    pub packages: PathBuf,
    /// The program of [`Runtime::second`]; empty where there is none.
    pub second: PathBuf,
    /// The program that a [`Source::Driver`] drives; empty where there is none.
    pub driven: PathBuf,
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
    /// Each call may have an instance of its own.
    pub independent_calls: bool,
    /// The folder that [`Runtime::prepare`] filled.
    pub prepared: &'a Path,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::{CellFiles, Source, Tool, all};
    use wasmlab_protocol::{CellSpec, Entry, Network, PROTOCOL, PreopenedDir};

    #[test]
    fn every_column_has_an_id_of_its_own_and_a_golden_command() {
        let mut ids = BTreeSet::new();
        let mut commands = String::new();
        for runtime in all() {
            let id = runtime.id();
            assert!(ids.insert(id), "{id} is there twice");
            assert!(id.starts_with(runtime.engine()), "{id} begins with its engine");
            assert!(id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-+".contains(c)), "{id}");
            let tool = Tool {
                program: format!("/bin/{}", runtime.engine()).into(),
                version: "1.0".to_owned(),
                fingerprint: String::new(),
                support: "/support".into(),
                packages: if runtime.packages().is_empty() { PathBuf::new() } else { "/node_modules".into() },
                second: runtime.second().map(|(name, _)| format!("/bin/{name}")).unwrap_or_default().into(),
                driven: match runtime.source() {
                    Source::Driver { names, .. } => format!("/bin/{}", names[0]).into(),
                    _ => PathBuf::new(),
                },
            };
            let mut spec = sample(runtime.mode());
            if id == "spin" {
                spec.entry = Entry::Http { port: 20_000 };
            }
            let prepared = Path::new("/prepared");
            let cell = CellFiles {
                spec: Path::new("/cell/spec.json"),
                module: &spec.module,
                cell: &spec,
                facts: None,
                independent_calls: false,
                prepared,
            };
            for (file, text) in runtime.files(&cell) {
                commands += &format!("{id} writes {file}:\n{text}\n");
            }
            for (name, value) in runtime.env(&tool) {
                commands += &format!("{id} has {name}={}\n", value.display());
            }
            let prepare = runtime.prepare(&tool, &cell, prepared);
            for argv in prepare.into_iter().chain(runtime.commands(&tool, &cell)) {
                let argv: Vec<_> = argv.into_iter().map(|a| a.into_string().unwrap()).collect();
                commands += &format!("{id}: {}\n", argv.join(" "));
            }
        }
        insta::assert_snapshot!(commands);
    }

    /// A cell that uses what a command line can be given.
    fn sample(mode: &str) -> CellSpec {
        CellSpec {
            protocol: PROTOCOL,
            module: "/cell/guest.wasm".into(),
            glue: None,
            observation: "/cell/events.jsonl".into(),
            mode: mode.to_owned(),
            compiled: None,
            entry: Entry::Command,
            args: ["guest.wasm", "one", "two words"].map(str::to_owned).to_vec(),
            env: [("GREETING".to_owned(), "hello".to_owned())].into(),
            dirs: vec![PreopenedDir { host: "/cell/dirs/0".into(), guest: "/data".to_owned() }],
            sockets: Vec::new(),
            ports: vec![20_000],
            connect_ports: Vec::new(),
            network: Network::Loopback,
            host_functions: Vec::new(),
            memory_limit: 1 << 30,
        }
    }
}

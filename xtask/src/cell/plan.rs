//! Plans a cell before anything is touched: its specification, its commands, the cache key of its observation. Pure,
//! except that it hashes files that the scenario copies.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use wasmlab_model::facts::{BinaryKind, Export, Facts, MAX_MEMORY_PAGES};
use wasmlab_model::observation::{GuestProgress, Observation};
use wasmlab_model::scenario::{EntryPointKind, Run, Scenario};
use wasmlab_model::verdict::NotAttempted;
use wasmlab_protocol::{Call, CellSpec, EntryPoint, PROTOCOL_VERSION, PreopenedDir, PreopenedSocket, SHARED_INSTANCE};

use super::{call_types, ports, preopens, sandbox};
use crate::store::cache::Key;
use wasmlab_runtimes::{AdapterInput, CellFiles, Runtime, Tool};

/// The kind of a cache entry that holds an observation. Increase the number when observations change.
const OBSERVATION: &str = "observation-6";

/// Which guest to run on which runtime.
#[derive(Clone, Copy)]
pub struct CellPlan<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The column.
    pub runtime: &'a Runtime,
    /// Its program, as found.
    pub tool: &'a Tool,
    /// SHA-256 of the guest, an object in the cache.
    pub guest: &'a str,
    /// Facts about the guest, if it is a module or component.
    pub facts: Option<&'a Facts>,
    /// Files that the guest needs beside it: name to SHA-256.
    pub companions: &'a BTreeMap<String, String>,
    /// The limits.
    pub limits: Limits,
    /// Runtime switches to turn on; empty for a run with defaults.
    pub switches: &'a [String],
}

/// Limits of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Reading, validating, compiling and linking, milliseconds.
    pub compile_ms: u64,
    /// Instantiating and running, milliseconds; a scenario's `timeout_ms` takes precedence.
    pub run_ms: u64,
    /// stdout and stderr together, bytes.
    pub output: u64,
    /// Resident size of the runtime's process and its descendants, bytes.
    pub resident: u64,
    /// Size of each linear memory, bytes.
    pub linear_memory: u64,
    /// The largest file the guest may write, bytes.
    pub file: u64,
    /// Total size of the guest's files, bytes.
    pub disk: u64,
    /// Number of files and directories that the guest may create.
    pub files: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            compile_ms: 120_000,
            run_ms: 10_000,
            output: 4 << 20,
            resident: 2 << 30,
            linear_memory: MAX_MEMORY_PAGES << 16,
            file: 256 << 20,
            disk: 1 << 30,
            files: 100_000,
        }
    }
}

/// The paths of a cell's files.
pub struct CellPaths {
    /// The specification, as JSON.
    pub spec: PathBuf,
    /// The module.
    pub module: PathBuf,
    /// The JavaScript file that loads it, if the compiler generated one.
    pub glue: Option<PathBuf>,
    /// Where an engine writes its events.
    pub events: PathBuf,
    /// Where an engine stores compiled code.
    pub code_cache: Option<PathBuf>,
    /// Finished output of the runtime's ahead-of-time compiler.
    pub precompiled: PathBuf,
    /// Unfinished output of the ahead-of-time compiler.
    pub precompiling: PathBuf,
    /// The preopened directories.
    pub dirs: Vec<PreopenedDir>,
    /// The preopened sockets.
    pub sockets: Vec<PreopenedSocket>,
}

/// The ports of a cell, by their names in the scenario. No name is in both maps.
#[derive(Clone, Debug, Default)]
pub struct CellPorts {
    /// Ports for the guest to listen on.
    pub listen: BTreeMap<String, u16>,
    /// Ports of the lab's test servers, for the guest to connect to.
    pub servers: BTreeMap<String, u16>,
}

impl CellPorts {
    /// All ports.
    pub fn all(&self) -> BTreeMap<String, u16> {
        self.listen.iter().chain(&self.servers).map(|(name, port)| (name.clone(), *port)).collect()
    }
}

/// An adapter's plan for a cell.
#[derive(Debug)]
pub struct CellCommands {
    /// Files to write beside the specification: name to contents.
    pub files: Vec<(&'static str, String)>,
    /// The command that compiles the module into [`CellPaths::precompiling`].
    pub precompile: Option<Vec<OsString>>,
    /// The commands that run the guest, in order.
    pub run: Vec<Vec<OsString>>,
}

impl CellPlan<'_> {
    /// Everything that the observation depends on; `None` if that cannot be listed.
    #[must_use]
    pub fn key(&self) -> Option<Key> {
        let run = &self.scenario.spec.run;
        // A user's own directory is not part of the key, and changes to it cannot be cached.
        if run.dir.iter().any(|d| d.host.is_some()) {
            return None;
        }
        let (paths, ports) = self.relative();
        let commands = self.commands(&paths, &self.spec(&paths, &ports));
        // The commands also depend on the adapter's code, so they are part of the key.
        let shape = format!("{commands:?} {:?}", (self.runtime.env)(self.tool));
        let column = (self.runtime.id(), self.runtime.mode(), &self.tool.fingerprint);
        let program = format!("{}.wasm", self.scenario.name);
        let copied = preopens::copied_hashes(self.scenario).ok()?;
        let key = Key::of(
            OBSERVATION,
            &(
                PROTOCOL_VERSION,
                (self.guest, self.companions),
                (column, shape),
                program,
                (run, copied, &self.scenario.spec.expect.file),
                &self.scenario.spec.step,
                self.limits,
                (sandbox::level(), wasmlab_process::inherited_limits()),
            ),
        );
        Some(self.with_switches("observation", key))
    }

    /// How far the guest got, as its runtime reports it.
    pub fn progress(&self, observation: &Observation) -> GuestProgress {
        let (run, facts) = (&self.scenario.spec.run, self.facts);
        self.runtime.progress(&AdapterInput { observation, run, facts })
    }

    /// Adds the switches to a key: those of an embedded engine do not appear in its command.
    fn with_switches(&self, kind: &str, key: Key) -> Key {
        if self.switches.is_empty() { key } else { Key::of(kind, &(key.text(), self.switches)) }
    }

    /// The key of compiled code: module, engine binary, mode, and switches it was compiled with.
    pub fn code_cache_key(&self) -> Key {
        let (paths, ports) = self.relative();
        let translation = self.commands(&paths, &self.spec(&paths, &ports)).precompile.map(|argv| format!("{argv:?}"));
        let key = Key::of("compiled", &(self.guest, &self.tool.fingerprint, self.runtime.mode(), translation));
        self.with_switches("compiled", key)
    }

    /// The limit of each process that runs the guest, starting at instantiation.
    pub fn run_limit(&self) -> Duration {
        Duration::from_millis(self.scenario.spec.run.timeout_ms.unwrap_or(self.limits.run_ms))
    }

    /// The engine's specification.
    pub fn spec(&self, paths: &CellPaths, ports: &CellPorts) -> CellSpec {
        let run = &self.scenario.spec.run;
        let known = ports.all();
        CellSpec {
            protocol: PROTOCOL_VERSION,
            module: paths.module.clone(),
            glue: paths.glue.clone(),
            events: paths.events.clone(),
            mode: self.runtime.mode().to_owned(),
            code_cache: paths.code_cache.clone(),
            entry: entry(run, &ports.listen),
            args: std::iter::once(format!("{}.wasm", self.scenario.name))
                .chain(run.args.iter().map(|arg| ports::substitute(arg, &known)))
                .collect(),
            env: run.env.iter().map(|(name, value)| (name.clone(), ports::substitute(value, &known))).collect(),
            dirs: paths.dirs.clone(),
            sockets: paths.sockets.clone(),
            ports: ports.listen.values().copied().collect(),
            connect_ports: ports.servers.values().copied().collect(),
            network: run.network,
            host_functions: run.host_functions.clone(),
            result_types: self.facts.map(|facts| result_types(run, facts)).unwrap_or_default(),
            memory_limit: self.limits.linear_memory,
            switches: self.switches.to_vec(),
        }
    }

    /// Why the lab cannot run this cell on this runtime, if so; then nothing is started.
    pub fn not_attempted(&self) -> Option<NotAttempted> {
        let (paths, ports) = self.relative();
        let lacking = || sandbox::private_loopback_unavailable().filter(|_| self.scenario.spec.run.own_loopback);
        let by_adapter = || (self.runtime.not_attempted)(&self.files(&paths, &self.spec(&paths, &ports)));
        let mistyped = || call_types::not_attempted(&self.scenario.spec.run.call, self.facts?);
        self.has_no_instance().or_else(mistyped).or_else(by_adapter).or_else(lacking)
    }

    /// Command lines make each call on an instance of its own, and report little about how it ended.
    fn has_no_instance(&self) -> Option<NotAttempted> {
        let is_script = self.scenario.spec.expect.script.is_some();
        (is_script && self.runtime.output_parser.is_some()).then(|| NotAttempted {
            subject: SHARED_INSTANCE,
            reason: "a .wast file needs several calls on one instance, and a command line makes one".to_owned(),
        })
    }

    fn files<'a>(&'a self, paths: &'a CellPaths, spec: &'a CellSpec) -> CellFiles<'a> {
        CellFiles {
            spec_path: &paths.spec,
            module: &spec.module,
            spec,
            facts: self.facts,
            run: &self.scenario.spec.run,
            precompiled: &paths.precompiled,
        }
    }

    /// The commands to start.
    pub fn commands(&self, paths: &CellPaths, spec: &CellSpec) -> CellCommands {
        let files = self.files(paths, spec);
        CellCommands {
            files: (self.runtime.extra_files)(&files),
            precompile: (self.runtime.precompile)(self.tool, &files, &paths.precompiling),
            run: (self.runtime.commands)(self.tool, &files),
        }
    }

    /// Paths relative to one folder and ports that are likely free; the same on every call.
    pub fn relative(&self) -> (CellPaths, CellPorts) {
        const FIRST_PORT: u16 = 20_100;
        let (run, build) = (&self.scenario.spec.run, &self.scenario.spec.build);
        let listen = numbered(run.port.iter().map(|p| &p.name), FIRST_PORT);
        let servers = numbered(run.server.iter().map(|s| &s.name), FIRST_PORT + 200);
        let dirs = run.dir.iter().enumerate().map(|(index, dir)| PreopenedDir {
            host: dir.host.clone().unwrap_or_else(|| Path::new("dirs").join(index.to_string())),
            guest: dir.guest.clone(),
        });
        // A script cannot pass descriptors; guests that open the socket themselves get its address.
        let sockets = self.relative_sockets().into_values();
        let sockets = sockets.map(|port| PreopenedSocket { fd: -1, address: format!("127.0.0.1:{port}") });
        let paths = CellPaths {
            spec: "spec.json".into(),
            module: build.artifact.clone().unwrap_or_else(|| format!("{}.wasm", self.scenario.name)).into(),
            glue: build.companions.first().filter(|glue| self.companions.contains_key(*glue)).map(PathBuf::from),
            events: "events.jsonl".into(),
            code_cache: None,
            precompiled: "prepared".into(),
            precompiling: "prepared".into(),
            dirs: dirs.collect(),
            sockets: sockets.collect(),
        };
        (paths, CellPorts { listen, servers })
    }

    /// The ports of the sockets in [`CellPlan::relative`].
    pub fn relative_sockets(&self) -> BTreeMap<String, u16> {
        const FIRST_SOCKET: u16 = 20_200;
        numbered(self.scenario.spec.run.socket.iter().map(|s| &s.name), FIRST_SOCKET)
    }
}

/// Result types of the exports that are called in a component.
fn result_types(run: &Run, facts: &Facts) -> BTreeMap<String, Vec<String>> {
    let called = |export: &&Export| run.call.iter().any(|call| call.export == export.name);
    let component = facts.exports.iter().filter(|_| facts.kind == BinaryKind::Component);
    let types = |e: &Export| Some((e.name.clone(), e.signature.as_ref()?.results.clone()));
    component.filter(called).filter_map(types).collect()
}

fn numbered<'a>(names: impl Iterator<Item = &'a String>, first: u16) -> BTreeMap<String, u16> {
    names.cloned().zip(first..).collect()
}

fn entry(run: &Run, ports: &BTreeMap<String, u16>) -> EntryPoint {
    match run.entry {
        EntryPointKind::Command => EntryPoint::Command,
        EntryPointKind::Http => {
            let port = run.port.first().and_then(|p| ports.get(&p.name)).copied().unwrap_or_default();
            EntryPoint::Http { port }
        }
        EntryPointKind::Calls => EntryPoint::Calls(
            run.call.iter().map(|c| Call { export: c.export.clone(), args: c.args.clone() }).collect(),
        ),
    }
}

//! One cell: its private directory, its specification, its process, what was observed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use wasmlab_cell::{Call, CellSpec, Entry, Event, PROTOCOL, PreopenedDir, PreopenedSocket, Stage};

use crate::cache::Key;
use crate::lab::Lab;
use crate::model::observation::{Limit, Observation, Outcome};
use crate::model::scenario::{EntryKind, Run, Scenario};
use crate::process::{self, Command, End, Input};
use crate::runtime::{CellFiles, Runtime, Tool};
use crate::script;

mod ports;
mod stages;
mod trap_door;

use stages::Stages;
use trap_door::TrapDoor;

/// What is to be run on what.
#[derive(Clone, Copy)]
pub struct Plan<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The column.
    pub runtime: &'a dyn Runtime,
    /// Its program.
    pub tool: &'a Tool,
    /// SHA-256 of the guest, an object of the cache.
    pub guest: &'a str,
    /// What it needs beside it, by name.
    pub companions: &'a BTreeMap<String, String>,
    /// The limits.
    pub limits: Limits,
}

/// Limits of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Reading, validating, compiling and linking, milliseconds.
    pub compile_ms: u64,
    /// Instantiating and running, milliseconds; a scenario's `timeout_ms` goes before.
    pub run_ms: u64,
    /// stdout and stderr together, bytes.
    pub output: u64,
    /// Resident size of the runtime's process with its descendants, bytes.
    pub resident: u64,
    /// Each linear memory, bytes.
    pub linear_memory: u64,
    /// The largest file the guest may write, bytes.
    pub file: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            compile_ms: 120_000,
            run_ms: 10_000,
            output: 4 << 20,
            resident: 2 << 30,
            linear_memory: 1 << 30,
            file: 256 << 20,
        }
    }
}

/// Between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_millis(200);

impl Plan<'_> {
    /// Everything that the observation depends on; `None` where it depends on more than can be named.
    #[must_use]
    pub fn key(&self) -> Option<Key> {
        let run = &self.scenario.spec.run;
        // The contents of a user's own directory are not in the key.
        if run.dir.iter().any(|d| d.host.is_some()) {
            return None;
        }
        let column = (self.runtime.id(), self.runtime.mode(), &self.tool.fingerprint);
        let program = format!("{}.wasm", self.scenario.name);
        Some(Key::of(
            "observation",
            &(PROTOCOL, (self.guest, self.companions), column, program, run, &self.scenario.spec.step, self.limits),
        ))
    }

    fn run_limit(&self) -> Duration {
        Duration::from_millis(self.scenario.spec.run.timeout_ms.unwrap_or(self.limits.run_ms))
    }
}

/// Runs the cell and says what happened.
///
/// # Errors
/// When the lab itself fails: the temporary folder cannot be written, no port is free.
pub fn observe(lab: &Lab, plan: &Plan) -> io::Result<Observation> {
    let place = Place::make(lab, plan)?;
    let files = CellFiles { spec: &place.spec, module: &place.cell.module, cell: &place.cell };
    let argv = plan.runtime.command(plan.tool, &files);
    let scripted = !plan.scenario.spec.step.is_empty();
    let stdin = if scripted { Input::Piped } else { Input::Bytes(plan.scenario.spec.run.stdin.clone().into_bytes()) };
    let limits = process::Limits {
        // The watcher keeps the stages' limits; this is for the time that they leave.
        wall: Duration::from_millis(plan.limits.compile_ms) + plan.run_limit() + Duration::from_secs(5),
        grace: GRACE,
        output: plan.limits.output,
        memory: plan.limits.resident,
        file: plan.limits.file,
    };
    let command = Command {
        program: argv.first().cloned().unwrap_or_default().into(),
        args: argv.iter().skip(1).cloned().collect(),
        env: place.env.clone(),
        cwd: place.root.path().join("work"),
        stdin,
        inherit: place.inherited(),
        limits,
    };
    let shown: Vec<String> = argv.iter().map(|a| a.to_string_lossy().into_owned()).collect();
    let mut watched = Stages::new(place.events.clone());
    let (compile, run) = (Duration::from_millis(plan.limits.compile_ms), plan.run_limit());
    let watch = Box::new(move |age: Duration| watched.over(age, compile, run));
    let running = match process::start(&command, Some(watch)) {
        Ok(running) => running,
        Err(error) => return Ok(not_started(shown, &error)),
    };
    let ports = place.by_name();
    let Place { root, events, sockets, door, .. } = place;
    // The guest's process has its own copies: with these closed, a dead guest's port refuses at once.
    drop(sockets);
    let script = scripted.then(|| script::play(&plan.scenario.spec.step, &running, &ports, run));
    let ended = running.wait();
    let events = stages::read(&events);
    let mut observation = Observation {
        outcome: outcome(&ended.end, &events, plan),
        events,
        stdout: String::from_utf8_lossy(&ended.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&ended.stderr).into_owned(),
        argv: shown,
        wall_micros: micros(ended.wall),
        cpu_micros: micros(ended.cpu),
        peak_rss_bytes: ended.peak_rss,
        script,
        escapes: Vec::new(),
    };
    observation.escapes = door.escapes(&format!("{}\n{}", observation.stdout, observation.stderr));
    drop(root);
    Ok(observation)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn not_started(argv: Vec<String>, error: &io::Error) -> Observation {
    Observation {
        events: Vec::new(),
        outcome: Outcome::NotStarted(error.to_string()),
        stdout: String::new(),
        stderr: String::new(),
        argv,
        wall_micros: 0,
        cpu_micros: 0,
        peak_rss_bytes: 0,
        script: None,
        escapes: Vec::new(),
    }
}

fn outcome(end: &End, events: &[Event], plan: &Plan) -> Outcome {
    match end {
        End::Exited(code) => Outcome::Exited(*code),
        End::Signaled(signal) => Outcome::Signaled(*signal),
        End::Output => Outcome::Limit(Limit::Output(plan.limits.output)),
        End::Memory => Outcome::Limit(Limit::Memory(plan.limits.resident)),
        End::Stopped => Outcome::Stopped,
        End::Interrupted => Outcome::Interrupted,
        End::Time | End::Watch => {
            let ran = events.iter().any(|e| matches!(e, Event::Stage { stage, .. } if *stage >= Stage::Instantiate));
            let silent = events.is_empty();
            let limit = if ran || silent {
                Limit::Time(micros(plan.run_limit()) / 1000)
            } else {
                Limit::CompileTime(plan.limits.compile_ms)
            };
            Outcome::Limit(limit)
        }
    }
}

/// A cell's own directory and what is in it.
struct Place {
    root: tempfile::TempDir,
    spec: PathBuf,
    cell: CellSpec,
    events: PathBuf,
    env: BTreeMap<OsString, OsString>,
    sockets: Vec<(String, TcpListener)>,
    ports: BTreeMap<String, u16>,
    door: TrapDoor,
}

impl Place {
    fn make(lab: &Lab, plan: &Plan) -> io::Result<Self> {
        let run = &plan.scenario.spec.run;
        let root = tempfile::Builder::new().prefix("wasmlab-").tempdir().map_err(|e| {
            let parent = std::env::temp_dir();
            io::Error::new(
                e.kind(),
                format!("no folder can be made in `{}`, the temporary folder (TMPDIR): {e}", parent.display()),
            )
        })?;
        let path = |name: &str| root.path().join(name);
        for dir in ["work", "home", "dirs"] {
            fs::create_dir(path(dir))?;
        }
        let door = TrapDoor::set(&path("dirs"), run.dir.iter().all(|d| d.host.is_none()))?;
        let dirs = make_dirs(run, &path("dirs"))?;
        let mut sockets = Vec::new();
        for socket in &run.socket {
            sockets.push((socket.name.clone(), TcpListener::bind(("127.0.0.1", 0))?));
        }
        let preopened = sockets.iter().map(|(_, listener)| preopened(listener)).collect::<io::Result<Vec<_>>>()?;
        let mut ports = BTreeMap::new();
        for port in &run.port {
            ports.insert(port.name.clone(), ports::free()?);
        }
        let (module, glue) = guest_files(lab, plan, &path("guest"))?;
        let (spec, events) = (path("spec.json"), path("events.jsonl"));
        let cell = CellSpec {
            protocol: PROTOCOL,
            module,
            glue,
            observation: events.clone(),
            mode: plan.runtime.mode().to_owned(),
            compiled: compiled_dir(lab, plan),
            entry: entry(run, &ports),
            args: std::iter::once(format!("{}.wasm", plan.scenario.name))
                .chain(run.args.iter().map(|arg| ports::fill_in(arg, &ports)))
                .collect(),
            env: run.env.iter().map(|(name, value)| (name.clone(), ports::fill_in(value, &ports))).collect(),
            dirs,
            sockets: preopened,
            ports: ports.values().copied().collect(),
            network: run.network,
            host_functions: run.host_functions.clone(),
            memory_limit: plan.limits.linear_memory,
        };
        fs::write(&spec, serde_json::to_vec(&cell)?)?;
        let mut env: BTreeMap<OsString, OsString> = BTreeMap::new();
        env.insert("PATH".into(), std::env::var_os("PATH").unwrap_or_default());
        env.insert("HOME".into(), path("home").into());
        env.insert("TMPDIR".into(), path("work").into());
        env.insert("LANG".into(), "C.UTF-8".into());
        env.insert("NO_COLOR".into(), "1".into());
        let (name, value) = door.variable();
        env.insert(name.into(), value.into());
        Ok(Self { spec, cell, events, env, sockets, ports, door, root })
    }

    /// The ports that steps use, of sockets and of ports alike.
    fn by_name(&self) -> BTreeMap<String, u16> {
        let port = |l: &TcpListener| l.local_addr().map_or(0, |a| a.port());
        let sockets = self.sockets.iter().map(|(name, listener)| (name.clone(), port(listener)));
        sockets.chain(self.ports.clone()).collect()
    }

    fn inherited(&self) -> Vec<i32> {
        self.sockets.iter().map(|(_, listener)| raw_fd(listener)).collect()
    }
}

/// Compiled code belongs to one module, one engine binary and one mode.
fn compiled_dir(lab: &Lab, plan: &Plan) -> Option<PathBuf> {
    let key = Key::of("compiled", &(plan.guest, &plan.tool.fingerprint, plan.runtime.mode()));
    let dir = lab.cache.compiled(&key);
    // Without the folder the engine compiles anew; that is no fault of the cell.
    fs::create_dir_all(&dir).is_ok().then_some(dir)
}

/// The module, and the glue that loads it. Where there are companions, all stand in a folder of the cell
/// under the names that the compiler gave them: the glue looks for its module there.
fn guest_files(lab: &Lab, plan: &Plan, dir: &Path) -> io::Result<(PathBuf, Option<PathBuf>)> {
    let object = lab.cache.object(plan.guest);
    let build = &plan.scenario.spec.build;
    let (Some(glue), Some(artifact)) = (build.companions.first(), &build.artifact) else { return Ok((object, None)) };
    let files = plan.companions.iter().map(|(name, hash)| (name, lab.cache.object(hash)));
    for (name, from) in files.chain([(artifact, object.clone())]) {
        let to = dir.join(name);
        fs::create_dir_all(to.parent().unwrap_or(dir))?;
        // Never a link: what a guest writes to must not be the cache's own.
        fs::copy(from, to)?;
    }
    Ok((dir.join(artifact), plan.companions.contains_key(glue).then(|| dir.join(glue))))
}

fn entry(run: &Run, ports: &BTreeMap<String, u16>) -> Entry {
    match run.entry {
        EntryKind::Command => Entry::Command,
        EntryKind::Http => {
            let port = run.port.first().and_then(|p| ports.get(&p.name)).copied().unwrap_or_default();
            Entry::Http { port }
        }
        EntryKind::Calls => {
            Entry::Calls(run.call.iter().map(|c| Call { export: c.export.clone(), args: c.args.clone() }).collect())
        }
    }
}

fn make_dirs(run: &Run, below: &Path) -> io::Result<Vec<PreopenedDir>> {
    let mut dirs = Vec::new();
    for (index, dir) in run.dir.iter().enumerate() {
        let host = match &dir.host {
            Some(host) => host.clone(),
            None => below.join(index.to_string()),
        };
        if dir.host.is_none() {
            fs::create_dir(&host)?;
        }
        for (path, text) in &dir.files {
            let path = host.join(path);
            fs::create_dir_all(path.parent().unwrap_or(&host))?;
            fs::write(path, text)?;
        }
        #[cfg(unix)]
        for (path, target) in &dir.links {
            std::os::unix::fs::symlink(target, host.join(path))?;
        }
        dirs.push(PreopenedDir { host, guest: dir.guest.clone() });
    }
    Ok(dirs)
}

fn preopened(listener: &TcpListener) -> io::Result<PreopenedSocket> {
    Ok(PreopenedSocket { fd: raw_fd(listener), address: listener.local_addr()?.to_string() })
}

#[cfg(unix)]
fn raw_fd(listener: &TcpListener) -> i32 {
    std::os::fd::AsRawFd::as_raw_fd(listener)
}

/// Descriptors are not inherited there: the engine says that it cannot give the guest a socket.
#[cfg(not(unix))]
fn raw_fd(_: &TcpListener) -> i32 {
    -1
}

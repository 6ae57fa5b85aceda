//! A cell's private directory: its specification, its directories, sockets, ports and bait.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use wasmlab_protocol::{Call, CellSpec, Entry, PROTOCOL, PreopenedDir, PreopenedSocket};

use super::Plan;
use super::dirs::{self, Laid};
use super::folder::Folder;
use super::serve::Servers;
use super::trap_door::TrapDoor;
use super::{ports, repro};
use crate::cache::Key;
use crate::lab::Lab;
use wasmlab_model::scenario::{EntryKind, Run};
use wasmlab_process::{self as process, Command, Input};

/// Between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_millis(200);

/// A cell's own directory and what is in it.
pub struct Place {
    root: Folder,
    /// The specification's file.
    pub spec: PathBuf,
    /// The specification.
    pub cell: CellSpec,
    /// Where an engine reports.
    pub events: PathBuf,
    env: BTreeMap<OsString, OsString>,
    /// The guest's listening sockets; a process that was started has its own copies.
    pub sockets: Vec<(String, TcpListener)>,
    /// Ports by name, those of the servers too.
    pub ports: BTreeMap<String, u16>,
    /// What the lab serves to the guest.
    pub servers: Servers,
    /// The bait.
    pub door: TrapDoor,
}

impl Place {
    /// Makes the directory, and all that is in it.
    pub fn make(lab: &Lab, plan: &Plan) -> io::Result<Self> {
        let run = &plan.scenario.spec.run;
        let root = Folder::make()?;
        let path = |name: &str| root.path().join(name);
        for dir in ["work", "home", "dirs"] {
            fs::create_dir(path(dir))?;
        }
        let door = TrapDoor::set(&path("dirs"), run.dir.iter().all(|d| d.host.is_none()))?;
        let mut sockets = Vec::new();
        for socket in &run.socket {
            sockets.push((socket.name.clone(), TcpListener::bind(("127.0.0.1", 0))?));
        }
        let preopened = sockets.iter().map(|(_, listener)| preopened(listener)).collect::<io::Result<Vec<_>>>()?;
        let mut ports = BTreeMap::new();
        for port in &run.port {
            ports.insert(port.name.clone(), port.number.map_or_else(ports::free, Ok)?);
        }
        let servers = Servers::start(&run.server)?;
        let served: BTreeMap<String, u16> = servers.ports().collect();
        let known = both(&ports, &served);
        let dirs = dirs::lay(Laid { scenario: plan.scenario, ports: &known }, &path("dirs"))?;
        let (module, glue) = guest_files(lab, plan, &path("guest"))?;
        let (spec, events) = (path("spec.json"), path("events.jsonl"));
        let compiled = compiled_dir(lab, plan);
        let here = Here { module, glue, observation: events.clone(), compiled, dirs, sockets: preopened };
        let cell = specification(plan, here, &ports, &served);
        fs::write(&spec, serde_json::to_vec(&cell)?)?;
        let mut env: BTreeMap<OsString, OsString> = BTreeMap::new();
        env.insert("PATH".into(), std::env::var_os("PATH").unwrap_or_default());
        env.insert("HOME".into(), path("home").into());
        env.insert("TMPDIR".into(), path("work").into());
        env.insert("LANG".into(), "C.UTF-8".into());
        env.insert("NO_COLOR".into(), "1".into());
        let (name, value) = door.variable();
        env.insert(name.into(), value.into());
        Ok(Self { spec, cell, events, env, sockets, ports: known, servers, door, root })
    }

    /// Leaves the directory behind.
    pub fn stays(&mut self) {
        self.root.stays();
    }

    /// The ports that steps use, of sockets and of ports alike.
    pub fn by_name(&self) -> BTreeMap<String, u16> {
        let port = |l: &TcpListener| l.local_addr().map_or(0, |a| a.port());
        let sockets = self.sockets.iter().map(|(name, listener)| (name.clone(), port(listener)));
        sockets.chain(self.ports.clone()).collect()
    }

    /// A process of the cell.
    pub fn process(&self, plan: &Plan, argv: &[OsString], stdin: Input, wall: Duration) -> Command {
        let mut env = self.env.clone();
        env.extend((plan.runtime.env)(plan.tool).into_iter().map(|(name, value)| (name.into(), value)));
        Command {
            program: argv.first().cloned().unwrap_or_default().into(),
            args: argv.iter().skip(1).cloned().collect(),
            env,
            cwd: self.root.path().join("work"),
            stdin,
            inherit: self.inherited(),
            limits: process::Limits {
                wall,
                grace: GRACE,
                output: plan.limits.output,
                memory: plan.limits.resident,
                file: plan.limits.file,
            },
        }
    }

    /// The folder of what [`wasmlab_runtimes::Runtime::prepare`] makes: kept between runs where that is possible.
    pub fn prepared(&self) -> PathBuf {
        self.cell.compiled.as_deref().unwrap_or(self.root.path()).join("prepared")
    }

    fn inherited(&self) -> Vec<i32> {
        self.sockets.iter().map(|(_, listener)| raw_fd(listener)).collect()
    }
}

/// What of a specification is another one in each cell.
pub struct Here {
    pub module: PathBuf,
    pub glue: Option<PathBuf>,
    pub observation: PathBuf,
    pub compiled: Option<PathBuf>,
    pub dirs: Vec<PreopenedDir>,
    pub sockets: Vec<PreopenedSocket>,
}

/// The specification of a cell at that place: `ports` are the guest's to listen on, `served` those of the servers
/// that it may ask.
pub fn specification(
    plan: &Plan,
    here: Here,
    ports: &BTreeMap<String, u16>,
    served: &BTreeMap<String, u16>,
) -> CellSpec {
    let run = &plan.scenario.spec.run;
    let known = both(ports, served);
    CellSpec {
        protocol: PROTOCOL,
        module: here.module,
        glue: here.glue,
        observation: here.observation,
        mode: plan.runtime.mode().to_owned(),
        compiled: here.compiled,
        entry: entry(run, ports),
        args: std::iter::once(format!("{}.wasm", plan.scenario.name))
            .chain(run.args.iter().map(|arg| ports::fill_in(arg, &known)))
            .collect(),
        env: run.env.iter().map(|(name, value)| (name.clone(), ports::fill_in(value, &known))).collect(),
        dirs: here.dirs,
        sockets: here.sockets,
        ports: ports.values().copied().collect(),
        connect_ports: served.values().copied().collect(),
        network: run.network,
        host_functions: run.host_functions.clone(),
        memory_limit: plan.limits.linear_memory,
    }
}

/// The guest's ports and those of the servers: names are of one kind only.
fn both(ports: &BTreeMap<String, u16>, served: &BTreeMap<String, u16>) -> BTreeMap<String, u16> {
    ports.iter().chain(served).map(|(name, port)| (name.clone(), *port)).collect()
}

/// Compiled code belongs to one module, one engine binary and one mode, and to the switches that it was made with.
fn compiled_dir(lab: &Lab, plan: &Plan) -> Option<PathBuf> {
    let key = Key::of("compiled", &(plan.guest, &plan.tool.fingerprint, plan.runtime.mode(), repro::translation(plan)));
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

pub fn entry(run: &Run, ports: &BTreeMap<String, u16>) -> Entry {
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

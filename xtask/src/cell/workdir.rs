//! A cell's private directory: its files, its preopened directories, sockets, ports, servers and canary.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use wasmlab_model::observation::ProcessRole;
use wasmlab_model::scenario::{Dir, Port, Run, Scenario, Socket};
use wasmlab_process::{self as process, Command, Directory, Input};
use wasmlab_protocol::browser_start::PORTS_VARIABLE;
use wasmlab_protocol::{CellSpec, PreopenedSocket};
use wasmlab_runtimes::Source;

use super::Retention;
use super::canary::Canary;
use super::plan::{CellPaths, CellPlan, CellPorts};
use super::ports;
use super::preopens::{self, Contents};
use super::sandbox;
use super::server::Servers;
use super::shared_browser::SharedBrowser;
use super::stage_limits::EventChannel;
use super::temp_dir::TempDir;
use crate::lab::Lab;

/// Time between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_millis(200);

/// A cell's private directory and everything in it.
pub struct Workdir {
    root: TempDir,
    /// Paths of its files.
    pub paths: CellPaths,
    /// The specification, which is also in [`CellPaths::spec`].
    pub spec: CellSpec,
    /// The directories of [`CellPaths::dirs`], opened before the guest started.
    pub opened_dirs: Vec<Directory>,
    /// When the lab had filled these directories.
    pub filled: SystemTime,
    env: BTreeMap<OsString, OsString>,
    /// The guest's listening sockets; a started process has its own copies.
    pub sockets: Vec<(String, TcpListener)>,
    /// Ports by name, including those of the test servers.
    pub ports: BTreeMap<String, u16>,
    /// Ports between a driver and its browser.
    pub driver_ports: Vec<u16>,
    /// Where its engines write events.
    pub event_channel: EventChannel,
    /// The lab's test servers.
    pub servers: Servers,
    /// Canaries that the guest must neither read nor change.
    pub canary: Canary,
}

/// The file for events, in the folder in which the guest runs, where there is no channel.
pub const EVENTS: &str = "events.jsonl";

impl Workdir {
    /// Creates the directory and everything in it. With `keep.keep_workdir`, it is not removed.
    ///
    /// # Errors
    /// If the temporary folder cannot be written, or no port is free.
    pub fn create(
        lab: &Lab,
        plan: &CellPlan,
        keep: Retention,
        browser: Option<&mut SharedBrowser>,
    ) -> io::Result<Self> {
        let run = &plan.scenario.spec.run;
        let root = TempDir::with_folders(keep.keep_workdir, &["work", "home", "dirs"])?;
        let path = |name: &str| root.path().join(name);
        let canary = Canary::create(&path("dirs"), has_only_lab_files(plan.scenario))?;
        let sockets = listening_sockets(run)?;
        let servers = Servers::start(&run.server)?;
        let ports = CellPorts { listen: listening_ports(run)?, servers: servers.ports().collect() };
        let known = ports.all();
        let dirs = preopens::populate(Contents { scenario: plan.scenario, ports: &known }, &path("dirs"))?;
        let opened_dirs = preopens::open(&dirs)?;
        let filled = SystemTime::now();
        if plan.runtime.dirs_keep_host_paths {
            preopens::link_by_name(&dirs, &path("work"))?;
        }
        let (module, glue) = guest_files(lab, plan, &path("guest"))?;
        let compiled = compiled_dir(lab, plan, glue.is_some());
        let prepared = compiled.as_deref().unwrap_or(root.path()).join("prepared");
        let reports = EventChannel::new(&path("work").join(EVENTS))?;
        let mut paths = CellPaths {
            spec: path("spec.json"),
            module,
            glue,
            events: reports.path(),
            precompiling: temporary_path(&prepared),
            precompiled: prepared,
            code_cache: compiled,
            dirs,
            sockets: sockets.iter().map(|(_, listener)| preopened(listener)).collect::<io::Result<_>>()?,
        };
        let spec = plan.spec(&paths, &ports);
        if keep.recompile && plan.commands(&paths, &spec).precompile.is_some() {
            paths.precompiled = path("prepared");
            paths.precompiling = temporary_path(&paths.precompiled);
        }
        fs::write(&paths.spec, serde_json::to_vec(&spec)?)?;
        let mut env = environment(root.path(), plan);
        let (name, value) = canary.variable();
        env.insert(name.into(), value.into());
        let driver_ports = driver_ports(plan, browser, &mut env)?;
        Ok(Self {
            root,
            paths,
            spec,
            opened_dirs,
            filled,
            env,
            sockets,
            ports: known,
            driver_ports,
            event_channel: reports,
            servers,
            canary,
        })
    }

    /// Lets the specification name a file for the events, for a user who repeats the command: the channel of this run
    /// ends with it.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn detach_events(&self) -> io::Result<()> {
        let spec = CellSpec { events: self.path().join("work").join(EVENTS), ..self.spec.clone() };
        fs::write(&self.paths.spec, serde_json::to_vec(&spec)?)
    }

    /// The ports that steps use: those of sockets and of ports.
    pub fn client_ports(&self) -> BTreeMap<String, u16> {
        let port = |l: &TcpListener| l.local_addr().map_or(0, |a| a.port());
        let sockets = self.sockets.iter().map(|(name, listener)| (name.clone(), port(listener)));
        sockets.chain(self.ports.clone()).collect()
    }

    /// Path of the directory.
    pub fn path(&self) -> &Path {
        self.root.path()
    }

    /// Environment of the cell's processes.
    pub fn env(&self) -> &BTreeMap<OsString, OsString> {
        &self.env
    }

    /// A process of the cell, ready to start.
    pub fn process(
        &self,
        plan: &CellPlan,
        role: ProcessRole,
        argv: &[OsString],
        stdin: Input,
        wall: Duration,
    ) -> Command {
        Command {
            program: argv.first().cloned().unwrap_or_default().into(),
            args: argv.iter().skip(1).cloned().collect(),
            env: self.env.clone(),
            cwd: self.root.path().join("work"),
            stdin,
            inherit: self.sockets.iter().map(|(_, listener)| raw_fd(listener)).collect(),
            limits: process_limits(plan, wall),
            sandbox: sandbox::for_process(plan, self, role, argv),
            report: self.event_channel.pipe(),
        }
    }
}

/// The listening sockets that the guest gets open.
fn listening_sockets(run: &Run) -> io::Result<Vec<(String, TcpListener)>> {
    let bound = |socket: &Socket| Ok((socket.name.clone(), TcpListener::bind(("127.0.0.1", 0))?));
    run.socket.iter().map(bound).collect()
}

/// The ports on which the guest is to listen.
fn listening_ports(run: &Run) -> io::Result<BTreeMap<String, u16>> {
    let number = |port: &Port| Ok((port.name.clone(), port.number.map_or_else(ports::free, Ok)?));
    run.port.iter().map(number).collect()
}

/// The limits of a process of the cell.
pub fn process_limits(plan: &CellPlan, wall: Duration) -> process::Limits {
    let limits = &plan.limits;
    process::Limits { wall, grace: GRACE, output: limits.output, memory: limits.resident, file: limits.file }
}

/// Environment of processes that have this folder.
pub fn environment(root: &Path, plan: &CellPlan) -> BTreeMap<OsString, OsString> {
    let mut env: BTreeMap<OsString, OsString> = BTreeMap::new();
    env.insert("PATH".into(), std::env::var_os("PATH").unwrap_or_default());
    env.insert("HOME".into(), root.join("home").into());
    env.insert("TMPDIR".into(), root.join("work").into());
    env.insert("LANG".into(), "C.UTF-8".into());
    env.insert("NO_COLOR".into(), "1".into());
    env.extend((plan.runtime.env)(plan.tool).into_iter().map(|(name, value)| (name.into(), value)));
    env
}

/// Ports for the browser driver, which serves a page and talks to its browser; adds the variables that name them to
/// `env`. Other drivers need no ports.
fn driver_ports(
    plan: &CellPlan,
    browser: Option<&mut SharedBrowser>,
    env: &mut BTreeMap<OsString, OsString>,
) -> io::Result<Vec<u16>> {
    let [page, protocol] = match browser {
        Some(browser) => {
            env.extend(browser.env());
            browser.next_ports().ok_or_else(|| io::Error::other("the browser has no port left"))?
        }
        None if matches!(plan.runtime.source, Source::Driver { driver: "browser", .. }) => {
            [ports::free()?, ports::free()?]
        }
        None => return Ok(Vec::new()),
    };
    env.insert(PORTS_VARIABLE.into(), format!("{page},{protocol}").into());
    Ok(vec![page, protocol])
}

/// Path to build at before moving the result into place, so that an incomplete result is never used.
fn temporary_path(prepared: &Path) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    prepared.with_file_name(format!("prepared.{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)))
}

/// Whether the lab wrote the guest and all its files, so that their text in the output is evidence.
fn has_only_lab_files(scenario: &Scenario) -> bool {
    let is_of_user = |dir: &Dir| dir.host.is_some() || dir.template.is_some();
    scenario.has_lab_guest() && !scenario.spec.run.dir.iter().any(is_of_user)
}

/// The folder for cached compiled code. Without it the engine compiles again; the cell does not fail. A guest with glue
/// gets none: glue is JavaScript with the rights of its runtime, and later cells must not run what it could write.
fn compiled_dir(lab: &Lab, plan: &CellPlan, has_glue: bool) -> Option<PathBuf> {
    if has_glue && plan.runtime.runs_glue() {
        return None;
    }
    let dir = lab.cache.compiled(&plan.code_cache_key());
    fs::create_dir_all(&dir).is_ok().then_some(dir)
}

/// The module, and the glue that loads it. If there are companion files, all of them are in one folder under the names
/// the compiler gave them, because the glue looks for its module there.
fn guest_files(lab: &Lab, plan: &CellPlan, dir: &Path) -> io::Result<(PathBuf, Option<PathBuf>)> {
    let object = lab.cache.object(plan.guest);
    let build = &plan.scenario.spec.build;
    let (Some(glue), Some(artifact)) = (build.companions.first(), &build.artifact) else { return Ok((object, None)) };
    let files = plan.companions.iter().map(|(name, hash)| (name, lab.cache.object(hash)));
    for (name, from) in files.chain([(artifact, object.clone())]) {
        let to = dir.join(name);
        fs::create_dir_all(to.parent().unwrap_or(dir))?;
        // A copy, not a link: a guest must not be able to write to the file in the cache.
        fs::copy(from, to)?;
    }
    Ok((dir.join(artifact), plan.companions.contains_key(glue).then(|| dir.join(glue))))
}

fn preopened(listener: &TcpListener) -> io::Result<PreopenedSocket> {
    Ok(PreopenedSocket { fd: raw_fd(listener), address: listener.local_addr()?.to_string() })
}

#[cfg(unix)]
fn raw_fd(listener: &TcpListener) -> i32 {
    std::os::fd::AsRawFd::as_raw_fd(listener)
}

/// Descriptors are not inherited on this system; the engine reports that it cannot give the guest a socket.
#[cfg(not(unix))]
fn raw_fd(_: &TcpListener) -> i32 {
    -1
}

//! Processes that do the work of several probes, one after the other: a JavaScript host takes longer to start than to run
//! a small module, and jco takes longer to load than to transpile a small component.
//!
//! A script with `--session` takes a job for each line on its stdin, and prints a line when it is done. A result counts
//! only if the guest ended by itself: whatever else happened may be due to an earlier probe, so the process is ended and
//! the caller runs the probe in a process of its own.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wasmlab_model::observation::{Observation, Outcome, ProcessRole};
use wasmlab_process::{self as process, Input, OutputStream, Running};
use wasmlab_protocol::Event;
use wasmlab_runtimes::HostLayer;

use super::plan::{CellPlan, CellPorts};
use super::processes::to_text;
use super::workdir::Workdir;
use super::{Retention, precompiled, shared_browser, stage_limits};
use crate::lab::Lab;
use crate::store::files;

/// Time limit of a session.
const LIFETIME: Duration = Duration::from_secs(3_600);
/// Time limit for events that were written before the line that says that a job is done.
const EVENTS_LIMIT: Duration = Duration::from_secs(1);
/// After this many sessions that ended early, each probe has processes of its own.
const MAX_FAILURES: usize = 5;

/// The sessions of a column: one process that transpiles components, and one that runs guests.
#[derive(Default)]
pub struct Sessions {
    transpiling: Option<Session>,
    running: Option<Session>,
    failures: usize,
    conclusive: usize,
}

impl Sessions {
    /// Runs the guest in a session; `None` if it needs a process of its own. A component may then be transpiled already.
    pub fn observe(&mut self, lab: &Lab, plan: &CellPlan) -> Option<Observation> {
        if self.failures >= MAX_FAILURES || !plan.switches.is_empty() {
            return None;
        }
        let component = match plan.runtime.host_layer {
            HostLayer::Jco => Some(self.transpile(lab, plan)?),
            _ => None,
        };
        if !plan.runtime.has_sessions {
            return None;
        }
        let session = take(&mut self.running, || Session::running(lab, plan));
        let found = session.and_then(|session| session.run(lab, plan, component.as_deref()));
        let conclusive = found.ok().filter(|seen| shared_browser::is_conclusive(plan, seen));
        match conclusive {
            Some(_) => self.conclusive += 1,
            None => {
                self.failures += 1;
                self.running = None;
            }
        }
        conclusive
    }

    /// How many guests a session ran, and ended by themselves.
    #[must_use]
    pub fn conclusive(&self) -> usize {
        self.conclusive
    }

    /// Transpiles a component, unless an earlier cell did; returns the folder with the result.
    fn transpile(&mut self, lab: &Lab, plan: &CellPlan) -> Option<PathBuf> {
        let kept = lab.cache.compiled(&plan.code_cache_key()).join("prepared");
        if precompiled::is_intact(lab, plan, &kept) {
            return Some(kept);
        }
        let session = take(&mut self.transpiling, || Session::transpiling(lab, plan));
        match session.and_then(|session| session.transpile(lab, plan, &kept)) {
            Ok(true) => Some(kept),
            // What jco refuses is not the session's failure; a process of its own will tell more.
            Ok(false) => None,
            // A late answer must not be taken for that of the next job.
            Err(_) => {
                self.failures += 1;
                self.transpiling = None;
                None
            }
        }
    }
}

/// The session in this place, started if there is none.
fn take(place: &mut Option<Session>, start: impl FnOnce() -> io::Result<Session>) -> io::Result<&mut Session> {
    let session = match place.take().filter(|session| !session.is_over()) {
        Some(session) => session,
        None => start()?,
    };
    Ok(place.insert(session))
}

/// A running process that takes jobs.
struct Session {
    /// Ends the process when dropped, before its folders are removed.
    running: Running,
    argv: Vec<OsString>,
    workdir: Workdir,
    /// The folder that it transpiles into, in the cache.
    into: Option<TempDir>,
    /// Number of jobs, and how many bytes of its stdout and of its events belong to them.
    jobs: usize,
    stdout_read: usize,
    events_read: usize,
}

impl Session {
    /// A process that runs guests.
    fn running(lab: &Lab, plan: &CellPlan) -> io::Result<Self> {
        Self::start(lab, plan, ProcessRole::Guest, None)
    }

    /// A process that transpiles components.
    fn transpiling(lab: &Lab, plan: &CellPlan) -> io::Result<Self> {
        let beside = lab.cache.compiled(&plan.code_cache_key());
        let parent = beside.parent().unwrap_or(&beside);
        fs::create_dir_all(parent)?;
        let into = tempfile::Builder::new().prefix("session-").tempdir_in(parent)?;
        Self::start(lab, plan, ProcessRole::Precompile, Some(into))
    }

    /// Starts a process whose module, specification and folders are at the same paths for each job.
    fn start(lab: &Lab, plan: &CellPlan, role: ProcessRole, into: Option<TempDir>) -> io::Result<Self> {
        let mut workdir = Workdir::create(lab, plan, Retention::default(), None)?;
        workdir.paths.module = workdir.path().join("module.wasm");
        // Compiled code belongs to a single module.
        workdir.paths.code_cache = None;
        workdir.paths.precompiled = workdir.path().join("components");
        workdir.paths.precompiling = into.as_ref().map_or_else(PathBuf::new, |into| into.path().to_owned());
        fs::create_dir(&workdir.paths.precompiled)?;
        workdir.spec = plan.spec(&workdir.paths, &CellPorts::default());
        let commands = plan.commands(&workdir.paths, &workdir.spec);
        let command =
            if role == ProcessRole::Precompile { commands.precompile } else { commands.run.into_iter().next() };
        let mut argv = command.ok_or_else(|| io::Error::other("the column has no such process"))?;
        argv.push("--session".into());
        let command = workdir.process(plan, role, &argv, Input::Piped, LIFETIME);
        let running = process::start(&command, None)?;
        Ok(Self { running, argv, workdir, into, jobs: 0, stdout_read: 0, events_read: 0 })
    }

    fn is_over(&self) -> bool {
        self.running.wait_end(Duration::ZERO)
    }

    /// Writes the files of the next job, and returns its name.
    fn prepare(&mut self, lab: &Lab, plan: &CellPlan) -> io::Result<String> {
        let paths = &self.workdir.paths;
        fs::copy(lab.cache.object(plan.guest), &paths.module)?;
        fs::write(&paths.spec, serde_json::to_vec(&plan.spec(paths, &CellPorts::default()))?)?;
        self.jobs += 1;
        Ok(self.jobs.to_string())
    }

    /// Gives the process a job, and returns the line that it answers.
    fn ask(&mut self, line: &str, limit: Duration) -> io::Result<String> {
        self.running.write(format!("{line}\n").as_bytes());
        let answer = self.running.wait_bytes(OutputStream::Stdout, self.stdout_read, None, limit);
        self.stdout_read += answer.len();
        match String::from_utf8_lossy(&answer).strip_suffix('\n') {
            Some(answer) => Ok(answer.to_owned()),
            None => Err(io::Error::other("the session ended, or took too long")),
        }
    }

    /// Runs the guest; `component` is the folder that jco made of it.
    fn run(&mut self, lab: &Lab, plan: &CellPlan, component: Option<&Path>) -> io::Result<Observation> {
        let name = self.prepare(lab, plan)?;
        if let Some(from) = component {
            files::copy_folder(from, &self.workdir.paths.precompiled.join(&name), &[])?;
        }
        let limit = Duration::from_millis(plan.limits.compile_ms) + plan.run_limit();
        self.ask(&name, limit)?;
        let began = Instant::now();
        let events = loop {
            let text = self.workdir.event_channel.since(self.events_read);
            let events = stage_limits::events(&text);
            if matches!(events.last(), Some(Event::End { .. })) {
                self.events_read += text.len();
                break events;
            }
            if began.elapsed() > EVENTS_LIMIT {
                return Err(io::Error::other("the session reported no end"));
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        let argv = to_text(&self.argv);
        Ok(Observation { events, argv, outcome: Outcome::Exited(0), ..Observation::not_started() })
    }

    /// Transpiles the component into this folder; `false` if jco refuses it.
    fn transpile(&mut self, lab: &Lab, plan: &CellPlan, kept: &Path) -> io::Result<bool> {
        let name = self.prepare(lab, plan)?;
        let answer = self.ask(&name, Duration::from_millis(plan.limits.compile_ms))?;
        let Some(into) = self.into.as_ref().filter(|_| answer == "done") else { return Ok(false) };
        fs::create_dir_all(kept.parent().unwrap_or(kept))?;
        precompiled::keep(lab, plan, &into.path().join(&name), kept)?;
        Ok(true)
    }
}

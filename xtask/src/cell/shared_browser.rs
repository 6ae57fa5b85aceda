//! Browsers that several cells use, one after the other, because starting one takes longer than the cell.
//!
//! Each cell has a context of its own, and its driver's limits. A result counts only if the guest ended by itself:
//! whatever else happened (a limit, a crash, an error) may be due to an earlier page, so the browser is ended and the
//! cell runs again in a browser of its own. The first cell of a column always does, so that it shows what the column
//! costs: a shared browser's time and memory belong to no single cell.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use wasmlab_model::observation::{Observation, Outcome};
use wasmlab_process::{self as process, Command, Input, OutputStream, Running};
use wasmlab_protocol::browser_start::{BROWSER_VARIABLE, PORTS_VARIABLE};
use wasmlab_protocol::{Cause, Network};

use super::plan::CellPlan;
use super::temp_dir::TempDir;
use super::{ports, sandbox, workdir};

/// Number of cells that a browser serves; each has a port of its own, because the browser is limited to a list of
/// ports.
const CELLS: usize = 64;
/// Time limit for a browser to start.
const START_LIMIT: Duration = Duration::from_secs(60);
/// Time limit of a browser.
const LIFETIME: Duration = Duration::from_secs(3_600);
/// After this many browsers that did not start, each cell has its own.
const MAX_FAILURES: usize = 2;

/// The browsers that no cell uses at the moment. Dropping it ends them.
#[derive(Debug, Default)]
pub struct SharedBrowsers(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    idle: Vec<SharedBrowser>,
    /// Columns that have already run a cell in a browser of its own.
    columns: BTreeSet<String>,
    failures: usize,
}

/// A running browser.
#[derive(Debug)]
pub struct SharedBrowser {
    /// Ends the browser when dropped, before its folder is removed.
    running: Running,
    _dir: TempDir,
    /// The browser, as started by this driver.
    programs: [PathBuf; 2],
    /// The address of its protocol, and its port.
    address: String,
    port: u16,
    /// Ports for the pages of later cells.
    page_ports: Vec<u16>,
}

impl SharedBrowsers {
    /// A browser for this cell; `None` if the cell must have its own.
    pub fn take(&self, plan: &CellPlan) -> Option<SharedBrowser> {
        if !is_suitable(plan) {
            return None;
        }
        let programs = [plan.tool.program.clone(), plan.tool.driven_program.clone()];
        {
            let mut state = self.lock();
            if state.columns.insert(plan.runtime.id().to_owned()) || state.failures >= MAX_FAILURES {
                return None;
            }
            let fits = |browser: &SharedBrowser| browser.programs == programs && !browser.page_ports.is_empty();
            state.idle.retain(|browser| !browser.running.wait_end(Duration::ZERO));
            if let Some(index) = state.idle.iter().position(fits) {
                return Some(state.idle.swap_remove(index));
            }
        }
        let started = SharedBrowser::start(plan, programs);
        if started.is_err() {
            // The cell's own browser will report the reason.
            self.lock().failures += 1;
        }
        started.ok()
    }

    /// Keeps the browser for later cells.
    pub fn give_back(&self, browser: SharedBrowser) {
        self.lock().idle.push(browser);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SharedBrowser {
    fn start(plan: &CellPlan, programs: [PathBuf; 2]) -> io::Result<Self> {
        let dir = TempDir::with_folders(false, &["work", "home", "profile"])?;
        let port = ports::free()?;
        let page_ports = (0..CELLS).map(|_| ports::free()).collect::<io::Result<Vec<u16>>>()?;
        let mut env = workdir::environment(dir.path(), plan);
        env.insert(PORTS_VARIABLE.into(), format!("0,{port}").into());
        let [driver, browser] = &programs;
        let fixed = ["host".into(), browser.into(), dir.path().join("profile").into()];
        let args = fixed.into_iter().chain(page_ports.iter().map(|port| port.to_string().into()));
        let command = Command {
            program: driver.clone(),
            args: args.collect(),
            env,
            cwd: dir.path().join("work"),
            stdin: Input::Bytes(Vec::new()),
            inherit: Vec::new(),
            limits: workdir::process_limits(plan, LIFETIME),
            sandbox: sandbox::for_browser(plan, dir.path(), port, &page_ports),
            report: None,
        };
        let running = process::start(&command, None)?;
        let began = Instant::now();
        let line = loop {
            let text = String::from_utf8_lossy(&running.since(OutputStream::Stdout, 0)).into_owned();
            if let Some((line, _)) = text.split_once('\n') {
                break line.to_owned();
            }
            if running.wait_end(Duration::from_millis(5)) || began.elapsed() > START_LIMIT {
                return Err(io::Error::other("the browser did not start"));
            }
        };
        Ok(Self { running, _dir: dir, programs, address: line, port, page_ports })
    }

    /// The ports of the next cell: that of its page, and that of the browser's protocol.
    pub fn next_ports(&mut self) -> Option<[u16; 2]> {
        Some([self.page_ports.pop()?, self.port])
    }

    /// Additional variables for a driver's environment.
    pub fn env(&self) -> BTreeMap<OsString, OsString> {
        [(BROWSER_VARIABLE.into(), self.address.clone().into())].into()
    }
}

/// Whether the cell consists of a page only: no network, no ports, no switches.
fn is_suitable(plan: &CellPlan) -> bool {
    let run = &plan.scenario.spec.run;
    plan.runtime.shares_program
        && plan.switches.is_empty()
        && run.network == Network::None
        && !run.own_loopback
        && (run.port.is_empty() && run.socket.is_empty() && run.server.is_empty())
}

/// Whether the guest ended by itself, and the lab saw it.
pub fn is_conclusive(plan: &CellPlan, seen: &Observation) -> bool {
    let ended = match plan.progress(seen).cause {
        None | Some(Cause::EngineError { .. } | Cause::HostError { .. } | Cause::ResourceLimit { .. }) => false,
        Some(_) => true,
    };
    ended && seen.outcome == Outcome::Exited(0) && seen.escapes.is_empty()
}

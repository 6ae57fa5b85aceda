//! Runs one cell in four stages: plan (pure), workdir, processes, observation.
//!
//! No stage goes back to an earlier one: the plan touches no files, the workdir starts nothing, the processes judge
//! nothing, and the observation only combines their results.

use std::io;
use std::path::Path;

use jiff::Timestamp;
use wasmlab_model::observation::Observation;

use self::shared_browser::SharedBrowser;
use crate::lab::Lab;

mod call_types;
mod canary;
pub mod client;
mod disk_limit;
mod disk_space;
mod observation;
mod plan;
mod ports;
mod precompiled;
mod preopens;
mod process_events;
mod processes;
mod reproduction;
pub mod sandbox;
mod server;
mod session;
mod shared_browser;
mod stage_limits;
pub mod temp_dir;
mod workdir;

pub use plan::{CellPlan, Limits};
pub use process_events::{OutputSink, ProcessEvent};
pub use reproduction::{PYTHON_PACKAGES, Reproduction, VARIABLES as REPRODUCTION_VARIABLES, reproduce};
pub use session::Sessions;
pub use shared_browser::SharedBrowsers;
pub use temp_dir::TempDir;
pub use workdir::EVENTS;

/// Data that a finished cell leaves in the cache or reuses from earlier cells.
#[derive(Clone, Copy, Debug, Default)]
pub struct Retention<'a> {
    /// Keep its folder, so that the user can run its commands again.
    pub keep_workdir: bool,
    /// Copy the guest's directories to this folder after the run.
    pub copy_dirs_to: Option<&'a Path>,
    /// Do not reuse code that was compiled for an earlier cell.
    pub recompile: bool,
}

/// Runs the cell and returns the observation. `sink` receives each process's events as they happen.
///
/// # Errors
/// If the lab itself fails: the temporary folder cannot be written, or no port is free.
pub fn observe(lab: &Lab, plan: &CellPlan, sink: Option<OutputSink>, keep: Retention) -> io::Result<Observation> {
    // A run that the user follows, or whose folder is kept, must be one that can be repeated.
    if sink.is_none()
        && !keep.keep_workdir
        && let Some(mut browser) = lab.browsers.take(plan)
        && let Ok(seen) = run(lab, plan, None, keep, Some(&mut browser))
        && shared_browser::is_conclusive(plan, &seen)
    {
        lab.browsers.give_back(browser);
        return Ok(Observation { wall_micros: 0, cpu_micros: 0, peak_rss_bytes: 0, ..seen });
    }
    run(lab, plan, sink, keep, None)
}

fn run(
    lab: &Lab,
    plan: &CellPlan,
    sink: Option<OutputSink>,
    keep: Retention,
    browser: Option<&mut SharedBrowser>,
) -> io::Result<Observation> {
    let began = Timestamp::now();
    let mut workdir = workdir::Workdir::create(lab, plan, keep, browser)?;
    let commands = plan.commands(&workdir.paths, &workdir.spec);
    let results = processes::run(lab, plan, &mut workdir, &commands, sink)?;
    let observation = observation::assemble(plan, &workdir, results, began);
    if keep.keep_workdir {
        workdir.detach_events()?;
    }
    if let Some(to) = keep.copy_dirs_to {
        let opened = std::mem::take(&mut workdir.opened_dirs);
        preopens::copy_out(&workdir.paths.dirs, opened, &plan.scenario.spec.run.dir, to)?;
    }
    Ok(observation)
}

//! One cell, in a straight line: a plan (pure), a workdir, processes, what was observed.
//!
//! Nothing comes back to an earlier station: the plan knows no file, the workdir starts nothing, the processes judge
//! nothing, and the observation only puts together what they left.

use std::io;
use std::path::Path;
use std::time::SystemTime;

use wasmlab_model::observation::Observation;

use crate::lab::Lab;

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
mod stage_limits;
pub mod temp_dir;
mod workdir;

pub use plan::{Limits, Plan};
pub use process_events::{OutputSink, ProcessEvent};
pub use reproduction::{Reproduction, VARIABLES as REPRODUCTION_VARIABLES, reproduce};
pub use temp_dir::TempDir;

/// What stays of a cell when it is over, and what it takes from earlier ones.
#[derive(Clone, Copy, Debug, Default)]
pub struct Retention<'a> {
    /// Its folder: somebody wants to type its commands again.
    pub keep_workdir: bool,
    /// A copy of what the guest left in its directories, in this folder.
    pub copy_dirs_to: Option<&'a Path>,
    /// It takes nothing that was translated for an earlier cell.
    pub recompile: bool,
}

/// Runs the cell and says what happened. `sink` hears of each process as it goes.
///
/// # Errors
/// When the lab itself fails: the temporary folder cannot be written, no port is free.
pub fn observe(lab: &Lab, plan: &Plan, sink: Option<OutputSink>, keep: Retention) -> io::Result<Observation> {
    let began = SystemTime::now();
    let mut workdir = workdir::Workdir::create(lab, plan, keep)?;
    let commands = plan.commands(&workdir.paths, &workdir.spec);
    let results = processes::run(lab, plan, &mut workdir, &commands, sink)?;
    if let Some(to) = keep.copy_dirs_to {
        preopens::copy_out(&workdir.paths.dirs, &plan.scenario.spec.run.dir, to)?;
    }
    Ok(observation::assemble(plan, &workdir, results, began))
}

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
mod disk;
pub mod folder;
mod follow;
mod observation;
mod plan;
mod ports;
mod preopens;
mod processes;
mod reproduction;
mod room;
pub mod sandbox;
mod server;
mod stages;
mod translation;
mod workdir;

pub use folder::Folder;
pub use follow::{OutputSink, ProcessEvent};
pub use plan::{Limits, Plan};
pub use reproduction::{Reproduction, VARIABLES as REPRODUCTION_VARIABLES, reproduce};

/// What stays of a cell when it is over, and what it takes from earlier ones.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keep<'a> {
    /// Its folder: somebody wants to type its commands again.
    pub workdir: bool,
    /// A copy of what the guest left in its directories, in this folder.
    pub dirs: Option<&'a Path>,
    /// It takes nothing that was translated for an earlier cell.
    pub anew: bool,
}

/// Runs the cell and says what happened. `sink` hears of each process as it goes.
///
/// # Errors
/// When the lab itself fails: the temporary folder cannot be written, no port is free.
pub fn observe(lab: &Lab, plan: &Plan, sink: Option<OutputSink>, keep: Keep) -> io::Result<Observation> {
    let began = SystemTime::now();
    let mut workdir = workdir::Workdir::create(lab, plan, keep)?;
    let commands = plan.commands(&workdir.paths, &workdir.spec);
    let results = processes::run(lab, plan, &mut workdir, &commands, sink)?;
    if let Some(to) = keep.dirs {
        preopens::keep(&workdir.paths.dirs, &plan.scenario.spec.run.dir, to)?;
    }
    Ok(observation::assemble(plan, &workdir, results, began))
}

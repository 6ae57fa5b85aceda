//! Translating a module ahead of time, for runtimes that take nothing else: once, and kept.

use std::fs;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::place::Place;
use super::{Listen, Plan, Ran, follow};
use crate::model::observation::{Limit, Outcome, Part};
use crate::process::{End, Input};
use crate::runtime::CellFiles;

/// Runs the translator where the runtime has one and its result is not there yet; gives what it did.
///
/// # Errors
/// When the folder for its result cannot be made.
pub fn translate(plan: &Plan, place: &Place, files: &CellFiles, listen: Option<Listen>) -> io::Result<Option<Ran>> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // One without anything in it is what is left of a cache that somebody emptied.
    if fs::read_dir(files.prepared).is_ok_and(|mut entries| entries.next().is_some()) {
        return Ok(None);
    }
    // What is half done must not pass for done: so it is made aside, and moved when it is whole.
    let aside = format!("prepared.{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let into = files.prepared.with_file_name(aside);
    let Some(argv) = plan.runtime.prepare(plan.tool, files, &into) else { return Ok(None) };
    fs::create_dir_all(&into)?;
    let limit = Duration::from_millis(plan.limits.compile_ms);
    let command = place.process(plan, &argv, Input::Bytes(Vec::new()), limit);
    let ended = follow::run(&command, Part::Prepare, None, listen, |_| ());
    let ran = Ran::of(Part::Prepare, &argv, ended, |end| outcome(end, plan));
    if ran.outcome != Outcome::Exited(0) {
        // A folder that stays behind costs space, nothing else.
        let _ = fs::remove_dir_all(&into);
    } else if let Err(error) = fs::rename(&into, files.prepared) {
        let _ = fs::remove_dir_all(&into);
        // Another cell with the same module was faster: its result is as good.
        if !files.prepared.is_dir() {
            return Err(error);
        }
    }
    Ok(Some(ran))
}

fn outcome(end: &End, plan: &Plan) -> Outcome {
    match end {
        End::Time | End::Watch => Outcome::Limit(Limit::CompileTime(plan.limits.compile_ms)),
        end => super::outcome(end, &[], plan),
    }
}

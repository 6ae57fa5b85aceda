//! Which columns are not on this machine: listed as ignored. Tests of several columns (`cases`, `evidence`, `hostile`,
//! `imports_only`) leave them out, and fail only if CI requires them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;
#[expect(dead_code, reason = "other tests need programs on PATH")]
#[path = "common/trials.rs"]
mod trials;

use libtest_mimic::{Arguments, Trial};
use xtask::engines;
use xtask::lab::Lab;
use xtask::machine::Machine;
use xtask::store::cache::Cache;

fn main() {
    let memory = tempfile::tempdir().unwrap();
    let machine = Machine::new(memory.path().join("memory"));
    let lab = Lab::new(common::checkout::top(), Cache::new(common::cache()), machine);
    let trial = |runtime: &'static wasmlab_runtimes::Runtime| -> Trial {
        let id = runtime.id();
        let missing = if engines::find_tool(&lab, runtime).is_ok() { vec![] } else { vec![id] };
        trials::without(id, &missing, || ())
    };
    let trials = wasmlab_runtimes::all().iter().map(trial).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

//! Tests of a column, without a workspace: listed as ignored if the column is absent.

use std::path::Path;

use libtest_mimic::Trial;
use xtask::engines;
use xtask::lab::Lab;
use xtask::machine::Machine;
use xtask::store::cache::Cache;

use super::trials;

/// The test of a column. An engine that is not built yet is not absent: the test builds it.
pub fn trial(name: &str, id: &'static str, test: fn(&str)) -> Trial {
    let root = tempfile::tempdir().unwrap();
    let found = engines::find_tool(&lab(root.path()), wasmlab_runtimes::find(id).unwrap());
    let missing = if matches!(found, Err(Some(_))) { vec![id] } else { Vec::new() };
    trials::without(format!("{name}: {id}"), &missing, move || test(id))
}

/// A lab without scenarios, whose cache is empty.
pub fn lab(root: &Path) -> Lab {
    Lab::new(root.into(), Cache::new(root.join("cache")), Machine::new(root.join("memory")))
}

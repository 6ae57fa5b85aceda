//! Ahead-of-time compiled code, kept for later cells. It is native code, so it is used only if unmodified.

use std::fs;
use std::path::Path;

use wasmlab_process::remove_tree;

use super::plan::CellPlan;
use crate::lab::Lab;
use crate::store::cache::Key;
use crate::store::files;

/// Whether an earlier cell compiled the same module and the result is unmodified. A modified result is removed.
pub fn is_intact(lab: &Lab, plan: &CellPlan, prepared: &Path) -> bool {
    if !prepared.is_dir() {
        return false;
    }
    let recorded: Option<String> = lab.cache.get(&key(plan));
    let whole = recorded.is_some() && recorded == hash(lab, prepared);
    if !whole {
        // If it cannot be removed, the next compilation fails and reports that.
        let _ = remove_tree(prepared);
    }
    whole
}

/// Records how it was built. Without a record the next cell compiles it again.
pub fn record(lab: &Lab, plan: &CellPlan, prepared: &Path) {
    if let Some(hash) = hash(lab, prepared) {
        let _ = lab.cache.put(&key(plan), &hash);
    }
}

fn key(plan: &CellPlan) -> Key {
    Key::of("translation", &plan.code_cache_key().text())
}

/// Hash of every file's name and content; `None` for an empty folder, which an emptied cache leaves.
fn hash(lab: &Lab, dir: &Path) -> Option<String> {
    let names = files::walk(dir, &[]).ok().filter(|names| !names.is_empty())?;
    let each = names.into_iter().map(|name| {
        let file = dir.join(&name);
        let is_file = fs::symlink_metadata(&file).is_ok_and(|meta| meta.is_file());
        is_file.then(|| lab.machine.sha256(&file).ok()).flatten().map(|hash| (name, hash))
    });
    Some(Key::of("files", &each.collect::<Option<Vec<_>>>()?).text().to_owned())
}

//! What a translator made for a runtime, kept for later cells: it is native code, and is run only as it was made.

use std::fs;
use std::path::Path;

use wasmlab_process::remove_tree;

use super::plan::Plan;
use crate::lab::Lab;
use crate::store::cache::Key;
use crate::store::files;

/// Whether an earlier cell translated the same module, and nobody touched what came of it. What was touched is removed.
pub fn is_whole(lab: &Lab, plan: &Plan, prepared: &Path) -> bool {
    if !prepared.is_dir() {
        return false;
    }
    let kept: Option<String> = lab.cache.get(&key(plan));
    let whole = kept.is_some() && kept == hash(lab, prepared);
    if !whole {
        // What cannot be removed is in the way of the next translation, which says so.
        let _ = remove_tree(prepared);
    }
    whole
}

/// Notes how it was made. Without a note the next cell makes it anew.
pub fn keep(lab: &Lab, plan: &Plan, prepared: &Path) {
    if let Some(hash) = hash(lab, prepared) {
        let _ = lab.cache.put(&key(plan), &hash);
    }
}

fn key(plan: &Plan) -> Key {
    Key::of("translation", &plan.code_cache_key().text())
}

/// Of every file's name and contents; none of an empty folder, which is what is left of a cache that was emptied.
fn hash(lab: &Lab, dir: &Path) -> Option<String> {
    let names = files::walk(dir, &[]).ok().filter(|names| !names.is_empty())?;
    let each = names.into_iter().map(|name| {
        let file = dir.join(&name);
        let is_file = fs::symlink_metadata(&file).is_ok_and(|meta| meta.is_file());
        is_file.then(|| lab.machine.sha256(&file).ok()).flatten().map(|hash| (name, hash))
    });
    Some(Key::of("files", &each.collect::<Option<Vec<_>>>()?).text().to_owned())
}

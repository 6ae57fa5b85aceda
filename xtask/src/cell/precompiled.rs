//! Ahead-of-time compiled code, kept for later cells. It is native code, so it is used only if unmodified.

use std::fs;
use std::io;
use std::path::Path;

use wasmlab_process::remove_tree;

use super::plan::CellPlan;
use crate::lab::Lab;
use crate::machine::sha256_of;
use crate::store::cache::Key;
use crate::store::files;

/// Whether an earlier cell compiled the same module and the result is unmodified. A modified result is removed.
pub fn is_intact(lab: &Lab, plan: &CellPlan, prepared: &Path) -> bool {
    if !prepared.is_dir() {
        return false;
    }
    let hash = hash(prepared, |file| lab.machine.sha256(file));
    let whole = hash.is_some_and(|hash| lab.cache.get::<()>(&key(plan, &hash)).is_some());
    if !whole {
        // If it cannot be removed, the next compilation fails and reports that.
        let _ = remove_tree(prepared);
    }
    whole
}

/// Records the result of a compilation in `preparing`, and moves it into place. If another cell that compiled the same
/// module was faster, its result is used.
///
/// # Errors
/// If it cannot be moved, and there is no other result.
pub fn keep(lab: &Lab, plan: &CellPlan, preparing: &Path, prepared: &Path) -> io::Result<()> {
    // Before it can be seen in its place, where other cells remove what has no record.
    if let Some(hash) = hash(preparing, |file| sha256_of(fs::File::open(file)?)) {
        // Without a record the next cell compiles it again.
        let _ = lab.cache.put(&key(plan, &hash), &());
    }
    fs::rename(preparing, prepared).or_else(|error| {
        // A leftover folder only costs disk space.
        let _ = remove_tree(preparing);
        if is_intact(lab, plan, prepared) { Ok(()) } else { Err(error) }
    })
}

/// The key of a record. It has a hash of the result, because two compilations of a module may have different results,
/// and either of them may be the one that is kept.
fn key(plan: &CellPlan, hash: &str) -> Key {
    Key::of("translation", &(plan.code_cache_key().text(), hash))
}

/// Hash of every file's name (its bytes) and content; `None` for an empty folder, which an emptied cache leaves.
fn hash(dir: &Path, sha256: impl Fn(&Path) -> io::Result<String>) -> Option<String> {
    let names = files::walk(dir, &[]).ok().filter(|names| !names.is_empty())?;
    let each = names.into_iter().map(|name| {
        let file = dir.join(&name);
        fs::symlink_metadata(&file).ok().filter(fs::Metadata::is_file)?;
        Some((name.into_os_string().into_encoded_bytes(), sha256(&file).ok()?))
    });
    Some(Key::of("files", &each.collect::<Option<Vec<_>>>()?).text().to_owned())
}

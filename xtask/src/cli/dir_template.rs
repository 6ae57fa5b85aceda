//! The lab's own copies of directories that guests get, so that every cell gets the same content even if the original
//! changes.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::common::usage;
use super::output;
use crate::store::tree::Tree;
use wasmlab_model::names::rest;
use wasmlab_model::scenario::DirTemplate;
use wasmlab_model::text::bytes;

/// Maximum number of notes shown per directory.
const MAX_NOTES: usize = 5;

/// Copies a directory to `into`, which is created, and prints what a copy lacks. `shown`: the directory in messages.
///
/// # Errors
/// If it is larger than `limit_mib`: a usage error, with `remedy`. If it cannot be copied.
pub fn create(tree: &Tree, limit_mib: u64, into: PathBuf, shown: &str, remedy: &str) -> Result<DirTemplate> {
    if tree.bytes > limit_mib << 20 {
        let (size, entries) = (bytes(tree.bytes), tree.entries());
        return usage(format!(
            "{shown} has {size} in {entries} files and folders, and each runtime gets a copy of at most {limit_mib} MiB: \
             {remedy}"
        ));
    }
    for note in tree.notes.iter().take(MAX_NOTES) {
        output::print_progress(&format!("{shown}: {note}"));
    }
    if let Some(rest) = rest(tree.notes.len(), MAX_NOTES, "such note") {
        output::print_progress(&format!("{shown}: {rest}"));
    }
    let failed = || format!("failed to copy {shown}");
    fs::create_dir(&into).and_then(|()| tree.copy(&into)).with_context(failed)?;
    let sha256 = Tree::read(&into).and_then(|copy| copy.sha256()).with_context(failed)?;
    Ok(DirTemplate { folder: into, sha256 })
}

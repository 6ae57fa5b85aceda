//! `clean`: removes the lab's caches.

use std::fs;
use std::io;

use anyhow::{Context, Result};

use super::common::usage;
use super::output;
use crate::exit;
use crate::lab::{CACHE_VARIABLE, Lab};
use wasmlab_report::visible::VisiblePath;

pub const ABOUT: &str =
    "Remove cached results and built guests; with --all, also engines and installed runtime versions";
pub const EXAMPLES: &str = "Examples:
  cargo xtask clean
  cargo xtask clean --all                    the next run builds every engine again";

/// Cache folders removed without `--all`.
const DEFAULT_FOLDERS: &[&str] = &["entries", "objects", "compiled", "guests", "drivers"];
/// Cache folders removed only with `--all`.
const ALL_FOLDERS: &[&str] = &["engines", "versions"];

/// The file by which a cache is recognized: every command that uses the cache writes it.
const MARK: &str = "machine.json";

#[derive(clap::Args)]
pub struct Args {
    /// Also remove the engines, which take minutes to build, and the runtime versions that `setup` installed
    #[arg(long)]
    all: bool,
}

pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    let dir = lab.cache.dir();
    let is_cache = dir.join(MARK).is_file();
    let is_empty = fs::read_dir(dir).map_or(true, |mut entries| entries.next().is_none());
    if !is_cache && !is_empty {
        return usage(format!(
            "`{}` has no {MARK}, so it may not be the lab's cache: remove it yourself, or set {CACHE_VARIABLE} to the cache",
            dir.visible()
        ));
    }
    let heavy = if args.all { ALL_FOLDERS } else { &[] };
    // Only the lab's own folders: the cache variable may point to a folder with other content.
    for name in DEFAULT_FOLDERS.iter().chain(heavy) {
        let path = dir.join(name);
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("failed to remove `{}`", path.visible()));
            }
            _ => {}
        }
    }
    // The file may not exist.
    let _ = fs::remove_file(dir.join(MARK));
    output::print(&format!("removed the cached files in {}\n", dir.visible()))?;
    Ok(exit::OK)
}

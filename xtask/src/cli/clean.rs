//! `clean`: removes the lab's caches.

use std::fs;
use std::io;

use anyhow::{Context, Result};

use super::common::usage;
use super::output;
use crate::exit;
use crate::lab::{CACHE_VARIABLE, Lab};
use crate::store::cache::{REMOVED_BY_CLEAN, REMOVED_BY_CLEAN_ALL};
use wasmlab_report::visible::VisiblePath;

pub const ABOUT: &str =
    "Remove cached results and built guests; with --all, also engines and installed runtime versions";
pub const EXAMPLES: &str = "Examples:
  cargo xtask clean
  cargo xtask clean --all                    the next run builds every engine again";

/// The file by which a cache is recognized: every command that uses the cache writes it.
const MARK: &str = "machine.json";

#[derive(clap::Args)]
pub struct Args {
    /// Also remove the engines, which take minutes to build, and what `setup` installed, cloned or downloaded
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
    let heavy = if args.all { REMOVED_BY_CLEAN_ALL } else { &[] };
    // Only the lab's own folders: the cache variable may point to a folder with other content.
    for name in REMOVED_BY_CLEAN.iter().chain(heavy) {
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Args, MARK, run};
    use crate::lab::Lab;
    use crate::machine::Machine;
    use crate::store::cache::{Cache, INSTALLED, REMOVED_BY_CLEAN, REMOVED_BY_CLEAN_ALL};

    #[test]
    fn all_removes_everything_that_can_be_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let lab = Lab::new(dir.path().into(), Cache::new(dir.path().into()), Machine::new(dir.path().join(MARK)));
        let left = |all: bool| -> Vec<String> {
            for folder in REMOVED_BY_CLEAN.iter().chain(REMOVED_BY_CLEAN_ALL).chain([&INSTALLED, &"own"]) {
                fs::create_dir_all(dir.path().join(folder).join("deep")).unwrap();
            }
            fs::write(dir.path().join(MARK), "").unwrap();
            run(&lab, &Args { all }).unwrap();
            let names = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
            let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
            names.sort();
            names
        };
        assert_eq!(left(false).len(), REMOVED_BY_CLEAN_ALL.len() + 2);
        assert_eq!(left(true), ["installed", "own"]);
    }
}

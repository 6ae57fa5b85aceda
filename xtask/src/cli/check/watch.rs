//! `check --watch`: checks again whenever a file changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Result;

use super::{Args, config, files};
use crate::cli::{output, watch};
use crate::exit;
use wasmlab_model::names::first_listed;
use wasmlab_report::visible::VisiblePath;

/// A file, its time of change and its size, bytes; neither if there is no such file.
type Stamp = (PathBuf, Option<(SystemTime, u64)>);

/// Calls `check`, and again after each change of a file that it reads, until Ctrl-C.
///
/// # Errors
/// If the first check cannot start. Later, a file may be missing or half written, so errors are printed.
pub fn run(args: &Args, check: &dyn Fn() -> Result<u8>) -> Result<u8> {
    let mut seen = stamps(args);
    let mut code = check()?;
    while code != exit::INTERRUPTED {
        let Some(changed) = next_change(args, &seen) else { break };
        seen = changed;
        code = check().unwrap_or_else(|error| {
            output::print_error(&format!("{error:#}"));
            exit::USAGE
        });
    }
    Ok(exit::INTERRUPTED)
}

/// Waits until a file differs from `seen`; `None` after Ctrl-C.
fn next_change(args: &Args, seen: &Vec<Stamp>) -> Option<Vec<Stamp>> {
    let names: Vec<String> = seen.iter().map(|(path, _)| path.visible()).collect();
    output::print_progress(&format!("waiting for a change of {} (Ctrl-C to stop)", first_listed(&names, 3)));
    let now = watch::next_change(seen, || stamps(args))?;
    let changed = now.iter().find(|stamp| !seen.contains(stamp)).or(seen.first());
    let name = changed.map(|(path, _)| path.visible()).unwrap_or_default();
    output::print_progress(&format!("{name} changed"));
    Some(now)
}

/// The files that a check reads: its guests, also those that a glob matches only now, and wasmlab.toml.
fn stamps(args: &Args) -> Vec<Stamp> {
    let stamp = |path: PathBuf| {
        let of = fs::metadata(&path).ok();
        let times = of.and_then(|of| Some((of.modified().ok()?, of.len())));
        (path, times)
    };
    let given = args.files.iter().flat_map(|path| files::expand(Path::new(""), path).unwrap_or_default());
    let of_config = if args.files.is_empty() { config::paths(args) } else { Vec::new() };
    given.chain(of_config).map(stamp).collect()
}

//! `setup --suite`: clones wasi-testsuite at a fixed commit, for `cargo xtask suite`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::super::output;
use super::run_one;
use crate::exit;
use crate::lab::Lab;
use wasmlab_report::visible::VisiblePath;

/// Where it is published.
const URL: &str = "https://github.com/WebAssembly/wasi-testsuite";
/// The branch with the compiled tests.
const BRANCH: &str = "prod/testsuite-base";
/// The commit of that branch, of 2026-08-18: 72 tests of WASI 0.1 and 55 of WASI 0.3.
const COMMIT: &str = "9f80ca35444cfd9e63100725615140a346652e6c";

/// Clones it, unless this commit is already in the cache.
pub fn clone(lab: &Lab, dry_run: bool) -> Result<u8> {
    let folder = lab.wasi_testsuite();
    if fs::read_to_string(folder.join(MARK)).is_ok_and(|commit| commit == COMMIT) {
        output::print(&format!("wasi-testsuite: already in {}\n", folder.visible()))?;
        return Ok(exit::OK);
    }
    let fresh = folder.with_extension("new");
    let commands = commands(&fresh);
    for command in &commands {
        output::print(&format!("will run  {}\n", command.join(" ")))?;
    }
    if dry_run {
        return Ok(exit::OK);
    }
    remove(&fresh)?;
    fs::create_dir_all(&fresh).with_context(|| format!("failed to create `{}`", fresh.visible()))?;
    if let Some(error) = commands.iter().find_map(|command| run_one(command).err()) {
        // An incomplete clone is of no use.
        let _ = fs::remove_dir_all(&fresh);
        output::print_error(&format!(
            "failed to clone wasi-testsuite: {error}; see git's output above. It downloads 100 MB from {URL}. Without access to it, \
             clone its branch {BRANCH} elsewhere, and name the folder: `cargo xtask suite FOLDER`"
        ));
        return Ok(exit::INTERNAL_ERROR);
    }
    fs::write(fresh.join(MARK), COMMIT)?;
    remove(&folder)?;
    fs::rename(&fresh, &folder).with_context(|| format!("failed to move it to `{}`", folder.visible()))?;
    output::print(&format!("wasi-testsuite: in {}; `cargo xtask suite` runs it\n", folder.visible()))?;
    Ok(exit::OK)
}

/// The file that says which commit is there, written last.
const MARK: &str = ".cloned-commit";

/// Fetches one commit without its history.
fn commands(into: &Path) -> Vec<Vec<String>> {
    let into = into.display().to_string();
    let git = |args: &[&str]| ["git", "-C", &into].iter().chain(args).map(|word| (*word).to_owned()).collect();
    vec![
        git(&["init", "--quiet"]),
        git(&["fetch", "--quiet", "--depth", "1", URL, COMMIT]),
        git(&["checkout", "--quiet", "--detach", "FETCH_HEAD"]),
    ]
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("failed to remove `{}`", folder.visible()))?;
    }
    Ok(())
}

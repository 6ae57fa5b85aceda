//! `setup --build-engines`: builds the embedded engines and the drivers before a run needs them, and installs them for the
//! installed lab.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use super::super::{common, output};
use crate::engines::{self, installed};
use crate::exit;
use crate::lab::Lab;
use wasmlab_report::visible::VisiblePath;
use wasmlab_runtimes::Runtime;

/// Builds those of the selected columns that are not built yet.
pub fn build(lab: &Lab, globs: &[String]) -> Result<u8> {
    for_each(lab, globs, |name| {
        if engines::is_built(lab, name) {
            return output::print(&format!("{name}: already built\n"));
        }
        build_one(lab, name)
    })
}

/// The columns that the globs select and whose engine or driver is not built yet, in a checkout; none if there are no
/// globs, since a run builds what it needs.
pub fn unbuilt(lab: &Lab, globs: &[String]) -> Result<Vec<String>> {
    if globs.is_empty() {
        return Ok(Vec::new());
    }
    let columns = common::matching_columns(globs)?.into_iter();
    let is_unbuilt = |column: &&Runtime| {
        let engine = column.source.built().filter(|_| lab.has_sources());
        // A driver is built when its program is there.
        engine.is_some() && matches!(engines::find_tool(lab, column), Err(None))
    };
    Ok(columns.filter(is_unbuilt).map(|column| column.id().to_owned()).collect())
}

/// Builds the engines of the selected columns in the checkout `from`, and copies them to the user's data folder.
pub fn install(from: &Path, globs: &[String]) -> Result<u8> {
    if !from.join("xtask").join("engines").is_dir() {
        return common::usage(format!("--from `{}`: it is not a checkout of the lab", from.visible()));
    }
    let checkout = Lab::with_workspace(from)?;
    for_each(&checkout, globs, |name| {
        if !engines::is_built(&checkout, name) {
            build_one(&checkout, name)?;
        }
        let (program, was_there) = installed::install(&checkout, name).map_err(failure)?;
        let state = if was_there { "already installed" } else { "installed" };
        output::print(&format!("{name}: {state}: {}\n", program.visible()))
    })
}

/// Does `work` for each engine and driver of the selected columns; a failure is reported and the next one is tried.
fn for_each(lab: &Lab, globs: &[String], work: impl Fn(&'static str) -> Result<()>) -> Result<u8> {
    let mut names = BTreeSet::new();
    let mut code = exit::OK;
    for column in common::matching_columns(globs)? {
        let Some(name) = column.source.built().filter(|name| names.insert(*name)) else { continue };
        if let Err(error) = work(name) {
            output::print_error(&format!("{error:#}"));
            code = exit::INTERNAL_ERROR;
        }
    }
    engines::remove_build_files(lab);
    if names.is_empty() {
        output::print("nothing to build: none of these runtimes is embedded in the lab\n")?;
    }
    lab.machine.save();
    Ok(code)
}

fn build_one(lab: &Lab, name: &'static str) -> Result<()> {
    let began = Instant::now();
    engines::build(lab, name, false, &|_, _, _| ()).map_err(failure)?;
    output::print(&format!("{name}: built in {} s\n", began.elapsed().as_secs()))
}

fn failure(absence: engines::Absence) -> anyhow::Error {
    anyhow::anyhow!("{}; {}", absence.reason, absence.remedy)
}

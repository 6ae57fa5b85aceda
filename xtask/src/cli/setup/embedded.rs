//! `setup --engines`: builds the embedded engines and the drivers before a run needs them.

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::Result;

use super::super::{common, output};
use crate::lab::Lab;
use crate::{engines, exit};

/// Builds those of the selected columns that are not built yet.
pub fn build(lab: &Lab, globs: &[String]) -> Result<u8> {
    let mut names = BTreeSet::new();
    let mut code = exit::OK;
    for column in common::matching_columns(globs)? {
        let Some(name) = column.source.built().filter(|name| names.insert(*name)) else { continue };
        if engines::is_built(lab, name) {
            output::print(&format!("{name}: already built\n"))?;
            continue;
        }
        let began = Instant::now();
        match engines::build(lab, name, false, &|_, _, _| ()) {
            Ok(()) => output::print(&format!("{name}: built in {} s\n", began.elapsed().as_secs()))?,
            Err(absence) => {
                output::print_error(&format!("{}; {}", absence.reason, absence.remedy));
                code = exit::INTERNAL_ERROR;
            }
        }
    }
    lab.machine.save();
    Ok(code)
}

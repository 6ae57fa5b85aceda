//! `capabilities --compare`: where a features.json differs from what was measured.

use std::path::Path;

use anyhow::Result;

use super::super::common::usage;
use super::super::output;
use super::super::text_table::{names, prose};
use super::{TableFormat, features};
use crate::exit;
use wasmlab_model::names::first_listed;
use wasmlab_model::profile::Profile;
use wasmlab_model::text::cut;
use wasmlab_process::read_limited;
use wasmlab_report::visible::{VisiblePath, on_line};

/// Largest number of features, and of characters of each, that a line names.
const MAX_NAMED: usize = 20;
const MAX_NAME: usize = 60;

/// Largest file that is compared, bytes.
const MAX_FILE: u64 = 16 << 20;

/// Lists where a file differs from the measurement.
pub fn run(path: &Path, profiles: &[Profile], format: TableFormat) -> Result<u8> {
    let named = |why: String| usage::<features::File>(format!("failed to read `{}`: {why}", path.visible()));
    let file = match read_limited(path, MAX_FILE) {
        Err(error) => named(error.to_string())?,
        Ok(bytes) => match serde_json::from_slice::<features::File>(&bytes) {
            Ok(file) => file,
            Err(error) => named(format!("it is not a features.json: {error}"))?,
        },
    };
    let (compared, differences) = features::compare(&file, profiles);
    if compared == 0 {
        let why = "it has no measured feature of these runtimes, so there is nothing to compare";
        return usage(format!("`{}`: {why}", path.visible()));
    }
    if format == TableFormat::Json {
        output::print_json(&differences)?;
    } else {
        let rows: Vec<Vec<String>> = differences
            .iter()
            .map(|d| {
                let platform = format!("{} {}", d.platform, d.version);
                vec![platform, d.feature.clone(), on_line(&d.file).into_owned(), d.measured.clone()]
            })
            .collect();
        if !rows.is_empty() {
            let columns = [names("platform"), names("feature"), prose("the file", 12), prose("measured", 20)];
            output::print(&(output::table(&columns, &rows) + "\n"))?;
        }
        let unmeasured: Vec<String> =
            features::unmeasured(&file).into_iter().map(|name| on_line(&cut(name, MAX_NAME)).into_owned()).collect();
        if !unmeasured.is_empty() {
            let listed = first_listed(&unmeasured, MAX_NAMED);
            output::print(&format!("not measured by the lab: {listed}\n"))?;
        }
        output::print(&format!("{compared} compared, {} differ\n", differences.len()))?;
    }
    Ok(if differences.is_empty() { exit::OK } else { exit::REGRESSION })
}

//! `report`: a saved run, rendered again. Runs nothing.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use super::common::usage;
use super::format::{Rows, Shown};
use crate::exit;
use crate::lab::Lab;
use wasmlab_model::report::{RunReport, SCHEMA};

/// For `--help`.
pub const ABOUT: &str = "Render a saved run again, without running anything";
/// For `--help`.
pub const EXAMPLES: &str = "Examples:
  cargo xtask report
  cargo xtask report --output markdown > matrix.md
  cargo xtask report reports/check/report.json     the last check
  cargo xtask report ci/report.json";

/// Options.
#[derive(clap::Args)]
pub struct Args {
    /// The report [default: reports/latest/report.json, of the last run-all]
    file: Option<PathBuf>,
    #[command(flatten)]
    shown: Shown,
    /// Which rows stand together
    #[arg(long, value_enum, default_value_t = Rows::Family)]
    by: Rows,
}

/// Runs it.
pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    let file = args.file.clone().unwrap_or_else(|| lab.report().join("report.json"));
    let text = fs::read_to_string(&file)
        .or_else(|e| usage(format!("failed to read `{}`: {e}; `cargo xtask run-all` makes one", file.display())))?;
    let bad = |why: String| usage(format!("`{}` is no report of the lab: {why}", file.display()));
    let schema = match serde_json::from_str::<serde_json::Value>(&text) {
        Ok(value) => value.get("schema").and_then(serde_json::Value::as_u64),
        Err(error) => return bad(error.to_string()),
    };
    if schema != Some(u64::from(SCHEMA)) {
        return bad(format!("field `schema` is {schema:?}, this lab reads {SCHEMA}"));
    }
    match serde_json::from_str::<RunReport>(&text) {
        Ok(report) => {
            args.shown.show(&report, args.by.group_by())?;
            Ok(exit::OK)
        }
        Err(error) => bad(error.to_string()),
    }
}

//! `merge`: joins the reports of the parts of one run.

use std::path::PathBuf;

use anyhow::Result;

use super::common::usage;
use super::format::{FormatArgs, GroupingArgs};
use super::report;
use crate::exit;
use crate::lab::Lab;
use crate::matrix::assemble::merge;
use crate::store::files;
use wasmlab_report::visible::VisiblePath;
use wasmlab_report::{RenderOptions, json, overview};

/// Description for `--help`.
pub const ABOUT: &str = "Merge the reports of `run-all --partition` into the report of the whole run";
/// Examples for `--help`.
pub const EXAMPLES: &str = "Examples:
  cargo xtask merge 1.json 2.json 3.json -o report.json
  cargo xtask merge part-*/report.json -o report.json --output summary >> \"$GITHUB_STEP_SUMMARY\"

Each machine runs one part, and keeps its report:
  cargo xtask run-all --partition 1/3 --output json > 1.json

Apart from times, the result equals the report of one run on one machine. It is an error if a part
is missing or given twice, or if the parts differ in their scenarios, their selection, or the
version of the lab, a runtime or a compiler.

Exit code: that of the whole run.";

/// Options.
#[derive(clap::Args)]
pub struct Args {
    /// The report of each part
    #[arg(value_name = "REPORT", required = true)]
    files: Vec<PathBuf>,
    /// Write the merged report to this file, as JSON
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    shown: FormatArgs,
    #[command(flatten)]
    grouping: GroupingArgs,
}

/// Runs the subcommand.
pub fn run(_: &Lab, args: &Args) -> Result<u8> {
    // Overwriting a part would lose it.
    let out = args.out.canonicalize().ok();
    if let Some(part) = args.files.iter().find(|part| out.is_some() && part.canonicalize().ok() == out) {
        return usage(format!("`{}` is one of the reports to merge: give --out another path", part.visible()));
    }
    let read = |file: &PathBuf| Ok((file.visible(), report::read(file)?));
    let parts = args.files.iter().map(read).collect::<Result<Vec<_>>>()?;
    let whole = merge::merge(parts).or_else(|why| usage(format!("failed to merge: {why}")))?;
    files::write_output(&args.out, json::RENDERER.text(&whole, RenderOptions::PLAIN).as_bytes())?;
    args.shown.or(overview::RENDERER).show(&whole, args.grouping.group_by())?;
    Ok(exit::for_report(&whole))
}

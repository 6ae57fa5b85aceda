//! `diff`: compares two reports without running anything.

use anyhow::Result;

use super::common::usage;
use super::{baseline, output, report};
use crate::exit;
use crate::lab::Lab;
use crate::store::snapshots::import_order_is_random;
use wasmlab_report::compare;
use wasmlab_report::visible::VisiblePath;

pub const ABOUT: &str = "Compare two reports (cells, sizes, imports, runtime versions) without running anything";
pub const EXAMPLES: &str = "Examples:
  cargo xtask diff before.json after.json
  cargo xtask diff before.json                  compares with the last run-all
  cargo xtask diff HEAD~1 HEAD                 compares the reports published in two revisions
  cargo xtask diff main:ci/report.json report.json   a report in a revision of your own repository
  cargo xtask diff main ci/report.json --output markdown > comment.md
  cargo xtask diff a.json reports/check/report.json --output json

Exit code: 1 if a cell got worse, otherwise 0. Cells that only one of the reports measured are not
compared.";

#[derive(clap::Args)]
pub struct Args {
    /// The earlier report: a file; REV:PATH, a file in a git revision; or REV, the report that the lab published in that
    /// revision
    #[arg(value_name = "A.json|REV[:PATH]")]
    before: String,
    /// The later report [default: reports/latest/report.json, written by the last run-all]
    #[arg(value_name = "B.json|REV[:PATH]")]
    after: Option<String>,
    /// Output format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = ComparisonFormat::Text)]
    output: ComparisonFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ComparisonFormat {
    /// For a terminal.
    Text,
    /// For a pull request: regressions first, the rest collapsed.
    Markdown,
    /// One JSON object.
    Json,
}

pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    let (_, before) = baseline::read(lab, &args.before)?;
    let after = match &args.after {
        Some(after) => after.clone(),
        None => latest(lab)?,
    };
    let (_, after) = baseline::read(lab, &after)?;
    let comparison = compare::compare(&before, &after, import_order_is_random);
    output::print_rendered(&match args.output {
        ComparisonFormat::Text => comparison.text(output::render_options()),
        ComparisonFormat::Markdown => comparison.markdown(),
        ComparisonFormat::Json => comparison.json(),
    })?;
    Ok(if comparison.is_worse() { exit::REGRESSION } else { exit::OK })
}

/// The report of the last run-all.
fn latest(lab: &Lab) -> Result<String> {
    let file = report::default_file(lab);
    if !file.is_file() {
        return usage(format!(
            "there is nothing to compare with: give a second report, or run `cargo xtask run-all`, which writes `{}`",
            file.visible()
        ));
    }
    output::print_progress(&format!("comparing with `{}`", file.visible()));
    Ok(file.display().to_string())
}

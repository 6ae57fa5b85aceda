//! `diff`: compares two reports. Runs nothing.

use anyhow::Result;

use super::{baseline, output};
use crate::exit;
use crate::lab::Lab;
use wasmlab_report::compare;

/// For `--help`.
pub const ABOUT: &str = "Compare two reports: cells, sizes, imports, versions of runtimes; runs nothing";
/// For `--help`.
pub const EXAMPLES: &str = "Examples:
  cargo xtask diff before.json after.json
  cargo xtask diff before.json                  compared with the last run-all
  cargo xtask diff HEAD~20 HEAD                 what was published in two revisions
  cargo xtask diff main ci/report.json --output markdown > comment.md
  cargo xtask diff a.json reports/check/report.json --output json

Exit code: 1 if a cell got worse, else 0. A cell that one of the reports did not measure is compared
with nothing.";

/// Options.
#[derive(clap::Args)]
pub struct Args {
    /// The earlier report: a file, or a revision of git, for the report that is published in it
    #[arg(value_name = "A.json|REV")]
    before: String,
    /// The later report [default: reports/latest/report.json, written by the last run-all]
    #[arg(value_name = "B.json|REV")]
    after: Option<String>,
    /// Format of the comparison on stdout
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For a terminal
    Text,
    /// For a pull request: what got worse in the open, the rest folded
    Markdown,
    /// For programs
    Json,
}

/// Runs the subcommand.
pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    let (_, before) = baseline::read(lab, &args.before)?;
    let latest = lab.latest_report().join("report.json").display().to_string();
    let (_, after) = baseline::read(lab, args.after.as_deref().unwrap_or(&latest))?;
    let comparison = compare::compare(&before, &after);
    output::print_rendered(&match args.output {
        Format::Text => comparison.text(output::render_options()),
        Format::Markdown => comparison.markdown(),
        Format::Json => comparison.json(),
    })?;
    Ok(if comparison.is_worse() { exit::REGRESSION } else { exit::OK })
}

//! `history`: shows when each cell changed, and with which version.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use globset::GlobMatcher;

use super::arguments::ScenarioArgs;
use super::common::usage;
use super::{git, output, report};
use crate::exit;
use crate::lab::Lab;
use crate::program_name;
use crate::store::files;
use crate::store::snapshots::import_order_is_random;
use wasmlab_glob as glob;
use wasmlab_report::RenderOptions;
use wasmlab_report::history::{self, DatedReport};
use wasmlab_report::visible::{VisiblePath, on_line};

/// Description for `--help`.
pub const ABOUT: &str =
    "Show when each cell changed, and with which runtime version, from a folder of reports or git's history";
/// Examples for `--help`.
pub const EXAMPLES: &str = "Examples:
  cargo xtask history                            the published reports in git's history
  cargo xtask history ci-reports                 every report below this folder
  cargo xtask history --full                     each cell with all its results
  cargo xtask history --runtime 'wasmi*' --last 10
  cargo xtask history ci-reports --output markdown > history.md
  cargo xtask history ci-reports --output html > page.html

Reports in a folder are ordered by start time, or by name if they have none. A cell that a report
did not measure keeps its previous result. Files that are not reports of this version of the lab are
skipped and listed.";

/// Options.
#[derive(clap::Args)]
pub struct Args {
    /// A folder with reports (`--output json`) [default: the revisions of reports/OS-ARCH.json in git]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    rows: ScenarioArgs,
    /// Show only runtimes that match the glob; may be repeated
    #[arg(long, value_name = "GLOB")]
    runtime: Vec<String>,
    /// Read only the last N reports
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..))]
    last: u16,
    /// Show each cell with all its results, instead of one line for all cells that changed in the same way [text and
    /// markdown]
    #[arg(long)]
    full: bool,
    /// Output format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = HistoryFormat::Text)]
    output: HistoryFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum HistoryFormat {
    /// For a terminal.
    Text,
    /// For a page or a comment.
    Markdown,
    /// One JSON object, with every cell that changed.
    Json,
    /// The page of the last report, with a chart of earlier changes.
    Html,
}

/// Runs the subcommand.
pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    let last = usize::from(args.last);
    let entries = match &args.folder {
        Some(folder) => read_folder(folder, last)?,
        None => read_git_history(lab, last)?,
    };
    let (scenarios, runtimes) = (globs("scenario", &args.rows.scenario)?, globs("runtime", &args.runtime)?);
    let matches = |globs: &[GlobMatcher], name: &str| globs.is_empty() || globs.iter().any(|glob| glob.is_match(name));
    let keeps = |scenario: &str, runtime: &str| matches(&scenarios, scenario) && matches(&runtimes, runtime);
    let found = history::history(&entries, &keeps, import_order_is_random);
    if found.cells == 0 {
        return usage("no cell of these reports matches --scenario and --runtime, or none was measured");
    }
    output::print_rendered(&match args.output {
        HistoryFormat::Text if args.full => found.full_text(output::render_options()),
        HistoryFormat::Text => found.text(output::render_options()),
        HistoryFormat::Markdown if args.full => found.full_markdown(),
        HistoryFormat::Markdown => found.markdown(),
        HistoryFormat::Json => found.json(),
        HistoryFormat::Html => page(&entries, &found),
    })?;
    Ok(exit::OK)
}

/// The page of the last report, with the history.
fn page(entries: &[DatedReport], found: &history::History) -> String {
    let options = RenderOptions { program: program_name::shown(), ..RenderOptions::PLAIN };
    entries.last().map(|last| wasmlab_report::html::with_history(&last.report, options, found)).unwrap_or_default()
}

fn globs(option: &str, texts: &[String]) -> Result<Vec<GlobMatcher>> {
    let parse = |text: &String| glob::parse(text).map(|glob| glob.compile_matcher());
    texts.iter().map(parse).collect::<Result<_, _>>().or_else(|why| usage(format!("--{option} {why}")))
}

/// The reports below a folder, oldest first.
fn read_folder(folder: &Path, last: usize) -> Result<Vec<DatedReport>> {
    if folder.is_file() {
        return usage(format!("`{}` is a file: give a folder with several reports", folder.visible()));
    }
    let mut names =
        files::walk(folder, &[]).or_else(|e| usage(format!("failed to read `{}`: {e}", folder.visible())))?;
    names.retain(|name| name.extension().is_some_and(|end| end == "json"));
    let mut entries = BTreeMap::new();
    for name in names {
        match report::read(&folder.join(&name)) {
            Ok(report) => {
                let (name, day) = (name.display().to_string(), report.started.chars().take(10).collect());
                entries.insert((report.started.clone(), name.clone()), DatedReport { name, day, report });
            }
            Err(error) => left_out(&format!("{error:#}")),
        }
        // A report may take megabytes.
        if entries.len() > last {
            entries.pop_first();
        }
    }
    if entries.is_empty() {
        return usage(format!(
            "`{}` holds no report: `--output json` of run-all and check writes one",
            folder.visible()
        ));
    }
    Ok(entries.into_values().collect())
}

/// The revisions of the published report, oldest first.
fn read_git_history(lab: &Lab, last: usize) -> Result<Vec<DatedReport>> {
    if !lab.has_workspace() {
        return usage("give a folder of reports; the published ones are in the git history of a checkout of the lab");
    }
    let name = format!("reports/{}", Lab::published_report_name());
    let ask = |args: &[&str]| git::output(lab, &lab.root, args, report::MAX_BYTES);
    // Without the revisions that removed the report.
    let log = ask(&["log", &format!("--max-count={last}"), "--diff-filter=AM", "--format=%h%x09%cs", "--", &name]);
    let log = log.map_err(|why| anyhow!("failed to ask git for the revisions of `{name}`: {why}"))?;
    let mut entries = Vec::new();
    for line in log.lines().rev() {
        let Some((commit, day)) = line.split_once('\t') else { continue };
        let text = match ask(&["show", &format!("{commit}:{name}")]) {
            Ok(text) => text,
            Err(why) => {
                left_out(&format!("{commit}: {why}"));
                continue;
            }
        };
        match report::parse(&text, &format!("{commit}:{name}")) {
            Ok(report) => entries.push(DatedReport { name: commit.to_owned(), day: day.to_owned(), report }),
            Err(error) => left_out(&format!("{error:#}")),
        }
    }
    if entries.is_empty() {
        return usage(format!(
            "git has no revision of `{name}` that this version of the lab can read: give a folder of reports"
        ));
    }
    Ok(entries)
}

fn left_out(why: &str) {
    output::print_progress(&format!("left out: {}", on_line(why)));
}

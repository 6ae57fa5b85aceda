//! `capabilities`: shows what each runtime supports, from its profile. Runs nothing.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;

use super::common::{choose, usage};
use super::output;
use super::text_table::{names, prose};
use crate::exit;
use crate::lab::Lab;
use crate::store::profiles;
use wasmlab_model::names::first_listed;
use wasmlab_model::profile::Profile;
use wasmlab_model::text::cut;
use wasmlab_probe::catalogue;
use wasmlab_report::visible::{VisiblePath, on_line};

mod features;
mod tables;

use tables::{Table, TableKind};

/// Description for `--help`.
pub const ABOUT: &str =
    "Show what each runtime supports, as measured by `probe`: WASI functions, proposals, sockets, limits";
/// Examples for `--help`.
pub const EXAMPLES: &str = "Examples:
  cargo xtask capabilities
  cargo xtask capabilities wasi --runtime 'wasm*'
  cargo xtask capabilities proposals sockets --output markdown > chart.md
  cargo xtask capabilities --output json | jq .tables
  cargo xtask capabilities limits --output csv
  cargo xtask capabilities --output features         as webassembly.org's features.json
  cargo xtask capabilities --compare features.json   differences from the profiles

The tables come from the profiles in snapshots/profiles/, which `probe` writes. In the terminal,
each line says on how many runtimes something works, and what the other runtimes do instead:
`errno 52` (the function returned this error), `ends` (the call ended the guest or the runtime),
`wrong` (it reported success but had no effect), `unchecked` (the runtime starts modules whose
imports are missing), `43 of 545` (that many of its functions are there), `with SWITCH` (off by
default), or `?` (not tested). `missing` (a function), `none` (all functions of a module) and `no`
(anything else) mean that the runtime does not have it. Runtimes to which a capability does not
apply are not counted.

Exit code: 0. With --compare: 1 if something differs.";

/// Options.
#[derive(clap::Args)]
pub struct Args {
    /// Tables to show [default: all]
    #[arg(value_enum, value_name = "TABLE")]
    tables: Vec<TableKind>,
    /// Show only profiles whose runtime matches the glob; may be repeated
    #[arg(long, value_name = "GLOB")]
    runtime: Vec<String>,
    /// Output format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = TableFormat::Text)]
    output: TableFormat,
    /// List the differences between a features.json (the WebAssembly website's format) and the measured profiles
    #[arg(long, value_name = "FILE", conflicts_with = "tables")]
    compare: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum TableFormat {
    /// For a terminal: one line per capability.
    Text,
    /// A chart for a page: capabilities in rows, runtimes in columns.
    Markdown,
    /// One JSON object.
    Json,
    /// One line per table, capability and runtime.
    Csv,
    /// The WebAssembly website's features.json: the status of each proposal.
    Features,
}

/// Version of the output of `--output json`.
const SCHEMA_VERSION: u32 = 1;

/// The output of `--output json`.
#[derive(Serialize)]
struct CapabilitiesOutput<'a> {
    /// In the order of the cells of each row.
    runtimes: Vec<ProfiledRuntime<'a>>,
    tables: &'a [Table],
}

/// A runtime at a version.
#[derive(Serialize)]
struct ProfiledRuntime<'a> {
    runtime: &'a str,
    version: &'a str,
    measured: &'a str,
}

/// Runs the subcommand.
pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    let all = profiles::read(lab)?;
    if all.is_empty() {
        return usage("snapshots/profiles/ holds no profile: measure some with `cargo xtask probe`");
    }
    let profiles = choose(all, &args.runtime, "runtime", |profile| profile.runtime.clone())?;
    if let Some(file) = &args.compare {
        return compare(file, &profiles, args.output);
    }
    let wants = |kind: &TableKind| args.tables.is_empty() || args.tables.contains(kind);
    let catalogue = catalogue::load()?;
    let tables: Vec<Table> = TableKind::ALL
        .iter()
        .filter(|kind| wants(kind))
        .map(|kind| tables::table(*kind, &profiles, &catalogue))
        .collect();
    match args.output {
        TableFormat::Text => {
            let parts: Vec<String> = tables.iter().map(|table| text(table, &profiles)).collect();
            output::print(&parts.join("\n"))?;
        }
        TableFormat::Markdown => {
            let parts: Vec<String> = tables.iter().map(|table| markdown(table, &profiles)).collect();
            output::print(&parts.join("\n"))?;
        }
        TableFormat::Json => {
            let column = |p: &'_ Profile| (p.runtime.clone(), p.version.clone(), p.provenance.date.clone());
            let columns: Vec<_> = profiles.iter().map(column).collect();
            let runtimes = columns
                .iter()
                .map(|(runtime, version, measured)| ProfiledRuntime { runtime, version, measured })
                .collect();
            output::print_versioned_json(SCHEMA_VERSION, &CapabilitiesOutput { runtimes, tables: &tables })?;
        }
        TableFormat::Csv => output::print(&csv(&tables, &profiles))?,
        TableFormat::Features => {
            output::print_json(&features::json(&profiles))?;
        }
    }
    Ok(exit::OK)
}

/// Largest number of features, and of characters of each, that a line names.
const MAX_NAMED: usize = 20;
const MAX_NAME: usize = 60;

/// Largest file that is compared, bytes.
const MAX_FILE: u64 = 16 << 20;

/// Lists where a file differs from the measurement.
fn compare(path: &Path, profiles: &[Profile], format: TableFormat) -> Result<u8> {
    let named = |why: String| usage::<features::File>(format!("failed to read `{}`: {why}", path.visible()));
    let is_read = fs::metadata(path).map(|found| found.is_file() && found.len() <= MAX_FILE);
    let file = match is_read.and_then(|is_read| if is_read { fs::read(path).map(Some) } else { Ok(None) }) {
        Err(error) => named(error.to_string())?,
        Ok(None) => named(format!("it is not a regular file of at most {} MiB", MAX_FILE >> 20))?,
        Ok(Some(bytes)) => match serde_json::from_slice::<features::File>(&bytes) {
            Ok(file) => file,
            Err(error) => named(format!("it is not a features.json: {error}"))?,
        },
    };
    let (compared, differences) = features::compare(&file, profiles);
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

/// A line for each capability: where it works, and what the others do.
fn text(table: &Table, profiles: &[Profile]) -> String {
    let rows: Vec<Vec<String>> = table
        .by_range()
        .iter()
        .map(|row| {
            let mut others: Vec<(String, Vec<String>)> = Vec::new();
            let works = row.cells.iter().filter(|cell| !cell.is_empty() && table.kind.is_supported(cell)).count();
            let asked = row.cells.iter().filter(|cell| !cell.is_empty() && *cell != tables::NOT_TESTED).count();
            for (cell, profile) in row.cells.iter().zip(profiles) {
                if cell.is_empty() || table.kind.is_supported(cell) {
                    continue;
                }
                match others.iter_mut().find(|(word, _)| word == cell) {
                    Some((_, runtimes)) => runtimes.push(profile.runtime.clone()),
                    None => others.push((cell.clone(), vec![profile.runtime.clone()])),
                }
            }
            let others: Vec<String> =
                others.into_iter().map(|(word, on)| format!("{word}: {}", on.join(", "))).collect();
            vec![row.name.clone(), format!("{works} of {asked}"), others.join("; ")]
        })
        .collect();
    let columns = [names(table.kind.row_header()), names(table.kind.success_heading()), prose("other runtimes", 34)];
    format!("{}\n\n{}", table.title, output::table(&columns, &rows))
}

fn markdown(table: &Table, profiles: &[Profile]) -> String {
    let escaped = |text: &str| text.replace('|', "\\|").replace('\n', " ");
    let mut shown = format!("## {}\n\n| {} |", table.title, table.kind.row_header());
    for profile in profiles {
        shown += &format!(" {} {} |", escaped(&profile.runtime), escaped(&profile.version));
    }
    shown += &format!("\n|---|{}\n", "---|".repeat(profiles.len()));
    for row in table.by_range() {
        let cells: Vec<String> = row.cells.iter().map(|cell| escaped(cell)).collect();
        shown += &format!("| `{}` | {} |\n", escaped(&row.name), cells.join(" | "));
    }
    shown
}

fn csv(tables: &[Table], profiles: &[Profile]) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut lines = String::from("table,capability,runtime,version,result\n");
    for table in tables {
        for row in &table.rows {
            for (cell, profile) in row.cells.iter().zip(profiles) {
                let fields = [table.kind.id(), &row.name, &profile.runtime, &profile.version, cell].map(quoted);
                lines += &(fields.join(",") + "\n");
            }
        }
    }
    lines
}

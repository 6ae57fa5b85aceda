//! `capabilities`: shows what each runtime supports, from its profile. Runs nothing.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;

use super::common::{choose, usage};
use super::text_table::{names, prose};
use super::{output, suggest};
use crate::exit;
use crate::lab::Lab;
use crate::store::profiles;
use wasmlab_model::names::first_listed;
use wasmlab_model::profile::Profile;
use wasmlab_model::text::{cut, escaped};
use wasmlab_probe::catalogue;
use wasmlab_report::text::wrapped;
use wasmlab_report::visible::{VisiblePath, on_line};

mod features;
mod tables;

use tables::{CapabilityRow, Table, TableKind};

/// Description for `--help`.
pub const ABOUT: &str =
    "Show what each runtime supports, as measured by `probe`: WASI functions, proposals, sockets, limits";
/// Examples for `--help`.
pub const EXAMPLES: &str = "Examples:
  cargo xtask capabilities
  cargo xtask capabilities gc                        which runtimes have this proposal
  cargo xtask capabilities sock_accept wasi:http     or this function, or these interfaces
  cargo xtask capabilities wasi --runtime 'wasm*'
  cargo xtask capabilities proposals sockets --output markdown > chart.md
  cargo xtask capabilities --output json | jq .tables
  cargo xtask capabilities limits --output csv
  cargo xtask capabilities --output features         as webassembly.org's features.json
  cargo xtask capabilities --compare features.json   differences from the profiles

Tables:
  wasi             functions of WASI 0.1, each one called by a guest
  imports          functions that a module can import: WASI 0.1 and older, WASIX, Emscripten, JavaScript
  interfaces       interfaces of WASI 0.2 and 0.3, by version
  proposals        WebAssembly proposals
  sockets          socket operations, from accepting a connection to an HTTP client, by interface
  sandbox          how far a hostile guest gets
  limits           how many functions, locals, memory pages and so on each runtime accepts
  unusual-modules  exit codes, missing entry points and other unusual modules

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
    /// Tables, or names or parts of names of capabilities [default: all tables]
    #[arg(value_name = "TABLE|NAME")]
    what: Vec<String>,
    /// Show only profiles whose runtime matches the glob; may be repeated
    #[arg(long, value_name = "GLOB")]
    runtime: Vec<String>,
    /// Output format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = TableFormat::Text)]
    output: TableFormat,
    /// List the differences between a features.json (the WebAssembly website's format) and the measured profiles
    #[arg(long, value_name = "FILE", conflicts_with = "what")]
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
    let catalogue = catalogue::load()?;
    let tables = TableKind::ALL.iter().map(|kind| tables::table(*kind, &profiles, &catalogue)).collect();
    let (tables, has_names) = selected(tables, &args.what)?;
    match args.output {
        TableFormat::Text => {
            let show = if has_names { detailed } else { text };
            let parts: Vec<String> = tables.iter().map(|table| show(table, &profiles)).collect();
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

/// The tables with these names, and the rows with the other names; whether there are such rows.
fn selected(all: Vec<Table>, what: &[String]) -> Result<(Vec<Table>, bool)> {
    let (kinds, rows): (Vec<&String>, Vec<&String>) = what.iter().partition(|text| TableKind::named(text).is_some());
    let mut wanted: Vec<(TableKind, String)> = Vec::new();
    for text in &rows {
        let name = text.to_lowercase();
        let named = |is_it: &dyn Fn(&str) -> bool| -> Vec<(TableKind, String)> {
            let rows = all.iter().flat_map(|table| table.rows.iter().map(|row| (table.kind, row.name.clone())));
            rows.filter(|(_, row)| is_it(&row.to_lowercase())).collect()
        };
        let mut found = named(&|row| row == name);
        if found.is_empty() {
            found = named(&|row| row.contains(&name));
        }
        if found.is_empty() {
            let rows = all.iter().flat_map(|table| table.rows.iter().map(|row| row.name.as_str()));
            let hint = suggest::hint(text, rows.chain(TableKind::ALL.iter().map(|kind| kind.id())));
            let error = format!("no table or capability is named `{}`: {hint}", escaped(text));
            return usage(error.trim_end_matches(": "));
        }
        wanted.append(&mut found);
    }
    let is_whole =
        |table: &Table| what.is_empty() || kinds.iter().any(|kind| TableKind::named(kind) == Some(table.kind));
    let tables = all.into_iter().filter_map(|mut table| {
        if !is_whole(&table) {
            let kind = table.kind;
            table.rows.retain(|row| wanted.iter().any(|(of, name)| *of == kind && *name == row.name));
        }
        (!table.rows.is_empty() || what.is_empty()).then_some(table)
    });
    Ok((tables.collect(), !rows.is_empty()))
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

/// The word of each runtime for a capability, with the runtimes that it holds for.
fn by_word<'a>(row: &'a CapabilityRow, profiles: &'a [Profile]) -> Vec<(&'a str, Vec<&'a str>)> {
    let mut words: Vec<(&str, Vec<&str>)> = Vec::new();
    for (cell, profile) in row.cells.iter().zip(profiles).filter(|(cell, _)| !cell.is_empty()) {
        match words.iter_mut().find(|(word, _)| word == cell) {
            Some((_, runtimes)) => runtimes.push(&profile.runtime),
            None => words.push((cell, vec![&profile.runtime])),
        }
    }
    words
}

/// A paragraph for each capability: every runtime by its result.
fn detailed(table: &Table, profiles: &[Profile]) -> String {
    let width = output::render_options().width;
    let mut shown = String::new();
    for row in &table.rows {
        shown += &format!("{} ({})\n", row.name, table.title);
        let mut words = by_word(row, profiles);
        words.sort_by_key(|(word, _)| (!table.kind.is_supported(word), *word == tables::NOT_TESTED));
        for (word, runtimes) in words {
            let word = match word {
                tables::NOT_TESTED => "not tested",
                "yes" => "works",
                word => word,
            };
            let first = format!("  {:<14} ", format!("{word}:"));
            shown += &(wrapped(width, &first, &" ".repeat(17), &runtimes.join(", ")) + "\n");
        }
        shown.push('\n');
    }
    shown.trim_end().to_owned() + "\n"
}

/// A line for each capability: where it works, and what the others do.
fn text(table: &Table, profiles: &[Profile]) -> String {
    if table.rows.is_empty() {
        return format!("{}\n\nnone of the selected runtimes was tested\n", table.title);
    }
    // Runtimes that were tested in few rows are named once.
    let is_untested = |at: &usize| {
        let cells: Vec<&String> = table.rows.iter().filter_map(|row| row.cells.get(*at)).collect();
        2 * cells.iter().filter(|cell| *cell == &tables::NOT_TESTED).count() > cells.len()
    };
    let untested: Vec<&str> = (0..profiles.len()).filter(is_untested).map(|at| profiles[at].runtime.as_str()).collect();
    let note = format!("not tested, unless a line says otherwise: {}", untested.join(", "));
    let note = if untested.is_empty() { String::new() } else { note };
    let rows: Vec<Vec<String>> = table
        .by_range()
        .iter()
        .map(|row| {
            let works = row.cells.iter().filter(|cell| !cell.is_empty() && table.kind.is_supported(cell)).count();
            let asked = row.cells.iter().filter(|cell| !cell.is_empty() && *cell != tables::NOT_TESTED).count();
            let others = by_word(row, profiles).into_iter().filter(|(word, _)| !table.kind.is_supported(word));
            let others: Vec<String> = others
                .filter_map(|(word, mut on)| {
                    on.retain(|runtime| word != tables::NOT_TESTED || !untested.contains(runtime));
                    (!on.is_empty()).then(|| format!("{word}: {}", on.join(", ")))
                })
                .collect();
            vec![row.name.clone(), format!("{works} of {asked}"), others.join("; ")]
        })
        .collect();
    let columns = [names(table.kind.row_header()), names(table.kind.success_heading()), prose("other runtimes", 34)];
    let note = if note.is_empty() { note } else { wrapped(output::render_options().width, "", "  ", &note) + "\n\n" };
    format!("{}\n\n{note}{}", table.title, output::table(&columns, &rows))
}

fn markdown(table: &Table, profiles: &[Profile]) -> String {
    let in_cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
    let mut shown = format!("## {}\n\n| {} |", table.title, table.kind.row_header());
    for profile in profiles {
        shown += &format!(" {} {} |", in_cell(&profile.runtime), in_cell(&profile.version));
    }
    shown += &format!("\n|---|{}\n", "---|".repeat(profiles.len()));
    for row in table.by_range() {
        let cells: Vec<String> = row.cells.iter().map(|cell| in_cell(cell)).collect();
        shown += &format!("| `{}` | {} |\n", in_cell(&row.name), cells.join(" | "));
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

#[cfg(test)]
mod tests {
    use super::tables::{CapabilityRow, Table, TableKind};
    use super::{detailed, selected, text};
    use wasmlab_model::profile::Profile;

    fn table(kind: TableKind, rows: &[(&str, [&str; 3])]) -> Table {
        let row = |(name, cells): &(&str, [&str; 3])| CapabilityRow {
            name: (*name).to_owned(),
            cells: cells.map(str::to_owned).to_vec(),
        };
        Table { kind, title: "T", rows: rows.iter().map(row).collect() }
    }

    fn tables() -> Vec<Table> {
        let proposals = [("gc", ["yes", "with --gc", "?"]), ("simd", ["no", "yes", "?"])];
        let functions = [("fd_read", ["yes", "yes", ""]), ("fd_write", ["yes", "errno 8", ""])];
        vec![table(TableKind::Proposals, &proposals), table(TableKind::Wasi, &functions)]
    }

    fn profiles() -> Vec<Profile> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../snapshots/profiles");
        let any = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
        let any = Profile::from_json(&std::fs::read(any).unwrap()).unwrap();
        ["a", "b", "c"].map(|id| Profile { runtime: id.to_owned(), ..any.clone() }).to_vec()
    }

    #[test]
    fn a_capability_is_found_by_its_name_or_a_part_of_it() {
        let check = |what: &[&str], expected: &[&str], by_name: bool| {
            let what: Vec<String> = what.iter().map(|text| (*text).to_owned()).collect();
            let (found, has_names) = selected(tables(), &what).unwrap();
            let rows: Vec<&str> = found.iter().flat_map(|t| t.rows.iter().map(|row| row.name.as_str())).collect();
            assert_eq!((rows.as_slice(), has_names), (expected, by_name), "{what:?}");
        };
        check(&[], &["gc", "simd", "fd_read", "fd_write"], false);
        check(&["wasi"], &["fd_read", "fd_write"], false);
        check(&["GC"], &["gc"], true);
        check(&["fd_"], &["fd_read", "fd_write"], true);
        check(&["simd", "fd_read"], &["simd", "fd_read"], true);
        let error = selected(tables(), &["fd_raed".to_owned()]).err().unwrap().to_string();
        assert_eq!(error, "no table or capability is named `fd_raed`: did you mean fd_read?");
    }

    #[test]
    fn runtimes_that_were_not_tested_are_named_once() {
        let (found, profiles) = (tables(), profiles());
        let shown = text(&found[0], &profiles);
        assert_eq!((shown.matches("otherwise: c").count(), shown.contains('?')), (1, false), "{shown}");
        assert!(shown.contains("gc") && shown.contains("1 of 2") && shown.contains("with --gc: b"), "{shown}");
        let shown = detailed(&selected(tables(), &["gc".to_owned()]).unwrap().0[0], &profiles);
        assert_eq!(shown, "gc (T)\n  works:         a\n  with --gc:     b\n  not tested:    c\n");
    }
}

//! `capabilities`: shows what each runtime supports, from its profile. Runs nothing.

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use super::common::{choose, usage};
use super::{output, suggest};
use crate::exit;
use crate::lab::Lab;
use crate::store::profiles;
use wasmlab_glob as glob;
use wasmlab_model::profile::Profile;
use wasmlab_model::text::escaped;
use wasmlab_probe::catalogue;

mod compare;
mod features;
mod render;
mod tables;

use tables::{Table, TableKind};

/// Description for `--help`.
pub const ABOUT: &str =
    "Show what each runtime supports, as measured by `probe`: WASI functions, proposals, sockets, limits";
/// Examples for `--help`.
pub const EXAMPLES: &str = "Examples:
  cargo xtask capabilities
  cargo xtask capabilities gc                        which runtimes have a proposal
  cargo xtask capabilities sock_accept wasi:http     where a function or an interface works
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
each line says on how many runtimes something works, and what the other runtimes do instead.
Runtimes to which a capability does not apply are not counted.
  errno 52     the function returned this error
  wrong        it reported success but had no effect
  ends         the call ended the guest or the runtime
  unchecked    the runtime starts modules whose imports are missing
  43 of 545    the runtime defines 43 of the 545 functions
  with SWITCH  off by default
  missing      the runtime lacks the function
  none         it lacks all functions of the specification
  no           it lacks the capability
  ?            not tested

Exit code: 0. With --compare: 1 if something differs.";

/// Options.
#[derive(clap::Args)]
pub struct Args {
    /// Tables, or capabilities by name, part of a name, or glob [default: all tables]
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
        return compare::run(file, &profiles, args.output);
    }
    let catalogue = catalogue::load()?;
    let tables = TableKind::ALL.iter().map(|kind| tables::table(*kind, &profiles, &catalogue)).collect();
    let (tables, has_names) = selected(tables, &args.what, !args.runtime.is_empty())?;
    match args.output {
        TableFormat::Text => {
            let show = if has_names { render::detailed } else { render::text };
            let parts: Vec<String> = tables.iter().map(|table| show(table, &profiles)).collect();
            output::print(&parts.join("\n"))?;
        }
        TableFormat::Markdown => {
            let parts: Vec<String> = tables.iter().map(|table| render::markdown(table, &profiles)).collect();
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
        TableFormat::Csv => output::print(&render::csv(&tables, &profiles))?,
        TableFormat::Features => {
            output::print_json(&features::json(&profiles))?;
        }
    }
    Ok(exit::OK)
}

/// The tables with these names, and the rows with the other names; whether there are such rows.
/// `is_filtered`: the tables are those of some runtimes.
fn selected(all: Vec<Table>, what: &[String], is_filtered: bool) -> Result<(Vec<Table>, bool)> {
    let (kinds, rows): (Vec<&String>, Vec<&String>) = what.iter().partition(|text| TableKind::named(text).is_some());
    let mut wanted: Vec<(TableKind, String)> = Vec::new();
    for text in &rows {
        let name = text.to_lowercase();
        let named = |is_it: &dyn Fn(&str) -> bool| -> Vec<(TableKind, String)> {
            let rows = all.iter().flat_map(|table| table.rows.iter().map(|row| (table.kind, row.name.clone())));
            rows.filter(|(_, row)| is_it(&row.to_lowercase())).collect()
        };
        // As imports are named elsewhere: `wasi_snapshot_preview1.fd_read`.
        let function = name.rsplit_once('.').map(|(_, function)| function.to_owned());
        let mut found = named(&|row| row == name);
        if found.is_empty() {
            found = named(&|row| features::lab_name(&name) == Some(row));
        }
        if found.is_empty() && name.contains(['*', '?', '[', '{']) {
            let glob = glob::parse(&name).or_else(usage)?.compile_matcher();
            found = named(&|row| glob.is_match(row));
        }
        if found.is_empty() {
            found = named(&|row| function.as_deref() == Some(row));
        }
        if found.is_empty() {
            found = named(&|row| row.contains(&name));
        }
        if found.is_empty() {
            let rows = all.iter().flat_map(|table| table.rows.iter().map(|row| row.name.as_str()));
            let hint = suggest::hint(text, rows.chain(TableKind::ALL.iter().map(|kind| kind.id())));
            let what = if is_filtered { "capability of these runtimes" } else { "table or capability" };
            let error = format!("no {what} is named `{}`: {hint}", escaped(text));
            return usage(error.trim_end_matches(": "));
        }
        wanted.append(&mut found);
    }
    let tables = all.into_iter().filter_map(|mut table| {
        let kind = table.kind;
        let is_whole = what.is_empty() || kinds.iter().any(|name| TableKind::named(name) == Some(kind));
        if !is_whole {
            table.rows.retain(|row| wanted.iter().any(|(of, name)| *of == kind && *name == row.name));
        }
        (is_whole || !table.rows.is_empty()).then_some(table)
    });
    Ok((tables.collect(), !rows.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::tables::{Table, TableKind, sample as table};
    use super::{EXAMPLES, selected};

    fn tables() -> Vec<Table> {
        let proposals = ["gc", "simd", "exceptions", "function-references"].map(|name| (name, ["yes", "no", "?"]));
        let functions = [("fd_read", ["yes", "yes", ""]), ("fd_write", ["yes", "errno 8", ""])];
        vec![table(TableKind::Proposals, &proposals), table(TableKind::Wasi, &functions)]
    }

    #[test]
    fn help_lists_every_table() {
        let listed = |id: &str| {
            EXAMPLES.lines().any(|line| line.strip_prefix("  ").is_some_and(|l| l.starts_with(&format!("{id} "))))
        };
        let missing: Vec<&str> = TableKind::ALL.iter().map(|kind| kind.id()).filter(|id| !listed(id)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn a_capability_is_found_by_its_name_or_a_part_of_it() {
        let check = |what: &[&str], expected: &[&str], by_name: bool| {
            let what: Vec<String> = what.iter().map(|text| (*text).to_owned()).collect();
            let (found, has_names) = selected(tables(), &what, false).unwrap();
            let rows: Vec<&str> = found.iter().flat_map(|t| t.rows.iter().map(|row| row.name.as_str())).collect();
            assert_eq!((rows.as_slice(), has_names), (expected, by_name), "{what:?}");
        };
        check(&[], &["gc", "simd", "exceptions", "function-references", "fd_read", "fd_write"], false);
        check(&["wasi"], &["fd_read", "fd_write"], false);
        check(&["GC"], &["gc"], true);
        check(&["typedFunctionReferences", "Exception-Handling"], &["exceptions", "function-references"], true);
        check(&["fd_"], &["fd_read", "fd_write"], true);
        check(&["simd", "fd_read"], &["simd", "fd_read"], true);
        check(&["wasi_snapshot_preview1.fd_read", "s*d"], &["simd", "fd_read"], true);
        // A table without rows is shown if it is named, with a sentence that says so.
        let (found, _) = selected(vec![table(TableKind::Wasi, &[])], &["wasi".to_owned()], false).unwrap();
        assert_eq!(found.len(), 1);
        let error = selected(tables(), &["fd_raed".to_owned()], false).err().unwrap().to_string();
        assert_eq!(error, "no table or capability is named `fd_raed`: did you mean fd_read?");
    }
}

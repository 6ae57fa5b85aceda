//! `report`: renders a saved report, publishes it, or compares it with the published one.

use std::path::{Path, PathBuf};

use anyhow::Result;
use jiff::Timestamp;
use serde_json::Value;
use wasmlab_process::read_text;
use wasmlab_report::published::{self, PathReplacement};
use wasmlab_toolchains::rustc::TOOLCHAIN_VARIABLE;

use super::common::usage;
use super::format::{FormatArgs, GroupingArgs};
use super::{learn, output};
use crate::exit;
use crate::lab::{FIXTURES_VARIABLE, Lab};
use crate::store::files;
use crate::store::snapshots::import_order_is_random;
use wasmlab_model::names::rest;
use wasmlab_model::report::{RunReport, SCHEMA_VERSION};
use wasmlab_model::verdict::Change;
use wasmlab_report::visible::VisiblePath;

mod check_page;

/// Largest report that is read, bytes.
pub const MAX_BYTES: u64 = 128 << 20;

pub const ABOUT: &str = "Render, publish or check a saved report without running anything";
pub const EXAMPLES: &str = "Examples:
  cargo xtask report
  cargo xtask report --output markdown > matrix.md
  cargo xtask report reports/check/report.json     shows the last check
  cargo xtask report ci/report.json
  cargo xtask report --check                       does the published report match the last run-all?
  cargo xtask report --output html > page.html     a page to send
  cargo xtask report --publish                     writes reports/OS-ARCH.json, .md and index.html
  cargo xtask report --check-page                  writes reports/check.html";

#[derive(clap::Args)]
pub struct Args {
    /// The report file [default: reports/latest/report.json, written by the last run-all; outside a checkout, that of
    /// the last check]
    file: Option<PathBuf>,
    #[command(flatten)]
    shown: FormatArgs,
    #[command(flatten)]
    grouping: GroupingArgs,
    /// Write the report to reports/ for publication, without times, memory sizes or local paths; columns whose runtime
    /// is not installed here keep their published results
    #[arg(long)]
    publish: bool,
    /// Fail if the published results differ from this report, or if the published Markdown or page does not match its
    /// JSON
    #[arg(long, conflicts_with = "publish")]
    check: bool,
    /// Write reports/check.html, a page that predicts in the browser where a file runs. To make it, the lab compiles its
    /// reader to WebAssembly and embeds the profiles of snapshots/profiles/
    #[arg(long, conflicts_with_all = ["file", "publish", "check"])]
    check_page: bool,
}

pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    if args.check_page {
        return check_page::write(lab);
    }
    if (args.publish || args.check) && !lab.has_workspace() {
        return usage("--publish and --check need a checkout of the lab");
    }
    if args.publish && lab.is_outside_current_dir() {
        return usage(format!("--publish changes the checkout `{}`: go there first", lab.root.visible()));
    }
    let report = read(&args.file.clone().unwrap_or_else(|| default_file(lab)))?;
    if args.publish {
        publish(lab, &report)
    } else if args.check {
        check(lab, &report)
    } else {
        args.shown.show(&report, args.grouping.group_by())?;
        Ok(exit::OK)
    }
}

/// The report of the last `run-all`; without a workspace, that of the last `check`.
#[must_use]
pub fn default_file(lab: &Lab) -> PathBuf {
    let folder = if lab.has_workspace() { lab.latest_report() } else { lab.check_reports() };
    folder.join("report.json")
}

/// The report in a file.
///
/// # Errors
/// If it cannot be read, or is not a report of this lab.
pub fn read(file: &Path) -> Result<RunReport> {
    let file = in_folder(file);
    let text = read_text(&file, MAX_BYTES).or_else(|e| {
        let shown = file.visible();
        usage(format!("failed to read `{shown}`: {e}; `cargo xtask run-all` and `cargo xtask check --save` write one"))
    })?;
    parse(&text, &file.visible())
}

/// The report in a folder that `--save` named, or the file itself.
#[must_use]
pub fn in_folder(path: &Path) -> PathBuf {
    let inside = path.join("report.json");
    if inside.is_file() { inside } else { path.to_owned() }
}

/// Parses a report; errors refer to it as `name`.
///
/// # Errors
/// If it is not a report in the format that this lab reads.
pub fn parse(text: &str, name: &str) -> Result<RunReport> {
    let bad = |why: String| usage(format!("`{name}` is not a report of the lab: {why}"));
    let value = match serde_json::from_str::<Value>(text) {
        Ok(value) => value,
        Err(error) => return bad(error.to_string()),
    };
    match value.get("schema").and_then(Value::as_u64) {
        Some(schema) if schema == u64::from(SCHEMA_VERSION) => {}
        Some(schema) => {
            return usage(format!(
                "`{name}` has schema {schema}, but this lab reads {SCHEMA_VERSION}: compare reports of the same version of the lab"
            ));
        }
        None if value.get("schema").is_some() => {
            return bad("field `schema` is not a version number".to_owned());
        }
        None => return bad("field `schema` is missing".to_owned()),
    }
    let report = serde_json::from_str::<RunReport>(text).or_else(|error| bad(error.to_string()))?;
    if let Err(why) = report.check_consistency() {
        return bad(why);
    }
    if let Some(number) = too_large(&value) {
        return bad(format!("the number {number} is larger than 2^53, more than any count, size or time"));
    }
    if !report.started.is_empty() && report.started.parse::<Timestamp>().is_err() {
        return bad("`started` is not a time such as 2026-11-26T10:00:00Z".to_owned());
    }
    // They become part of a file name.
    let is_word = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_word(&report.machine.os) || !is_word(&report.machine.arch) {
        return bad("`host.os` or `host.arch` is not the name of a system".to_owned());
    }
    Ok(report)
}

/// A number too large for JSON's readers to represent exactly, and whose sum with others may overflow.
fn too_large(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().filter(|number| *number > 1 << 53),
        Value::Array(values) => values.iter().find_map(too_large),
        Value::Object(fields) => fields.values().find_map(too_large),
        Value::Null | Value::Bool(_) | Value::String(_) => None,
    }
}

const PAGE: &str = "index.html";

/// The two published files for machines of this kind.
fn pair(lab: &Lab, report: &RunReport) -> (PathBuf, PathBuf) {
    let file = |extension| lab.published(&format!("{}-{}.{extension}", report.machine.os, report.machine.arch));
    (file("json"), file("md"))
}

/// Publishes the report, but only if it is from a complete run with the expected results.
fn publish(lab: &Lab, report: &RunReport) -> Result<u8> {
    let unaccepted = report.cells.iter().filter(|c| c.change != Change::Same).count();
    let why_not = if report.command != "run-all" || report.interrupted || !report.selected.is_everything() {
        Some("it is not from a complete run-all: `cargo xtask run-all` writes one".to_owned())
    } else if unaccepted > 0 {
        Some(format!("{unaccepted} cells differ from their snapshots: run `cargo xtask accept`, then run-all again"))
    } else if exit::for_report(report) != exit::OK {
        Some("it contains unexpected results: `cargo xtask report` shows them".to_owned())
    } else {
        None
    };
    if let Some(why_not) = why_not {
        output::print_error(&format!("failed to publish the report: {why_not}"));
        return Ok(exit::REGRESSION);
    }
    let (json, markdown) = pair(lab, report);
    let earlier = if json.is_file() { Some(read(&json)?) } else { None };
    let report = published::published(report, earlier.as_ref(), &path_replacements(lab));
    files::write_atomically(&json, published::json(&report).as_bytes())?;
    files::write_atomically(&markdown, published::markdown(&report).as_bytes())?;
    let page = lab.published(PAGE);
    files::write_atomically(&page, published::html(&report).as_bytes())?;
    // Its pages quote the report.
    learn::render_book(lab)?;
    let files = [&json, &markdown, &page];
    let names = files.map(|file| file.strip_prefix(&lab.root).unwrap_or(file).visible());
    output::print(&format!("published {} cells: {}\n", report.cells.len(), names.join(", ")))?;
    Ok(exit::OK)
}

/// Maximum number of differences shown.
const MAX_SHOWN: usize = 20;

fn check(lab: &Lab, report: &RunReport) -> Result<u8> {
    let (json, markdown) = pair(lab, report);
    let mut wrong = Vec::new();
    let mut versions = Vec::new();
    match read(&json) {
        Err(_) if !json.exists() => {
            wrong.push(format!("`{}` does not exist: nothing is published yet", json.visible()))
        }
        Err(error) => wrong.push(format!("{error:#}")),
        Ok(published) => {
            let page = lab.published(PAGE);
            for (file, expected) in [(markdown, published::markdown(&published)), (page, published::html(&published))] {
                if read_text(&file, MAX_BYTES).unwrap_or_default() != expected {
                    wrong.push(format!("`{}` does not match its JSON", file.visible()));
                }
            }
            let found = published::differences(&published, report, import_order_is_random);
            (versions, wrong) = (found.versions, [wrong, found.results].concat());
        }
    }
    wrong.extend(check_page::check(lab)?);
    // As with snapshots, a new version with the same results is not an error: updating a package requires no action.
    for line in &versions {
        output::print_progress(line);
    }
    for line in wrong.iter().take(MAX_SHOWN) {
        output::print_error(line);
    }
    if wrong.is_empty() {
        return Ok(exit::OK);
    }
    let more = rest(wrong.len(), MAX_SHOWN, "difference").map(|rest| format!("{rest}; ")).unwrap_or_default();
    output::print_error(&format!(
        "{more}the published report is out of date: `cargo xtask report --publish` updates it"
    ));
    Ok(exit::REGRESSION)
}

/// Local paths that a report may contain, with their replacements; the longest path first.
fn path_replacements(lab: &Lab) -> Vec<PathReplacement> {
    let variable = |name: &str| std::env::var(name).ok().filter(|v| v.len() > 1);
    let path = |path: &Path| Some(path.display().to_string());
    let places = [
        (path(lab.cache.dir()), "$WASMLAB_CACHE"),
        (path(&lab.root), "."),
        (variable(FIXTURES_VARIABLE), "$WASMLAB_FIXTURES"),
        (variable(TOOLCHAIN_VARIABLE).map(|name| format!("--toolchain {name}")), "--toolchain $WASMLAB_RUST_TOOLCHAIN"),
        (variable("HOME"), "~"),
        (path(&std::env::temp_dir()), "$TMPDIR"),
    ];
    let mut places: Vec<PathReplacement> =
        places.into_iter().filter_map(|(text, stands)| Some((text?, stands))).collect();
    places.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
    places
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::parse;

    #[test]
    fn numbers_and_times_of_a_report_are_checked() {
        let check = |change: fn(&mut Value), expected: Option<&str>| {
            let mut report = serde_json::to_value(crate::sample::report()).unwrap();
            change(&mut report);
            let error = parse(&report.to_string(), "r.json").err().map(|error| error.to_string());
            match expected {
                Some(expected) => {
                    assert!(error.as_ref().is_some_and(|e| e.contains(expected)), "{error:?}, not {expected}")
                }
                None => assert_eq!(error, None),
            }
        };
        check(|_| (), None);
        check(|r| r["started"] = json!(""), None);
        check(|r| r["started"] = json!("\n::error::"), Some("`started` is not a time"));
        check(|r| r["guests"][0]["bytes"] = json!(u64::MAX), Some("18446744073709551615 is larger than 2^53"));
        check(|r| r["schema"] = json!("9"), Some("field `schema` is not a version number"));
    }
}

//! Shared by several subcommands: selecting rows and columns, running with progress, writing reports.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use globset::GlobSetBuilder;
use jiff::Timestamp;

use super::format::FormatArgs;
use super::{output, progress, suggest};
use crate::engines::custom_build;
use crate::exit;
use crate::lab::{Lab, ROOT_VARIABLE};
use crate::matrix::assemble::{self, RFC_3339, RunMetadata};
use crate::matrix::row::{OUTPUT_FOLDER, is_output_file};
use crate::matrix::{self, MatrixRequest};
use crate::program_name;
use crate::scenario;
use crate::store::files;
use crate::store::snapshots::Snapshots;
use crate::versions;
use wasmlab_glob as glob;
use wasmlab_model::report::{RunReport, Selection};
use wasmlab_model::scenario::Scenario;
use wasmlab_model::text::escaped;
use wasmlab_process as process;
use wasmlab_report::visible::VisiblePath;
use wasmlab_report::{self as report, GroupBy, RenderOptions};
use wasmlab_runtimes::{self as runtimes, CUSTOM_BUILD, Runtime, Source};

/// The command that lists the columns.
const LIST_RUNTIMES: &str = "cargo xtask list runtimes";

/// An invalid request, or one that names something that does not exist: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

/// The error for a wrong command line.
pub fn usage<T>(message: impl Into<String>) -> Result<T> {
    Err(UsageError(message.into()).into())
}

/// Loads every scenario; an error in any of them is a usage error.
pub fn scenarios(lab: &Lab) -> Result<Vec<Scenario>> {
    if !lab.has_workspace() {
        return usage(format!("this needs the scenarios in a checkout of the lab: set {ROOT_VARIABLE} to its folder"));
    }
    scenario::load_all(&lab.scenarios()).or_else(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        usage(format!("failed to load the scenarios:\n  {}", lines.join("\n  ")))
    })
}

/// Whether this is the scenario's name or the short name that it declares as a server.
pub fn is_named(scenario: &Scenario, name: &str) -> bool {
    let short = scenario.spec.run.serve.as_ref().and_then(|serve| serve.name.as_deref());
    scenario.name == name || short == Some(name)
}

/// The glob for the columns of an engine, unless a column has exactly this name: `wasmtime-*` for `wasmtime`.
pub fn of_engine<'a>(text: &str, mut ids: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    let start = format!("{text}-");
    let is_column = ids.clone().any(|id| id == text);
    (!is_column && ids.any(|id| id.starts_with(&start))).then(|| format!("{start}*"))
}

/// The items whose id matches one of the globs; all items if there are no globs. No match is a usage error
/// that lists the ids. `what`: the option's name; the globs of `runtime` may also name an engine.
pub fn choose<T>(items: Vec<T>, globs: &[String], what: &str, id: impl Fn(&T) -> String) -> Result<Vec<T>> {
    if globs.is_empty() {
        return Ok(items);
    }
    let all: Vec<String> = items.iter().map(&id).collect();
    let mut set = GlobSetBuilder::new();
    for text in globs {
        let pattern = if what == "runtime" { of_engine(text, all.iter().map(String::as_str)) } else { None };
        let glob = glob::parse(pattern.as_ref().unwrap_or(text)).or_else(|why| usage(format!("--{what} {why}")))?;
        let matcher = glob.compile_matcher();
        if !all.iter().any(|id| matcher.is_match(id)) {
            let lists = format!("cargo xtask list {what}s");
            let alternatives = suggest::alternatives(text, all.iter().map(String::as_str), &lists);
            return usage(format!("--{what} `{}` matches nothing: {alternatives}", escaped(text)));
        }
        set.add(glob);
    }
    let set = set.build().context("failed to combine the globs")?;
    Ok(items.into_iter().filter(|item| set.is_match(id(item))).collect())
}

/// The columns selected by globs, and those of `RUNTIME@PATH` and `RUNTIME@VERSION`, each after the column it is a
/// build of.
pub fn columns(lab: &Lab, globs: &[String]) -> Result<Vec<Runtime>> {
    let (custom, globs): (Vec<&String>, Vec<&String>) = globs.iter().partition(|g| g.contains(CUSTOM_BUILD));
    let custom = custom.into_iter().map(|text| custom_column(lab, text)).collect::<Result<Vec<_>>>()?;
    let globs: Vec<String> = globs.into_iter().cloned().collect();
    let is_reference = |r: &Runtime| custom.iter().any(|c| c.reference_column.as_ref() == Some(&r.id));
    let mut columns: Vec<Runtime> = if globs.is_empty() && !custom.is_empty() {
        runtimes::all().iter().filter(|r| is_reference(r)).cloned().collect()
    } else {
        matching_columns(&globs)?.into_iter().cloned().collect()
    };
    for column in custom {
        if columns.iter().any(|c| c.id == column.id) {
            return usage(format!("two builds are named `{}`: rename one of the files", column.id));
        }
        let base = columns.iter().position(|c| Some(&c.id) == column.reference_column.as_ref());
        columns.insert(base.map_or(columns.len(), |at| at + 1), column);
    }
    Ok(columns)
}

/// The registered columns selected by globs; without globs, those of the matrix.
pub fn matching_columns(globs: &[String]) -> Result<Vec<&'static Runtime>> {
    match globs {
        [] => Ok(runtimes::tested().collect()),
        globs => choose(runtimes::all().iter().collect(), globs, "runtime", |r: &&Runtime| r.id().to_owned()),
    }
}

/// A single column: a registered id, `RUNTIME@PATH`, or `RUNTIME@VERSION`.
pub fn column(lab: &Lab, text: &str) -> Result<Runtime> {
    if text.contains(CUSTOM_BUILD) {
        return custom_column(lab, text);
    }
    match runtimes::find(text) {
        Some(column) => Ok(column.clone()),
        None => {
            let ids = runtimes::all().iter().map(Runtime::id);
            let text = escaped(text);
            usage(format!("no runtime is named `{text}`: {}", suggest::alternatives(&text, ids, LIST_RUNTIMES)))
        }
    }
}

/// The column for `RUNTIME@PATH` or `RUNTIME@VERSION`, as [`parse_custom_column`] reads them.
fn custom_column(lab: &Lab, text: &str) -> Result<Runtime> {
    let (base, name, path) = parse_custom_column(text)?;
    if runtimes::is_version(path) {
        let wanted =
            versions::VersionedProgram::new(base, path).or_else(|why| usage(format!("--runtime `{text}`: {why}")))?;
        let program = versions::find(lab, &wanted);
        let program = program.or_else(|a| usage(format!("--runtime `{text}`: {}; {}", a.reason, a.remedy)))?;
        return Ok(runtimes::version_build(base, path, program));
    }
    let path =
        fs::canonicalize(path).or_else(|e| usage(format!("--runtime `{text}`: `{path}` cannot be used: {e}")))?;
    if !path.is_file() {
        return usage(format!("--runtime `{text}`: `{}` is not a file", path.visible()));
    }
    // The folder's name distinguishes builds of one program, unless it is a generic name.
    let common = ["bin", "release", "debug", "target", name, base.engine];
    let mut parts = path.ancestors().filter_map(|p| Some(p.file_stem()?.to_string_lossy().into_owned()));
    let named = parts.find(|part| !common.contains(&part.as_str())).unwrap_or_else(|| "own".to_owned());
    let kebab = named.to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let column = runtimes::custom_build(base, kebab.trim_matches('-'), path);
    match custom_build::check(lab, &column) {
        Ok(()) => Ok(column),
        Err(absence) => usage(format!("--runtime `{text}`: {}; {}", absence.reason, absence.remedy)),
    }
}

/// Splits `RUNTIME@…` into the column it is based on, the name RUNTIME, and the text after the `@`. RUNTIME is the id
/// of a column, or the name of an engine, which stands for its command line.
pub fn parse_custom_column(text: &str) -> Result<(&'static Runtime, &str, &str)> {
    let (name, build) = text.split_once(CUSTOM_BUILD).unwrap_or((text, ""));
    let by_engine = |r: &&Runtime| r.engine == name && matches!(r.source, Source::Program(_));
    match runtimes::find(name).or_else(|| runtimes::all().iter().find(by_engine)) {
        Some(base) => Ok((base, name, build)),
        None => {
            let names = runtimes::all().iter().flat_map(|r| [r.id(), r.engine]);
            let alternatives = suggest::alternatives(name, names, LIST_RUNTIMES);
            usage(format!("`{text}`: no runtime or engine is named `{name}`: {alternatives}"))
        }
    }
}

/// Today's date: `2026-11-27`.
#[must_use]
pub fn today() -> String {
    Timestamp::now().strftime("%F").to_string()
}

/// Parses seconds on the command line, `10` or `0.5`; returns milliseconds.
pub fn seconds(text: &str) -> Result<u64, String> {
    match text.trim_end_matches('s').parse::<f64>() {
        Ok(s) if s > 0.0 && s <= 86_400.0 => Ok((s * 1000.0).ceil() as u64),
        _ => Err("give more than 0 seconds and at most 86400, such as 10 or 0.5".to_owned()),
    }
}

/// The purpose of a run of cells.
pub struct Purpose<'a> {
    /// The subcommand.
    pub command: &'static str,
    /// Whether to compare the result with snapshots.
    pub compare: bool,
    /// The selection, if not everything.
    pub selected: Selection,
    /// Completes the report before it is written and shown.
    pub finish: Option<&'a dyn Fn(&mut RunReport)>,
}

impl Purpose<'_> {
    /// For display only, without comparison.
    pub fn of(command: &'static str) -> Self {
        Self { command, compare: false, selected: Selection::default(), finish: None }
    }
}

/// Runs cells with progress on stderr and builds the report.
pub fn measure(lab: &Lab, request: &MatrixRequest, purpose: Purpose) -> RunReport {
    measure_with(lab, request, purpose, progress::ProgressReporter::new())
}

/// As [`measure`], with this progress reporter.
pub fn measure_with(
    lab: &Lab,
    request: &MatrixRequest,
    purpose: Purpose,
    progress: progress::ProgressReporter,
) -> RunReport {
    handle_ctrl_c();
    let (started, began) = (Timestamp::now(), Instant::now());
    let emit = |event: matrix::MatrixEvent| progress.handle(&event);
    let mut results = matrix::run(lab, request, &emit);
    if purpose.compare {
        let on_start = |cells| {
            output::print_progress(&format!(
                "{cells} results differ from the snapshots: measuring them again, one at a time"
            ))
        };
        let store = Snapshots::new(lab.snapshots());
        matrix::remeasure(lab, request, &mut results, |cell, version| store.differs(version, cell), on_start, &emit);
    }
    progress.finish();
    lab.machine.save();
    if request.use_cache && results.cells.values().any(|c| !c.cached) {
        lab.cache.prune();
    }
    let metadata = RunMetadata {
        command: purpose.command,
        started: started.strftime(RFC_3339).to_string(),
        duration_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        interrupted: process::cancelled(),
        compare: purpose.compare,
        selected: purpose.selected,
    };
    let mut report = assemble::report(lab, request, results, metadata);
    // A report of the lab's own scenarios may be published, and is the same whichever program made it.
    if !lab.has_workspace() || (program_name::is_installed() && report.command == "check") {
        program_name::localize_report(&mut report);
    }
    if let Some(finish) = purpose.finish {
        finish(&mut report);
    }
    report
}

/// Runs cells with progress on stderr, writes reports to `folder`, shows the result, and returns the exit code.
pub fn run(
    lab: &Lab,
    request: &MatrixRequest,
    purpose: Purpose,
    folder: &Path,
    show: (FormatArgs, GroupBy),
) -> Result<(u8, RunReport)> {
    lab.unpack_results()?;
    let report = measure(lab, request, purpose);
    // An unwritable folder must not lose the results.
    let written = write(folder, &report);
    show.0.show(&report, show.1)?;
    written?;
    Ok((exit::for_report(&report), report))
}

/// Writes a report in each saved format: `report.json`, `report.md`, `index.html`.
fn write(folder: &Path, report: &RunReport) -> Result<()> {
    let options = RenderOptions { program: program_name::shown(), ..RenderOptions::PLAIN };
    for renderer in report::ALL.iter().filter(|r| r.saved) {
        let path = folder.join(renderer.file());
        files::write_atomically(&path, renderer.text(report, options).as_bytes())
            .context("failed to save the report (the result above is complete)")?;
    }
    write_outputs(folder, report).context("failed to save the guests' output (the result above is complete)")
}

/// Writes the output streams that the report shortens, and removes those of an earlier run.
fn write_outputs(folder: &Path, report: &RunReport) -> io::Result<()> {
    let files = report.cells.iter().flat_map(|cell| &cell.output.files);
    let mut written_files = BTreeSet::new();
    for file in files {
        let path = folder.join(&file.path);
        if let Some(text) = &file.text {
            files::write_atomically(&path, text.as_bytes())?;
        }
        written_files.insert(path);
    }
    let Ok(entries) = fs::read_dir(folder.join(OUTPUT_FOLDER)) else { return Ok(()) };
    for entry in entries.flatten() {
        // Any other file is somebody's own.
        let is_of_lab = entry.file_name().to_str().is_some_and(is_output_file)
            && entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_of_lab && !written_files.contains(&entry.path()) {
            // Two runs in one checkout may both remove it.
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// How long after the first signal another one counts as the same: a signal to the whole process group arrives twice,
/// once through the guard.
const SIGNAL_DEBOUNCE: Duration = Duration::from_millis(300);

/// The first Ctrl-C stops the children and reports the results so far; the second ends the lab.
pub fn handle_ctrl_c() {
    let mut first: Option<Instant> = None;
    let handler = move || match first {
        None => {
            first = Some(Instant::now());
            process::cancel();
            output::print_progress(
                "interrupted: stopping the running cells and keeping the results so far (press Ctrl-C again to quit at once)",
            );
        }
        Some(at) if at.elapsed() < SIGNAL_DEBOUNCE => {}
        Some(_) => {
            process::kill_all();
            std::process::exit(i32::from(exit::INTERRUPTED));
        }
    };
    // Without a terminal, a handler may not be possible; then Ctrl-C ends the lab at once.
    let _ = ctrlc::set_handler(handler);
}

#[cfg(test)]
mod tests {
    use super::{choose, write_outputs};

    #[test]
    fn only_outputs_of_an_earlier_run_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("output");
        std::fs::create_dir(&output).unwrap();
        for name in ["a.node.stdout.txt", "notes.txt", "my notes.node.stdout.txt", "stdout.txt"] {
            std::fs::write(output.join(name), "").unwrap();
        }
        let mut report = crate::sample::report();
        report.cells.clear();
        write_outputs(folder.path(), &report).unwrap();
        let mut left: Vec<_> = std::fs::read_dir(output).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["my notes.node.stdout.txt", "notes.txt", "stdout.txt"]);
    }

    #[test]
    fn the_name_of_an_engine_stands_for_its_columns() {
        let check = |what: &str, glob: &str, expected: Option<&[&str]>| {
            let ids = ["node", "node-20", "wasmtime-cli", "wasmtime-36", "wasmtimes"].map(str::to_owned).to_vec();
            let found = choose(ids, &[glob.to_owned()], what, Clone::clone).ok();
            let found: Option<Vec<&str>> = found.as_ref().map(|ids| ids.iter().map(String::as_str).collect());
            assert_eq!(found.as_deref(), expected, "{what} {glob}");
        };
        check("runtime", "wasmtime", Some(&["wasmtime-cli", "wasmtime-36"]));
        check("runtime", "node", Some(&["node"]));
        check("runtime", "node-2", None);
        check("scenario", "wasmtime", None);
    }
}

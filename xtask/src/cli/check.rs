//! `check`: shows where a module of the user runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use self::config::Config;
use self::guest::{FileToCheck, GuestArgs};
use self::requirements::Requirements;
use super::arguments::{EngineArgs, PresenceArgs, RuntimeArgs};
use super::baseline::BaselineArgs;
use super::common::{self, Purpose};
use super::format::RunFormatArgs;
use super::guest_file::MaxSize;
use super::{files, output, run_all};
use crate::cell::Retention;
use crate::guest::Guest;
use crate::lab::Lab;
use crate::matrix::MatrixRequest;
use wasmlab_model::report::{RunReport, Selection};
use wasmlab_model::scenario::Scenario;
use wasmlab_report::visible::VisiblePath;
use wasmlab_report::{GroupBy, answer};
use wasmlab_runtimes::Runtime;

mod absent;
mod budget;
mod client;
mod config;
mod dirs;
pub mod guest;
mod requirements;
mod trials;
mod watch;

pub const ABOUT: &str = "Show where your .wasm or .wat file runs, where it does not, and why";
pub const EXAMPLES: &str = "Examples:
  cargo xtask check app.wasm
  cargo xtask check 'build/*.wasm'                   # every match; ** stands for any folders
  cargo xtask check                                  # the files of wasmlab.toml
  cargo xtask check app.wasm --dir ./data::/data --env LANG=C -- --verbose input.txt
  cargo xtask check app.wasm --dir-rw ./out --runtime wasmtime-cli
  cargo xtask check handler.wasm --http --request 'GET / 200 hello' --request 'GET /nowhere 404'
  cargo xtask check server.wasm --listen web --request 'GET / 200' -- '127.0.0.1:{port:web}'
  cargo xtask check server.wasm --listen 8080        # fixed port: runtimes run one at a time
  cargo xtask check client.wasm --network loopback
  cargo xtask check add.wat --invoke add -- 2 3
  cargo xtask check plugin.wasm --load               # a library: it only has to load
  cargo xtask check app.wasm --expect-stdout 'hello' --expect-exit 0 --runtime 'wasm*'
  cargo xtask check a.wasm b.wasm --output json
  cargo xtask check app.wasm --must 'wasmtime-*' --must node --allow wasmi:unsupported-proposal
  cargo xtask check app.wasm --baseline before.json  # what has changed since
  cargo xtask check app.wasm --runtime wasmi --runtime node --require-present    # in CI
  cargo xtask check app.wasm --try-remedies          # also try the suggested fixes on a copy
  cargo xtask check app.wasm --save report           # then open report/index.html
  cargo xtask check app.wasm --runtime 'wasmtime-*' --watch    # again after each build

Each runtime gets a fresh copy of every --dir; the original does not change. To keep what guests
write, use --keep-dirs FOLDER and look in FOLDER/app/RUNTIME. To let the guest change the directory
itself, use --dir-rw with one runtime.

Exit code 0: every file ran on every selected runtime that is installed. A runtime that lacks
component support, or WASI altogether, does not count for a file that needs it; but each file must
run somewhere. A browser that does not start counts as not installed. A `not-attempted` result
does not count either: the lab has no way to give the runtime what the file needs, or one of the
lab's limits forbids it.

Exit code 1:
  - a file did not run on an installed runtime that counts, and --allow does not cover it;
  - a runtime of --must did not pass, or is not installed;
  - a budget of wasmlab.toml is exceeded; or
  - with --require-present, a selected runtime is not installed.
With --baseline, a failure that the baseline also has does not count; the other reasons still do.

Exit code 4: nothing was run, because no selected runtime is installed.

The report goes to reports/check/ in the checkout; it does not replace the report of the last
run-all. Outside a checkout it goes to the user's cache folder. --save names another folder.";

#[derive(clap::Args)]
pub struct Args {
    /// Modules or components, as .wasm or .wat, or globs of them [default: the files listed in wasmlab.toml, here or in
    /// a parent folder]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    guest: GuestArgs,
    /// Read the files and their requirements from this file instead of wasmlab.toml
    #[arg(long, value_name = "FILE", conflicts_with = "files")]
    config: Option<PathBuf>,
    /// Require a pass on the runtimes that match the glob; one that is not installed counts as a failure; may be
    /// repeated
    #[arg(long, value_name = "RUNTIME")]
    must: Vec<String>,
    /// Accept failures on the runtimes that match the glob, or only failures with this code; may be repeated
    #[arg(long, value_name = "RUNTIME[:CODE]")]
    allow: Vec<String>,
    /// Load the files without calling any export. The files must be libraries; a runtime passes if it loads them
    #[arg(long, conflicts_with_all = ["invoke", "listen", "http", "expect_stdout", "expect_exit", "args"])]
    load: bool,
    #[command(flatten)]
    baseline: BaselineArgs,
    /// Time limit for running a guest, in seconds [default: 10; compilation has its own limit]
    #[arg(long, value_name = "SECONDS", value_parser = common::seconds)]
    timeout: Option<u64>,
    #[command(flatten)]
    columns: RuntimeArgs,
    /// Ignore cached results and run every cell again
    #[arg(long)]
    no_cache: bool,
    /// Apply the remedies that change the file (wasm-opt, the WASI adapter) to a copy, run the copy, and show whether
    /// it helped
    #[arg(long)]
    try_remedies: bool,
    /// Check again whenever a file changes, until Ctrl-C
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    presence: PresenceArgs,
    /// Write report.json, report.md and index.html to this folder [default: reports/check/; outside a checkout, a
    /// folder in the user's cache]
    #[arg(long, value_name = "FOLDER")]
    save: Option<PathBuf>,
    #[command(flatten)]
    shown: RunFormatArgs,
    #[command(flatten)]
    engines: EngineArgs,
    #[command(flatten)]
    max_size: MaxSize,
}

pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    let check = || run_once(lab, args);
    if args.watch { watch::run(args, &check) } else { check() }
}

fn run_once(lab: &Lab, args: &Args) -> Result<u8> {
    let config = if args.files.is_empty() { Some(config::find(args)?) } else { None };
    args.save.iter().try_for_each(|folder| require_writable(folder))?;
    let globs = match &config {
        Some(config) if args.columns.runtime.is_empty() => &config.runtimes,
        _ => &args.columns.runtime,
    };
    let runtimes = common::columns(lab, globs)?;
    let keep_folder = args.guest.dirs.keep_folder()?;
    let baseline = args.baseline.read(lab)?;
    let given = files_to_check(args, config.as_ref(), &runtimes)?;
    let (scenarios, guests) = prepared(lab, args, &given)?;
    let one_at_a_time = given.iter().any(|file| file.options.client.is_one_at_a_time());
    let selected = Selection { runtimes: globs.clone(), ..Selection::default() };
    let request = MatrixRequest {
        scenarios: &scenarios,
        runtimes,
        jobs: if one_at_a_time { 1 } else { run_all::jobs(None) },
        use_cache: !args.no_cache && keep_folder.is_none(),
        confirm: false,
        limits: run_all::limits(args.timeout),
        build: args.engines.offline.to_build_options(),
        given: guests,
        inputs_are_complete: false,
        withheld: BTreeMap::new(),
        time_budget: None,
        engines: args.engines.to_engine_builds(),
        sink: None,
        retention: Retention { copy_dirs_to: keep_folder.as_deref(), ..Retention::default() },
    };
    let finish = |report: &mut RunReport| {
        absent::mark_unstartable(report);
        absent::note_selected(report, globs);
        if args.try_remedies && !report.interrupted {
            trials::add(lab, &request, report);
        }
        for file in &given {
            if file.requirements.load {
                wasmlab_report::library::require_loading(report, &file.name);
            }
            file.requirements.apply(&file.name, &file.title, report);
        }
        if let Some(baseline) = &baseline {
            baseline.compare(report);
        }
    };
    let purpose = Purpose { selected, finish: Some(&finish), ..Purpose::of("check") };
    let shown = args.shown.or(answer::RENDERER);
    let folder = args.save.clone().unwrap_or_else(|| lab.check_reports());
    let (code, report) = common::run(lab, &request, purpose, &folder, (shown, GroupBy::Family))?;
    print_places(lab, args, &folder, keep_folder.as_deref());
    Ok(args.presence.exit_code(&report, code))
}

/// The globs of the runtimes that a `wasmlab.toml` names.
///
/// # Errors
/// If it cannot be read, or every mistake in it.
pub fn runtimes_of_config(path: &Path) -> Result<Vec<String>> {
    Ok(config::read(path, path.visible())?.runtimes)
}

/// Fails before anything is run if the report could not be saved.
fn require_writable(folder: &Path) -> Result<()> {
    let written = fs::create_dir_all(folder).and_then(|()| tempfile::tempfile_in(folder));
    let failed =
        |e| common::usage(format!("failed to write to `{}`: {e}; name another folder for --save", folder.visible()));
    written.map_or_else(failed, |_| Ok(()))
}

/// The files, with the requirements of the command line added to their own.
fn files_to_check(args: &Args, config: Option<&Config>, runtimes: &[Runtime]) -> Result<Vec<FileToCheck>> {
    let mut given = match config {
        Some(config) => config.files_to_check(runtimes.len())?,
        None => named(args, runtimes.len())?,
    };
    for file in &mut given {
        file.requirements.add_options(&args.must, &args.allow, runtimes)?;
    }
    Ok(given)
}

/// A scenario for each file, and its guest by the scenario's name.
fn prepared(lab: &Lab, args: &Args, given: &[FileToCheck]) -> Result<(Vec<Scenario>, BTreeMap<String, Guest>)> {
    let mut scenarios = Vec::new();
    let mut guests = BTreeMap::new();
    for file in given {
        let (scenario, guest) = guest::prepare(lab, file, &args.max_size, args.timeout)?;
        guests.insert(scenario.name.clone(), guest);
        scenarios.push(scenario);
    }
    Ok((scenarios, guests))
}

/// Says where the report is, if the user did not choose its folder, and where the guests' directories are.
fn print_places(lab: &Lab, args: &Args, report: &Path, directories: Option<&Path>) {
    if args.save.is_none() && !lab.has_workspace() {
        output::print_progress(&format!("the report is in {}", report.visible()));
    }
    if let Some(directories) = directories {
        output::print_progress(&format!("the guests' directories were copied to {}", directories.visible()));
    }
}

/// The files of the command line, all run in the same way.
fn named(args: &Args, runtimes: usize) -> Result<Vec<FileToCheck>> {
    let paths = files::named(&args.files)?;
    let files = paths.iter().zip(guest::names(&paths)).map(|(file, (name, title))| {
        let dirs = args.guest.dirs.dirs(paths.len(), runtimes)?;
        let requirements = Requirements { load: args.load, ..Requirements::default() };
        Ok(FileToCheck { file: file.clone(), name, title, options: args.guest.clone(), dirs, requirements })
    });
    files.collect()
}

//! `suite`: runs a conformance suite across runtimes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use super::arguments::{EngineArgs, PresenceArgs, RuntimeArgs};
use super::baseline::BaselineArgs;
use super::common::{self, Purpose, usage};
use super::format::RunFormatArgs;
use super::guest_file::MaxSize;
use super::{dir_template, parallel, run_all, suggest};
use crate::cell::{Retention, TempDir};
use crate::guest::Guest;
use crate::lab::Lab;
use crate::matrix::time_budget::TimeBudget;
use crate::matrix::{MatrixRequest, facts_of_given};
use crate::store::tree::Tree;
use crate::suite::wast::WastFile;
use crate::suite::wast::collapse::collapse;
use crate::suite::{self, Suite, SuiteFiles, Test, WastSource};
use wasmlab_glob as glob;
use wasmlab_model::file_error::FileError;
use wasmlab_model::report::{RunReport, Selection};
use wasmlab_model::scenario::DirTemplate;
use wasmlab_process as process;
use wasmlab_report::visible::VisiblePath;
use wasmlab_report::{GroupBy, suite as overview};

mod abi;
mod wast_files;

pub const ABOUT: &str = "Run a conformance suite on every runtime: tests in wasi-testsuite's layout, or .wast files";
pub const EXAMPLES: &str = "Examples:
  cargo xtask setup --suite                      # clone wasi-testsuite into the lab's cache
  cargo xtask suite                              # all its tests on every installed runtime
  cargo xtask suite path/to/wasi-testsuite/tests --runtime wasmtime-cli --runtime node
  cargo xtask suite fixtures/suite               # the lab's own small suite
  cargo xtask suite tests --test 'path_*'        # only some tests
  cargo xtask suite spec/test/core/i32.wast --runtime node --runtime 'wasmtime-*'
  cargo xtask suite tests --full                 # a column per runtime, and every explanation
  cargo xtask suite tests --output json > before.json
  cargo xtask suite tests --baseline before.json # what has changed since

Every folder at or below PATH that contains NAME.wasm files is a suite. NAME.json says how to run
NAME.wasm and what to expect: as one run (args, root, env, stdout, stderr, exit_code), or as a list
of operations (run, write, read, connect, send, recv, request, kill, wait). manifest.json names the
suite and its target. PATH is never modified: each test gets its own copy of its `root`, without
*.cleanup files.

A test that uses a field or an operation that the lab does not know is not run, and is listed as not
attempted. A JSON or .wast file with an error ends the command before anything runs (exit code 2).

A .wast file counts as one test. Its assertions are counted one by one: passed, failed, not
attempted. They run on embedded engines and JavaScript hosts (a browser only if --runtime names it).
The lab does not attempt assertions that test the text format, need modules that import from other
modules, or need references that only a host can create. For --test, the name of a .wast file is its
path below PATH (`gc/struct.wast`).

Exit code 0: every selected runtime passed every test that it could run. A runtime without component
support, or without the WASI version that a test needs, is not counted for that test.
Exit code 1: a runtime failed a test. With --baseline, only regressions count.
Exit code 4: nothing was run.

The report goes to reports/suite/.";

/// A `.wast` file may take this many times the limit of a test on each runtime. Each of its processes has the limit of
/// a test.
const WAST_LIMITS: u64 = 10;
/// The largest folder that a test may get, MiB.
const MAX_ROOT_MIB: u64 = 256;

#[derive(clap::Args)]
pub struct Args {
    /// Folder with the tests, or a .wast file [default: the folder that `setup --suite` clones]
    #[arg(value_name = "PATH")]
    dir: Option<PathBuf>,
    /// Run only tests that match the glob; may be repeated
    #[arg(long, value_name = "GLOB")]
    test: Vec<String>,
    #[command(flatten)]
    columns: RuntimeArgs,
    #[command(flatten)]
    baseline: BaselineArgs,
    /// Number of tests to run in parallel [default: number of CPUs plus one]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Time limit for running a test, in seconds; each operation may take half of it. A .wast file may take ten times
    /// the limit on each runtime [default: 10; compilation has its own limit]
    #[arg(long, value_name = "SECONDS", value_parser = common::seconds)]
    timeout: Option<u64>,
    /// Ignore cached results and run every test again
    #[arg(long)]
    no_cache: bool,
    #[command(flatten)]
    presence: PresenceArgs,
    #[command(flatten)]
    shown: RunFormatArgs,
    #[command(flatten)]
    engines: EngineArgs,
    #[command(flatten)]
    max_size: MaxSize,
}

pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    let path = path(lab, args.dir.as_deref())?;
    let found = chosen(load(&path)?, &args.test)?;
    let files = read_wast(&found.wast)?;
    let suites = found.suites;
    let mut runtimes = args.columns.columns(lab)?;
    if suites.is_empty() && args.columns.runtime.is_empty() {
        runtimes.retain(wast_files::is_selected_by_default);
    }
    let baseline = args.baseline.read(lab)?;
    let copies = TempDir::create(false)?;
    let roots = copy_roots(&suites, copies.path())?;
    let limits = run_all::limits(args.timeout);
    let jobs = run_all::jobs(args.jobs);
    let mut guests = guests(lab, &suites, &args.max_size, jobs)?;
    wast_files::add_guests(lab, &files, &mut guests)?;
    let (mut scenarios, mut withheld) = (Vec::new(), BTreeMap::new());
    for (suite, test) in suites.iter().flat_map(|suite| suite.tests.iter().map(move |test| (suite, test))) {
        let root = test.root.as_ref().and_then(|root| roots.get(root)).cloned();
        let (scenario, not_attempted) = suite::scenario(suite, test, root, (limits.run_ms / 2).max(1));
        withheld.extend(not_attempted.map(|reason| (scenario.name.clone(), reason)));
        scenarios.push(scenario);
    }
    scenarios.extend(files.iter().flat_map(|file| &file.parts).map(|part| part.scenario.clone()));
    scenarios.sort_by(|a, b| a.name.cmp(&b.name));
    let parts = files.iter().flat_map(|file| file.parts.iter().map(move |part| (&part.scenario.name, &file.title)));
    let time_budget = TimeBudget::new(
        parts.map(|(part, file)| (part.clone(), file.clone())),
        Duration::from_millis(limits.run_ms.saturating_mul(WAST_LIMITS)),
    );
    let request = MatrixRequest {
        scenarios: &scenarios,
        runtimes,
        jobs,
        use_cache: !args.no_cache,
        confirm: true,
        limits,
        build: args.engines.offline.to_build_options(),
        given: guests,
        inputs_are_complete: true,
        withheld,
        time_budget: Some(&time_budget),
        engines: args.engines.to_engine_builds(),
        sink: None,
        retention: Retention::default(),
    };
    let finish = |report: &mut RunReport| {
        abi::mark_lacking(report);
        collapse(&files, report);
        if let Some(baseline) = &baseline {
            baseline.compare(report);
        }
    };
    let selected = Selection { scenarios: args.test.clone(), runtimes: args.columns.runtime.clone(), partition: None };
    let purpose = Purpose { selected, finish: Some(&finish), ..Purpose::of("suite") };
    let shown = args.shown.or(overview::RENDERER);
    let (code, report) = common::run(lab, &request, purpose, &lab.suite_reports(), (shown, GroupBy::Family))?;
    Ok(args.presence.exit_code(&report, code))
}

/// The folder to search, or the file.
fn path(lab: &Lab, named: Option<&Path>) -> Result<PathBuf> {
    let Some(named) = named else {
        let cloned = lab.wasi_testsuite().join("tests");
        return match cloned.is_dir() {
            true => Ok(cloned),
            false => usage(
                "no folder is given, and wasi-testsuite is not cloned yet: name a folder, or run `cargo xtask setup --suite`",
            ),
        };
    };
    let found = fs::canonicalize(named).or_else(|e| usage(format!("`{}` cannot be read: {e}", named.visible())))?;
    match found.is_dir() || is_wast(&found) {
        true => Ok(found),
        false => usage(format!(
            "`{}` is not a folder or a .wast file: for a single module, use `cargo xtask check`",
            named.visible()
        )),
    }
}

fn is_wast(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "wast")
}

fn load(path: &Path) -> Result<SuiteFiles> {
    if !path.is_dir() {
        let name = path.file_name().map(Path::new).unwrap_or(path);
        return Ok(SuiteFiles { suites: Vec::new(), wast: vec![WastSource::new(path.to_owned(), name)] });
    }
    let found = suite::load(path).or_else(faulty)?;
    if found.suites.iter().all(|suite| suite.tests.is_empty()) && found.wast.is_empty() {
        return usage(format!(
            "`{}` and the folders below it have no .wasm or .wast file: name a folder with tests",
            path.visible()
        ));
    }
    Ok(found)
}

fn faulty<T>(errors: Vec<FileError>) -> Result<T> {
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    usage(format!("failed to read the tests:\n  {}", lines.join("\n  ")))
}

/// Reads the `.wast` files.
fn read_wast(sources: &[WastSource]) -> Result<Vec<WastFile>> {
    let (files, errors): (Vec<_>, Vec<_>) = sources.iter().map(WastSource::read).partition(Result::is_ok);
    let errors: Vec<FileError> = errors.into_iter().filter_map(Result::err).collect();
    if errors.is_empty() { Ok(files.into_iter().flatten().collect()) } else { faulty(errors) }
}

/// The tests that match one of the globs.
fn chosen(mut found: SuiteFiles, globs: &[String]) -> Result<SuiteFiles> {
    let mut matchers = Vec::new();
    for text in globs {
        let matcher = glob::parse(text).or_else(|why| usage(format!("--test {why}")))?.compile_matcher();
        let tests = found.suites.iter().flat_map(|suite| suite.tests.iter().map(|test| test.name.as_str()));
        let names = tests.chain(found.wast.iter().map(|file| file.title.as_str()));
        if !names.clone().any(|name| matcher.is_match(name)) {
            let near: Vec<String> = suggest::nearest(text, names).iter().map(|name| format!("`{name}`")).collect();
            let advice = match near.is_empty() {
                true => "`--output csv` lists all".to_owned(),
                false => format!("did you mean {}?", near.join(" or ")),
            };
            return usage(format!("--test `{text}` matches no test: {advice}"));
        }
        matchers.push(matcher);
    }
    let matches = |name: &str| matchers.is_empty() || matchers.iter().any(|matcher| matcher.is_match(name));
    for suite in &mut found.suites {
        suite.tests.retain(|test| matches(&test.name));
    }
    found.suites.retain(|suite| !suite.tests.is_empty());
    found.wast.retain(|file| matches(&file.title));
    Ok(found)
}

/// The lab's own copies of the folders that tests get, by path.
fn copy_roots(suites: &[Suite], into: &Path) -> Result<BTreeMap<PathBuf, DirTemplate>> {
    let roots: BTreeSet<&PathBuf> =
        suites.iter().flat_map(|s| &s.tests).filter_map(|test| test.root.as_ref()).collect();
    let mut copies = BTreeMap::new();
    for (index, root) in roots.into_iter().enumerate() {
        let shown = format!("`{}`", root.visible());
        let tree = Tree::read(root).with_context(|| format!("failed to copy {shown}"))?.without(".cleanup");
        let copy = into.join(index.to_string());
        copies.insert(root.clone(), dir_template::create(&tree, MAX_ROOT_MIB, copy, &shown, "use a smaller folder")?);
    }
    Ok(copies)
}

/// The guests, by the names of their tests. Reading a file takes longer than running it, so several are read at once.
fn guests(lab: &Lab, suites: &[Suite], max_size: &MaxSize, jobs: usize) -> Result<BTreeMap<String, Guest>> {
    let tests: Vec<&Test> = suites.iter().flat_map(|suite| &suite.tests).collect();
    let read = |test: &&Test| -> Result<Option<(String, Guest)>> {
        // After an interruption nothing is run.
        let guest = (!process::cancelled()).then(|| guest(lab, &test.file, max_size)).transpose()?;
        Ok(guest.map(|guest| (test.name.clone(), guest)))
    };
    let guests = parallel::map(&tests, jobs.min(tests.len()), "failed to read the tests", read)?;
    Ok(guests.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// The guest of a test. A file that is not a module is reported by its row.
fn guest(lab: &Lab, file: &Path, max_size: &MaxSize) -> Result<Guest> {
    let bytes = max_size.read(file).or_else(|e| usage(format!("failed to read `{}`: {e}", file.visible())))?;
    let sha256 = lab.cache.put_object(&bytes)?;
    // Keeps the facts for its row, which reports what cannot be read.
    let _ = facts_of_given(lab, &sha256);
    Ok(Guest::given(sha256))
}

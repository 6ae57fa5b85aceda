//! `check`: shows where a module of the user runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wasmlab_protocol::Value;

use self::client::ClientArgs;
use self::dirs::{DirArgs, Dirs};
use super::common::{self, Purpose, usage};
use super::format::FormatArgs;
use super::guest_file::MaxSize;
use super::{output, run_all};
use crate::cell::Retention;
use crate::guest::{self, Guest};
use crate::lab::Lab;
use crate::matrix::{Request, facts_by};
use crate::reading::{self, Form, ReadError};
use wasmlab_model::facts::{Facts, Shape};
use wasmlab_model::report::{Origin, Selection};
use wasmlab_model::scenario::{Build, EntryPointKind, Expect, ExpectedCall, Run, Scenario, ScenarioFile};
use wasmlab_report::{GroupBy, answer, table};

mod client;
mod dirs;

/// Description for `--help`.
pub const ABOUT: &str = "Show where your .wasm or .wat file runs, where it does not, and why";
/// Examples for `--help`.
pub const EXAMPLES: &str = "Examples:
  cargo xtask check app.wasm
  cargo xtask check app.wasm --dir ./data::/data --env LANG=C -- --verbose input.txt
  cargo xtask check app.wasm --dir-rw ./out --runtime wasmtime-cli
  cargo xtask check handler.wasm --http --request 'GET / 200 hello' --request 'GET /nowhere 404'
  cargo xtask check server.wasm --listen web --request 'GET / 200' -- '127.0.0.1:{port:web}'
  cargo xtask check server.wasm --listen 8080        # fixed port: runtimes run one at a time
  cargo xtask check client.wasm --network loopback
  cargo xtask check add.wat --invoke add -- 2 3
  cargo xtask check app.wasm --expect-stdout 'hello' --expect-exit 0 --runtime 'wasm*'
  cargo xtask check a.wasm b.wasm --output json
  cargo xtask check app.wasm --runtime wasmi --runtime node --require-present    # in CI

Each runtime gets a fresh copy of every --dir; the original directory is not changed. To keep what
the guests wrote, use --keep-dirs FOLDER and look in FOLDER/app/RUNTIME. To let the guest change
the directory itself, use --dir-rw with one runtime. (`run-one` keeps the folder its cell ran in.)

Exit code: 0 if every installed runtime runs every file; 1 if one does not (or, with
--require-present, if a selected runtime is not installed).
The report is written to reports/check/; the report of the last run-all is not changed.";

/// Options.
#[derive(clap::Args)]
pub struct Args {
    /// Modules or components, as .wasm or .wat
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Call this export instead of running the program; its arguments follow `--`
    #[arg(long, value_name = "EXPORT")]
    invoke: Option<String>,
    #[command(flatten)]
    dirs: DirArgs,
    #[command(flatten)]
    client: ClientArgs,
    /// Set an environment variable for the guest; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    env: Vec<String>,
    /// Feed this file to the guest's stdin
    #[arg(long, value_name = "FILE")]
    stdin: Option<PathBuf>,
    /// Require the guest's stdout (with --invoke: the results) to contain this text
    #[arg(long, value_name = "TEXT")]
    expect_stdout: Option<String>,
    /// Require this exit code from the guest [default: 0]
    #[arg(long, value_name = "CODE")]
    expect_exit: Option<i32>,
    /// Time limit for running a guest, in seconds [default: 10; compilation has its own limit]
    #[arg(long, value_name = "SECONDS", value_parser = common::seconds)]
    timeout: Option<u64>,
    /// Only runtimes that match the glob; RUNTIME@PATH adds your own build, RUNTIME@VERSION a version; may be repeated
    #[arg(long, value_name = "GLOB")]
    runtime: Vec<String>,
    /// Ignore cached results and run every cell again
    #[arg(long)]
    no_cache: bool,
    /// Fail if a selected runtime is not installed
    #[arg(long)]
    require_present: bool,
    #[command(flatten)]
    shown: FormatArgs,
    /// Show the full table with one letter per runtime and every explanation (same as --output table)
    #[arg(long, conflicts_with = "renderer")]
    full: bool,
    /// Do not use the network while building engines
    #[arg(long)]
    offline: bool,
    /// Which embedded engines to build
    #[arg(long, value_enum, default_value_t = common::EnginesArg::All)]
    engines: common::EnginesArg,
    #[command(flatten)]
    max_size: MaxSize,
    /// Arguments passed to the guest
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<String>,
}

/// Runs the subcommand.
pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    let runtimes = common::columns(lab, &args.runtime)?;
    let dirs = args.dirs.dirs(args.files.len(), runtimes.len())?;
    let kept = args.dirs.keep()?;
    let mut scenarios = Vec::new();
    let mut given = BTreeMap::new();
    for file in &args.files {
        let (scenario, guest) = prepare(lab, file, args, &dirs)?;
        if given.contains_key(&scenario.name) {
            return usage(format!("two files are named `{}`: check them one after the other", scenario.name));
        }
        given.insert(scenario.name.clone(), guest);
        scenarios.push(scenario);
    }
    scenarios.sort_by(|a, b| a.name.cmp(&b.name));
    let request = Request {
        scenarios: &scenarios,
        runtimes,
        jobs: if args.client.is_one_at_a_time() { 1 } else { run_all::jobs(None) },
        use_cache: !args.no_cache && kept.is_none(),
        confirm: false,
        limits: run_all::limits(args.timeout),
        build: guest::BuildOptions { offline: args.offline, require_built: false },
        given,
        engines: args.engines.to_builds(),
        sink: None,
        retention: Retention { copy_dirs_to: kept.as_deref(), ..Retention::default() },
    };
    let selected = Selection { scenarios: Vec::new(), runtimes: args.runtime.clone() };
    let purpose = Purpose { selected, ..Purpose::of("check") };
    let shown = args.shown.or(if args.full { table::RENDERER } else { answer::RENDERER });
    let (code, report) = common::run(lab, &request, purpose, &lab.check_reports(), (shown, GroupBy::Family))?;
    if let Some(kept) = &kept {
        output::print_progress(&format!("the guests' directories were copied to {}", kept.display()));
    }
    Ok(if args.require_present { common::require_present(&report, code) } else { code })
}

/// Creates a scenario and a guest for one file.
fn prepare(lab: &Lab, file: &Path, args: &Args, dirs: &Dirs) -> Result<(Scenario, Guest)> {
    let bytes = read(file, &args.max_size)?;
    let sha256 = lab.cache.put_object(&bytes)?;
    let facts = match facts_by(lab, &sha256, || reading::facts(file, Form::Facts)) {
        Ok(facts) => Some(facts),
        // The row and each runtime report what is wrong with it.
        Err(ReadError::Refused(_)) => None,
        Err(error) => return usage(format!("failed to read `{}`: {error}", file.display())),
    };
    let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = file.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let mut run = run_table(facts.as_ref(), &name, args, dirs)?;
    let step = args.client.apply(&mut run, args.timeout)?;
    let spec = ScenarioFile {
        schema: crate::scenario::SCHEMA_VERSION,
        title: name.clone(),
        family: "given".to_owned(),
        route: "given".to_owned(),
        rank: 0,
        build: Build { toolchain: "wat".to_owned(), ..Build::default() },
        run,
        expect: Expect {
            exit: args.expect_exit.unwrap_or(0),
            stdout_contains: args.expect_stdout.iter().filter(|_| args.invoke.is_none()).cloned().collect(),
            ..Expect::default()
        },
        known: Vec::new(),
        step,
    };
    let guest = Guest {
        sha256,
        companions: BTreeMap::new(),
        origin: Origin::Given,
        toolchain: "given".to_owned(),
        build_ms: None,
        shown_command: String::new(),
        cached: true,
        missing: None,
    };
    Ok((Scenario { name: stem, dir: PathBuf::new(), spec }, guest))
}

/// The binary; text is assembled.
fn read(file: &Path, max_size: &MaxSize) -> Result<Vec<u8>> {
    let bytes = max_size.read(file).or_else(|e| usage(format!("failed to read `{}`: {e}", file.display())))?;
    if !reading::is_text(file, &bytes) {
        return Ok(bytes);
    }
    match reading::read(file, Form::Binary) {
        Err(ReadError::Refused(message)) => usage(message),
        read => read.or_else(|error| usage(format!("failed to read `{}`: {error}", file.display()))),
    }
}

fn run_table(facts: Option<&Facts>, name: &str, args: &Args, dirs: &Dirs) -> Result<Run> {
    let mut run = Run { args: args.args.clone(), dir: dirs.dirs.clone(), ..Run::default() };
    for text in &args.env {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => run.env.insert(name.to_owned(), value.to_owned()),
            _ => return usage(format!("--env `{text}` is not NAME=VALUE")),
        };
    }
    if let Some(file) = &args.stdin {
        let bytes = args.max_size.read(file).or_else(|e| usage(format!("--stdin `{}` cannot be read: {e}", file.display())))?;
        run.stdin = String::from_utf8(bytes).with_context(|| format!("failed to use `{}`: it is not UTF-8", file.display()))?;
    }
    if let Some(export) = &args.invoke {
        run.entry = EntryPointKind::Calls;
        run.args = Vec::new();
        run.call = vec![call(facts, export, name, args)?];
    } else if let Some(facts) = facts.filter(|f| f.shape != Shape::Command && f.kind == wasmlab_model::facts::BinaryKind::Module) {
        // A library has no program to run; all that can be observed is that it instantiates, and what `_initialize`
        // does.
        let callable = facts.exports.iter().filter(|e| e.signature.is_some()).map(|e| e.name.as_str()).collect::<Vec<_>>();
        if !callable.is_empty() {
            output::print_progress(&format!(
                "{name} has no program to run; to call one of its exports: --invoke NAME -- ARGS (it has {})",
                shorten(&callable)
            ));
        } else if facts.imports.is_empty() {
            let found = wasmlab_judge::exports::missing_export(Some(facts), "_start");
            output::print_progress(&format!("{name} {}: only loading it can be observed", found.detail));
        }
    }
    Ok(run)
}

fn shorten(names: &[&str]) -> String {
    match names {
        [first @ .., _] if names.len() > 8 => format!("{} and {} more", first[..7].join(", "), names.len() - 7),
        _ => names.join(", "),
    }
}

/// The call for `--invoke`, with arguments parsed by the parameter types of the export.
fn call(facts: Option<&Facts>, export: &str, name: &str, args: &Args) -> Result<ExpectedCall> {
    let made = |args, results| ExpectedCall { export: export.to_owned(), args, results, after_previous: false };
    let Some(facts) = facts else { return Ok(made(Vec::new(), None)) };
    let found = facts.exports.iter().find(|e| e.name == export);
    let Some(signature) = found.and_then(|e| e.signature.as_ref()) else {
        let found = wasmlab_judge::exports::missing_export(Some(facts), export);
        let remedy = found.remedy.map(|remedy| format!(". {remedy}")).unwrap_or_default();
        return usage(format!("{name} {}{}", found.detail, remedy.trim_end_matches('.')));
    };
    if signature.params.len() != args.args.len() {
        let wanted = signature.params.join(", ");
        return usage(format!("`{export}` takes {} arguments ({wanted}), {} were given", signature.params.len(), args.args.len()));
    }
    let typed = |(ty, text): (&String, &String)| {
        format!("{ty}:{text}").parse::<Value>().or_else(|e| usage(format!("argument for `{export}`: {e}")))
    };
    let values = signature.params.iter().zip(&args.args).map(typed).collect::<Result<Vec<_>>>()?;
    let results = match (&args.expect_stdout, signature.results.as_slice()) {
        (None, _) => None,
        (Some(text), [ty]) => {
            Some(vec![format!("{ty}:{text}").parse().or_else(|e| usage(format!("--expect-stdout: {e}")))?])
        }
        (Some(_), _) => return usage(format!("--expect-stdout with --invoke needs an export of one result; `{export}` has another")),
    };
    Ok(made(values, results))
}

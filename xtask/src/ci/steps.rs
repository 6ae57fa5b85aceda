//! The steps, in the order they run.

use std::path::Path;

use anyhow::{Context as _, Result};
use wasmlab_model::report::RunReport;
use xshell::cmd;

use super::{CiStep, Context, StepFn, engines, locked};
use crate::engines::KEEP_VARIABLE;
use crate::lab::{FIXTURES_VARIABLE, Lab};
use crate::store::cache::WASMER_CLI;
use wasmlab_report::visible::VisiblePath;
use wasmlab_runtimes::{Runtime, Source};

/// The script that installs tools and writes variables as NAME=VALUE lines to the file it is given.
const INSTALL: &str = ".ci/install";
/// A glob for scenarios whose toolchain the script installed, for `build --require-built`.
const BUILT: &str = "WASMLAB_CI_BUILT";
/// Columns and programs that no test may find missing, separated by spaces.
const REQUIRED: &str = "WASMLAB_TESTS_REQUIRE";
/// How long each target is fuzzed, seconds.
const FUZZ_SECONDS: &str = "5";

/// Every step.
pub fn all(xtask: &Path) -> Vec<CiStep> {
    let mut steps = vec![
        in_background(step("install", "Install the available toolchains and runtimes", &[], install)),
        step("fmt", "Check the formatting of every source file", &[], fmt),
        step("clippy", "Lint the lab", &[], clippy),
        in_background(step("engines", "Build the embedded engines and drivers", &[], build_engines)),
        // While engines are being compiled: parts of that use one core.
        step("guests", "Build from source every guest whose toolchain is installed", &["install"], guests),
        step("matrix", "Run every scenario on every runtime", &["install", "engines"], matrix),
        step("tests", "Run the lab's tests", &["install", "engines"], tests),
    ];
    steps.extend(engines::workspaces(xtask).into_iter().map(|w| engines::step(w, vec!["install", "engines"])));
    steps.push(step(
        "fuzz",
        "Fuzz the binary reader, predictions and the Emscripten host for a few seconds",
        &[],
        fuzz,
    ));
    // It compiles the whole lab again, with instrumentation.
    let about = "Fuzz the readers of scenario.toml and of suites for a few seconds";
    steps.push(full(step("fuzz-scenario", about, &[], fuzz_scenario)));
    let about = "Compile wasmer's command line, which takes a quarter of an hour, and run every scenario on it";
    steps.push(full(step("wasmer-cli", about, &["install", "engines"], wasmer_cli)));
    steps
}

fn step(
    name: &str,
    about: &str,
    needs: &[&'static str],
    work: impl Fn(&Context) -> Result<()> + Send + Sync + 'static,
) -> CiStep {
    let (run, needs): (StepFn, _) = (Box::new(work), needs.to_vec());
    CiStep { name: name.to_owned(), about: about.to_owned(), needs, only_full: false, in_background: false, run }
}

fn full(step: CiStep) -> CiStep {
    CiStep { only_full: true, ..step }
}

/// A slow step that does not depend on others: starts at once.
fn in_background(step: CiStep) -> CiStep {
    CiStep { in_background: true, ..step }
}

fn install(context: &Context) -> Result<()> {
    let shell = context.shell()?;
    if !shell.path_exists(INSTALL) {
        context.leave_out(format!("installing tools: {INSTALL} does not exist"));
        return Ok(());
    }
    let folder = shell.create_temp_dir()?;
    let variables_file = folder.path().join("environment");
    context.run(cmd!(shell, "bash {INSTALL} {variables_file}"))?;
    let text = shell.read_file(&variables_file).context("the installation wrote no variables")?;
    let variables = text.lines().filter_map(|line| line.split_once('=')).map(|(n, v)| (n.to_owned(), v.to_owned()));
    for (name, value) in variables {
        // Repeated at the end, because nobody reads the middle of a log.
        match name.as_str() {
            "MISSING" => context.leave_out(value),
            _ => _ = locked(&context.environment).insert(name, value),
        }
    }
    Ok(())
}

/// Every source file: `cargo fmt` finds only those whose `mod` is written out, and registries declare theirs by a
/// macro.
fn fmt(context: &Context) -> Result<()> {
    let shell = context.shell()?;
    let listed = cmd!(shell, "git ls-files *.rs").read()?;
    let files: Vec<&str> = listed.lines().collect();
    context.run_quietly(cmd!(shell, "rustfmt --check --edition 2024 {files...}"))
}

/// Reuses the build of the tests, which `.ci/run` has made: only the benchmarks are new.
fn clippy(context: &Context) -> Result<()> {
    let shell = context.shell()?;
    let lint = engines::lint_options(&shell)?;
    context.run(cmd!(shell, "cargo test --workspace --all-targets --no-run --locked {lint...}"))
}

fn build_engines(context: &Context) -> Result<()> {
    let shell = context.shell()?;
    // Their tests need the complete build.
    shell.set_var(KEEP_VARIABLE, "1");
    let xtask = std::env::current_exe()?;
    let built = wasmlab_runtimes::all().iter().filter(|runtime| runtime.in_ci && runtime.source.built().is_some());
    let selection = engines::selection(built.map(Runtime::id));
    context.run(cmd!(shell, "{xtask} setup --build-engines {selection...}"))
}

fn matrix(context: &Context) -> Result<()> {
    let shell = context.shell()?;
    let xtask = std::env::current_exe()?;
    context.run(cmd!(shell, "{xtask} doctor"))?;
    // Downloads nginx's sources from the registry once.
    if let Err(error) = context.run(cmd!(shell, "{xtask} setup nginx-source*")) {
        context.leave_out(format!("the sources of nginx: {error:#}"));
    }
    context.run(cmd!(shell, "{xtask} run-all --engines built"))?;
    leave_out_absent(context)?;
    let published = context.lab.published(&Lab::published_report_name());
    if !published.is_file() {
        context.leave_out(format!("the published report: {} does not exist", published.visible()));
        return Ok(());
    }
    context.run(cmd!(shell, "{xtask} report --check"))?;
    context.run(cmd!(shell, "{xtask} learn book --check"))
}

/// Reports absent columns whose programs CI should have installed or built.
fn leave_out_absent(context: &Context) -> Result<()> {
    let path = context.lab.latest_report().join("report.json");
    let bytes = std::fs::read(&path).with_context(|| format!("failed to read `{}`", path.visible()))?;
    let report: RunReport = serde_json::from_slice(&bytes)?;
    for id in wasmlab_runtimes::in_ci() {
        for runtime in report.runtimes.iter().filter(|r| r.id == id && !r.tool.present) {
            let why = runtime.tool.missing.as_deref().unwrap_or("absent");
            context.leave_out(format!("the column {id}: {why}"));
        }
    }
    Ok(())
}

fn guests(context: &Context) -> Result<()> {
    let shell = context.shell()?;
    let Ok(built) = shell.var(BUILT) else {
        context.leave_out(format!("building guests from source: {BUILT} is not set; prebuilt guests are used"));
        return Ok(());
    };
    let xtask = std::env::current_exe()?;
    context.run(cmd!(shell, "{xtask} build --require-built --scenario {built}"))
}

fn tests(context: &Context) -> Result<()> {
    let shell = context.shell()?;
    // An earlier step has built them, so no test may find one missing.
    let is_built = |runtime: &&Runtime| runtime.in_ci && matches!(runtime.source, Source::Embedded(_));
    let engines = wasmlab_runtimes::all().iter().filter(is_built);
    let installed = shell.var(REQUIRED).unwrap_or_default();
    let required: Vec<&str> = engines.map(Runtime::id).chain(installed.split_whitespace()).collect();
    shell.set_var(REQUIRED, required.join(" "));
    // With the same options as that build: otherwise everything is compiled again.
    let lint = engines::lint_options(&shell)?;
    let options = &lint;
    context.run(cmd!(shell, "cargo test --workspace --locked {options...}"))?;
    if shell.var(FIXTURES_VARIABLE).is_err() {
        context.leave_out(format!("the nginx-2018 test: {FIXTURES_VARIABLE} does not name a folder"));
        return Ok(());
    }
    // `--workspace` for the same reason: alone, the package would be compiled with other features.
    context.run(cmd!(shell, "cargo test --workspace --lib --locked {lint...} -- --ignored"))
}

fn fuzz(context: &Context) -> Result<()> {
    let shell = context.shell()?;
    context.run(cmd!(shell, "bash xtask/fuzz/run inspect {FUZZ_SECONDS}"))?;
    context.run(cmd!(shell, "bash xtask/fuzz/run predict {FUZZ_SECONDS}"))?;
    // As its other tests: everything is already built.
    engines::lint_with_tests(&shell)?;
    shell.set_var("WASMLAB_FUZZ_SECONDS", FUZZ_SECONDS);
    shell.set_var("WASMLAB_FUZZ_CALLS", "1000000000");
    let options = engines::test_options(context, &context.lab.xtask().join("hosts/emscripten"))?;
    context.run(cmd!(shell, "cargo test --quiet --test fuzz {options...}"))
}

fn fuzz_scenario(context: &Context) -> Result<()> {
    let shell = context.shell()?;
    context.run(cmd!(shell, "bash xtask/fuzz/run scenario {FUZZ_SECONDS}"))?;
    context.run(cmd!(shell, "bash xtask/fuzz/run suite {FUZZ_SECONDS}"))
}

fn wasmer_cli(context: &Context) -> Result<()> {
    const COLUMN: &str = "wasmer-cli";
    let shell = context.shell()?;
    let runtime = wasmlab_runtimes::all().iter().find(|runtime| runtime.id() == COLUMN);
    let install = runtime.and_then(|r| r.install.iter().find(|install| install.command.first() == Some(&"cargo")));
    let args = install.and_then(|install| install.command.get(1..)).context("no command of cargo installs wasmer")?;
    let (xtask, root) = (std::env::current_exe()?, context.lab.cache.dir().join(WASMER_CLI));
    context.run(cmd!(shell, "cargo {args...} --root {root}"))?;
    shell.set_var("WASMLAB_WASMER", root.join("bin").join("wasmer"));
    context.run(cmd!(shell, "{xtask} run-all --runtime {COLUMN}"))
}

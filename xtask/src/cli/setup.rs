//! `setup`: installs what is missing with each tool's usual package manager. Prints its plan first.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::Result;
use xshell::Shell;

use super::common;
use super::output;
use crate::engines::{self, Absence};
use crate::exit;
use crate::lab::Lab;
use crate::versions::{self, VersionedProgram};
use wasmlab_model::text::form;
use wasmlab_report::text;
use wasmlab_report::visible::VisiblePath;
use wasmlab_runtimes::{self as runtimes, CUSTOM_BUILD, Source};
use wasmlab_toolchains as toolchains;

mod embedded;
mod suite;

pub const ABOUT: &str = "Install missing toolchains and runtimes with their usual package managers";
pub const EXAMPLES: &str = "Examples:
  cargo xtask setup --dry-run                shows the plan
  cargo xtask setup
  cargo xtask setup nginx                    installs what this scenario's build needs
  cargo xtask setup --runtime 'deno*'        installs these runtimes, and no toolchains
  cargo xtask setup --runtime wasmi          builds this embedded engine: a minute or two
  cargo xtask setup --config wasmlab.toml    installs the runtimes that this file names
  cargo xtask setup node@24 wasmtime@48      installs these versions, for `--runtime node@24`
  cargo xtask setup --suite                  clones wasi-testsuite, for `suite`
  cargo xtask setup --build-engines          builds what run-all needs: ten to twenty minutes
  cargo xtask setup --from .                 the same, installed for `wasmlab` outside the checkout
  cargo xtask setup --from . --runtime wasmi             only this one";

#[derive(Clone, clap::Args)]
pub struct Args {
    /// Scenarios (names, globs, or short names such as nginx): install only what their builds need, and no runtimes. Or
    /// RUNTIME@VERSION: install this version of the runtime into the lab's cache
    #[arg(value_name = "SCENARIO|RUNTIME@VERSION")]
    wanted: Vec<String>,
    /// Show what would be installed without installing it
    #[arg(long)]
    dry_run: bool,
    /// Install only runtimes that match the glob, and no toolchains; embedded engines are built (outside a checkout,
    /// this needs --from); may be repeated
    #[arg(long, value_name = "GLOB")]
    runtime: Vec<String>,
    /// Install only the runtimes that this wasmlab.toml names
    #[arg(long, value_name = "FILE", conflicts_with_all = ["wanted", "runtime"])]
    config: Option<PathBuf>,
    /// Build all embedded engines and browser drivers now, not when `run-all` first needs them, and install nothing else
    #[arg(long, conflicts_with_all = ["wanted", "dry_run"])]
    build_engines: bool,
    /// As --build-engines, but build them in this checkout of the lab, and copy them to the user's data folder, where the
    /// installed `wasmlab` finds them
    #[arg(long, value_name = "CHECKOUT", conflicts_with_all = ["wanted", "dry_run"])]
    from: Option<PathBuf>,
    /// Only clone wasi-testsuite at a fixed commit, for `suite`
    #[arg(long, conflicts_with_all = ["wanted", "runtime", "config", "build_engines", "from"])]
    suite: bool,
}

/// Maximum number of passes: a tool can be checked only after what it depends on is installed; the longest chain is
/// shorter.
const MAX_PASSES: usize = 6;

impl Args {
    /// These arguments, with the runtimes that `config` names in place of those on the command line.
    fn with_config(&self) -> Result<Self> {
        let Some(path) = &self.config else { return Ok(self.clone()) };
        let named = super::check::runtimes_of_config(path)?;
        if named.is_empty() {
            return common::usage(format!(
                "`{}` names no runtimes: add `runtimes = [\"node\"]`, or use --runtime",
                path.visible()
            ));
        }
        let (versions, globs): (Vec<String>, Vec<String>) =
            named.into_iter().partition(|text| text.contains(CUSTOM_BUILD));
        // A program that is given by its path is there.
        let is_version =
            |text: &String| text.split_once(CUSTOM_BUILD).is_some_and(|(_, version)| runtimes::is_version(version));
        Ok(Self { wanted: versions.into_iter().filter(is_version).collect(), runtime: globs, ..self.clone() })
    }
}

pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    let args = &args.with_config()?;
    if args.build_engines || args.from.is_some() {
        return match (&args.from, lab.has_sources()) {
            (Some(checkout), _) => embedded::install(checkout, &args.runtime),
            (None, true) => embedded::build(lab, &args.runtime),
            (None, false) => common::usage(
                "engines are built from their sources in a checkout of the lab: name it with --from; or put the engines \
                 of a release (wasmlab-engine-*) on PATH",
            ),
        };
    }
    if args.suite {
        return suite::clone(lab, args.dry_run);
    }
    let unbuilt = embedded::unbuilt(lab, &args.runtime)?;
    let plan = missing(lab, args)?;
    if plan.0.is_empty() && plan.1.is_empty() && unbuilt.is_empty() {
        output::print("nothing is missing\n")?;
        return Ok(exit::OK);
    }
    output::print(&describe(&plan))?;
    if !unbuilt.is_empty() {
        output::print(&format!("will build  {}\n", unbuilt.join(", ")))?;
    }
    if args.dry_run {
        return Ok(exit::OK);
    }
    let announced = plan.1.clone();
    let (done, rest) = install(lab, args, plan)?;
    lab.machine.save();
    let code = conclude(&done, &announced, &rest)?;
    let built = if unbuilt.is_empty() { exit::OK } else { embedded::build(lab, &unbuilt)? };
    Ok(code.max(built))
}

/// Commands that were run.
#[derive(Default)]
struct Done {
    tried: BTreeSet<Vec<String>>,
    failed: BTreeSet<Vec<String>>,
}

/// Runs the commands of a plan, and those that they make possible. Returns what is still missing.
fn install(lab: &Lab, args: &Args, mut plan: SetupPlan) -> Result<(Done, SetupPlan)> {
    let mut done = Done::default();
    for pass in 0..MAX_PASSES {
        let (commands, _) = &plan;
        let fresh: Commands =
            commands.iter().filter(|(c, _)| !done.tried.contains(*c)).map(|(c, w)| (c.clone(), w.clone())).collect();
        if fresh.is_empty() {
            break;
        }
        if pass > 0 {
            output::print(&describe(&(fresh.clone(), ManualSteps::new())))?;
        }
        for (command, what) in fresh {
            if let Err(error) = run_one(&command) {
                output::print_error(&format!("failed to set up {}: {error}; see its output above", listed(&what)));
                done.failed.insert(command.clone());
            }
            done.tried.insert(command);
        }
        plan = missing(lab, args)?;
    }
    Ok((done, plan))
}

/// Says what is still missing, and what the user must do; `announced`: the steps that were printed before.
fn conclude(done: &Done, announced: &ManualSteps, (commands, by_hand): &SetupPlan) -> Result<u8> {
    // A package manager may succeed and still not install the right file, or install a program that is not on PATH.
    let still: Vec<_> = commands.iter().filter(|(command, _)| !done.failed.contains(*command)).collect();
    for (command, what) in &still {
        let program = command.first().map(String::as_str).unwrap_or_default();
        let why = if done.tried.contains(*command) {
            format!("succeeded, but {} still missing", form(what.len(), "it is", "they are"))
        } else {
            "was not run".to_owned()
        };
        output::print_error(&format!("failed to set up {}: `{program}` {why}", listed(what)));
    }
    let news = by_hand.iter().filter(|(what, remedy)| announced.get(*what) != Some(*remedy));
    let news: ManualSteps = news.map(|(what, remedy)| (what.clone(), remedy.clone())).collect();
    output::print(&describe(&(Commands::new(), news)))?;
    if !done.failed.is_empty() || !still.is_empty() {
        return Ok(exit::INTERNAL_ERROR);
    }
    let rest = if by_hand.is_empty() { "done" } else { "done, except for the manual steps" };
    if !done.tried.is_empty() {
        output::print(&format!("{rest}: `cargo xtask doctor` shows what is installed now\n"))?;
    }
    Ok(exit::OK)
}

/// Commands to run, and what each installs.
type Commands = BTreeMap<Vec<String>, BTreeSet<String>>;

/// Steps that the user must do: what is missing, and how to get it.
type ManualSteps = BTreeMap<String, String>;

/// Everything to do.
type SetupPlan = (Commands, ManualSteps);

/// Describes a plan. Each command stays on one line so that it can be copied.
fn describe((commands, by_hand): &SetupPlan) -> String {
    let width = output::render_options().width;
    let mut text = String::new();
    for (command, what) in commands {
        let what = text::wrapped(width, "          for ", "              ", &listed(what));
        text += &format!("will run  {}\n{what}\n", command.join(" "));
    }
    let mut steps: Vec<(&String, BTreeSet<String>)> = Vec::new();
    for (what, remedy) in by_hand {
        match steps.iter_mut().find(|(known, _)| *known == remedy) {
            Some((_, all)) => _ = all.insert(what.clone()),
            None => steps.push((remedy, BTreeSet::from([what.clone()]))),
        }
    }
    for (remedy, what) in steps {
        text += &text::wrapped(width, "manual    ", "          ", &format!("{}: {remedy}", listed(&what)));
        text.push('\n');
    }
    text
}

fn missing(lab: &Lab, args: &Args) -> Result<SetupPlan> {
    lab.machine.forget_answers();
    let (of_runtimes, scenarios): (Vec<String>, Vec<String>) =
        args.wanted.iter().cloned().partition(|text| text.contains(CUSTOM_BUILD));
    let mut plan = versions_of(lab, &of_runtimes)?;
    let everything = args.runtime.is_empty() && of_runtimes.is_empty() && lab.has_workspace();
    if !scenarios.is_empty() || everything {
        toolchains(lab, &scenarios, &mut plan)?;
    }
    if !args.wanted.is_empty() && args.runtime.is_empty() {
        return Ok(plan);
    }
    for runtime in common::matching_columns(&args.runtime)? {
        let Err(Some(absence)) = engines::find_tool(lab, runtime) else { continue };
        match runtime.source {
            Source::Embedded(engine) if !args.runtime.is_empty() => {
                let remedy = engines::installed::how_to_install(engine, Some(runtime.id()));
                add(&mut plan, runtime.id(), Absence { remedy, ..absence });
            }
            Source::Embedded(_) => {}
            Source::Program(_) | Source::Driver { .. } => add(&mut plan, runtime.id(), absence),
        }
    }
    Ok(plan)
}

/// Requested versions that are missing: `node@24`.
fn versions_of(lab: &Lab, texts: &[String]) -> Result<SetupPlan> {
    let mut plan = SetupPlan::default();
    for text in texts {
        let (base, _, version) = common::parse_custom_column(text)?;
        if !runtimes::is_version(version) {
            return common::usage(format!("`{text}`: `{version}` is not a version, such as 24 or 24.1.0"));
        }
        let wanted = VersionedProgram::new(base, version).or_else(|why| common::usage(format!("`{text}`: {why}")))?;
        if let Err(absence) = versions::find_and_make_executable(lab, &wanted) {
            add(&mut plan, text, absence);
        }
    }
    Ok(plan)
}

fn add((commands, by_hand): &mut SetupPlan, what: &str, absence: Absence) {
    match absence.command {
        Some((command, "")) => _ = commands.entry(command).or_default().insert(what.to_owned()),
        Some((command, note)) => _ = commands.entry(command).or_default().insert(format!("{what} ({note})")),
        None => _ = by_hand.insert(what.to_owned(), format!("{}; {}", absence.reason, absence.remedy)),
    }
}

fn toolchains(lab: &Lab, wanted: &[String], (commands, by_hand): &mut SetupPlan) -> Result<()> {
    let all = common::scenarios(lab)?;
    // A short name selects the scenario that declares it.
    let named = |text: &str| all.iter().find(|s| common::is_named(s, text));
    let name_of = |text: &String| named(text).map_or_else(|| text.clone(), |s| s.name.clone());
    let globs: Vec<String> = wanted.iter().map(name_of).collect();
    for scenario in common::choose(all, &globs, "scenario", |s| s.name.clone())? {
        let build = &scenario.spec.build;
        let Some(toolchain) = toolchains::find(&build.toolchain) else { continue };
        // No package fixes a renamed target or a broken installed tool.
        if (toolchain.preflight_error)(build, &lab.machine).is_some() {
            continue;
        }
        let Err(missing) = (toolchain.find)(&scenario, &lab.machine) else { continue };
        match missing.command {
            Some(command) => _ = commands.entry(command).or_default().insert(missing.what),
            None => _ = by_hand.insert(missing.what, missing.remedy),
        }
    }
    Ok(())
}

fn listed(what: &BTreeSet<String>) -> String {
    what.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Runs one command with the user's environment and terminal, as the user would.
fn run_one(command: &[String]) -> Result<()> {
    let shell = Shell::new()?;
    let (program, args) = command.split_first().ok_or_else(|| anyhow::anyhow!("the command is empty"))?;
    // xshell's own error repeats the whole command, which it has just echoed.
    let output = shell.cmd(program).args(args).ignore_status();
    let status = std::process::Command::from(output).status().map_err(|e| anyhow::anyhow!("`{program}`: {e}"))?;
    anyhow::ensure!(status.success(), "`{program}` failed: {status}");
    Ok(())
}

//! `setup`: what is missing, got by the ordinary route of each tool. It says first what it will do.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use xshell::Shell;

use super::common;
use super::output;
use crate::engines;
use crate::exit;
use crate::lab::Lab;
use crate::model::scenario::Scenario;
use crate::runtime::{self, Source};
use crate::toolchain;

/// For `--help`.
pub const ABOUT: &str = "Get what is missing, by the ordinary route of each tool";
/// For `--help`.
pub const EXAMPLES: &str = "Examples:
  cargo xtask setup --dry-run                says what it would do
  cargo xtask setup
  cargo xtask setup nginx                    gets what this scenario needs, and no runtime
  cargo xtask setup --runtime 'deno*'        gets these runtimes, and no toolchain";

/// Options.
#[derive(clap::Args)]
pub struct Args {
    /// Only what these scenarios are built with, and no runtime; names, globs, or short names such as nginx
    scenario: Vec<String>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Only these runtimes, and no toolchain; repeatable
    #[arg(long, value_name = "GLOB")]
    runtime: Vec<String>,
}

/// Runs it.
pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    let (commands, by_hand) = missing(lab, args)?;
    if commands.is_empty() && by_hand.is_empty() {
        output::print("nothing is missing\n")?;
        return Ok(exit::OK);
    }
    let mut text = String::new();
    for (command, what) in &commands {
        text += &format!("will run  {}\n          for {}\n", command.join(" "), listed(what));
    }
    for (what, how) in &by_hand {
        text += &format!("by hand   {what}: {how}\n");
    }
    output::print(&text)?;
    if args.dry_run {
        return Ok(exit::OK);
    }
    let (done, failed): (Vec<_>, Vec<_>) = commands.keys().partition(|command| match run_one(command) {
        Ok(()) => true,
        Err(error) => {
            let what = listed(&commands[*command]);
            output::complain(&format!("failed to set up {what}: {error}; its own words are above"));
            false
        }
    });
    let mut failed = failed.len();
    // A client may end well and leave another file than the one that is wanted, or a program that PATH does not find.
    for (command, what) in missing(lab, args)?.0.iter().filter(|(command, _)| done.contains(command)) {
        failed += 1;
        let program = command.first().map(String::as_str).unwrap_or_default();
        output::complain(&format!("failed to set up {}: `{program}` ended well, and it is still missing", listed(what)));
    }
    lab.machine.save();
    if failed == 0 && !commands.is_empty() {
        output::print("done: `cargo xtask doctor` shows what is here now\n")?;
    }
    Ok(if failed == 0 { exit::OK } else { exit::LAB })
}

/// Commands to run, each with what it is for, and what only a person can do.
type Plan = (BTreeMap<Vec<String>, BTreeSet<String>>, BTreeMap<String, String>);

fn missing(lab: &Lab, args: &Args) -> Result<Plan> {
    let only_runtimes = args.scenario.is_empty() && !args.runtime.is_empty();
    let (mut commands, mut by_hand) = if only_runtimes { Plan::default() } else { toolchains(lab, &args.scenario)? };
    if !args.scenario.is_empty() && args.runtime.is_empty() {
        return Ok((commands, by_hand));
    }
    for runtime in common::choose(runtime::all(), &args.runtime, "runtime", |r| r.id().to_owned())? {
        let (Err(Some(absence)), Source::Program { .. } | Source::Driver { .. }) =
            (engines::ready(lab, runtime), runtime.source())
        else {
            continue;
        };
        match absence.command {
            Some((command, "")) => _ = commands.entry(command).or_default().insert(runtime.id().to_owned()),
            Some((command, note)) => {
                commands.entry(command).or_default().insert(format!("{} ({note})", runtime.id()));
            }
            None => _ = by_hand.insert(runtime.id().to_owned(), format!("{}; {}", absence.why, absence.how)),
        }
    }
    Ok((commands, by_hand))
}

fn toolchains(lab: &Lab, wanted: &[String]) -> Result<Plan> {
    let (mut commands, mut by_hand) = Plan::default();
    let all = common::scenarios(lab)?;
    // A short name stands for the scenario that gives it to itself.
    let serves = |s: &Scenario, name: &str| s.spec.run.serve.as_ref().is_some_and(|v| v.name.as_deref() == Some(name));
    let name_of = |text: &String| all.iter().find(|s| serves(s, text)).map_or_else(|| text.clone(), |s| s.name.clone());
    let globs: Vec<String> = wanted.iter().map(name_of).collect();
    for scenario in common::choose(all, &globs, "scenario", |s| s.name.clone())? {
        let build = &scenario.spec.build;
        let Some(toolchain) = toolchain::find(&build.toolchain) else { continue };
        // Nothing that could be fetched changes a target's name, or repairs a tool that is here and broken.
        if toolchain.obstacle(build, &lab.machine).is_some() {
            continue;
        }
        let Err(missing) = toolchain.find_for(&scenario, &lab.machine) else { continue };
        match missing.command {
            Some(command) => _ = commands.entry(command).or_default().insert(missing.what),
            None => _ = by_hand.insert(missing.what, missing.how),
        }
    }
    Ok((commands, by_hand))
}

fn listed(what: &BTreeSet<String>) -> String {
    what.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Runs one command with the user's own environment and terminal: it is a chore of the user's.
fn run_one(command: &[String]) -> Result<()> {
    let shell = Shell::new()?;
    let (program, args) = command.split_first().ok_or_else(|| anyhow::anyhow!("the command is empty"))?;
    // xshell's own error repeats the whole command, which it has just echoed.
    let output = shell.cmd(program).args(args).ignore_status();
    let ended = std::process::Command::from(output).status().map_err(|e| anyhow::anyhow!("`{program}`: {e}"))?;
    anyhow::ensure!(ended.success(), "`{program}` ended with {ended}");
    Ok(())
}

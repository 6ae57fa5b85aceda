//! `setup`: what is missing, got by the ordinary route of each tool. It says first what it will do.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use xshell::Shell;

use super::common;
use super::output;
use crate::engines;
use crate::exit;
use crate::lab::Lab;
use crate::runtime::{self, Source};
use crate::toolchain;

/// For `--help`.
pub const ABOUT: &str = "Get what is missing, by the ordinary route of each tool";
/// For `--help`.
pub const EXAMPLES: &str = "Examples:
  cargo xtask setup --dry-run                says what it would do
  cargo xtask setup
  cargo xtask setup --runtime 'deno*'        gets these runtimes, and no toolchain";

/// Options.
#[derive(clap::Args)]
pub struct Args {
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Only these runtimes, and no toolchain; repeatable
    #[arg(long, value_name = "GLOB")]
    runtime: Vec<String>,
}

/// Runs it.
pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    let (commands, by_hand) = missing(lab, &args.runtime)?;
    if commands.is_empty() && by_hand.is_empty() {
        output::print("nothing is missing\n")?;
        return Ok(exit::OK);
    }
    let mut text = String::new();
    for (command, what) in &commands {
        let what: Vec<&str> = what.iter().map(String::as_str).collect();
        text += &format!("will run  {}\n          for {}\n", command.join(" "), what.join(", "));
    }
    for (what, how) in &by_hand {
        text += &format!("by hand   {what}: {how}\n");
    }
    output::print(&text)?;
    if args.dry_run {
        return Ok(exit::OK);
    }
    let mut failed = 0;
    for command in commands.keys() {
        if let Err(error) = run_one(command) {
            failed += 1;
            output::complain(&format!("failed to set up: {error}; run `{}` yourself to see why", command.join(" ")));
        }
    }
    lab.machine.save();
    if failed == 0 && !commands.is_empty() {
        output::print("done: `cargo xtask doctor` shows what is here now\n")?;
    }
    Ok(if failed == 0 { exit::OK } else { exit::LAB })
}

/// Commands to run, each with what it is for, and what only a person can do.
type Plan = (BTreeMap<Vec<String>, BTreeSet<String>>, BTreeMap<String, String>);

fn missing(lab: &Lab, globs: &[String]) -> Result<Plan> {
    let (mut commands, mut by_hand) = if globs.is_empty() { toolchains(lab)? } else { Plan::default() };
    for runtime in common::choose(runtime::all(), globs, "runtime", |r| r.id().to_owned())? {
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

fn toolchains(lab: &Lab) -> Result<Plan> {
    let (mut commands, mut by_hand) = Plan::default();
    for scenario in common::scenarios(lab)? {
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

/// Runs one command with the user's own environment and terminal: it is a chore of the user's.
fn run_one(command: &[String]) -> Result<()> {
    let shell = Shell::new()?;
    let (program, args) = command.split_first().ok_or_else(|| anyhow::anyhow!("the command is empty"))?;
    shell.cmd(program).args(args).run()?;
    Ok(())
}

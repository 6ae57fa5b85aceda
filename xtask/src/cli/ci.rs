//! `ci`: runs everything that must pass before a change lands.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::common;
use super::output;
use super::text_table::{names, prose};
use crate::ci::{self, CiStep, Context, StepOutcome};
use crate::exit;
use crate::lab::Lab;

pub const ABOUT: &str = "Run every check that a change must pass: formatting, lints, engines, the matrix, tests";
pub const EXAMPLES: &str = "Examples:
  cargo xtask ci                       runs .ci/install, then every step
  cargo xtask ci --list                shows the steps
  cargo xtask ci --only fmt --only clippy
  cargo xtask ci --full                every step, the slow ones too

The last line counts the tests of all steps: `tests: N passed, M failed`.";

/// The variable with the time that building the lab for this run took, in seconds.
const BEFORE: &str = "WASMLAB_CI_BEFORE";

#[derive(clap::Args)]
pub struct Args {
    /// Run only this step, without running .ci/install first; may be repeated
    #[arg(long, value_name = "STEP", conflicts_with = "full")]
    only: Vec<String>,
    /// Also run the slow steps that rarely find anything
    #[arg(long)]
    full: bool,
    /// List the steps without running them
    #[arg(long)]
    list: bool,
}

pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    let steps = ci::all(&lab.xtask());
    if args.list {
        return list(&steps);
    }
    let chosen = match ci::choose(&steps, &args.only, args.full) {
        Ok(chosen) => chosen,
        Err(unknown) => {
            let names: Vec<&str> = steps.iter().map(|s| s.name.as_str()).collect();
            return common::usage(format!("--only `{unknown}` is not a step; choose from: {}", names.join(", ")));
        }
    };
    let context = Context::new(lab);
    let began = Instant::now();
    let on_step = |number: usize, step: &CiStep| {
        let seconds = began.elapsed().as_secs();
        let _ = output::print(&format!("\n== {} ({}/{}, at {seconds} s)\n", step.name, number + 1, chosen.len()));
    };
    let mut ran = ci::run(&context, &chosen, &on_step);
    let summary = (context.tests.into_inner().unwrap_or_default(), context.left_out.into_inner().unwrap_or_default());
    let (tests, left_out) = summary;
    let closing = tests.closing_line(&ran);
    let failed = ran.iter().any(|(_, end, _)| *end != StepOutcome::Done);
    let before = lab.machine.variable(BEFORE).and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
    if let Some(before) = before {
        ran.insert(0, ("(the lab itself)".to_owned(), StepOutcome::Done, before));
    }
    ran.push(("total".to_owned(), StepOutcome::Done, before.unwrap_or_default() + began.elapsed()));
    let columns = [names("step"), names("time"), prose("", 60)];
    let mut text = format!("\n{}", output::table(&columns, &ci::summary::rows(&ran)));
    if args.only.is_empty() {
        for step in steps.iter().filter(|s| !chosen.iter().any(|c| c.name == s.name)) {
            text += &format!("left out: {} ({}); `cargo xtask ci --full` runs it\n", step.name, step.about);
        }
    }
    for what in left_out {
        text += &format!("left out: {what}\n");
    }
    output::print(&format!("{text}{closing}\n"))?;
    Ok(if failed { exit::REGRESSION } else { exit::OK })
}

fn list(steps: &[CiStep]) -> Result<u8> {
    let width = steps.iter().map(|s| s.name.len()).max().unwrap_or(0);
    let line = |step: &CiStep| {
        let full = if step.only_full { " (--full)" } else { "" };
        format!("{:width$}  {}{full}\n", step.name, step.about)
    };
    output::print(&steps.iter().map(line).collect::<String>())?;
    Ok(exit::OK)
}

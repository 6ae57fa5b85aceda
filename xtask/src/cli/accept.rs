//! `accept`: accepts measured results as the expected ones.

use anyhow::Result;

use super::arguments::ScenarioArgs;
use super::common;
use super::output;
use super::report;
use crate::exit;
use crate::guest;
use crate::lab::Lab;
use crate::store::snapshots::Snapshots;
use wasmlab_model::report::Origin;
use wasmlab_model::scenario::Scenario;
use wasmlab_model::text::{counted, form};
use wasmlab_report::visible::VisiblePath;
use wasmlab_runtimes as runtimes;
use wasmlab_toolchains as toolchains;

pub const ABOUT: &str = "Accept changed results as the new snapshots; with --guests, also replace the prebuilt guests";
pub const EXAMPLES: &str = "Examples:
  cargo xtask accept
  cargo xtask accept --scenario 'wat-*'
  cargo xtask accept --runtime wasmi          only this column
  cargo xtask accept --guests                 copies the guests built here to fixtures/

Without --scenario and --runtime it also removes the snapshots of scenarios and runtimes that no longer exist.";

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    rows: ScenarioArgs,
    /// Accept only the columns of runtimes that match the glob; may be repeated
    #[arg(long, value_name = "GLOB")]
    runtime: Vec<String>,
    /// Replace the prebuilt guests with those built here, and record their provenance
    #[arg(long)]
    guests: bool,
}

pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    let all = common::scenarios(lab)?;
    let mut lines = remove_orphans(lab, args, &all)?;
    let scenarios = args.rows.select(all)?;
    if args.guests {
        for scenario in &scenarios {
            let build = &scenario.spec.build;
            if !toolchains::find(&build.toolchain).is_some_and(|toolchain| toolchain.may_be_prebuilt(build)) {
                continue;
            }
            match guest::obtain(lab, scenario, guest::BuildOptions { offline: false, require_built: true }) {
                Ok(guest) if guest.origin == Origin::Built => match guest::store(lab, scenario, guest) {
                    Ok(()) => lines.push(format!("fixtures/{}", scenario.name)),
                    Err(error) => output::print_error(&format!("{}: {error:#}", scenario.name)),
                },
                Ok(_) => {}
                Err(none) => output::print_error(&format!("{}: {}", scenario.name, none.detail)),
            }
        }
    }
    let runtimes =
        common::choose(runtimes::all().iter().collect(), &args.runtime, "runtime", |r: &&runtimes::Runtime| {
            r.id().to_owned()
        })?;
    let chosen = |scenario: &str, runtime: Option<&str>| {
        let of_runtime = match runtime {
            Some(id) => runtimes.iter().any(|r| r.id() == id),
            // The snapshot of a guest belongs to no runtime.
            None => args.runtime.is_empty(),
        };
        of_runtime && scenarios.iter().any(|s| s.name == scenario)
    };
    for (file, changed) in Snapshots::new(lab.snapshots()).accept(&chosen)? {
        let cells = match changed {
            1 => String::new(),
            n => format!(" ({n} scenarios)"),
        };
        lines.push(format!("{}{cells}", file.strip_prefix(&lab.root).unwrap_or(&file).visible()));
    }
    match lines.len() {
        0 => {
            output::print("nothing to accept: no selected change is pending (`cargo xtask run-all` records changes)\n")?
        }
        n => output::print(&format!("accepted {n}:\n  {}\n", lines.join("\n  ")))?,
    }
    if !lines.is_empty() {
        warn_of_interruption(lab);
    }
    Ok(exit::OK)
}

/// Warns if the changes come from an interrupted run.
fn warn_of_interruption(lab: &Lab) {
    let Ok(report) = report::read(&report::default_file(lab)) else { return };
    if report.interrupted {
        let cells = counted(report.cells.len(), "cell");
        output::print_progress(&format!(
            "warning: the last run was interrupted: the changes in its {cells} are accepted"
        ));
    }
}

/// Removes the snapshots of scenarios and runtimes that no longer exist, unless the options select a part.
fn remove_orphans(lab: &Lab, args: &Args, scenarios: &[Scenario]) -> Result<Vec<String>> {
    if !args.rows.scenario.is_empty() || !args.runtime.is_empty() {
        return Ok(Vec::new());
    }
    let names = scenarios.iter().map(|s| s.name.as_str()).collect();
    let ids = runtimes::all().iter().map(runtimes::Runtime::id).collect();
    let removed = Snapshots::new(lab.snapshots()).remove_orphans(&names, &ids)?;
    let line = |(file, lines): (std::path::PathBuf, usize)| {
        let entries = form(lines, "entry", "entries");
        format!("{}: {lines} obsolete {entries} removed", file.strip_prefix(&lab.root).unwrap_or(&file).visible())
    };
    Ok(removed.into_iter().map(line).collect())
}

//! `build`: builds the guests, as a list or side by side.

use anyhow::Result;

use super::arguments::{OfflineArgs, ScenarioArgs};
use super::common;
use super::output;
use super::parallel;
use super::text_table::names;
use crate::exit;
use crate::guest::{self, Guest, NotBuilt};
use crate::lab::Lab;
use wasmlab_model::codes::Code;
use wasmlab_model::scenario::Scenario;
use wasmlab_report::text;

mod compare;

pub const ABOUT: &str = "Build the guests and show how each was built";
pub const EXAMPLES: &str = "Examples:
  cargo xtask build
  cargo xtask build --scenario 'rust-*' --require-built
  cargo xtask build --compare hello      sizes, imports and proposals of hello by route";

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    rows: ScenarioArgs,
    /// Compare the guests of a family (one program, built by several routes) side by side
    #[arg(long, value_name = "FAMILY")]
    compare: Option<String>,
    #[command(flatten)]
    offline: OfflineArgs,
    /// Do not use prebuilt guests
    #[arg(long)]
    require_built: bool,
}

/// A scenario and its guest, or why there is none.
type BuildResult<'a> = (&'a Scenario, Result<Guest, NotBuilt>);

pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    let mut scenarios = args.rows.select(common::scenarios(lab)?)?;
    if let Some(family) = &args.compare {
        scenarios = common::choose(scenarios, std::slice::from_ref(family), "compare", |s| s.spec.family.clone())?;
        scenarios.sort_by_key(|s| (s.spec.family.clone(), s.spec.rank, s.name.clone()));
    }
    let options = guest::BuildOptions { require_built: args.require_built, ..args.offline.to_build_options() };
    let made = build_all(lab, &scenarios, options)?;
    lab.machine.save();
    output::print(&if args.compare.is_some() { compare::table(lab, &made) } else { list(lab, &made) })?;
    let (mut failed, mut missing, mut expected) = (Vec::new(), Vec::new(), Vec::new());
    for (scenario, guest) in &made {
        let Err(none) = guest else { continue };
        let how = none.remedy.as_ref().map(|h| format!("; {h}")).unwrap_or_default();
        let line = format!("{}: {}: {}{how}", scenario.name, none.code, none.detail);
        let known = scenario.spec.known.iter().any(|k| k.code == none.code.id());
        match none.code {
            Code::ToolchainMissing | Code::NotFetched => missing.push(line),
            code if known && code.is_compiler_diagnostic() => expected.push(format!("{line} (known)")),
            _ => failed.push(line),
        }
    }
    for line in expected.iter().chain(&missing).chain(&failed) {
        output::print_error(line);
    }
    let bad = !failed.is_empty() || (args.require_built && !missing.is_empty());
    Ok(if bad { exit::REGRESSION } else { exit::OK })
}

/// The guest of each scenario, in this order. Several are built at a time: a compiler often uses one core.
fn build_all<'a>(lab: &Lab, scenarios: &'a [Scenario], options: guest::BuildOptions) -> Result<Vec<BuildResult<'a>>> {
    const MAX_THREADS: usize = 4;
    let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(MAX_THREADS));
    parallel::map(scenarios, threads, "failed to build the guests", |scenario| {
        output::print_progress(&format!("building {}", scenario.name));
        guest::obtain(lab, scenario, options)
    })
    .map(|guests| scenarios.iter().zip(guests).collect())
}

fn list(lab: &Lab, made: &[BuildResult]) -> String {
    let columns = [
        names("scenario"),
        names("origin").dropped_at(2),
        names("bytes"),
        names("built in").dropped_at(3),
        names("made by").dropped_at(1),
    ];
    let row = |(scenario, guest): &BuildResult| {
        let guest = guest.as_ref().ok()?;
        let bytes = std::fs::metadata(lab.cache.object(&guest.sha256)).map_or(0, |m| m.len());
        let made_by = guest.toolchain.split(" (").next().unwrap_or_default();
        let cells = [&scenario.name, guest.origin.id(), &bytes.to_string(), &took(guest), made_by];
        Some(cells.map(str::to_owned).to_vec())
    };
    output::table(&columns, &made.iter().filter_map(row).collect::<Vec<_>>())
}

/// The build time: `1.2 s (earlier)`; empty for a prebuilt guest.
fn took(guest: &Guest) -> String {
    match guest.build_ms {
        Some(ms) if guest.cached => format!("{} (earlier)", text::seconds(ms)),
        Some(ms) => text::seconds(ms),
        None => String::new(),
    }
}

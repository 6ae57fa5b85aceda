//! `run-all`: runs every scenario on every runtime.

use std::collections::BTreeMap;

use anyhow::Result;

use super::arguments::{EngineArgs, PresenceArgs, RuntimeArgs, ScenarioArgs};
use super::baseline::BaselineArgs;
use super::common::{self, Purpose};
use super::format::{GroupingArgs, RunFormatArgs};
use super::output;
use crate::cell::{Limits, Retention};
use crate::exit;
use crate::guest;
use crate::lab::Lab;
use crate::matrix::MatrixRequest;
use crate::store::snapshots::Snapshots;
use wasmlab_model::names::rest;
use wasmlab_model::report::{Partition, RunReport, Selection};
use wasmlab_model::text::counted;
use wasmlab_report::overview;

pub const ABOUT: &str = "Build, inspect and run every scenario on every runtime, and compare with the snapshots";
pub const EXAMPLES: &str = "Examples:
  cargo xtask run-all
  cargo xtask run-all --scenario 'wat-proposal-*' --runtime wasmi
  cargo xtask run-all --scenario '*tcp*' --scenario '*http*'      everything about sockets
  cargo xtask run-all --by route
  cargo xtask run-all --full                 every column and every explanation
  cargo xtask run-all --runtime wasmtime@/path/to/a/build/of/wasmtime
  cargo xtask run-all --runtime node@24      a version installed by `cargo xtask setup node@24`
  cargo xtask run-all --output json > report.json
  cargo xtask run-all --baseline main        compared with what the branch main published
  cargo xtask run-all --engines quick        the first matrix in a minute or two
  cargo xtask run-all --partition 2/3        a third of the scenarios, for `merge`
  cargo xtask run-all --no-cache --timeout 30

With --baseline, results are compared with that report instead of the snapshots.";

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    rows: ScenarioArgs,
    #[command(flatten)]
    columns: RuntimeArgs,
    #[command(flatten)]
    baseline: BaselineArgs,
    /// Split the scenarios into N parts and run only part K, to spread a run over several machines; `merge` combines the
    /// reports
    #[arg(long, value_name = "K/N")]
    partition: Option<Partition>,
    /// Number of cells to run in parallel [default: number of CPUs plus one]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Ignore cached results and run every cell again
    #[arg(long)]
    no_cache: bool,
    /// Time limit for running a guest, in seconds, unless the scenario sets one [default: 10; compilation has its own
    /// limit]
    #[arg(long, value_name = "SECONDS", value_parser = common::seconds)]
    timeout: Option<u64>,
    #[command(flatten)]
    shown: RunFormatArgs,
    #[command(flatten)]
    grouping: GroupingArgs,
    /// Do not use prebuilt guests: a guest that cannot be built here is `not-built`
    #[arg(long)]
    require_built: bool,
    #[command(flatten)]
    presence: PresenceArgs,
    #[command(flatten)]
    engines: EngineArgs,
}

pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    let all = common::scenarios(lab)?;
    let names = all.iter().map(|s| s.name.as_str()).collect();
    let runtimes = wasmlab_runtimes::all().iter().map(|r| r.id()).collect();
    let store = Snapshots::new(lab.snapshots());
    store.forget_pending(&names, &runtimes)?;
    let orphans = store.orphans(&names, &runtimes);
    if let Some(first) = orphans.first() {
        let more = rest(orphans.len(), 1, "snapshot").map(|rest| format!(" ({rest})")).unwrap_or_default();
        output::print_progress(&format!(
            "warning: snapshots/{}: {}{more}; `cargo xtask accept` removes it",
            first.subject, first.text
        ));
    }
    let mut scenarios = args.rows.select(all)?;
    if let Some(partition) = args.partition {
        let all = scenarios.len();
        let mut positions = 0..all;
        scenarios.retain(|_| positions.next().is_some_and(|position| partition.contains(position)));
        if scenarios.is_empty() {
            output::print_progress(&format!("partition {partition} has none of the {}", counted(all, "scenario")));
        }
    }
    let request = MatrixRequest {
        scenarios: &scenarios,
        runtimes: args.columns.columns(lab)?,
        jobs: jobs(args.jobs),
        use_cache: !args.no_cache,
        confirm: true,
        limits: limits(args.timeout),
        build: guest::BuildOptions { require_built: args.require_built, ..args.engines.offline.to_build_options() },
        given: BTreeMap::new(),
        inputs_are_complete: false,
        withheld: BTreeMap::new(),
        time_budget: None,
        engines: args.engines.to_engine_builds(),
        sink: None,
        retention: Retention::default(),
    };
    let selected = Selection {
        scenarios: args.rows.scenario.clone(),
        runtimes: args.columns.runtime.clone(),
        partition: args.partition,
    };
    let baseline = args.baseline.read(lab)?;
    let finish = |report: &mut RunReport| {
        if let Some(baseline) = &baseline {
            baseline.compare(report);
        }
        report.notes.extend(orphans.iter().cloned());
        report.notes.sort();
    };
    let purpose = Purpose { compare: baseline.is_none(), selected, finish: Some(&finish), ..Purpose::of("run-all") };
    let show = (args.shown.or(overview::RENDERER), args.grouping.group_by());
    let (code, report) = common::run(lab, &request, purpose, &lab.latest_report(), show)?;
    let unbuilt = report.cells.iter().any(|c| c.verdict.id() == "not-built" && c.known.is_none());
    // With --require-built, missing guests must affect the exit code.
    let code = if args.require_built && unbuilt { exit::if_missing(code) } else { code };
    Ok(args.presence.exit_code(&report, code))
}

/// Number of cells to run in parallel: by default one more than there are CPUs, since many cells wait for a server or a
/// starting browser.
pub fn jobs(wanted: Option<u16>) -> usize {
    wanted.map_or_else(|| std::thread::available_parallelism().map_or(1, |cores| cores.get() + 1), usize::from)
}

/// The default limits, with the time limit overridden if given.
pub fn limits(timeout: Option<u64>) -> Limits {
    let default = Limits::default();
    Limits { run_ms: timeout.unwrap_or(default.run_ms), ..default }
}

//! `probe`: measures what each runtime supports, and writes its profile.

use std::time::Instant;

use anyhow::{Context, Result};

use super::{common, output, parallel, run_all};
use crate::cell::{Limits, Sessions};
use crate::engines;
use crate::exit;
use crate::lab::Lab;
use crate::matrix::ProbedColumn;
use crate::store::profiles;
use wasmlab_model::profile::{Profile, Provenance, Support};
use wasmlab_probe::catalogue::{self, Catalogue};
use wasmlab_probe::measure::{self, ProbedRuntime};
use wasmlab_process as process;
use wasmlab_report::visible::VisiblePath;
use wasmlab_runtimes::{Runtime, Source};

/// Description for `--help`.
pub const ABOUT: &str =
    "Measure what each runtime supports (imports, proposals, behaviour, limits) and write its profile";
/// Examples for `--help`.
pub const EXAMPLES: &str = "Examples:
  cargo xtask probe                         every installed runtime
  cargo xtask probe --runtime 'wasmtime-*'
  cargo xtask probe --runtime node@22       another version
  cargo xtask probe --runtime wasmi --no-cache

Runs probe modules, in the same sandbox and with the same cache as the cells of `run-all`. Each one
imports the functions of one specification, uses one proposal, calls one function, or tests one size
limit. Profiles go to snapshots/profiles/, one file per runtime and version. `capabilities` shows
them, and `predict` uses them.

Engines that are not built are skipped; `setup --build-engines` builds them.";

/// Options.
#[derive(clap::Args)]
pub struct Args {
    /// Measure only runtimes that match the glob; RUNTIME@PATH and RUNTIME@VERSION as for `check`; may be repeated
    #[arg(long, value_name = "GLOB")]
    runtime: Vec<String>,
    /// Ignore cached results and run every probe again
    #[arg(long)]
    no_cache: bool,
    /// Number of runtimes to probe in parallel [default: number of CPUs plus one]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
}

/// Time limit of a probe, milliseconds: none of them does anything that takes long.
const RUN_MS: u64 = 5_000;

/// Runs the subcommand. Probes several columns in parallel (`--jobs`), but the probes of one column in order: each may
/// depend on the answers to earlier ones.
pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    common::handle_ctrl_c();
    let columns = common::columns(lab, &args.runtime)?;
    let catalogue = catalogue::load()?;
    let threads = run_all::jobs(args.jobs).min(columns.len());
    let results = parallel::map(&columns, threads, "failed to probe the runtimes", |runtime| -> Result<bool> {
        Ok(!process::cancelled() && column(lab, runtime, &catalogue, args.no_cache)?)
    })?;
    lab.machine.save();
    process::end_orphans();
    if process::cancelled() {
        return Ok(exit::INTERRUPTED);
    }
    let written: Vec<bool> = results.into_iter().collect::<Result<_>>()?;
    if !written.contains(&true) {
        output::print_error("no runtime was probed: none of those selected is installed");
        return Ok(exit::NO_CELLS_RUN);
    }
    Ok(exit::OK)
}

/// Measures one column and writes its profile; `false` if it is not installed, or if the run was cancelled.
fn column(lab: &Lab, runtime: &Runtime, catalogue: &Catalogue, fresh: bool) -> Result<bool> {
    let tool = match engines::find_tool(lab, runtime) {
        Ok(tool) => tool,
        Err(absence) => {
            let why = absence.map_or_else(|| "its engine is not built yet".to_owned(), |absence| absence.reason);
            output::print_progress(&format!("{}: left out: {why}", runtime.id()));
            return Ok(false);
        }
    };
    let began = Instant::now();
    // The largest memory of 32 bits: the limit to be found is the runtime's, not the lab's.
    let limits = Limits { run_ms: RUN_MS, linear_memory: 4 << 30, ..Limits::default() };
    let sessions = Some(Sessions::default());
    let mut column = ProbedColumn { lab, runtime, tool: &tool, limits, fresh, any_module: true, sessions, probes: 0 };
    let profile = measured(lab, &mut column, catalogue)?;
    if process::cancelled() {
        return Ok(false);
    }
    let file = profiles::write(lab, &profile).context("failed to save the profile")?;
    let shown = file.strip_prefix(&lab.root).unwrap_or(&file).visible();
    let seconds = began.elapsed().as_secs_f64();
    output::print(&format!("{}\n  {shown}, {} probes, {seconds:.1} s\n", summary(&profile), column.probes))?;
    Ok(true)
}

fn measured(lab: &Lab, column: &mut ProbedColumn, catalogue: &Catalogue) -> Result<Profile> {
    let (runtime, tool) = (column.runtime, column.tool);
    let probed = ProbedRuntime {
        runtime: runtime.id(),
        engine: runtime.engine,
        version: &tool.version,
        provenance: Provenance {
            date: common::today(),
            lab_commit: profiles::commit(lab),
            system: format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
            obtained_from: obtained_from(runtime),
            host_layer: runtime.host_layer.name().to_owned(),
            probes: 0,
        },
    };
    let mut profile = measure::profile(probed, catalogue, column)?;
    profile.provenance.probes = column.probes;
    Ok(profile)
}

/// How the program was obtained.
fn obtained_from(runtime: &Runtime) -> String {
    match runtime.source {
        Source::Embedded(engine) => format!("built from xtask/engines/{engine}"),
        Source::Program(program) => format!("the installed program `{}`", program.names.join("` or `")),
        Source::Driver { driver, program } => {
            format!("the installed program `{}`, driven by xtask/drivers/{driver}", program.names.join("` or `"))
        }
    }
}

/// A summary of a profile, in a line or two.
fn summary(profile: &Profile) -> String {
    let yes = |answers: &std::collections::BTreeMap<String, wasmlab_model::profile::ProbeAnswer>| {
        answers.values().filter(|answer| answer.support == Support::Yes).count()
    };
    let imports = profile.imports.iter().filter(|(_, found)| !found.defined.is_empty());
    let imports: Vec<String> = imports.map(|(module, found)| format!("{module} {}", found.defined.len())).collect();
    format!(
        "{} {}: {} of {} proposals; defines {}; {} of {} interfaces",
        profile.runtime,
        profile.version,
        yes(&profile.proposals),
        profile.proposals.len(),
        if imports.is_empty() { "no import".to_owned() } else { imports.join(", ") },
        yes(&profile.interfaces),
        profile.interfaces.len(),
    )
}

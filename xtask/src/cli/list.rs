//! `list`: lists the lab's scenarios, runtimes and toolchains.

use std::collections::BTreeSet;

use anyhow::Result;

use super::common;
use super::output;
use super::text_table::{names, prose};
use crate::exit;
use crate::lab::Lab;
use wasmlab_model::scenario::Scenario;
use wasmlab_runtimes::{self as runtimes, Runtime, Source};
use wasmlab_toolchains::{self as toolchains, Toolchain};

pub const ABOUT: &str = "List scenarios, runtimes and toolchains";
pub const EXAMPLES: &str = "Examples:
  cargo xtask list
  cargo xtask list scenarios
  cargo xtask list runtimes
  cargo xtask list --untested      runtimes whose adapter was never tested
  cargo xtask list toolchains      compilers with their targets, and which are installed";

#[derive(clap::Args)]
pub struct Args {
    /// What to list [default: everything]
    #[arg(value_enum, value_name = "KIND")]
    what: Option<ListKind>,
    /// List the runtimes that the matrix leaves out: their adapters were written from documentation and never tested
    /// with the real program. Select one by name, as in `--runtime spin`
    #[arg(long, conflicts_with = "what")]
    untested: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ListKind {
    /// Rows of the matrix.
    Scenarios,
    /// Columns of the matrix.
    Runtimes,
    /// Compilers with their targets, and which are installed.
    Toolchains,
}

pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    if args.untested {
        output::print(&runtimes(runtimes::all().iter().filter(|r| r.untested)))?;
        return Ok(exit::OK);
    }
    // Without a workspace there are no scenarios, and nothing to compile.
    let all = |what| what == ListKind::Runtimes || lab.has_workspace();
    let wants = |what| args.what.map_or_else(|| all(what), |wanted| wanted == what);
    let mut parts = Vec::new();
    if wants(ListKind::Scenarios) {
        parts.push(scenarios(common::scenarios(lab)?));
    }
    if wants(ListKind::Runtimes) {
        parts.push(runtimes(runtimes::tested()));
    }
    if wants(ListKind::Toolchains) {
        parts.push(toolchains(lab, &common::scenarios(lab)?));
    }
    output::print(&parts.join("\n"))?;
    Ok(exit::OK)
}

fn scenarios(all: Vec<Scenario>) -> String {
    let columns =
        [names("scenario"), names("family").dropped_at(2), names("route").dropped_at(1), prose("description", 60)];
    let row = |s: Scenario| vec![s.name, s.spec.family, s.spec.route, s.spec.title];
    output::table(&columns, &all.into_iter().map(row).collect::<Vec<_>>())
}

fn runtimes(of: impl Iterator<Item = &'static Runtime>) -> String {
    let columns = [names("runtime"), names("engine").dropped_at(1), names("mode").dropped_at(2), prose("source", 40)];
    let row = |runtime: &'static Runtime| {
        let mut source = match runtime.source {
            Source::Embedded(engine) => format!("built from xtask/engines/{engine}"),
            Source::Program(program) | Source::Driver { program, .. } => {
                format!("`{}` on PATH, or {}", program.names.join("`, `"), program.variable)
            }
        };
        if let Some(note) = runtime.note {
            source = format!("{source}; {note}");
        }
        [runtime.id(), runtime.engine, runtime.mode(), &source].map(str::to_owned).to_vec()
    };
    output::table(&columns, &of.map(row).collect::<Vec<_>>())
}

fn toolchains(lab: &Lab, scenarios: &[Scenario]) -> String {
    let columns = [names("toolchain"), prose("compiles", 30), prose("installed", 20)];
    let row = |toolchain: &&Toolchain| {
        vec![toolchain.id.to_owned(), toolchain.summary.to_owned(), state(lab, toolchain, scenarios)]
    };
    let text = output::table(&columns, &toolchains::ALL.iter().map(row).collect::<Vec<_>>());
    lab.machine.save();
    text
}

/// Whether a toolchain is installed, with everything the scenarios need.
fn state(lab: &Lab, toolchain: &Toolchain, scenarios: &[Scenario]) -> String {
    let (mut found, mut missing) = (false, BTreeSet::new());
    for scenario in scenarios.iter().filter(|s| s.spec.build.toolchain == toolchain.id) {
        // A renamed target says nothing about this compiler.
        if (toolchain.preflight_error)(&scenario.spec.build, &lab.machine).is_some() {
            continue;
        }
        match (toolchain.find)(scenario, &lab.machine) {
            Ok(_) => found = true,
            Err(absent) => _ = missing.insert(absent.what),
        }
    }
    let missing = missing.into_iter().collect::<Vec<_>>().join(", ");
    match (found, missing.as_str()) {
        (true, "") => "yes".to_owned(),
        (true, what) => format!("yes, except {what}"),
        (false, "") => "not used by any scenario".to_owned(),
        (false, what) => format!("missing: {what}"),
    }
}

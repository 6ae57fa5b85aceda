//! `list`: what the lab has.

use anyhow::Result;

use super::common;
use super::output;
use crate::exit;
use crate::lab::Lab;
use crate::runtime::{self, Source};
use crate::toolchain;

/// For `--help`.
pub const ABOUT: &str = "List scenarios, runtimes and toolchains";
/// For `--help`.
pub const EXAMPLES: &str = "Examples:
  cargo xtask list
  cargo xtask list scenarios
  cargo xtask list runtimes";

/// Options.
#[derive(clap::Args)]
pub struct Args {
    /// What to list [default: everything]
    #[arg(value_enum)]
    what: Option<What>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// Rows of the matrix.
    Scenarios,
    /// Columns of the matrix.
    Runtimes,
    /// Ways from source to module.
    Toolchains,
}

/// Runs it.
pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    let wants = |what| args.what.is_none_or(|w| w == what);
    let mut parts = Vec::new();
    if wants(What::Scenarios) {
        let mut table = output::table(&["scenario", "family", "route", "what it is"]);
        for scenario in common::scenarios(lab)? {
            table.add_row([scenario.name, scenario.spec.family, scenario.spec.route, scenario.spec.title]);
        }
        parts.push(table.to_string());
    }
    if wants(What::Runtimes) {
        let mut table = output::table(&["runtime", "engine", "mode", "where it comes from"]);
        for runtime in runtime::all() {
            let source = match runtime.source() {
                Source::Embedded(engine) => format!("built from xtask/engines/{engine}"),
                Source::Driver { names, variable, .. } => format!("`{}` on PATH, or {variable}", names.join("`, `")),
                Source::Program { name, variable, .. } => format!("`{name}` on PATH, or {variable}"),
            };
            table.add_row([runtime.id(), runtime.engine(), runtime.mode(), &source]);
        }
        parts.push(table.to_string());
    }
    if wants(What::Toolchains) {
        let mut table = output::table(&["toolchain"]);
        for toolchain in toolchain::ALL {
            table.add_row([toolchain.id()]);
        }
        parts.push(table.to_string());
    }
    output::print(&(parts.join("\n\n") + "\n"))?;
    Ok(exit::OK)
}

//! Options that several subcommands share.

use anyhow::Result;
use wasmlab_model::report::{RunReport, RuntimeInfo};
use wasmlab_model::scenario::Scenario;
use wasmlab_runtimes::Runtime;

use super::{common, output};
use crate::exit;
use crate::guest::BuildOptions;
use crate::lab::Lab;
use crate::matrix::EngineBuilds;

/// Option of the commands that select scenarios.
#[derive(clap::Args)]
pub struct ScenarioArgs {
    /// Select only scenarios that match the glob; may be repeated
    #[arg(long, value_name = "GLOB")]
    pub scenario: Vec<String>,
}

impl ScenarioArgs {
    /// The selected scenarios.
    pub fn select(&self, all: Vec<Scenario>) -> Result<Vec<Scenario>> {
        common::choose(all, &self.scenario, "scenario", |scenario| scenario.name.clone())
    }
}

/// Option of the commands that run cells on several columns.
#[derive(clap::Args)]
pub struct RuntimeArgs {
    /// Run only on the runtimes that match the glob, on your own build (RUNTIME@PATH), or on another version
    /// (RUNTIME@VERSION). If you give only builds or versions, the installed runtime also runs, for comparison. May be
    /// repeated
    #[arg(long, value_name = "GLOB")]
    pub runtime: Vec<String>,
}

impl RuntimeArgs {
    /// The selected columns.
    pub fn columns(&self, lab: &Lab) -> Result<Vec<Runtime>> {
        common::columns(lab, &self.runtime)
    }
}

/// Option of the commands that build guests or engines.
#[derive(clap::Args)]
pub struct OfflineArgs {
    /// Do not use the network: toolchains must find packages in their caches
    #[arg(long)]
    offline: bool,
}

impl OfflineArgs {
    /// How to obtain the guest.
    pub fn to_build_options(&self) -> BuildOptions {
        BuildOptions { offline: self.offline, require_built: false }
    }
}

/// Option of the commands that run cells on several columns and report the result.
#[derive(clap::Args)]
pub struct PresenceArgs {
    /// Fail if a selected runtime is not installed
    #[arg(long)]
    require_present: bool,
}

impl PresenceArgs {
    /// The exit code of a run that would end with `code`; names the missing runtimes if each must be installed.
    pub fn exit_code(&self, report: &RunReport, code: u8) -> u8 {
        let is_missing = |runtime: &&RuntimeInfo| self.require_present && !runtime.tool.present;
        let missing: Vec<_> = report.runtimes.iter().filter(is_missing).collect();
        for runtime in &missing {
            let why = runtime.tool.missing.as_deref().unwrap_or("absent");
            output::print_error(&format!("--require-present: {}: {why}", runtime.id));
        }
        if missing.is_empty() { code } else { exit::if_missing(code) }
    }
}

/// Options of the commands that build embedded engines.
#[derive(clap::Args)]
pub struct EngineArgs {
    #[command(flatten)]
    pub offline: OfflineArgs,
    /// Which embedded engines to build
    #[arg(long, value_enum, default_value_t = EnginesToBuild::All)]
    engines: EnginesToBuild,
}

impl EngineArgs {
    /// The corresponding value of the matrix.
    pub fn to_engine_builds(&self) -> EngineBuilds {
        match self.engines {
            EnginesToBuild::All => EngineBuilds::All,
            EnginesToBuild::Quick => EngineBuilds::Quick,
            EnginesToBuild::Built => EngineBuilds::Built,
        }
    }
}

/// Which embedded engines to build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum EnginesToBuild {
    /// Every engine; the first build takes ten to twenty minutes.
    All,
    /// Only those that build in a minute or two; the others count as not installed unless they are already built.
    Quick,
    /// No new builds: use the engines already built.
    Built,
}

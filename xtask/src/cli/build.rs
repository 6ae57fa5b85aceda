//! `build`: the guests alone.

use anyhow::Result;

use super::common;
use super::output;
use crate::artifact;
use crate::codes::Code;
use crate::exit;
use crate::lab::Lab;
use crate::report::words;

/// For `--help`.
pub const ABOUT: &str = "Build the guests, and say what each is made of";
/// For `--help`.
pub const EXAMPLES: &str = "Examples:
  cargo xtask build
  cargo xtask build --scenario 'rust-*' --require-built";

/// Options.
#[derive(clap::Args)]
pub struct Args {
    /// Only scenarios that the glob matches; may be repeated
    #[arg(long, value_name = "GLOB")]
    scenario: Vec<String>,
    /// Fetch nothing
    #[arg(long)]
    offline: bool,
    /// Take no prebuilt guests
    #[arg(long)]
    require_built: bool,
}

/// Runs it.
pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    let scenarios = common::choose(common::scenarios(lab)?, &args.scenario, "scenario", |s| s.name.clone())?;
    let options = artifact::Options { offline: args.offline, require_built: args.require_built };
    let mut table = output::table(&["scenario", "origin", "bytes", "built in", "made by"]);
    let (mut failed, mut missing, mut expected) = (Vec::new(), Vec::new(), Vec::new());
    for scenario in &scenarios {
        match artifact::obtain(lab, scenario, options) {
            Ok(guest) => {
                let bytes = std::fs::metadata(lab.cache.object(&guest.sha256)).map_or(0, |m| m.len());
                let took = match guest.build_ms {
                    Some(ms) if guest.cached => format!("{} (earlier)", words::seconds(ms)),
                    Some(ms) => words::seconds(ms),
                    None => String::new(),
                };
                table.add_row([&scenario.name, guest.origin.id(), &bytes.to_string(), &took, &guest.toolchain]);
            }
            Err(none) => {
                let how = none.how.map(|h| format!("; {h}")).unwrap_or_default();
                let line = format!("{}: {}: {}{how}", scenario.name, none.code, none.detail);
                let known = scenario.spec.known.iter().any(|k| k.code == none.code.id());
                match none.code {
                    Code::ToolchainMissing => missing.push(line),
                    code if known && code.is_answer_of_compiler() => expected.push(format!("{line} (known)")),
                    _ => failed.push(line),
                }
            }
        }
    }
    lab.machine.save();
    output::print(&format!("{table}\n"))?;
    for line in expected.iter().chain(&missing).chain(&failed) {
        output::complain(line);
    }
    let bad = !failed.is_empty() || (args.require_built && !missing.is_empty());
    Ok(if bad { exit::WORSE } else { exit::OK })
}

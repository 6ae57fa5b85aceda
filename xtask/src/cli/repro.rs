//! `repro`: a folder that shows one cell without the lab, to attach to a report to the runtime's authors.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::common::{self, usage};
use super::{output, run_all, run_one};
use crate::guest::{self, Guest};
use crate::cell::{self, Keep, Plan, Reproduction};
use crate::lab::Lab;
use crate::matrix::{Engines, Request};
use wasmlab_model::report::{Cell, RunReport};
use wasmlab_model::scenario::Scenario;
use wasmlab_runtimes::{Runtime, Source, Tool};
use crate::{engines, exit};
use crate::store::files;

/// For `--help`.
pub const ABOUT: &str = "Write a folder that shows one cell without the lab, to attach to a bug report";
/// For `--help`.
pub const EXAMPLES: &str = "Examples:
  cargo xtask repro wat-wasi-system wamr-zig
  cargo xtask repro wat-proposal-gc wasmi --output /tmp/gc-on-wasmi

The folder holds the module, run.sh, and README.md with what was expected, what was
observed, and the versions. The exit code is 0 when it is written.";

/// Options.
#[derive(clap::Args)]
pub struct Args {
    /// The scenario
    scenario: String,
    /// The runtime, or a build of your own as RUNTIME@PATH, a version as RUNTIME@VERSION
    runtime: String,
    /// The folder, which must be empty or not be there [default: repro-SCENARIO-RUNTIME]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Fetch nothing while building
    #[arg(long)]
    offline: bool,
}

/// Runs it.
pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    let scenario = run_one::scenario(lab, &args.scenario)?;
    let runtime = common::column(lab, &args.runtime)?;
    let into = args.output.clone().unwrap_or_else(|| format!("repro-{}-{}", args.scenario, runtime.id()).into());
    if into.is_file() || fs::read_dir(&into).is_ok_and(|mut entries| entries.next().is_some()) {
        return usage(format!("`{}` is not an empty folder: name another with --output", into.display()));
    }
    let options = guest::Options { offline: args.offline, require_built: false };
    let guest = guest::obtain(lab, &scenario, options)
        .or_else(|none| usage(format!("there is no guest of {}: {}", scenario.name, none.detail)))?;
    let scenarios = [scenario];
    let request = Request {
        scenarios: &scenarios,
        runtimes: vec![runtime.clone()],
        jobs: 1,
        use_cache: false,
        confirm: false,
        limits: run_all::limits(None),
        build: options,
        given: BTreeMap::from([(scenarios[0].name.clone(), guest.clone())]),
        engines: Engines::All,
        sink: None,
        keep: Keep::default(),
    };
    let report = common::measure(lab, &request, common::Purpose::of("run-one"));
    let Some(cell) = report.cells.first() else { return Ok(exit::INTERRUPTED) };
    if !cell.verdict.is_measured() {
        return usage(format!("there is nothing to show: {}", run_one::verdict(cell).trim_end()));
    }
    let tool = engines::ready(lab, &runtime).map_err(|_| anyhow::anyhow!("{} is gone", runtime.id()))?;
    write(lab, &request, &guest, &tool, &report, cell, &into)
        .with_context(|| format!("failed to write `{}`", into.display()))?;
    output::print(&run_one::verdict(cell))?;
    let program = files::quoted(&tool.program.to_string_lossy());
    output::print(&format!("written: {}; try it: RUNTIME={program} {}/run.sh\n", into.display(), into.display()))?;
    Ok(exit::OK)
}

fn write(
    lab: &Lab,
    request: &Request,
    guest: &Guest,
    tool: &Tool,
    report: &RunReport,
    cell: &Cell,
    into: &Path,
) -> Result<()> {
    fs::create_dir_all(into)?;
    let into = fs::canonicalize(into)?;
    let facts = report.artifacts.first().and_then(|a| a.facts.as_ref());
    let (scenario, runtime) = (&request.scenarios[0], &request.runtimes[0]);
    let (guest_hash, companions) = (&guest.sha256, &guest.companions);
    let (limits, switches) = (request.limits, &cell.switches);
    let plan = Plan { scenario, runtime, tool, guest: guest_hash, facts, companions, limits, switches };
    let made = cell::reproduce(lab, &plan, &into)?;
    let script = into.join("run.sh");
    fs::write(&script, shell(scenario, runtime, tool, &made))?;
    #[cfg(unix)]
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    fs::write(into.join("README.md"), readme(scenario, runtime, guest, report, cell, &made))?;
    Ok(())
}

/// `run.sh`: the commands, with paths of the folder and programs that can be named.
fn shell(scenario: &Scenario, runtime: &Runtime, tool: &Tool, made: &Reproduction) -> String {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut text = format!(
        "#!/bin/sh\n# {} on {}. RUNTIME names the program, where it is not on PATH.\n\
         cd \"$(dirname \"$0\")\" || exit 1\nRUNTIME=${{RUNTIME:-{}}}\n",
        scenario.name,
        runtime.id(),
        name(&tool.program)
    );
    if runtime.aux_program.is_some() {
        text += &format!("COMPILER=${{COMPILER:-{}}}\n", name(&tool.aux_program));
    }
    if matches!(runtime.source, Source::Driver { .. }) {
        text += &format!("DRIVEN=${{DRIVEN:-{}}}\n", name(&tool.driven));
    }
    let line = |argv: &[OsString]| {
        let words = argv.iter().map(|arg| {
            if *arg == *tool.program {
                return "\"$RUNTIME\"".to_owned();
            }
            // An argument without a letter is no program that is not there.
            if !arg.is_empty() && *arg == *tool.aux_program {
                return "\"$COMPILER\"".to_owned();
            }
            if !arg.is_empty() && *arg == *tool.driven {
                return "\"$DRIVEN\"".to_owned();
            }
            // A driver of the lab's lies in the folder too.
            let own = Path::new(arg).strip_prefix(&tool.support).ok().filter(|_| !tool.support.as_os_str().is_empty());
            let own = own.map(|own| if own.as_os_str().is_empty() { Path::new(".") } else { own });
            files::quoted(&own.map_or_else(|| arg.to_string_lossy(), Path::to_string_lossy))
        });
        let stdin = if scenario.spec.run.stdin.is_empty() { "/dev/null" } else { "stdin.txt" };
        let env = "env -i PATH=\"$PATH\" HOME=\"$PWD\" LANG=C.UTF-8 NO_COLOR=1";
        // What steps write to the guest is typed by hand.
        let input = if scenario.spec.step.is_empty() { format!(" < {stdin}") } else { String::new() };
        format!("{env} {}{input}\n", words.collect::<Vec<_>>().join(" "))
    };
    if let Some(prepare) = &made.prepare {
        text += &format!("mkdir -p {} || exit 1\n{}", made.prepared.display(), line(prepare).replace('\n', " || exit 1\n"));
    }
    let embedded = matches!(runtime.source, Source::Embedded(_));
    if embedded {
        text += "rm -f events.jsonl\n";
    }
    text += &made.commands.iter().map(|argv| line(argv)).collect::<String>();
    if embedded {
        text += "code=$?\n# How it ended is the last line here.\ncat events.jsonl; exit $code\n";
    }
    text
}

fn readme(
    scenario: &Scenario,
    runtime: &Runtime,
    guest: &Guest,
    report: &RunReport,
    cell: &Cell,
    made: &Reproduction,
) -> String {
    let version = report.runtimes.first().and_then(|r| r.tool.version.clone()).unwrap_or_default();
    let code = cell.code.map(|c| format!(" ({c})")).unwrap_or_default();
    let mut expected = toml::to_string(&scenario.spec.expect).unwrap_or_default();
    for call in &scenario.spec.run.call {
        expected += &format!("call: {}\n", toml::to_string(call).unwrap_or_default().trim().replace('\n', ", "));
    }
    let program = match runtime.source {
        Source::Embedded(engine) => {
            format!("a program of the lab's that embeds {engine} (`xtask/engines/{engine}`), which takes `spec.json`")
        }
        Source::Program(program) => format!("`{}`", program.names[0]),
        Source::Driver { driver, program } => {
            format!("the lab's driver `xtask/drivers/{driver}`, which drives the program that {} names", program.variable)
        }
    };
    let mut text = format!(
        "# {}\n\n`./run.sh` shows it; `RUNTIME=/path/to/program ./run.sh` with another build. The program is {program}.\n\n\
         ## Expected\n\n```\n{}\n```\n\n## Observed\n\n{}{code}: {}\n\nstdout:\n\n```\n{}\n```\n\nstderr:\n\n```\n{}\n```\n",
        scenario.spec.title,
        expected.trim_end(),
        cell.verdict.id(),
        cell.detail,
        cell.output.stdout.trim_end(),
        cell.output.stderr.trim_end(),
    );
    if !scenario.spec.step.is_empty() {
        let steps: BTreeMap<&str, &Vec<_>> = BTreeMap::from([("step", &scenario.spec.step)]);
        let ports = made.ports.iter().map(|(name, port)| format!("`{name}` is port {port}")).collect::<Vec<_>>();
        let steps = toml::to_string(&steps).unwrap_or_default();
        text += &format!("\n## What its client does meanwhile\n\n{}\n\n```toml\n{}\n```\n", ports.join(", "), steps.trim_end());
    }
    for server in &scenario.spec.run.server {
        let port = made.ports.get(&server.name).copied().unwrap_or_default();
        let toml = toml::to_string(server).unwrap_or_default();
        text += &format!(
            "\n## What it asks\n\nThe lab is a web server meanwhile; here, one must listen on 127.0.0.1:{port} that answers \
             each request so:\n\n```toml\n{}\n```\n",
            toml.trim_end()
        );
    }
    if !scenario.spec.run.socket.is_empty() {
        text += "\nThe lab hands its sockets over open; a script cannot, so `run.sh` shows only what comes before their use.\n";
    }
    text += &format!(
        "\n## Versions\n\n- {} {version}, mode {}\n- {} {}\n- {}: sha256 {}, made by {}\n- the lab {}\n",
        runtime.id(),
        runtime.mode(),
        report.host.os,
        report.host.arch,
        made.module,
        guest.sha256,
        guest.toolchain,
        report.host.lab,
    );
    text
}

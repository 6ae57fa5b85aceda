//! `repro`: writes a folder that reproduces one cell without the lab, to attach to a bug report.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use self::script::Script;
use super::arguments::OfflineArgs;
use super::common::{self, usage};
use super::{output, run_all, run_one};
use crate::cell::{self, CellPlan, Reproduction};
use crate::guest::{self, Guest};
use crate::lab::Lab;
use crate::matrix::MatrixRequest;
use crate::store::files;
use crate::{engines, exit};
use wasmlab_model::report::{Cell, RunReport};
use wasmlab_model::scenario::Scenario;
use wasmlab_report::visible::VisiblePath;
use wasmlab_report::{markdown, visible::visible};
use wasmlab_runtimes::{Runtime, Source, Tool};
use wasmlab_toolchains::npm;

mod script;
mod source;

/// The script that reproduces the cell.
const SCRIPT: &str = "run.sh";

pub const ABOUT: &str = "Write a folder that reproduces one cell without the lab, to attach to a bug report";
pub const EXAMPLES: &str = "Examples:
  cargo xtask repro wat-wasi-system wamr-zig
  cargo xtask repro wat-proposal-gc wasmi --out /tmp/gc-on-wasmi

The folder contains the module, run.sh, the source of any engine or driver that the lab builds, and
a README.md with the versions and the expected and observed results. run.sh prints the guest's
output and how the guest ended, and exits with the guest's exit code.
Exit code: 0 once the folder is written, whatever the cell's verdict.";

#[derive(clap::Args)]
pub struct Args {
    /// The scenario's name
    scenario: String,
    /// The runtime; RUNTIME@PATH for your own build, RUNTIME@VERSION for another version
    runtime: String,
    /// Folder to write; must be empty or not exist [default: reports/repro/SCENARIO-RUNTIME, replaced if it exists]
    #[arg(short, long, alias = "output", value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    offline: OfflineArgs,
}

pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    let scenario = run_one::scenario(lab, &args.scenario)?;
    let runtime = common::column(lab, &args.runtime)?;
    let default_folder = lab.published("repro").join(format!("{}-{}", args.scenario, runtime.id()));
    let into = args.out.clone().unwrap_or_else(|| default_folder.clone());
    if into == default_folder && default_folder.join(SCRIPT).is_file() {
        fs::remove_dir_all(&default_folder)
            .with_context(|| format!("failed to replace `{}`", default_folder.visible()))?;
    }
    if into.is_file() || fs::read_dir(&into).is_ok_and(|mut entries| entries.next().is_some()) {
        return usage(format!("`{}` is not an empty folder: choose another with --out", into.visible()));
    }
    let options = args.offline.to_build_options();
    let guest = guest::obtain(lab, &scenario, options)
        .or_else(|none| usage(format!("there is no guest for {}: {}", scenario.name, none.detail)))?;
    let scenarios = [scenario];
    let request = MatrixRequest {
        given: BTreeMap::from([(scenarios[0].name.clone(), guest.clone())]),
        ..MatrixRequest::one_cell(&scenarios, runtime.clone(), run_all::limits(None), options)
    };
    let report = common::measure(lab, &request, common::Purpose::of("run-one"));
    let Some(cell) = report.cells.first() else { return Ok(exit::INTERRUPTED) };
    if !cell.verdict.is_measured() {
        return usage(format!("there is no result to reproduce: {}", run_one::verdict(cell).trim_end()));
    }
    let tool =
        engines::find_tool(lab, &runtime).map_err(|_| anyhow::anyhow!("{} is no longer installed", runtime.id()))?;
    write(lab, &request, &guest, &tool, &report, cell, &into)
        .with_context(|| format!("failed to write `{}`", into.visible()))?;
    output::print(&run_one::verdict(cell))?;
    let script = into.join(SCRIPT);
    let script = files::quote(&script.to_string_lossy());
    let program = files::quote(&tool.program.to_string_lossy());
    let note =
        if runtime.source.built().is_some() { "without RUNTIME, cargo builds it" } else { "RUNTIME is optional" };
    let first = script::packages(&runtime).map(|(install, _)| format!(" run `{install}` there, then"));
    let first = first.unwrap_or_default();
    output::print(&format!("wrote {}; to try it,{first} run RUNTIME={program} {script} ({note})\n", into.visible()))?;
    Ok(exit::OK)
}

fn write(
    lab: &Lab,
    request: &MatrixRequest,
    guest: &Guest,
    tool: &Tool,
    report: &RunReport,
    cell: &Cell,
    into: &Path,
) -> Result<()> {
    fs::create_dir_all(into)?;
    let into = fs::canonicalize(into)?;
    let facts = report.guests.first().and_then(|a| a.facts.as_ref());
    let (scenario, runtime) = (&request.scenarios[0], &request.runtimes[0]);
    let (guest_hash, companions) = (&guest.sha256, &guest.companions);
    let (limits, switches) = (request.limits, &cell.switches);
    let plan = CellPlan { scenario, runtime, tool, guest: guest_hash, facts, companions, limits, switches };
    let made = cell::reproduce(lab, &plan, &into)?;
    let manifest =
        runtime.source.built().map(|program| source::copy(lab, program, &into.join("source"))).transpose()?;
    if !runtime.npm_packages().is_empty() {
        fs::write(into.join("package.json"), packages(lab, runtime, tool)?)?;
    }
    if let Some(package) = runtime.python_package {
        fs::write(into.join("requirements.txt"), format!("{package}=={}\n", tool.version))?;
    }
    let (name, spec, limits) = (scenario.name.as_str(), &scenario.spec, request.limits);
    let text = Script { name, spec, runtime, limits, reproduction: &made, manifest: manifest.as_deref() }.text();
    let script = into.join(SCRIPT);
    fs::write(&script, text)?;
    #[cfg(unix)]
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let readme = readme(scenario, runtime, guest, report, cell, &made);
    fs::write(into.join("README.md"), without_paths(lab, &readme))?;
    Ok(())
}

/// A `package.json` with the versions that the cell used.
fn packages(lab: &Lab, runtime: &Runtime, tool: &Tool) -> Result<String> {
    let mut versions = BTreeMap::new();
    for name in runtime.npm_packages() {
        versions.insert(*name, npm::version(&lab.machine, &tool.packages_dir, name).map_err(anyhow::Error::msg)?);
    }
    let package = serde_json::json!({ "private": true, "dependencies": versions });
    Ok(format!("{}\n", serde_json::to_string_pretty(&package)?))
}

/// Removes folders of this machine from a runtime's message.
fn without_paths(lab: &Lab, text: &str) -> String {
    let places = [lab.cache.dir().to_path_buf(), lab.root.clone()];
    let text = places.iter().fold(text.to_owned(), |text, place| text.replace(&*place.to_string_lossy(), "LAB"));
    let cell = std::env::temp_dir().join("wasmlab-").to_string_lossy().into_owned();
    let mut parts = text.split(cell.as_str());
    let first = parts.next().unwrap_or_default().to_owned();
    // The rest of a cell folder's name is random.
    parts.fold(first, |text, part| text + "CELL" + part.trim_start_matches(|c: char| c.is_ascii_alphanumeric()))
}

/// A code block that its text cannot end, without control characters.
fn fenced(language: &str, text: &str) -> String {
    let text = visible(text.trim_end(), false);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}{language}\n{text}\n{fence}\n")
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
    let program = what_runs_it(runtime);
    let first = script::packages(runtime).map(|(install, _)| format!("First install its packages: `{install}`. "));
    let first = first.unwrap_or_default();
    let mut text = format!(
        "# {}\n\n{first}`./run.sh` reproduces it: it prints the guest's output, then `outcome:` and how the guest ended on stderr. It exits with the \
         guest's exit code, or with 1 if the guest did not exit by itself. `RUNTIME=/path/to/program ./run.sh` uses another build. \
         The runtime is {program}.\n\n\
         ## Expected\n\n{}\n## Observed\n\n{}{code}: {}\n\nstdout:\n\n{}\nstderr:\n\n{}",
        markdown::escaped(&scenario.spec.title),
        fenced("", &expected),
        cell.verdict.id(),
        markdown::escaped(&cell.detail),
        fenced("", &cell.output.stdout),
        fenced("", &cell.output.stderr),
    );
    text += &talks_to(scenario, made);
    text += &format!(
        "\n## Versions\n\n- {} {version}, mode {}\n- {} {}\n- {}: sha256 {}, made by {}\n- wasmlab {}\n",
        runtime.id(),
        runtime.mode(),
        report.machine.os,
        report.machine.arch,
        made.module,
        guest.sha256,
        guest.toolchain,
        report.machine.lab_version,
    );
    text
}

fn what_runs_it(runtime: &Runtime) -> String {
    match runtime.source {
        Source::Embedded(engine) => {
            format!("a small program that embeds {engine} and reads `spec.json`, and that cargo builds from `source/`")
        }
        Source::Program(program) => format!("`{}`", program.names[0]),
        Source::Driver { driver, program } => {
            format!(
                "a driver ({driver}), which cargo builds from `source/`; it drives `{}`, or the program that DRIVEN names",
                program.names.join("` or `")
            )
        }
    }
}

/// Whom the guest talks to: a client, servers, and sockets that are opened for it.
fn talks_to(scenario: &Scenario, made: &Reproduction) -> String {
    let mut text = String::new();
    if !scenario.spec.step.is_empty() {
        let steps: BTreeMap<&str, &Vec<_>> = BTreeMap::from([("step", &scenario.spec.step)]);
        let ports = made.ports.iter().map(|(name, port)| format!("`{name}` is port {port}")).collect::<Vec<_>>();
        let steps = toml::to_string(&steps).unwrap_or_default();
        text += &format!("\n## What the client does\n\n{}\n\n{}", ports.join(", "), fenced("toml", &steps));
    }
    for server in &scenario.spec.run.server {
        let port = made.ports.get(&server.name).copied().unwrap_or_default();
        let toml = toml::to_string(server).unwrap_or_default();
        text += &format!(
            "\n## Requests that the guest sends\n\nThe lab runs a web server; here you must run one on 127.0.0.1:{port} that answers \
             each request like this:\n\n{}",
            fenced("toml", &toml)
        );
    }
    if !scenario.spec.run.socket.is_empty() {
        text += "\nThe lab passes open sockets to the guest; a script cannot, so `run.sh` shows only what happens before the guest uses them.\n";
    }
    text
}

//! `serve`: runs a scenario's server, for use in a browser.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;

use super::arguments::OfflineArgs;
use super::common::{self, usage};
use super::progress::ProgressReporter;
use super::{output, run_all, run_one, suggest};
use crate::cell::client;
use crate::cell::{Limits, ProcessEvent};
use crate::exit;
use crate::guest;
use crate::lab::Lab;
use crate::matrix::MatrixRequest;
use wasmlab_model::scenario::{Dir, Scenario};
use wasmlab_process as process;
use wasmlab_report::visible::VisiblePath;
use wasmlab_runtimes::Runtime;

pub const ABOUT: &str = "Run a scenario's server so that you can open it in a browser; stop it with Ctrl-C";
pub const EXAMPLES: &str = "Examples:
  cargo xtask serve nginx
  cargo xtask serve nginx --runtime wasmer-cranelift+emscripten --port 8081
  cargo xtask serve nginx --root ~/public_html

The guest can reach only its own folders, the --root folder and this loopback port.";

/// Default runtimes, in order: the first that fits the guest is used.
const DEFAULT_RUNTIMES: &[&str] = &["wasmtime-cranelift+emscripten", "wasmtime-cranelift", "wasmer-cranelift"];
/// A server has no time limit, but the lab needs a number.
const NO_LIMIT_MS: u64 = 365 * 24 * 3_600_000;

#[derive(clap::Args)]
pub struct Args {
    /// The scenario's name or its short name, such as nginx
    scenario: String,
    /// The runtime [default: wasmtime, with Emscripten's system calls if the guest imports them]
    #[arg(long)]
    runtime: Option<String>,
    /// Loopback port to listen on
    #[arg(long, default_value_t = 8080, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// Folder to serve instead of the scenario's own
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    #[command(flatten)]
    offline: OfflineArgs,
}

pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    let mut scenario = find(lab, &args.scenario)?;
    prepare(&mut scenario, args)?;
    if let Err(error) = TcpListener::bind(("127.0.0.1", args.port)) {
        return usage(format!("port {} cannot be used: {error}; choose another with --port", args.port));
    }
    let scenarios = [scenario];
    let runtime = runtime(lab, &scenarios[0], args)?;
    let limits = Limits { output: 1 << 30, file: 1 << 40, ..run_all::limits(None) };
    let build = args.offline.to_build_options();
    let request =
        MatrixRequest { sink: Some(&forward), ..MatrixRequest::one_cell(&scenarios, runtime.clone(), limits, build) };
    // Without a terminal, a handler may not be possible; then Ctrl-C ends the lab at once.
    let _ = ctrlc::set_handler(process::cancel);
    let at = format!("http://127.0.0.1:{}/", args.port);
    let begun = format!("{at} is served by {} on {}; Ctrl-C stops it\n", scenarios[0].name, runtime.id());
    announce(args.port, begun);
    let report = common::measure_with(lab, &request, common::Purpose::of("serve"), ProgressReporter::plain());
    if process::cancelled() {
        output::print("stopped\n")?;
        return Ok(exit::OK);
    }
    match report.cells.first() {
        Some(cell) => output::print(&format!("the server exited by itself: {}", run_one::verdict(cell)))?,
        None => output::print_error("the server was not started"),
    }
    Ok(exit::for_report(&report).max(exit::REGRESSION))
}

/// Prints the server's address once it listens.
fn announce(port: u16, text: String) {
    std::thread::spawn(move || {
        while !client::is_listening(port) {
            std::thread::sleep(Duration::from_millis(20));
        }
        // A closed stdout must not stop the server.
        let _ = output::print(&text);
    });
}

/// Finds a scenario by its name or short name.
fn find(lab: &Lab, name: &str) -> Result<Scenario> {
    let all = common::scenarios(lab)?;
    if let Some(found) = all.iter().find(|s| common::is_named(s, name)) {
        return Ok(found.clone());
    }
    let servers = all.iter().filter(|s| s.spec.run.serve.is_some()).map(|s| s.name.as_str());
    let alternatives = suggest::alternatives(name, servers, "cargo xtask list scenarios");
    usage(format!("no server is named `{name}`: {alternatives}"))
}

/// Turns a tested scenario into one for interactive use.
fn prepare(scenario: &mut Scenario, args: &Args) -> Result<()> {
    let name = scenario.name.clone();
    let Some(serve) = scenario.spec.run.serve.clone() else {
        return usage(format!("`{name}` is not a server: its scenario.toml has no [run.serve]"));
    };
    let spec = &mut scenario.spec;
    spec.step.clear();
    spec.expect.file.clear();
    spec.run.timeout_ms = Some(NO_LIMIT_MS);
    for port in spec.run.port.iter_mut().filter(|p| p.name == serve.port) {
        port.number = Some(args.port);
    }
    let Some(root) = &args.root else { return Ok(()) };
    let Some(guest) = serve.root else {
        return usage(format!("`{name}` serves no folder: remove --root"));
    };
    let root = folder(root)?;
    for dir in spec.run.dir.iter_mut().filter(|d| d.guest == guest) {
        *dir = Dir { guest: guest.clone(), host: Some(root.clone()), ..Dir::default() };
    }
    Ok(())
}

fn folder(root: &Path) -> Result<PathBuf> {
    let wrong = |why: String| usage(format!("--root `{}` cannot be served: {why}", root.visible()));
    match fs::canonicalize(root) {
        Err(error) => wrong(error.to_string()),
        Ok(path) if !path.is_dir() => wrong("it is not a folder".to_owned()),
        Ok(path) => Ok(path),
    }
}

fn runtime(lab: &Lab, scenario: &Scenario, args: &Args) -> Result<Runtime> {
    if let Some(name) = &args.runtime {
        return common::column(lab, name);
    }
    // The guest's ABI decides. If there is no guest, the run reports why.
    let options = args.offline.to_build_options();
    let facts = guest::obtain(lab, scenario, options).ok().and_then(|guest| {
        let bytes = fs::read(lab.cache.object(&guest.sha256)).ok()?;
        crate::matrix::facts_of(lab, &guest.sha256, &bytes).ok()
    });
    for name in DEFAULT_RUNTIMES {
        let column = common::column(lab, name)?;
        if column.is_applicable(&scenario.spec, facts.as_ref()).is_ok() {
            return Ok(column);
        }
    }
    usage(format!("no default runtime fits `{}`: choose one with --runtime", scenario.name))
}

/// Forwards the server's output.
fn forward(event: ProcessEvent) {
    match event {
        ProcessEvent::Starting(..) => {}
        ProcessEvent::Printed(stream, bytes) => output::forward(stream, bytes),
    }
}

//! `run-one`: runs one cell without the cache, showing its exact command and its output.

use std::path::Path;

use anyhow::Result;

use super::arguments::OfflineArgs;
use super::common::{self, usage};
use super::{output, run_all, suggest};
use crate::cell::{self, ProcessEvent, Retention};
use crate::exit;
use crate::lab::Lab;
use crate::matrix::MatrixRequest;
use crate::store::files;
use wasmlab_model::observation::ProcessRole;
use wasmlab_model::report::Cell;
use wasmlab_model::scenario::Scenario;
use wasmlab_process::Command;

pub const ABOUT: &str = "Run one scenario on one runtime; show the command and stream the output";
pub const EXAMPLES: &str = "Examples:
  cargo xtask run-one wat-add wasmtime-cli
  cargo xtask run-one rust-wasip1-system wasmtime@/path/to/a/build/of/wasmtime

The lab keeps the command's working folder, so you can paste the printed command into a shell.
Exit code: 0 if the scenario passes, 1 if it does not.";

#[derive(clap::Args)]
pub struct Args {
    /// The scenario's name
    scenario: String,
    /// The runtime; RUNTIME@PATH for your own build, RUNTIME@VERSION for another version
    runtime: String,
    /// Time limit for running the guest, in seconds, unless the scenario sets one [default: 10; compilation
    /// has its own limit]
    #[arg(long, value_name = "SECONDS", value_parser = common::seconds)]
    timeout: Option<u64>,
    #[command(flatten)]
    offline: OfflineArgs,
}

pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    let scenarios = [scenario(lab, &args.scenario)?];
    let build = args.offline.to_build_options();
    let column = common::column(lab, &args.runtime)?;
    let request = MatrixRequest {
        sink: Some(&print_event),
        retention: Retention { keep_workdir: true, ..Retention::default() },
        ..MatrixRequest::one_cell(&scenarios, column, run_all::limits(args.timeout), build)
    };
    let report = common::measure(lab, &request, common::Purpose::of("run-one"));
    match report.cells.first() {
        Some(cell) => output::print(&verdict(cell))?,
        None => output::print_error("the cell was not run"),
    }
    Ok(exit::for_report(&report))
}

/// Loads the scenario with this name.
pub fn scenario(lab: &Lab, name: &str) -> Result<Scenario> {
    let all = common::scenarios(lab)?;
    let names: Vec<String> = all.iter().map(|s| s.name.clone()).collect();
    match all.into_iter().find(|s| s.name == name) {
        Some(scenario) => Ok(scenario),
        None => {
            let alternatives =
                suggest::alternatives(name, names.iter().map(String::as_str), "cargo xtask list scenarios");
            usage(format!("no scenario is named `{name}`: {alternatives}"))
        }
    }
}

/// The verdict as one line, in the same form as other commands.
pub fn verdict(cell: &Cell) -> String {
    let code = cell.code.map(|c| format!(" {c}")).unwrap_or_default();
    let remedy = cell.remedy.as_ref().map(|r| format!("\n  to change that: {r}")).unwrap_or_default();
    // The execution path, if the host has several.
    let path = cell.execution_path.as_ref().map(|path| format!(" (execution path: {path})")).unwrap_or_default();
    format!("{} on {}{path}: {}{code}: {}{remedy}\n", cell.scenario, cell.runtime, cell.verdict.id(), cell.detail)
}

/// Prints commands as they start, and output to the stream it came from.
fn print_event(event: ProcessEvent) {
    match event {
        ProcessEvent::Starting(role, command) => {
            let what = if role == ProcessRole::Precompile { "# compiles the module" } else { "# runs the guest" };
            output::print_progress(&format!("{what}\n{}", shell_command(command)));
        }
        ProcessEvent::Printed(stream, bytes) => output::forward(stream, bytes),
    }
}

/// The command as typed into a shell.
fn shell_command(command: &Command) -> String {
    let mut line = format!("cd {} && env -i", files::quote(&command.cwd.to_string_lossy()));
    for (name, value) in &command.env {
        let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
        // Leave out the lab's canary, and PATH, which every shell has.
        match &*name {
            "PATH" => line += " PATH=\"$PATH\"",
            name if name.starts_with("WASMLAB_") => {}
            name => line += &format!(" {name}={}", files::quote(&value)),
        }
    }
    let args = std::iter::once(Path::new(&command.program).to_string_lossy())
        .chain(command.args.iter().map(|a| a.to_string_lossy()));
    // The channel for events ends with this run; the kept specification names a file instead.
    let channel = command.report.as_ref().map(|report| report.path().to_string_lossy().into_owned());
    let events = command.cwd.join(cell::EVENTS).to_string_lossy().into_owned();
    args.fold(line, |line, word| {
        let word = channel.as_ref().map_or_else(|| word.to_string(), |channel| word.replace(channel, &events));
        format!("{line} {}", files::quote(&word))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;
    use wasmlab_process::{Command, Input, Limits};

    #[test]
    fn printed_command_can_be_pasted() {
        let command = Command {
            program: "/bin/wasmtime".into(),
            args: ["run", "a b.wasm", "it's"].map(Into::into).to_vec(),
            env: [("PATH".into(), "/bin".into()), ("LANG".into(), "C".into())].into(),
            cwd: "/tmp/x".into(),
            stdin: Input::Piped,
            inherit: Vec::new(),
            sandbox: None,
            report: None,
            limits: Limits::compiler(Duration::from_secs(1)),
        };
        let expected = "cd /tmp/x && env -i LANG=C PATH=\"$PATH\" /bin/wasmtime run 'a b.wasm' \"it's\"";
        assert_eq!(super::shell_command(&command), expected);
    }
}

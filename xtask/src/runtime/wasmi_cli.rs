//! wasmi by its command line: the crate `wasmi_cli`, whose program is `wasmi`.
//!
//! <https://github.com/wasmi-labs/wasmi/tree/main/crates/cli>

use std::ffi::OsString;

use wasmlab_protocol::{Cause, Entry, Stage, Value};

use super::command_line::{self, Ending, Reader, at, exited};
use super::route::Route;
use super::{CellFiles, Runtime, Seen, Source, Tool, words};
use wasmlab_model::facts::Facts;
use wasmlab_model::observation::Progress;
use wasmlab_model::report::Cell;
use wasmlab_model::scenario::ScenarioFile;

/// The registry's entries.
pub const COLUMNS: &[&dyn Runtime] = &[&WasmiCli];

/// How it is had.
const ROUTES: &[Route] =
    &[Route { command: &["cargo", "install", "--locked", "wasmi_cli"], note: "takes three minutes" }];

struct WasmiCli;

impl Runtime for WasmiCli {
    fn id(&self) -> &'static str {
        "wasmi-cli"
    }

    fn engine(&self) -> &'static str {
        "wasmi"
    }

    fn mode(&self) -> &'static str {
        "interpreter"
    }

    fn source(&self) -> Source {
        Source::Program {
            name: "wasmi",
            variable: "WASMLAB_WASMI",
            version: &["--version"],
            get: "see https://github.com/wasmi-labs/wasmi, or name the program in WASMLAB_WASMI",
        }
    }

    fn routes(&self) -> &'static [Route] {
        ROUTES
    }

    fn applies(&self, spec: &ScenarioFile, _: Option<&Facts>) -> Result<(), String> {
        command_line::no_http(spec, "wasmi's command line")
    }

    fn command(&self, tool: &Tool, cell: &CellFiles) -> Vec<OsString> {
        let spec = cell.cell;
        let mut argv: Vec<OsString> = vec![tool.program.clone().into(), "run".into()];
        argv.extend(spec.dirs.iter().flat_map(|dir| ["--dir".into(), dir.host.clone().into()]));
        argv.extend(command_line::env_args(spec, "--env"));
        argv
    }

    fn commands(&self, tool: &Tool, cell: &CellFiles) -> Vec<Vec<OsString>> {
        let base = self.command(tool, cell);
        if !matches!(cell.cell.entry, Entry::Calls(_)) {
            return vec![[base, vec![cell.module.into()], command_line::guest_args(cell.cell)].concat()];
        }
        let calls = command_line::calls(cell).iter().map(|call| {
            let invoke = vec!["--invoke".into(), call.export.clone().into(), cell.module.into()];
            let args = call.args.iter().filter_map(command_line::argument).map(OsString::from).collect();
            [base.clone(), invoke, args].concat()
        });
        calls.collect()
    }

    fn refuses(&self, cell: &CellFiles) -> Option<Cause> {
        let named = cell.cell.dirs.iter().find(|d| d.host.as_os_str() != d.guest.as_str()).map(|dir| {
            let message = format!("its --dir gives the guest a directory by the host's name, not as `{}`", dir.guest);
            Cause::Unsupported { what: "directory-name".to_owned(), message }
        });
        // Measured with 2.0.0: sock_accept answers EAGAIN, unless a client was quicker than the guest.
        let sockets = "its --tcplisten opens a socket that does not wait for a client";
        named
            .or_else(|| command_line::no_sockets(cell, sockets))
            .or_else(|| command_line::no_component_calls(cell))
            .or_else(|| command_line::untypable(cell))
    }

    fn progress(&self, seen: &Seen) -> Progress {
        command_line::progress(seen, Reader { guest: classify, prepare: classify, value, between: None })
    }

    fn twin(&self) -> Option<&'static str> {
        Some("wasmi")
    }

    fn because(&self, cell: &Cell) -> Option<&'static str> {
        match cell.subject.as_deref() {
            Some("directory-name") => Some("its --dir knows no name for the guest"),
            _ => command_line::because(cell),
        }
    }
}

fn value(ty: &str, text: &str) -> Option<Value> {
    // A v128 is one number, its highest digit first.
    let number = || u128::from_str_radix(text.strip_prefix("0x")?, 16).ok();
    if ty == "v128" { number().map(|v| Value::V128(v.to_le_bytes())) } else { command_line::plain_value(ty, text) }
}

/// How far a guest came: whatever fails has exit code 1 and ends with an error.
fn classify(ending: &Ending) -> Progress {
    let Some(error) = words::last_block(ending.stderr, "Error: ").filter(|_| ending.code == 1) else {
        return exited(ending.code);
    };
    let line = error.lines().next().unwrap_or_default().trim_start_matches("Error: ");
    let message = line.to_owned();
    let no_export = |name: &str| at(Stage::Link, Cause::NoExport { name: name.to_owned() });
    if let Some(rest) = line.strip_prefix("failed to compile Wasm module ") {
        // The path of the module stands before the reason.
        let message = rest.split_once("\": ").map_or(rest, |(_, why)| why).to_owned();
        return at(Stage::Compile, Cause::Refused { offset: words::offset(error), message });
    }
    if line.starts_with("did not specify `--invoke`") {
        return no_export("_start");
    }
    if line.starts_with("failed to find function named") {
        return no_export(line.split('"').nth(1).unwrap_or_default());
    }
    if let Some((_, import)) = line.split_once("invalid Wasi import: ") {
        let (module, name) = import.split_once("::").unwrap_or((import, ""));
        let (module, name) = (module.to_owned(), name.to_owned());
        return at(Stage::Link, Cause::MissingImport { module, name, ty: String::new(), missing: 0 });
    }
    if let Some((_, rest)) = line.split_once("failed to instantiate and start the Wasm module: ") {
        return at(Stage::Instantiate, of_instantiating(rest));
    }
    let Some((_, words)) = line.split_once("failed during execution of ").and_then(|(_, rest)| rest.split_once(": "))
    else {
        return at(Stage::Load, Cause::EngineError { message });
    };
    let cause = match words::trap(words) {
        Some(trap) => Cause::Trap { trap, message: words.to_owned() },
        None => Cause::HostError { message: words.to_owned() },
    };
    at(Stage::Run, cause)
}

fn of_instantiating(rest: &str) -> Cause {
    let message = rest.to_owned();
    if let Some(trap) = words::trap(rest) {
        return Cause::Trap { trap, message };
    }
    // "imported function (MODULE,NAME) type mismatch. expected … but found …"
    if let Some((pair, _)) = rest.split_once(") type mismatch").filter(|_| rest.starts_with("imported ")) {
        let (module, name) = pair.split_once('(').and_then(|(_, p)| p.split_once(',')).unwrap_or_default();
        return Cause::ImportTypeMismatch { module: module.to_owned(), name: name.to_owned(), message };
    }
    Cause::ResourceLimit { message }
}

#[cfg(test)]
mod tests {
    #[test]
    fn recorded_output_is_understood() {
        let run = |ending: &super::Ending, _| super::classify(ending);
        insta::assert_snapshot!(super::super::recorded::read("wasmi-cli", run));
    }
}

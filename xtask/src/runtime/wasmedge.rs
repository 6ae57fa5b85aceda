//! WasmEdge by its command line, interpreting.
//!
//! Switches: <https://wasmedge.org/docs/start/build-and-run/cli>; messages:
//! `include/common/enum.inc` of <https://github.com/WasmEdge/WasmEdge>, which its log prints as
//! `[time] [error] PHASE failed: WHY, Code: 0x..`, on stdout or stderr by version.

use std::ffi::OsString;

use wasmlab_protocol::{Cause, Entry, Stage, TrapKind};

use super::command_line::{self, Ending, Reader, at, exited};
use super::route::Route;
use super::{CellFiles, Runtime, Seen, Source, Tool, words};
use wasmlab_model::facts::Facts;
use wasmlab_model::observation::Progress;
use wasmlab_model::scenario::ScenarioFile;

/// The registry's entries.
pub const COLUMNS: &[&dyn Runtime] = &[&WasmEdge];

/// How it is had.
const ROUTES: &[Route] = &[
    Route::quick(&["brew", "install", "wasmedge"]),
    Route::quick(&["dnf", "install", "--assumeyes", "wasmedge"]),
];

struct WasmEdge;

impl Runtime for WasmEdge {
    fn id(&self) -> &'static str {
        "wasmedge"
    }

    fn engine(&self) -> &'static str {
        "wasmedge"
    }

    fn mode(&self) -> &'static str {
        "interpreter"
    }

    fn source(&self) -> Source {
        Source::Program {
            name: "wasmedge",
            variable: "WASMLAB_WASMEDGE",
            version: &["--version"],
            get: "see https://wasmedge.org/docs/start/install, or name it in WASMLAB_WASMEDGE",
        }
    }

    fn routes(&self) -> &'static [Route] {
        ROUTES
    }

    fn applies(&self, spec: &ScenarioFile, _: Option<&Facts>) -> Result<(), String> {
        command_line::no_http(spec, "wasmedge")
    }

    fn refuses(&self, cell: &CellFiles) -> Option<Cause> {
        command_line::no_sockets(cell, "wasmedge's command line gives a guest no socket that is open already")
            .or_else(|| command_line::no_component_calls(cell))
            .or_else(|| command_line::untypable(cell))
    }

    fn command(&self, tool: &Tool, cell: &CellFiles) -> Vec<OsString> {
        let spec = cell.cell;
        let mut argv: Vec<OsString> = vec![tool.program.clone().into()];
        // One switch for what is beyond WebAssembly 2.0: those of single proposals come and go by version.
        if cell.facts.is_some_and(|f| f.proposals.iter().any(|p| !wasmlab_model::facts::COMMON_PROPOSALS.contains(&p.as_str()))) {
            argv.push("--enable-all".into());
        }
        for dir in &spec.dirs {
            let mut pair = OsString::from(format!("{}:", dir.guest));
            pair.push(&dir.host);
            argv.extend(["--dir".into(), pair]);
        }
        argv.extend(command_line::env_args(spec, "--env"));
        argv
    }

    fn commands(&self, tool: &Tool, cell: &CellFiles) -> Vec<Vec<OsString>> {
        let base = self.command(tool, cell);
        if !matches!(cell.cell.entry, Entry::Calls(_)) {
            return vec![[base, vec![cell.module.into()], command_line::guest_args(cell.cell)].concat()];
        }
        let calls = command_line::calls(cell).iter().map(|call| {
            let call_args = call.args.iter().filter_map(command_line::argument).map(OsString::from).collect();
            let reactor = vec!["--reactor".into(), cell.module.into(), call.export.clone().into()];
            [base.clone(), reactor, call_args].concat()
        });
        calls.collect()
    }

    fn progress(&self, seen: &Seen) -> Progress {
        let reader =
            Reader { guest: classify, prepare: classify, value: command_line::plain_value, between: None };
        command_line::progress(seen, reader)
    }
}

/// How far a guest came: errors of its own leave a line of the log and an exit code other than 0.
fn classify(ending: &Ending) -> Progress {
    let log = [ending.stderr, ending.stdout].into_iter().flat_map(str::lines).find(|l| {
        l.contains("[error]") && l.contains(" failed: ") && l.contains(", Code: 0x")
    });
    let Some((phase, why)) = log.filter(|_| ending.code != 0).and_then(|l| l.split_once(" failed: ")) else {
        return exited(ending.code);
    };
    let why = why.split(", Code: ").next().unwrap_or(why);
    let message = why.to_owned();
    let (stage, cause) = match phase.rsplit(' ').next().unwrap_or_default() {
        "loading" => (Stage::Load, Cause::Refused { message, offset: None }),
        "validation" => (Stage::Validate, Cause::Refused { message, offset: None }),
        "instantiation" => return instantiating(ending, why),
        _ if why.starts_with("uncaught exception") => {
            (Stage::Run, Cause::Trap { trap: TrapKind::UncaughtException, message })
        }
        _ if why.contains("not found") => (Stage::Link, Cause::NoExport { name: message }),
        _ => match words::trap(why) {
            Some(trap) => (Stage::Run, Cause::Trap { trap, message }),
            None => (Stage::Run, Cause::HostError { message }),
        },
    };
    at(stage, cause)
}

/// The lines after the error name the import: `When linking module: "env" , function name: "foo"`.
fn instantiating(ending: &Ending, why: &str) -> Progress {
    let mut lines = [ending.stderr, ending.stdout].into_iter().flat_map(str::lines);
    let named = lines.rfind(|l| l.contains("When linking module: ")).unwrap_or_default();
    let mut quoted = named.split('"').skip(1).step_by(2).map(str::to_owned);
    let (module, name) = (quoted.next().unwrap_or_default(), quoted.next().unwrap_or_default());
    let message = why.to_owned();
    match why {
        "unknown import" => at(Stage::Link, Cause::MissingImport { module, name, ty: String::new(), missing: 0 }),
        "incompatible import type" => at(Stage::Link, Cause::ImportTypeMismatch { module, name, message }),
        why => match words::trap(why) {
            Some(trap) => at(Stage::Instantiate, Cause::Trap { trap, message }),
            None => at(Stage::Instantiate, Cause::ResourceLimit { message }),
        },
    }
}

#[cfg(test)]
mod tests {
    use wasmlab_protocol::{Cause, TrapKind};

    fn cause(code: i32, stdout: &str) -> Option<Cause> {
        super::classify(&super::Ending { code, stdout, stderr: "" }).cause
    }

    #[test]
    fn documented_messages_are_understood() {
        let trap = "[2026-11-21 07:00:00.000] [error] execution failed: unreachable, Code: 0x40a\n[2026-11-21 07:00:00.000] [error]     In instruction: unreachable (0x00)\n";
        assert!(matches!(cause(1, trap), Some(Cause::Trap { trap: TrapKind::Unreachable, .. })));
        let import = "[t] [error] instantiation failed: unknown import, Code: 0x302\n[t] [error]     When linking module: \"env\" , function name: \"foo\"\n";
        assert!(matches!(cause(1, import), Some(Cause::MissingImport { module, name, .. }) if module == "env" && name == "foo"));
        let invalid = "[t] [error] loading failed: magic header not detected, Code: 0x23\n";
        assert!(matches!(cause(1, invalid), Some(Cause::Refused { .. })));
        assert_eq!(cause(7, ""), Some(Cause::Exit { code: 7 }));
        assert_eq!(cause(0, "[t] [error] x failed: y, Code: 0x1\n"), Some(Cause::Returned), "a guest's own words");
    }
}

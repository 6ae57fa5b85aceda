//! wasmer by its command line.
//!
//! Switches: `wasmer run --help` of version 7, and `lib/cli/src/commands/run/wasi.rs` of
//! <https://github.com/wasmerio/wasmer>; errors: `lib/types/src/error.rs`, traps: `lib/types/src/trapcode.rs`.

use std::ffi::OsString;

use wasmlab_protocol::{Cause, Entry, Network, Stage, TrapKind};

use super::command_line::{self, Ending, Reader, at, exited};
use super::route::Route;
use super::{CellFiles, Runtime, Seen, Source, Tool, words};
use wasmlab_model::facts::Facts;
use wasmlab_model::observation::Progress;
use wasmlab_model::report::Cell;
use wasmlab_model::scenario::ScenarioFile;

/// The registry's entries.
pub const COLUMNS: &[&dyn Runtime] = &[&WasmerCli];

/// How it is had.
const ROUTES: &[Route] = &[
    Route::quick(&["brew", "install", "wasmer"]),
    Route {
        command: &["cargo", "install", "--locked", "wasmer-cli", "--features", "cranelift"],
        note: "takes half an hour",
    },
];

struct WasmerCli;

impl Runtime for WasmerCli {
    fn id(&self) -> &'static str {
        "wasmer-cli"
    }

    fn engine(&self) -> &'static str {
        "wasmer"
    }

    fn mode(&self) -> &'static str {
        "cranelift"
    }

    fn flags(&self) -> &'static [&'static str] {
        &["--cranelift"]
    }

    fn source(&self) -> Source {
        Source::Program {
            name: "wasmer",
            variable: "WASMLAB_WASMER",
            version: &["--version"],
            get: "see https://docs.wasmer.io/install, or name the program in WASMLAB_WASMER",
        }
    }

    fn routes(&self) -> &'static [Route] {
        ROUTES
    }

    fn applies(&self, spec: &ScenarioFile, _: Option<&Facts>) -> Result<(), String> {
        command_line::no_http(spec, "wasmer's command line")
    }

    fn refuses(&self, cell: &CellFiles) -> Option<Cause> {
        command_line::no_sockets(cell, "wasmer's command line gives a guest no socket that is open already")
            .or_else(|| command_line::no_component_calls(cell))
            .or_else(|| command_line::untypable(cell))
    }

    fn command(&self, tool: &Tool, cell: &CellFiles) -> Vec<OsString> {
        let spec = cell.cell;
        // Which compiler is the default depends on how it was built.
        let mut argv: Vec<OsString> = vec![tool.program.clone().into(), "run".into(), "--cranelift".into()];
        argv.extend(command_line::dir_args(spec, "--volume", ":"));
        argv.extend(command_line::env_args(spec, "--env"));
        if spec.network == Network::Loopback {
            argv.push("--net".into());
        }
        if cell.facts.is_some_and(|f| f.proposals.iter().any(|p| !wasmlab_model::facts::COMMON_PROPOSALS.contains(&p.as_str()))) {
            argv.push("--enable-all".into());
        }
        argv
    }

    fn commands(&self, tool: &Tool, cell: &CellFiles) -> Vec<Vec<OsString>> {
        let base = self.command(tool, cell);
        if !matches!(cell.cell.entry, Entry::Calls(_)) {
            let module = vec![cell.module.into(), "--".into()];
            return vec![[base, module, command_line::guest_args(cell.cell)].concat()];
        }
        let calls = command_line::calls(cell).iter().map(|call| {
            let invoke = vec!["--invoke".into(), call.export.clone().into(), cell.module.into(), "--".into()];
            let call_args = call.args.iter().filter_map(command_line::argument).map(OsString::from).collect();
            [base.clone(), invoke, call_args].concat()
        });
        calls.collect()
    }

    fn progress(&self, seen: &Seen) -> Progress {
        let value = command_line::plain_value;
        command_line::progress(seen, Reader { guest: classify, prepare: classify, value, between: Some(' ') })
    }

    fn twin(&self) -> Option<&'static str> {
        Some("wasmer-cranelift")
    }

    fn because(&self, cell: &Cell) -> Option<&'static str> {
        command_line::because(cell)
    }
}

/// How far a guest came: errors begin with `error: `, their causes stand behind `╰─▶ 1: `.
fn classify(ending: &Ending) -> Progress {
    let Some(error) = words::last_block(ending.stderr, "error: ").filter(|_| ending.code != 0) else {
        return exited(ending.code);
    };
    let lines = error.lines().map(|l| l.trim_start_matches(['│', '├', '╰', '─', '▶', ' ']));
    let causes: Vec<&str> = lines
        .map(|l| match l.split_once(": ") {
            Some((number, rest)) if number.chars().all(|c| c.is_ascii_digit()) => rest,
            _ => l,
        })
        .collect();
    let message = causes.join(": ");
    for cause in &causes {
        if let Some((_, import)) = cause.split_once("Error while importing ") {
            let mut quoted = import.split('"').skip(1).step_by(2).map(str::to_owned);
            let (module, name) = (quoted.next().unwrap_or_default(), quoted.next().unwrap_or_default());
            let unknown = import.contains("unknown import");
            return at(Stage::Link, match unknown {
                true => Cause::MissingImport { module, name, ty: String::new(), missing: 0 },
                false => Cause::ImportTypeMismatch { module, name, message },
            });
        }
        let trap = cause.trim_start_matches("RuntimeError: ");
        if let Some(kind) = words::trap(trap) {
            return at(Stage::Run, Cause::Trap { trap: kind, message: trap.to_owned() });
        }
        if trap.starts_with("Uncaught exception") || trap.starts_with("uncaught exception") {
            return at(Stage::Run, Cause::Trap { trap: TrapKind::UncaughtException, message: trap.to_owned() });
        }
        if cause.starts_with("No export `") || cause.starts_with("No exported function found") {
            let name = cause.split('`').nth(1).unwrap_or_default().to_owned();
            return at(Stage::Link, Cause::NoExport { name });
        }
        if cause.starts_with("Insufficient resources") {
            return at(Stage::Instantiate, Cause::ResourceLimit { message });
        }
    }
    if message.contains("Validation error") || message.contains("ompile") {
        return at(Stage::Compile, Cause::Refused { offset: words::offset(&message), message });
    }
    at(Stage::Run, Cause::HostError { message })
}

#[cfg(test)]
mod tests {
    use wasmlab_protocol::{Cause, TrapKind};

    fn cause(code: i32, stderr: &str) -> Option<Cause> {
        super::classify(&super::Ending { code, stdout: "", stderr }).cause
    }

    #[test]
    fn documented_messages_are_understood() {
        let trap = "error: failed to run `a.wasm`\n╰─▶ 1: RuntimeError: unreachable\n           at <unnamed> (<module>[0]:0x23)\n";
        assert!(matches!(cause(1, trap), Some(Cause::Trap { trap: TrapKind::Unreachable, .. })));
        let import = "error: Unable to instantiate\n├─▶ 1: Link error\n╰─▶ 2: Error while importing \"env\".\"foo\": unknown import. Expected Function\n";
        assert!(matches!(cause(1, import), Some(Cause::MissingImport { module, name, .. }) if module == "env" && name == "foo"));
        let invalid = "error: Unable to compile \"a.wasm\"\n╰─▶ 1: Validation error: unexpected end-of-file (at offset 0xa)\n";
        assert!(matches!(cause(1, invalid), Some(Cause::Refused { offset: Some(10), .. })));
        assert_eq!(cause(42, ""), Some(Cause::Exit { code: 42 }));
    }
}

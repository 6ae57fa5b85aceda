//! wasmer's command line.
//!
//! Switches: `wasmer run --help`; messages: version 7.4.2, recorded in `fixtures/runtime-output/wasmer-cli/`.

use std::ffi::OsString;

use wasmlab_model::observation::GuestProgress;
use wasmlab_protocol::{Cause, HostRefusal, Network, Stage, TrapKind, Value};

use crate::command_line::{
    self, CallSyntax, OutputParser, ProcessOutput, argv, exited, missing_import, no_export, progress_at,
};
use crate::{CellFiles, InstallCommand, Runtime, Source, Tool, messages, switches};

pub fn columns() -> Vec<Runtime> {
    vec![Runtime {
        id: "wasmer-cli".into(),
        engine: "wasmer",
        mode: "cranelift".into(),
        // The default compiler depends on how wasmer was built.
        constant_switches: &["--cranelift"],
        source: Source::on_path(&["wasmer"], "WASMLAB_WASMER", "see https://docs.wasmer.io/install"),
        install: vec![
            InstallCommand::quick(&["brew", "install", "wasmer"]),
            InstallCommand {
                // The version of the embedded column: newer ones may need a newer Rust than this project.
                command: &["cargo", "install", "--locked", "wasmer-cli@7.4.2", "--features", "cranelift"],
                note: "takes half an hour",
            },
        ],
        help_args: &[&["run", "--help"]],
        switches: switches::enable_all,
        not_attempted: command_line::unsupported_calls,
        commands,
        compiles_silently: true,
        compiles_before_linking: true,
        output_parser: Some(OutputParser {
            parse_value,
            result_separator: Some(' '),
            error_prefix: "error: ",
            run_errors: &["error: RuntimeError: ", "error: Uncaught exception"],
            exit_without_start: Some(TRAPPED),
            skips_initialize: true,
            no_calls_with_wasi: Some("if a module imports WASI, wasmer runs it as a program and ignores `--invoke`"),
            trap_mark: Some(TRAP_MARK),
            ..OutputParser::new(classify)
        }),
        reference_column: Some("wasmer-cranelift".into()),
        explain_difference: command_line::explain_difference,
        ..Runtime::default()
    }]
}

fn commands(tool: &Tool, cell: &CellFiles) -> Vec<Vec<OsString>> {
    let mut base = argv(&tool.program, ["run", "--cranelift"]);
    base.extend(command_line::dir_args(cell.spec, "--volume", ":"));
    base.extend(command_line::env_args(cell.spec, "--env"));
    if cell.spec.network == Network::Loopback {
        base.push("--net".into());
    }
    base.extend(command_line::switch_args(cell.spec));
    command_line::processes(base, cell, CallSyntax::BeforeModule("--invoke"), Some("--"))
}

/// A v128 is a single decimal number.
fn parse_value(ty: &str, text: &str) -> Option<Value> {
    if ty != "v128" {
        return command_line::plain_value(ty, text);
    }
    Some(Value::V128(text.parse::<u128>().ok()?.to_le_bytes()))
}

/// The exit code for a trap of a program with WASI, and for a module that is no program.
const TRAPPED: i32 = 45;
/// The start of its report of such a trap, which follows the guest's last output.
const TRAP_MARK: &str = "RuntimeError: ";

/// The trap of a program with WASI: its kind, then the guest's functions, one on each line.
fn trapped(output: &ProcessOutput) -> Option<GuestProgress> {
    let at = output.stderr.rfind(TRAP_MARK).filter(|_| output.code == TRAPPED)?;
    let mut lines = output.stderr[at..].lines();
    let message = lines.next()?.trim_start_matches(TRAP_MARK);
    let kind = messages::trap(message).filter(|_| lines.all(|line| line.starts_with("    at ")))?;
    Some(progress_at(Stage::Run, Cause::trap(kind, message)))
}

/// What it puts in place of an export's name for a program with WASI but without a memory.
const NO_MEMORY: &str = "No imported or exported memory found";

/// Derives the guest's progress: every other failure exits with 1 and prints `error: …`; its cause follows `╰─▶ 1:`.
fn classify(output: &ProcessOutput) -> GuestProgress {
    let Some(error) = messages::last_block(output.stderr, "error: ").filter(|_| output.code == 1) else {
        return trapped(output).unwrap_or_else(|| exited(output.code));
    };
    let mut lines = error.lines().map(|line| line.trim_start_matches(['│', '├', '╰', '─', '▶', ' ']));
    let first = lines.next().unwrap_or_default().trim_start_matches("error: ");
    let causes = lines.filter_map(|line| line.split_once(": ")).filter(|(number, _)| number.parse::<u8>().is_ok());
    let cause = causes.map(|(_, cause)| cause).next_back();
    let reason = cause.unwrap_or(first);
    if let Some((_, import)) = reason.split_once("Error while importing ") {
        return progress_at(Stage::Link, import_cause(import, reason.to_owned()));
    }
    if let Some(name) = reason.strip_prefix("Missing export ") {
        if name == NO_MEMORY {
            let message = reason.to_owned();
            return progress_at(Stage::Run, Cause::HostRefused { refusal: HostRefusal::NoMemory, message });
        }
        return no_export(name);
    }
    if first.starts_with("Unable to compile ") {
        let message = reason.trim_start_matches("compile error: ");
        let message = message.strip_prefix("Validate(\"").and_then(|m| m.strip_suffix("\")")).unwrap_or(message);
        return progress_at(
            Stage::Compile,
            Cause::Rejected { offset: messages::offset(message), message: message.to_owned() },
        );
    }
    // Wasmer looks for a compiler that has every proposal which the module or its switches ask for.
    if first.starts_with("No backends support the required features") {
        return progress_at(Stage::Compile, Cause::Rejected { offset: None, message: first.to_owned() });
    }
    // It calls `_start` without arguments. It checks those of other exports before the call.
    if reason.starts_with("Function expected ") && reason.ends_with(" arguments, but received 0") {
        return no_export("_start");
    }
    let stage = match first {
        _ if reason.starts_with("Linker error: ") => Stage::Link,
        _ if first.starts_with("Unable to instantiate ") => Stage::Instantiate,
        _ => Stage::Run,
    };
    let message = reason.trim_start_matches("RuntimeError: ");
    let cause = match messages::trap(message) {
        Some(kind) => Cause::trap(kind, message),
        None if message.starts_with("Uncaught exception") => Cause::trap(TrapKind::UncaughtException, message),
        None => Cause::HostError { message: message.to_owned() },
    };
    progress_at(stage, cause)
}

/// `"MODULE"."NAME": unknown import`, or another reason.
fn import_cause(import: &str, message: String) -> Cause {
    let (module, name) = messages::quoted_pair(import);
    if import.contains("unknown import") {
        return missing_import(module, name);
    }
    Cause::ImportTypeMismatch { module: module.to_owned(), name: name.to_owned(), message }
}

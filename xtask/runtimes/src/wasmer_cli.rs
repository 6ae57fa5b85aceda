//! wasmer's command line.
//!
//! Switches: `wasmer run --help` of version 7, and `lib/cli/src/commands/run/wasi.rs` of
//! <https://github.com/wasmerio/wasmer>; errors: `lib/types/src/error.rs`, traps: `lib/types/src/trapcode.rs`.

use std::ffi::OsString;

use wasmlab_model::observation::GuestProgress;
use wasmlab_protocol::{Cause, Network, Stage, TrapKind};

use crate::command_line::{self, CallSyntax, ProcessOutput, OutputParser, argv, progress_at, exited, missing_import, no_export};
use crate::{CellFiles, InstallCommand, Runtime, Source, Tool, messages, switches};

pub fn columns() -> Vec<Runtime> {
    vec![Runtime {
        id: "wasmer-cli".into(),
        engine: "wasmer",
        mode: "cranelift".into(),
        unproven: true,
        // The default compiler depends on how wasmer was built.
        flags: &["--cranelift"],
        source: Source::on_path(&["wasmer"], "WASMLAB_WASMER", "see https://docs.wasmer.io/install"),
        install: vec![
            InstallCommand::quick(&["brew", "install", "wasmer"]),
            InstallCommand {
                command: &["cargo", "install", "--locked", "wasmer-cli", "--features", "cranelift"],
                note: "takes half an hour",
            },
        ],
        help: &[&["run", "--help"]],
        switches: switches::enable_all,
        not_attempted: command_line::unsupported_calls,
        commands,
        compiles_silently: true,
        output_parser: Some(OutputParser { result_separator: Some(' '), error_prefix: "error: ", run_errors: &["error: failed to run "], ..OutputParser::new(classify) }),
        reference_column: Some("wasmer-cranelift".into()),
        explain_difference: command_line::explain_difference,
        ..Runtime::default()
    }]
}

fn commands(tool: &Tool, cell: &CellFiles) -> Vec<Vec<OsString>> {
    let mut base = argv(&tool.program, ["run", "--cranelift"]);
    base.extend(command_line::dir_args(cell.cell, "--volume", ":"));
    base.extend(command_line::env_args(cell.cell, "--env"));
    if cell.cell.network == Network::Loopback {
        base.push("--net".into());
    }
    base.extend(command_line::switch_args(cell.cell));
    command_line::processes(base, cell, CallSyntax::BeforeModule("--invoke"), Some("--"))
}

/// Derives the guest's progress: errors start with `error: `, and their causes with `╰─▶ 1: `.
fn classify(output: &ProcessOutput) -> GuestProgress {
    let Some(error) = messages::last_block(output.stderr, "error: ").filter(|_| output.code != 0) else {
        return exited(output.code);
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
            return progress_at(Stage::Link, of_import(import, message));
        }
        let trap = cause.trim_start_matches("RuntimeError: ");
        if let Some(kind) = messages::trap(trap) {
            return progress_at(Stage::Run, Cause::trap(kind, trap));
        }
        if trap.starts_with("Uncaught exception") || trap.starts_with("uncaught exception") {
            return progress_at(Stage::Run, Cause::trap(TrapKind::UncaughtException, trap));
        }
        if cause.starts_with("No export `") || cause.starts_with("No exported function found") {
            return no_export(cause.split('`').nth(1).unwrap_or_default());
        }
        if cause.starts_with("Insufficient resources") {
            return progress_at(Stage::Instantiate, Cause::ResourceLimit { message });
        }
    }
    if message.contains("Validation error") || message.contains("ompile") {
        return progress_at(Stage::Compile, Cause::Rejected { offset: messages::offset(&message), message });
    }
    progress_at(Stage::Run, Cause::HostError { message })
}

/// `"MODULE"."NAME": unknown import`, or another reason.
fn of_import(import: &str, message: String) -> Cause {
    let (module, name) = messages::quoted_pair(import);
    if import.contains("unknown import") {
        return missing_import(module, name);
    }
    Cause::ImportTypeMismatch { module: module.to_owned(), name: name.to_owned(), message }
}

#[cfg(test)]
mod tests {
    use wasmlab_protocol::{Cause, TrapKind};

    fn cause(code: i32, stderr: &str) -> Option<Cause> {
        super::classify(&super::ProcessOutput { code, stdout: "", stderr }).cause
    }

    #[test]
    fn documented_messages_are_parsed() {
        let trap = "error: failed to run `a.wasm`\n╰─▶ 1: RuntimeError: unreachable\n           at <unnamed> (<module>[0]:0x23)\n";
        assert!(matches!(cause(1, trap), Some(Cause::Trap { trap: TrapKind::Unreachable, .. })));
        let import = "error: Unable to instantiate\n├─▶ 1: Link error\n╰─▶ 2: Error while importing \"env\".\"foo\": unknown import. Expected Function\n";
        assert!(matches!(cause(1, import), Some(Cause::MissingImport { module, name, .. }) if module == "env" && name == "foo"));
        let invalid = "error: Unable to compile \"a.wasm\"\n╰─▶ 1: Validation error: unexpected end-of-file (at offset 0xa)\n";
        assert!(matches!(cause(1, invalid), Some(Cause::Rejected { offset: Some(10), .. })));
        assert_eq!(cause(42, ""), Some(Cause::Exit { code: 42 }));
    }
}

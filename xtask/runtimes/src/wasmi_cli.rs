//! wasmi's command line: the crate `wasmi_cli`, whose program is `wasmi`.
//!
//! <https://github.com/wasmi-labs/wasmi/tree/main/crates/cli>

use std::ffi::OsString;

use wasmlab_model::facts::{BinaryKind, Facts};
use wasmlab_model::observation::GuestProgress;
use wasmlab_model::verdict::NotAttempted;
use wasmlab_protocol::{Cause, CellSpec, HostRefusal, SOCKET_FD_PLACEHOLDER, Stage, Value};

use crate::command_line::{
    self, CallSyntax, OutputParser, ProcessOutput, argv, exited, missing_import, no_export, progress_at,
};
use crate::{CellFiles, InstallCommand, Runtime, SocketPassing, Source, Tool, messages};

pub fn columns() -> Vec<Runtime> {
    vec![Runtime {
        id: "wasmi-cli".into(),
        engine: "wasmi",
        mode: "interpreter".into(),
        source: Source::on_path(&["wasmi"], "WASMLAB_WASMI", "see https://github.com/wasmi-labs/wasmi"),
        install: vec![InstallCommand {
            command: &["cargo", "install", "--locked", "wasmi_cli"],
            note: "takes three minutes",
        }],
        in_ci: true,
        dirs_keep_host_paths: true,
        sockets: SocketPassing::Opened,
        not_attempted,
        commands,
        output_parser: Some(OutputParser {
            parse_value,
            skips_initialize: true,
            starts_empty_name: true,
            run_errors: &["Error: failed during execution of "],
            ..OutputParser::new(classify)
        }),
        reference_column: Some("wasmi".into()),
        explain_difference: command_line::explain_difference,
        ..Runtime::default()
    }]
}

fn commands(tool: &Tool, cell: &CellFiles) -> Vec<Vec<OsString>> {
    let mut base = argv(&tool.program, ["run"]);
    base.extend(command_line::host_named_dir_args(cell.spec, "--dir"));
    base.extend(cell.spec.sockets.iter().flat_map(|socket| ["--tcplisten".into(), socket.address.clone().into()]));
    base.extend(command_line::env_args(cell.spec, "--env"));
    // Its sockets precede its directories.
    let args = cell.spec.args.iter().map(|arg| arg.replace(SOCKET_FD_PLACEHOLDER, "3")).collect();
    let spec = CellSpec { args, ..cell.spec.clone() };
    command_line::processes(base, &CellFiles { spec: &spec, ..*cell }, CallSyntax::BeforeModule("--invoke"), None)
}

/// A directory has the name given to `--dir`. If no host folder can have the guest's name, or the guest looks up the
/// name with a leading slash, there is no way to provide it; irrelevant if no directory is needed.
fn not_attempted(cell: &CellFiles) -> Option<NotAttempted> {
    let opens = |f: &Facts| f.kind == BinaryKind::Module && f.imports.iter().any(|i| i.name == "path_open");
    // wasi-libc ignores a leading slash in the names it compares; Go's library does not.
    let is_go = |f: &Facts| f.producers.iter().any(|p| p.field == "language" && p.name == "Go");
    let is_unnamed =
        |guest: &str, facts: &Facts| command_line::host_name(guest).is_none() || guest.starts_with('/') && is_go(facts);
    let facts = cell.facts.filter(|facts| opens(facts));
    let unnamed = facts.and_then(|facts| cell.spec.dirs.iter().find(|dir| is_unnamed(&dir.guest, facts)));
    let named = unnamed.map(|dir| NotAttempted {
        subject: "directory-name",
        reason: format!("wasmi's --dir uses the host's name of a directory, so it cannot provide `{}`", dir.guest),
    });
    named.or_else(|| command_line::unsupported_calls(cell))
}

/// A v128 is a single number, highest digit first.
fn parse_value(ty: &str, text: &str) -> Option<Value> {
    if ty != "v128" {
        return command_line::plain_value(ty, text);
    }
    let number = u128::from_str_radix(text.strip_prefix("0x")?, 16).ok()?;
    Some(Value::V128(number.to_le_bytes()))
}

/// Derives the guest's progress: every failure exits with 1 and an error at the end.
fn classify(output: &ProcessOutput) -> GuestProgress {
    let Some(error) = messages::last_block(output.stderr, "Error: ").filter(|_| output.code == 1) else {
        return exited(output.code);
    };
    let line = error.lines().next().unwrap_or_default().trim_start_matches("Error: ");
    let message = line.to_owned();
    if let Some(rest) = line.strip_prefix("failed to compile Wasm module ") {
        // The module's path precedes the reason.
        let message = rest.split_once("\": ").map_or(rest, |(_, why)| why).to_owned();
        return progress_at(Stage::Compile, Cause::Rejected { offset: messages::offset(error), message });
    }
    let takes_parameters = line.contains("invalid amount of arguments given to function fn _start(");
    if line.starts_with("did not specify `--invoke`") || takes_parameters {
        return no_export("_start");
    }
    if line.starts_with("failed to find function named") {
        return no_export(line.split('"').nth(1).unwrap_or_default());
    }
    if let Some((_, import)) = line.split_once("invalid Wasi import: ") {
        let (module, name) = import.split_once("::").unwrap_or((import, ""));
        return progress_at(Stage::Link, missing_import(module, name));
    }
    if let Some((_, rest)) = line.split_once("failed to instantiate and start the Wasm module: ") {
        return progress_at(Stage::Instantiate, instantiation_cause(rest));
    }
    let Some((_, message)) = line.split_once("failed during execution of ").and_then(|(_, rest)| rest.split_once(": "))
    else {
        return progress_at(Stage::Load, Cause::EngineError { message });
    };
    // It translates a function at its first call.
    if TRANSLATION.iter().any(|part| message.contains(part)) {
        return progress_at(Stage::Compile, Cause::CompileFailed { message: message.to_owned() });
    }
    let cause = match messages::trap(message) {
        Some(trap) => Cause::trap(trap, message),
        None => match HostRefusal::from_message(message) {
            Some(refusal) => Cause::HostRefused { refusal, message: message.to_owned() },
            None => Cause::HostError { message: message.to_owned() },
        },
    };
    progress_at(Stage::Run, cause)
}

/// Parts of the errors of its translator.
const TRANSLATION: &[&str] = &[
    "encountered function with too many ",
    "encountered unsupported Wasm ",
    "out of bounds for wasmi bytecode",
    "lazy function compilation ",
];

fn instantiation_cause(rest: &str) -> Cause {
    let message = rest.to_owned();
    if let Some(trap) = messages::trap(rest) {
        return Cause::trap(trap, message);
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
    use wasmlab_protocol::{Cause, Stage};

    #[test]
    fn error_of_the_lazy_translator_is_no_error_of_the_host() {
        let check = |message: &str, stage: Stage, is_wanted: fn(&Cause) -> bool| {
            let stderr = format!("Error: failed during execution of _start: {message}\n");
            let found = super::classify(&super::ProcessOutput { code: 1, stdout: "", stderr: &stderr });
            assert!(found.stage == Some(stage) && found.cause.as_ref().is_some_and(is_wanted), "{found:?}");
        };
        let is_compiler = |cause: &Cause| matches!(cause, Cause::CompileFailed { .. });
        check("encountered function with too many function parameters", Stage::Compile, is_compiler);
        check("missing required host function", Stage::Run, |cause| matches!(cause, Cause::HostError { .. }));
    }
}

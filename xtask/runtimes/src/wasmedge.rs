//! WasmEdge's command line: interpreting, and running what its own compiler produced.
//!
//! Switches: <https://wasmedge.org/docs/start/build-and-run/cli>; messages: `include/common/enum.inc` of
//! <https://github.com/WasmEdge/WasmEdge>, which the log prints as `[time] [error] PHASE failed: WHY, Code: 0x..`, on
//! stdout or stderr depending on the version, with details in the following lines.

use std::ffi::OsString;
use std::path::Path;

use wasmlab_model::observation::GuestProgress;
use wasmlab_model::proposals::COMPONENT_MODEL;
use wasmlab_protocol::{Cause, Location, Stage, TrapKind, Value};

use crate::MissingFeature;
use crate::command_line::{
    self, CallSyntax, OutputParser, ProcessOutput, argv, exited, missing_import, no_export, plain_value, progress_at,
};
use crate::switches::{self, help_lists};
use crate::{CellFiles, InstallCommand, Runtime, Source, Tool, messages};

pub fn columns() -> Vec<Runtime> {
    let interpreter = Runtime {
        id: "wasmedge".into(),
        engine: "wasmedge",
        mode: "interpreter".into(),
        source: Source::on_path(&["wasmedge"], "WASMLAB_WASMEDGE", "see https://wasmedge.org/docs/start/install"),
        install: vec![
            InstallCommand::quick(&["brew", "install", "wasmedge"]),
            InstallCommand::quick(&["dnf", "install", "--assumeyes", "wasmedge"]),
        ],
        in_ci: true,
        help_args: &[&["--help"]],
        switches,
        not_attempted: command_line::unsupported_calls,
        commands: |tool, cell| commands(tool, cell, &["run"]),
        output_parser: Some(OutputParser {
            parse_value,
            first_argument_names_function: true,
            ..OutputParser::new(classify)
        }),
        ..Runtime::default()
    };
    let aot = Runtime {
        id: "wasmedge-aot".into(),
        mode: "aot".into(),
        compiles_before_linking: true,
        // Compiler and runtime have the same switches.
        help_args: &[&["compile", "--help"]],
        // Optimizing takes fifteen times as long (40 s of CPU time for a Go program) and changes no result.
        constant_switches: &["compile --optimize 0"],
        reference_column: Some("wasmedge".into()),
        precompile: |tool, cell, into| Some(compile(tool, cell, into)),
        commands: |tool, cell| {
            let translated = cell.precompiled.join(TRANSLATED);
            commands(tool, &CellFiles { module: &translated, ..*cell }, &["run", "--run-mode", "aot"])
        },
        ..interpreter.clone()
    };
    vec![interpreter, aot]
}

/// A single switch for everything beyond WebAssembly 2.0, because those for single proposals come and go with versions.
fn switches(tool: &Tool, lack: MissingFeature) -> Vec<String> {
    const COMPONENT: &str = "--enable-component";
    if lack == MissingFeature::Proposal(COMPONENT_MODEL) && help_lists(&tool.help_text, COMPONENT) {
        return vec![COMPONENT.to_owned()];
    }
    switches::enable_all(tool, lack)
}

/// Output of `wasmedge compile`: a shared library that contains the module.
const TRANSLATED: &str = "guest.so";

fn compile(tool: &Tool, cell: &CellFiles, into: &Path) -> Vec<OsString> {
    let mut argv = argv(&tool.program, ["compile", "--optimize", "0"]);
    argv.extend(command_line::switch_args(cell.spec));
    argv.extend([cell.module.into(), into.join(TRANSLATED).into()]);
    argv
}

fn commands(tool: &Tool, cell: &CellFiles, subcommand: &[&str]) -> Vec<Vec<OsString>> {
    let mut base = argv(&tool.program, []);
    base.extend(subcommand.iter().map(OsString::from));
    base.extend(command_line::switch_args(cell.spec));
    for dir in &cell.spec.dirs {
        let pair = command_line::joined([dir.guest.as_ref(), ":".as_ref(), dir.host.as_ref()]);
        base.extend(["--dir".into(), pair]);
    }
    base.extend(command_line::env_args(cell.spec, "--env"));
    command_line::processes(base, cell, CallSyntax::AfterModule("--reactor"), None)
}

/// A v128 is printed as a single decimal number, a null reference as `<null externref>`.
fn parse_value(ty: &str, text: &str) -> Option<Value> {
    if ty == "v128" { Some(Value::V128(text.parse::<u128>().ok()?.to_le_bytes())) } else { plain_value(ty, text) }
}

/// Derives the guest's progress: the runtime's own errors are log lines with an exit code other than 0.
fn classify(output: &ProcessOutput) -> GuestProgress {
    if output.code == 0 {
        return exited(0);
    }
    let is_error = |l: &&str| l.contains(ERROR) && l.contains(" failed: ") && l.contains(", Code: 0x");
    // The runtime's line is the last one of this form, whatever a guest printed before.
    for log in [output.stdout, output.stderr] {
        if let Some(line) = log.lines().rfind(is_error) {
            // A guest's last line may lack its line break: the time in brackets starts the runtime's.
            let entry_start = line.rfind(ERROR).and_then(|level| line[..level].rfind('[')).unwrap_or(0);
            let start = line.as_ptr() as usize - log.as_ptr() as usize + entry_start;
            let (before, after) = log.split_at(start);
            let guest = if std::ptr::eq(log, output.stdout) { before } else { output.stdout };
            return GuestProgress { stdout: Some(guest.to_owned()), ..log_progress(after) };
        }
    }
    let is_start = |line: &str| line.contains("] [error] function `_start` expects ") && line.ends_with(", got 0");
    if output.stdout.lines().chain(output.stderr.lines()).last().is_some_and(is_start) {
        return no_export("_start");
    }
    let last_line = output.stderr.lines().last().unwrap_or_default();
    match last_line
        .strip_prefix("Function \"")
        .and_then(|rest| rest.strip_suffix("\" not found in the module export list."))
    {
        Some(name) => no_export(name),
        None if last_line.starts_with("A function name is required") => no_export("_start"),
        None => exited(output.code),
    }
}

/// The level in a line of the log, after the time in brackets.
const ERROR: &str = "] [error] ";

/// The last error, with the details in the following lines.
fn log_progress(log: &str) -> GuestProgress {
    let (first, details) = log.split_once('\n').unwrap_or((log, ""));
    let (phase, why) = first.split_once(" failed: ").unwrap_or(("", first));
    let why = why.split(", Code: ").next().unwrap_or(why);
    let needed = details.lines().find_map(|l| Some(&l[l.find("requires enabling ")?..]));
    let message = needed.map_or_else(|| why.to_owned(), |needed| format!("{why}: {needed}"));
    let refused = |message| Cause::Rejected { message, offset: offset(details) };
    let (stage, cause) = match phase.rsplit(' ').next().unwrap_or_default() {
        "loading" => (Stage::Load, refused(message)),
        "validation" => (Stage::Validate, refused(message)),
        "instantiation" => return instantiation_progress(details, why),
        // Before a function is called, the log names no function.
        _ => {
            let stage = if details.contains("At AST node: module") { Stage::Instantiate } else { Stage::Run };
            // Compiled code has no offsets.
            let offset = details.contains("In instruction: ").then(|| offset(details)).flatten();
            let place = offset.map(|offset| Location { offset: Some(offset), ..Location::default() });
            (stage, execution_cause(why).at(place))
        }
    };
    progress_at(stage, cause)
}

fn execution_cause(why: &str) -> Cause {
    let message = why.to_owned();
    let uncaught = why.starts_with("uncaught exception").then_some(TrapKind::UncaughtException);
    match uncaught.or_else(|| messages::trap(why)) {
        Some(trap) => Cause::trap(trap, message),
        None => Cause::HostError { message },
    }
}

/// The number in `Bytecode offset: 0x0000000e`.
fn offset(details: &str) -> Option<u64> {
    let hex = details.split_once("Bytecode offset: 0x")?.1;
    u64::from_str_radix(hex.split(|c: char| !c.is_ascii_hexdigit()).next()?, 16).ok()
}

/// The lines after the error name the import: `When linking module: "env" , function name: "foo"`.
fn instantiation_progress(details: &str, why: &str) -> GuestProgress {
    let named = details.lines().find(|l| l.contains("When linking module: ")).unwrap_or_default();
    // For a component, the import is an interface: `component name: wasi:foo/bar@0.1.0`.
    let interface = details.lines().find_map(|l| Some(l.split_once("component name: ")?.1));
    let (module, name) = interface.map_or_else(|| messages::quoted_pair(named), |interface| (interface, ""));
    let message = why.to_owned();
    match why {
        "unknown import" => progress_at(Stage::Link, missing_import(module, name)),
        "incompatible import type" => {
            let (module, name) = (module.to_owned(), name.to_owned());
            progress_at(Stage::Link, Cause::ImportTypeMismatch { module, name, message })
        }
        why => match messages::trap(why) {
            Some(trap) => progress_at(Stage::Instantiate, Cause::trap(trap, message)),
            // Its component model can read components, but nothing more.
            None if why.starts_with("component model") => {
                progress_at(Stage::Instantiate, Cause::Rejected { message, offset: None })
            }
            None => progress_at(Stage::Instantiate, Cause::HostError { message }),
        },
    }
}

#[cfg(test)]
mod tests {
    use wasmlab_protocol::{Cause, TrapKind};

    const TRAP: &str =
        "[t] [error] execution failed: unreachable, Code: 0x40a\n[t] [error]     In instruction: unreachable (0x00)\n";

    #[test]
    fn guest_output_is_separated_from_the_log() {
        let check = |code: i32, guest: &str, log: &str| {
            let stdout = format!("{guest}{log}");
            super::classify(&super::ProcessOutput { code, stdout: &stdout, stderr: "" })
        };
        let fake = "[t] [error] execution failed: division by zero, Code: 0x1\n";
        let seen = check(134, fake, TRAP);
        assert_eq!(seen.stdout.as_deref(), Some(fake));
        assert!(matches!(seen.cause, Some(Cause::Trap { trap: TrapKind::Unreachable, .. })));
        let merged = check(134, "no line break", TRAP);
        assert_eq!(merged.stdout.as_deref(), Some("no line break"));
        assert!(matches!(merged.cause, Some(Cause::Trap { trap: TrapKind::Unreachable, .. })));
        assert_eq!(check(7, "mine\n", "").cause, Some(Cause::Exit { code: 7 }));
        assert_eq!(check(0, "", TRAP).cause, Some(Cause::Returned), "a guest's own words");
        let on_stderr = super::classify(&super::ProcessOutput { code: 1, stdout: "mine\n", stderr: TRAP });
        assert_eq!(on_stderr.stdout.as_deref(), Some("mine\n"), "older versions");
    }
}

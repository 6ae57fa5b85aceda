//! wazero's command line; an engine written in Go.
//!
//! Switches, messages and exit codes: <https://github.com/tetratelabs/wazero/blob/main/cmd/wazero/wazero.go>;
//! the names of traps: `internal/wasmruntime/errors.go` there.

use std::ffi::OsString;
use std::path::Path;

use wasmlab_model::observation::GuestProgress;
use wasmlab_protocol::{Cause, Location, Stage, TrapKind};

use crate::command_line::{self, OutputParser, ProcessOutput, argv, exited, missing_import, no_export, progress_at};
use crate::{CellFiles, InstallCommand, ONLY_VERSION, Program, Runtime, SocketPassing, Source, Tool, messages};

pub fn columns() -> Vec<Runtime> {
    vec![Runtime {
        id: "wazero".into(),
        engine: "wazero",
        mode: "compiler".into(),
        source: Source::Program(Program {
            names: &["wazero"],
            variable: "WASMLAB_WAZERO",
            version_args: &["version"],
            install_hint: "see https://wazero.io",
        }),
        // A build from source prints `dev`.
        version_names: &[ONLY_VERSION, "dev"],
        compiles_before_linking: true,
        install: vec![
            InstallCommand::quick(&["brew", "install", "wazero"]),
            InstallCommand {
                command: &["go", "install", "github.com/tetratelabs/wazero/cmd/wazero@latest"],
                note: "installs into the folder `bin` of `go env GOPATH`, which must be on PATH",
            },
        ],
        in_ci: true,
        library_may_enable: Some("Go library"),
        sockets: SocketPassing::Opened,
        // It iterates over a Go map.
        import_order_is_random: true,
        precompile: |tool, cell, into| Some(compile(tool, cell, into)),
        commands: |tool, cell| vec![command(tool, cell)],
        output_parser: Some(OutputParser {
            error_prefix: FAILED,
            run_errors: &[FAILED],
            why_no_calls: Some(
                "wazero's command line calls only `_start`; its Go library can call other exports, but the lab does not embed it",
            ),
            ..OutputParser::new(classify)
        }),
        ..Runtime::default()
    }]
}

/// Fills the folder in which [`command`] finds the compiled code.
fn compile(tool: &Tool, cell: &CellFiles, into: &Path) -> Vec<OsString> {
    [argv(&tool.program, ["compile"]), vec![cache(into), cell.module.into()]].concat()
}

fn cache(dir: &Path) -> OsString {
    command_line::joined(["-cachedir=".as_ref(), dir.as_ref()])
}

fn command(tool: &Tool, cell: &CellFiles) -> Vec<OsString> {
    let spec = cell.spec;
    let mut argv = argv(&tool.program, ["run"]);
    argv.push(cache(cell.precompiled));
    argv.extend(spec.env.iter().map(|(name, value)| format!("-env={name}={value}").into()));
    argv.extend(
        spec.dirs
            .iter()
            .map(|dir| command_line::joined(["-mount=".as_ref(), dir.host.as_ref(), ":".as_ref(), dir.guest.as_ref()])),
    );
    argv.extend(spec.sockets.iter().map(|s| format!("-listen={}", s.address).into()));
    argv.push(cell.module.into());
    argv.extend(command_line::guest_args(spec));
    argv
}

/// Start of the error for a module that could be read.
const FAILED: &str = "error instantiating wasm binary: ";

/// Derives the guest's progress: failures exit with 1 and one of three prefixes. A trap appears as an instantiation
/// error, because `_start` is called there.
fn classify(output: &ProcessOutput) -> GuestProgress {
    let failed = |mark| messages::last_block(output.stderr, mark).filter(|_| output.code == 1);
    if let Some(error) = failed("error compiling wasm binary: ").or_else(|| failed("error reading wasm binary: ")) {
        let message = first(error).split_once(": ").map_or("", |(_, why)| why).to_owned();
        return progress_at(Stage::Compile, Cause::Rejected { message, offset: None });
    }
    let Some(error) = failed(FAILED) else { return exited(output.code) };
    let line = first(error).trim_start_matches(FAILED);
    let message = line.to_owned();
    if let Some(trap_message) = trap_of(line) {
        let trap = match trap_message {
            "stack overflow" => TrapKind::StackOverflow,
            "invalid table access" => TrapKind::TableOutOfBounds,
            trap_message => messages::trap(trap_message).unwrap_or(TrapKind::Other),
        };
        // `_start` is called like any export, after the module's start function and its data segments.
        let stage = if line.starts_with("module[") { Stage::Run } else { Stage::Instantiate };
        return progress_at(stage, Cause::trap(trap, trap_message).at(innermost_frame(error)));
    }
    if line.starts_with("module[")
        && line.contains("] function[_start] failed: expected ")
        && line.ends_with(" params, but passed 0")
    {
        return no_export("_start");
    }
    let quoted: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
    // The name of a module may have several lines.
    let whole = error.trim_start_matches(FAILED);
    if let Some((module, _)) = whole.strip_prefix("module[").and_then(|l| l.split_once("] not instantiated")) {
        return progress_at(Stage::Link, missing_import(module, ""));
    }
    if let ([name, module, ..], true) = (quoted.as_slice(), line.contains("is not exported in module")) {
        return progress_at(Stage::Link, missing_import(module, name));
    }
    // "import func[MODULE.NAME]: signature mismatch: WANTED != THERE"
    if let Some((import, _)) = line.strip_prefix("import ").and_then(|l| l.split_once("]: ")) {
        let import = import.split_once('[').map_or(import, |(_, import)| import);
        let (module, name) = import.split_once('.').unwrap_or((import, ""));
        return progress_at(
            Stage::Link,
            Cause::ImportTypeMismatch { module: module.to_owned(), name: name.to_owned(), message },
        );
    }
    progress_at(Stage::Instantiate, Cause::HostError { message })
}

/// The text after `FUNCTION failed: wasm error: `; for an exhausted stack or a segment, only the location.
fn trap_of(line: &str) -> Option<&str> {
    if let Some((_, trap)) = line.split_once("wasm error: ") {
        return Some(trap);
    }
    let (place, trap_message) = line.split_once(" failed: ").or_else(|| line.split_once("]: "))?;
    let of_segment = place.starts_with("data[") || place.starts_with("element[");
    (trap_message == "stack overflow" || of_segment).then_some(trap_message)
}

/// The first frame of its stack trace: `\tmodule.name(i32)`, or `\tmodule.$3()` for a function without a name.
fn innermost_frame(error: &str) -> Option<Location> {
    let (_, trace) = error.split_once("wasm stack trace:\n")?;
    let (_, function) = trace.lines().next()?.trim().split_once('.')?;
    let function = &function[..function.rfind('(').unwrap_or(function.len())];
    let function_index = function.strip_prefix('$').and_then(|index| index.parse().ok());
    let function_name = function_index.is_none().then(|| function.to_owned());
    Some(Location { function_name, function_index, offset: None })
}

fn first(block: &str) -> &str {
    block.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use wasmlab_protocol::{Cause, TrapKind};

    fn cause(code: i32, stderr: &str) -> Option<Cause> {
        super::classify(&super::ProcessOutput { code, stdout: "", stderr }).cause
    }

    #[test]
    fn documented_messages_are_parsed() {
        let trap = "error instantiating wasm binary: module[] function[_start] failed: wasm error: unreachable\nwasm stack trace:\n\t._start()\n";
        assert!(matches!(cause(1, trap), Some(Cause::Trap { trap: TrapKind::Unreachable, .. })));
        let import = "error instantiating wasm binary: module[env] not instantiated\n";
        assert!(matches!(cause(1, import), Some(Cause::MissingImport { module, .. }) if module == "env"));
        let invalid = "error compiling wasm binary: invalid magic number\n";
        assert!(matches!(cause(1, invalid), Some(Cause::Rejected { .. })));
        assert_eq!(cause(1, "a guest's own words\n"), Some(Cause::Exit { code: 1 }));
        assert_eq!(cause(0, ""), Some(Cause::Returned));
    }
}

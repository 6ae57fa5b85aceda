//! wazero, an engine in Go, by its command line.
//!
//! Switches, messages and exit codes: <https://github.com/tetratelabs/wazero/blob/main/cmd/wazero/wazero.go>;
//! the names of traps: `internal/wasmruntime/errors.go` there.

use std::ffi::OsString;

use wasmlab_model::observation::Progress;
use wasmlab_protocol::{Cause, Stage, TrapKind};

use crate::command_line::{self, ProcessOutput, Reader, argv, at, exited, missing_import};
use crate::{CellFiles, InstallCommand, Program, Runtime, Source, Tool, messages};

pub fn columns() -> Vec<Runtime> {
    vec![Runtime {
        id: "wazero".into(),
        engine: "wazero",
        mode: "compiler".into(),
        source: Source::Program(Program {
            names: &["wazero"],
            variable: "WASMLAB_WAZERO",
            version_args: &["version"],
            how_to_get: "see https://wazero.io",
        }),
        install: vec![
            InstallCommand::quick(&["brew", "install", "wazero"]),
            InstallCommand {
                command: &["go", "install", "github.com/tetratelabs/wazero/cmd/wazero@latest"],
                note: "goes to the folder `bin` of `go env GOPATH`, which has to be on PATH",
            },
        ],
        opens_sockets: true,
        is_applicable: command_line::commands_only,
        commands: |tool, cell| vec![command(tool, cell)],
        reader: Some(Reader { error_mark: "error instantiating wasm binary: ", ..Reader::new(classify) }),
        ..Runtime::default()
    }]
}

fn command(tool: &Tool, cell: &CellFiles) -> Vec<OsString> {
    let spec = cell.cell;
    let mut argv = argv(&tool.program, ["run"]);
    argv.extend(spec.env.iter().map(|(name, value)| format!("-env={name}={value}").into()));
    argv.extend(spec.dirs.iter().map(|dir| {
        command_line::joined(["-mount=".as_ref(), dir.host.as_ref(), ":".as_ref(), dir.guest.as_ref()])
    }));
    argv.extend(spec.sockets.iter().map(|s| format!("-listen={}", s.address).into()));
    argv.push(cell.module.into());
    argv.extend(command_line::guest_args(spec));
    argv
}

/// How far a guest came: what fails has exit code 1 and one of three beginnings; a trap is an error of
/// instantiating, because `_start` is called there.
fn classify(output: &ProcessOutput) -> Progress {
    let failed = |mark| messages::last_block(output.stderr, mark).filter(|_| output.code == 1);
    if let Some(error) = failed("error compiling wasm binary: ").or_else(|| failed("error reading wasm binary: ")) {
        let message = first(error).split_once(": ").map_or("", |(_, why)| why).to_owned();
        return at(Stage::Compile, Cause::Refused { message, offset: None });
    }
    let Some(error) = failed("error instantiating wasm binary: ") else { return exited(output.code) };
    let line = first(error).trim_start_matches("error instantiating wasm binary: ");
    let message = line.to_owned();
    if let Some((_, trap)) = line.split_once("wasm error: ") {
        let trap = match trap {
            "stack overflow" => TrapKind::StackOverflow,
            "invalid table access" => TrapKind::TableOutOfBounds,
            trap => messages::trap(trap).unwrap_or(TrapKind::Other),
        };
        return at(Stage::Run, Cause::trap(trap, message));
    }
    let quoted: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
    if let Some(module) = line.strip_prefix("module[").and_then(|l| l.strip_suffix("] not instantiated")) {
        return at(Stage::Link, missing_import(module, ""));
    }
    if let ([name, module, ..], true) = (quoted.as_slice(), line.contains("is not exported in module")) {
        return at(Stage::Link, missing_import(module, name));
    }
    at(Stage::Instantiate, Cause::HostError { message })
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
    fn documented_messages_are_understood() {
        let trap = "error instantiating wasm binary: module[] function[_start] failed: wasm error: unreachable\nwasm stack trace:\n\t._start()\n";
        assert!(matches!(cause(1, trap), Some(Cause::Trap { trap: TrapKind::Unreachable, .. })));
        let import = "error instantiating wasm binary: module[env] not instantiated\n";
        assert!(matches!(cause(1, import), Some(Cause::MissingImport { module, .. }) if module == "env"));
        let invalid = "error compiling wasm binary: invalid magic number\n";
        assert!(matches!(cause(1, invalid), Some(Cause::Refused { .. })));
        assert_eq!(cause(1, "a guest's own words\n"), Some(Cause::Exit { code: 1 }));
        assert_eq!(cause(0, ""), Some(Cause::Returned));
    }
}

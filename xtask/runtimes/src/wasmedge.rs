//! WasmEdge by its command line, interpreting.
//!
//! Switches: <https://wasmedge.org/docs/start/build-and-run/cli>; messages:
//! `include/common/enum.inc` of <https://github.com/WasmEdge/WasmEdge>, which its log prints as
//! `[time] [error] PHASE failed: WHY, Code: 0x..`, on stdout or stderr by version.

use std::ffi::OsString;

use wasmlab_model::observation::Progress;
use wasmlab_protocol::{Cause, Stage, TrapKind};

use crate::command_line::{self, CallSyntax, ProcessOutput, Reader, argv, at, exited, missing_import};
use crate::{CellFiles, InstallCommand, Runtime, Source, Tool, messages};

pub fn columns() -> Vec<Runtime> {
    vec![Runtime {
        id: "wasmedge".into(),
        engine: "wasmedge",
        mode: "interpreter".into(),
        source: Source::on_path(&["wasmedge"], "WASMLAB_WASMEDGE", "see https://wasmedge.org/docs/start/install"),
        install: vec![
            InstallCommand::quick(&["brew", "install", "wasmedge"]),
            InstallCommand::quick(&["dnf", "install", "--assumeyes", "wasmedge"]),
        ],
        is_applicable: command_line::no_http,
        not_attempted: command_line::usual_limits,
        commands,
        reader: Some(Reader::new(classify)),
        ..Runtime::default()
    }]
}

fn commands(tool: &Tool, cell: &CellFiles) -> Vec<Vec<OsString>> {
    let mut base = argv(&tool.program, []);
    // One switch for what is beyond WebAssembly 2.0: those of single proposals come and go by version.
    if command_line::is_beyond_common_proposals(cell) {
        base.push("--enable-all".into());
    }
    for dir in &cell.cell.dirs {
        let pair = command_line::joined([dir.guest.as_ref(), ":".as_ref(), dir.host.as_ref()]);
        base.extend(["--dir".into(), pair]);
    }
    base.extend(command_line::env_args(cell.cell, "--env"));
    command_line::processes(base, cell, CallSyntax::AfterModule("--reactor"), None)
}

/// How far a guest came: errors of its own leave a line of the log and an exit code other than 0.
fn classify(output: &ProcessOutput) -> Progress {
    let log = [output.stderr, output.stdout].into_iter().flat_map(str::lines).find(|l| {
        l.contains("[error]") && l.contains(" failed: ") && l.contains(", Code: 0x")
    });
    let Some((phase, why)) = log.filter(|_| output.code != 0).and_then(|l| l.split_once(" failed: ")) else {
        return exited(output.code);
    };
    let why = why.split(", Code: ").next().unwrap_or(why);
    let message = why.to_owned();
    let (stage, cause) = match phase.rsplit(' ').next().unwrap_or_default() {
        "loading" => (Stage::Load, Cause::Refused { message, offset: None }),
        "validation" => (Stage::Validate, Cause::Refused { message, offset: None }),
        "instantiation" => return instantiating(output, why),
        _ if why.starts_with("uncaught exception") => {
            (Stage::Run, Cause::Trap { trap: TrapKind::UncaughtException, message })
        }
        _ if why.contains("not found") => (Stage::Link, Cause::NoExport { name: message }),
        _ => match messages::trap(why) {
            Some(trap) => (Stage::Run, Cause::Trap { trap, message }),
            None => (Stage::Run, Cause::HostError { message }),
        },
    };
    at(stage, cause)
}

/// The lines after the error name the import: `When linking module: "env" , function name: "foo"`.
fn instantiating(output: &ProcessOutput, why: &str) -> Progress {
    let mut lines = [output.stderr, output.stdout].into_iter().flat_map(str::lines);
    let named = lines.rfind(|l| l.contains("When linking module: ")).unwrap_or_default();
    let (module, name) = messages::quoted_pair(named);
    let message = why.to_owned();
    match why {
        "unknown import" => at(Stage::Link, missing_import(module, name)),
        "incompatible import type" => {
            let (module, name) = (module.to_owned(), name.to_owned());
            at(Stage::Link, Cause::ImportTypeMismatch { module, name, message })
        }
        why => match messages::trap(why) {
            Some(trap) => at(Stage::Instantiate, Cause::Trap { trap, message }),
            None => at(Stage::Instantiate, Cause::ResourceLimit { message }),
        },
    }
}

#[cfg(test)]
mod tests {
    use wasmlab_protocol::{Cause, TrapKind};

    fn cause(code: i32, stdout: &str) -> Option<Cause> {
        super::classify(&super::ProcessOutput { code, stdout, stderr: "" }).cause
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

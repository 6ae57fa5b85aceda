//! wazero, an engine in Go, by its command line.
//!
//! Switches, messages and exit codes: <https://github.com/tetratelabs/wazero/blob/main/cmd/wazero/wazero.go>;
//! the names of traps: `internal/wasmruntime/errors.go` there.

use std::ffi::OsString;

use wasmlab_protocol::{Cause, Stage, TrapKind};

use super::command_line::{self, Ending, Reader, at, exited};
use super::route::Route;
use super::{CellFiles, Runtime, Seen, Source, Tool, words};
use wasmlab_model::facts::Facts;
use wasmlab_model::observation::Progress;
use wasmlab_model::scenario::ScenarioFile;

/// The registry's entries.
pub const COLUMNS: &[&dyn Runtime] = &[&Wazero];

/// How it is had.
const ROUTES: &[Route] = &[
    Route::quick(&["brew", "install", "wazero"]),
    Route {
        command: &["go", "install", "github.com/tetratelabs/wazero/cmd/wazero@latest"],
        note: "goes to the folder `bin` of `go env GOPATH`, which has to be on PATH",
    },
];

struct Wazero;

impl Runtime for Wazero {
    fn id(&self) -> &'static str {
        "wazero"
    }

    fn engine(&self) -> &'static str {
        "wazero"
    }

    fn mode(&self) -> &'static str {
        "compiler"
    }

    fn source(&self) -> Source {
        Source::Program {
            name: "wazero",
            variable: "WASMLAB_WAZERO",
            version: &["version"],
            get: "see https://wazero.io, or name the program in WASMLAB_WAZERO",
        }
    }

    fn routes(&self) -> &'static [Route] {
        ROUTES
    }

    fn applies(&self, spec: &ScenarioFile, _: Option<&Facts>) -> Result<(), String> {
        command_line::commands_only(spec, "wazero")
    }

    fn command(&self, tool: &Tool, cell: &CellFiles) -> Vec<OsString> {
        let spec = cell.cell;
        let mut argv: Vec<OsString> = vec![tool.program.clone().into(), "run".into()];
        argv.extend(spec.env.iter().map(|(name, value)| format!("-env={name}={value}").into()));
        for dir in &spec.dirs {
            let mut mount = OsString::from("-mount=");
            mount.push(&dir.host);
            mount.push(":");
            mount.push(&dir.guest);
            argv.push(mount);
        }
        argv.extend(spec.sockets.iter().map(|s| format!("-listen={}", s.address).into()));
        argv.push(cell.module.into());
        argv.extend(command_line::guest_args(spec));
        argv
    }

    fn opens_sockets(&self) -> bool {
        true
    }

    fn progress(&self, seen: &Seen) -> Progress {
        let reader =
            Reader { guest: classify, prepare: classify, value: command_line::plain_value, between: None };
        command_line::progress(seen, reader)
    }
}

/// How far a guest came: what fails has exit code 1 and one of three beginnings; a trap is an error of
/// instantiating, because `_start` is called there.
fn classify(ending: &Ending) -> Progress {
    let failed = |mark| words::last_block(ending.stderr, mark).filter(|_| ending.code == 1);
    if let Some(error) = failed("error compiling wasm binary: ").or_else(|| failed("error reading wasm binary: ")) {
        let message = first(error).split_once(": ").map_or("", |(_, why)| why).to_owned();
        return at(Stage::Compile, Cause::Refused { message, offset: None });
    }
    let Some(error) = failed("error instantiating wasm binary: ") else { return exited(ending.code) };
    let line = first(error).trim_start_matches("error instantiating wasm binary: ");
    let message = line.to_owned();
    if let Some((_, trap)) = line.split_once("wasm error: ") {
        let trap = match trap {
            "stack overflow" => TrapKind::StackOverflow,
            "invalid table access" => TrapKind::TableOutOfBounds,
            trap => words::trap(trap).unwrap_or(TrapKind::Other),
        };
        return at(Stage::Run, Cause::Trap { trap, message });
    }
    let quoted: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
    let missing = |module: &str, name: &str| Cause::MissingImport {
        module: module.to_owned(),
        name: name.to_owned(),
        ty: String::new(),
        missing: 0,
    };
    if let Some(module) = line.strip_prefix("module[").and_then(|l| l.strip_suffix("] not instantiated")) {
        return at(Stage::Link, missing(module, ""));
    }
    if let ([name, module, ..], true) = (quoted.as_slice(), line.contains("is not exported in module")) {
        return at(Stage::Link, missing(module, name));
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
        super::classify(&super::Ending { code, stdout: "", stderr }).cause
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

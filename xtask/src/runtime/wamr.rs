//! `wamr` with `wamrc`: a WebAssembly Micro Runtime that takes nothing but what its compiler made before.
//!
//! Two processes: `wamrc compile` once a module, `wamr run` each time. Neither calls exports: it has no switch
//! for that. <https://github.com/cataggar/wamr>

use std::ffi::OsString;
use std::path::Path;

use wasmlab_protocol::{Cause, Entry, Network, Stage, TrapKind};

use super::command_line::{self, Ending, Reader, at, exited};
use super::route::Route;
use super::{CellFiles, Runtime, Seen, Source, Tool, words};
use wasmlab_model::facts::{Facts, Kind};
use wasmlab_model::observation::Progress;
use wasmlab_model::scenario::{EntryKind, ScenarioFile};

/// The registry's entries.
pub const COLUMNS: &[&dyn Runtime] = &[&WamrAot];

/// How it is had.
const ROUTES: &[Route] = &[Route::quick(&["python3", "-m", "pip", "install", "wamr-bin", "wamrc-bin"])];

struct WamrAot;

impl Runtime for WamrAot {
    fn id(&self) -> &'static str {
        "wamr-aot"
    }

    fn engine(&self) -> &'static str {
        "wamr"
    }

    fn mode(&self) -> &'static str {
        "aot"
    }

    fn source(&self) -> Source {
        Source::Program {
            name: "wamr",
            variable: "WASMLAB_WAMR",
            version: &["version"],
            get: "see https://github.com/cataggar/wamr, or name the programs in WASMLAB_WAMR and WASMLAB_WAMRC",
        }
    }

    fn second(&self) -> Option<(&'static str, &'static str)> {
        Some(("wamrc", "WASMLAB_WAMRC"))
    }

    fn routes(&self) -> &'static [Route] {
        ROUTES
    }

    fn applies(&self, spec: &ScenarioFile, _: Option<&Facts>) -> Result<(), String> {
        match spec.run.entry {
            EntryKind::Http => Ok(()),
            _ => command_line::commands_only(spec, "wamr"),
        }
    }

    fn refuses(&self, cell: &CellFiles) -> Option<Cause> {
        command_line::no_sockets(cell, "wamr's command line gives a guest no socket that is open already")
            .or_else(|| command_line::no_handler(cell))
    }

    fn prepare(&self, tool: &Tool, cell: &CellFiles, into: &Path) -> Option<Vec<OsString>> {
        let (command, file) = if component(cell) { ("compile-component", MANIFEST) } else { ("compile", COMPILED) };
        let out = into.join(file).into();
        Some(vec![tool.second.clone().into(), command.into(), "-o".into(), out, cell.module.into()])
    }

    fn command(&self, tool: &Tool, cell: &CellFiles) -> Vec<OsString> {
        let spec = cell.cell;
        let mut argv: Vec<OsString> = vec![tool.program.clone().into()];
        match spec.entry {
            Entry::Http { port } => argv.extend(["serve".into(), "--addr".into(), format!("127.0.0.1:{port}").into()]),
            _ => {
                argv.push("run".into());
                argv.extend(command_line::dir_args(spec, "--map-dir", "::"));
            }
        }
        argv.extend(command_line::env_args(spec, "--env"));
        if !component(cell) {
            argv.push(cell.prepared.join(COMPILED).into());
        } else {
            if spec.network == Network::Loopback && spec.entry == Entry::Command {
                argv.extend(["--allow-net".into(), "127.0.0.0/8".into()]);
            }
            argv.extend(["--precompiled-manifest".into(), cell.prepared.join(MANIFEST).into(), cell.module.into()]);
        }
        if spec.entry == Entry::Command {
            argv.extend(command_line::guest_args(spec));
        }
        argv
    }

    fn progress(&self, seen: &Seen) -> Progress {
        let value = command_line::plain_value;
        let reader = Reader { guest: of_running, prepare: of_compiling, value, between: None };
        command_line::progress(seen, reader)
    }
}

const COMPILED: &str = "guest.cwasm";
const MANIFEST: &str = "guest.cwasm.json";

fn component(cell: &CellFiles) -> bool {
    cell.facts.is_some_and(|f| f.kind == Kind::Component)
}

/// How far `wamrc` came: it tells its steps, then the error's name (Zig's) of the step that failed.
fn of_compiling(ending: &Ending) -> Progress {
    let line = ending.stderr.lines().rfind(|l| l.starts_with("Error ")).unwrap_or_default();
    // "wamrc: unsupported opcode 0xFB" says more than the error's name.
    let more = ending.stderr.lines().rfind(|l| l.starts_with("wamrc: "));
    let message = match more {
        Some(more) => format!("{more}: {line}"),
        None => line.to_owned(),
    };
    if line.starts_with("Error parsing") {
        return at(Stage::Validate, Cause::Refused { message, offset: None });
    }
    if line.contains("error.Unsupported") {
        return at(Stage::Compile, Cause::Refused { message, offset: None });
    }
    let message = if message.is_empty() { format!("wamrc exited with {}", ending.code) } else { message };
    at(Stage::Compile, Cause::CompileFailed { message })
}

/// How far a guest came on `wamr`: errors of its own end with 1, the guest's exit codes are passed on. Most
/// traps have one name, `WasmTrap`.
fn of_running(ending: &Ending) -> Progress {
    let Some(error) = words::last_block(ending.stderr, "Error: ").filter(|_| ending.code == 1) else {
        return exited(ending.code);
    };
    let line = error.lines().next().unwrap_or_default().trim_start_matches("Error: ");
    let name = line.rsplit(": ").next().unwrap_or(line).trim_start_matches("error.");
    let trap = match name {
        "OutOfBoundsMemoryAccess" | "DataSegmentOutOfBounds" => TrapKind::MemoryOutOfBounds,
        "UnalignedAtomicAccess" => TrapKind::UnalignedAtomic,
        _ => TrapKind::Other,
    };
    if name.ends_with("AllocationFailed") || name == "OutOfMemory" {
        return at(Stage::Instantiate, Cause::ResourceLimit { message: line.to_owned() });
    }
    if line.starts_with("AOT execution failed") || name == "DataSegmentOutOfBounds" {
        let stage = if line.starts_with("AOT execution") { Stage::Run } else { Stage::Instantiate };
        return at(stage, Cause::Trap { trap, message: name.to_owned() });
    }
    if line.starts_with("no _start or main function exported") {
        return at(Stage::Link, Cause::NoExport { name: "_start".to_owned() });
    }
    if line.starts_with("failed to instantiate") {
        return at(Stage::Instantiate, Cause::HostError { message: line.to_owned() });
    }
    at(Stage::Run, Cause::HostError { message: line.to_owned() })
}

#[cfg(test)]
mod tests {
    #[test]
    fn recorded_output_is_understood() {
        let run = |ending: &super::Ending, prepare| match prepare && ending.code != 0 {
            true => super::of_compiling(ending),
            false => super::of_running(ending),
        };
        insta::assert_snapshot!(super::super::recorded::read("wamr-aot", run));
    }
}

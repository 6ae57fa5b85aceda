//! `wamr` with `wamrc`: a community port of the WebAssembly Micro Runtime to Zig, marked deprecated by its author, that
//! only runs what its compiler produced. Upstream's program is [`iwasm`](crate::iwasm).
//!
//! Two processes: `wamrc compile` once per module, and `wamr run` for each run, which calls `_start` or `main` and
//! prints no result. It has no switch for another export. <https://github.com/cataggar/wamr>
//!
//! The compiler runs without its optimizer, which does not finish a Go program of 10 MB in three minutes. Without it,
//! the same program takes 3 s.

use std::ffi::OsString;
use std::path::Path;

use wasmlab_model::facts::BinaryKind;
use wasmlab_model::observation::GuestProgress;
use wasmlab_protocol::{Cause, EntryPoint, Network, Stage, TrapKind};

use crate::command_line::{self, OutputParser, ProcessOutput, argv, exited, no_export, progress_at};
use crate::{AuxProgram, CellFiles, InstallCommand, Program, Runtime, Source, Tool, messages};

pub fn columns() -> Vec<Runtime> {
    vec![Runtime {
        id: "wamr-zig".into(),
        engine: "wamr-zig",
        mode: "aot".into(),
        source: Source::Program(Program {
            names: &["wamr"],
            variable: "WASMLAB_WAMR_ZIG",
            version_args: &["version"],
            install_hint: "see https://github.com/cataggar/wamr",
        }),
        version_names: &["wamr"],
        note: Some("a community port of WAMR to Zig that its author has marked deprecated; not WAMR's own iwasm"),
        aux_program: Some(AuxProgram { name: "wamrc", variable: "WASMLAB_WAMRC_ZIG" }),
        install: vec![InstallCommand::quick(&["python3", "-m", "pip", "install", "wamr-bin", "wamrc-bin"])],
        in_ci: true,
        precompile: |tool, cell, into| Some(compile(tool, cell, into)),
        commands: |tool, cell| vec![command(tool, cell)],
        output_parser: Some(OutputParser {
            run_errors: &["Error: AOT execution failed"],
            classify_prepare: compile_progress,
            warning_mark: DISPATCH,
            own_failure,
            silent_trap,
            unchecked_imports: true,
            starts_main: true,
            serves_http: true,
            why_no_calls: Some("wamr runs only `_start` or `main` and shows no results"),
            ..OutputParser::new(run_progress)
        }),
        ..Runtime::default()
    }]
}

const COMPILED: &str = "guest.cwasm";
const MANIFEST: &str = "guest.cwasm.json";

fn is_component(cell: &CellFiles) -> bool {
    cell.facts.is_some_and(|f| f.kind == BinaryKind::Component)
}

fn compile(tool: &Tool, cell: &CellFiles, into: &Path) -> Vec<OsString> {
    let (command, file) = if is_component(cell) { ("compile-component", MANIFEST) } else { ("compile", COMPILED) };
    let mut argv = argv(&tool.aux_program, [command, "-O0", "-o"]);
    argv.extend([into.join(file).into(), cell.module.into()]);
    argv
}

fn command(tool: &Tool, cell: &CellFiles) -> Vec<OsString> {
    let spec = cell.spec;
    let mut argv = match spec.entry {
        EntryPoint::Http { port } => argv(&tool.program, ["serve", "--addr", &format!("127.0.0.1:{port}")]),
        _ => [argv(&tool.program, ["run"]), command_line::dir_args(spec, "--map-dir", "::")].concat(),
    };
    argv.extend(command_line::env_args(spec, "--env"));
    if is_component(cell) {
        if spec.network == Network::Loopback && spec.entry == EntryPoint::Command {
            argv.extend(["--allow-net".into(), "127.0.0.0/8".into()]);
        }
        argv.extend(["--precompiled-manifest".into(), cell.precompiled.join(MANIFEST).into(), cell.module.into()]);
    } else {
        argv.push(cell.precompiled.join(COMPILED).into());
    }
    if spec.entry == EntryPoint::Command {
        argv.extend(command_line::guest_args(spec));
    }
    argv
}

/// The runtime's message that a call between parts of a component failed. The guest continues with a number in place of
/// the result.
const DISPATCH: &str = "warning: [aot dispatch] ";

/// The first such call: `slot=588 kind=cross_instance status=1 err=TrapInCoreFunction: returning sentinel … (likely
/// …)`.
fn own_failure(stderr: &str) -> Option<Cause> {
    let line = stderr.lines().find_map(|line| line.strip_prefix(DISPATCH))?;
    let (failed, rest) = line.split_once(": returning ").unwrap_or((line, ""));
    let likely =
        rest.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(likely, _)| format!(" ({likely})"));
    let message = format!("[aot dispatch] {failed}{}", likely.unwrap_or_default());
    Some(Cause::HostError { message })
}

/// The last line, if it says that the program itself trapped: `wamr` then exits with 0.
fn silent_trap(stderr: &str) -> Option<Cause> {
    let name = "TrapInCoreFunction";
    let last = stderr.lines().rfind(|line| !line.trim().is_empty())?;
    (last.starts_with(DISPATCH) && last.contains(&format!("err={name}:"))).then(|| Cause::trap(TrapKind::Other, name))
}

/// Progress of `wamrc`: it prints its steps, then the (Zig) name of the error in the step that failed, or a sentence:
/// `Error: data segment 0 has an unsupported active offset expression`.
fn compile_progress(output: &ProcessOutput) -> GuestProgress {
    let is_error = |line: &&str| line.starts_with("Error ") || line.starts_with("Error: ");
    let line = output.stderr.lines().rfind(is_error).unwrap_or_default().trim_start_matches("Error: ");
    // "wamrc: unsupported opcode 0xFB" is more informative than the error's name.
    let more = output.stderr.lines().rfind(|l| l.starts_with("wamrc: "));
    let message = match more {
        Some(more) => format!("{more}: {line}"),
        None => line.to_owned(),
    };
    if line.starts_with("Error parsing") {
        return progress_at(Stage::Validate, Cause::Rejected { message, offset: None });
    }
    if line.contains("error.Unsupported") {
        return progress_at(Stage::Compile, Cause::Rejected { message, offset: None });
    }
    // For a component, it reports only what failed: `error: precompile failed: InvalidComponent`.
    let failed = || output.stderr.lines().rfind(|l| l.starts_with("error: ")).map(str::to_owned);
    let message = Some(message).filter(|message| !message.is_empty()).or_else(failed);
    let message = message.unwrap_or_else(|| format!("wamrc exited with {}", output.code));
    progress_at(Stage::Compile, Cause::CompileFailed { message })
}

/// Progress of a guest on `wamr`: its own errors exit with 1, the guest's exit codes are passed on. Most traps have the
/// same name, `WasmTrap`.
fn run_progress(output: &ProcessOutput) -> GuestProgress {
    let Some(error) = messages::last_block(output.stderr, "Error: ").filter(|_| output.code == 1) else {
        return exited(output.code);
    };
    let line = error.lines().next().unwrap_or_default().trim_start_matches("Error: ");
    let name = line.rsplit(": ").next().unwrap_or(line).trim_start_matches("error.");
    let trap = match name {
        "OutOfBoundsMemoryAccess" | "DataSegmentOutOfBounds" => TrapKind::MemoryOutOfBounds,
        "UnalignedAtomicAccess" => TrapKind::UnalignedAtomic,
        _ => TrapKind::Other,
    };
    if name.ends_with("AllocationFailed") || name == "OutOfMemory" {
        return progress_at(Stage::Instantiate, Cause::ResourceLimit { message: line.to_owned() });
    }
    if line.starts_with("AOT execution failed") || name == "DataSegmentOutOfBounds" {
        let stage = if line.starts_with("AOT execution") { Stage::Run } else { Stage::Instantiate };
        return progress_at(stage, Cause::trap(trap, name));
    }
    if line.starts_with("no _start or main function exported") {
        return no_export("_start");
    }
    if line.starts_with("component does not expose a top-level `run` export") {
        return no_export("wasi:cli/run");
    }
    if line.starts_with("failed to instantiate") {
        return progress_at(Stage::Instantiate, Cause::HostError { message: line.to_owned() });
    }
    progress_at(Stage::Run, Cause::HostError { message: line.to_owned() })
}

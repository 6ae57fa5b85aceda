//! `iwasm`, the program of the WebAssembly Micro Runtime.
//!
//! Switches: <https://github.com/bytecodealliance/wasm-micro-runtime/blob/main/product-mini/platforms/posix/main.c>;
//! how calls are made and results printed: `core/iwasm/common/wasm_application.c` there.

use std::ffi::OsString;

use wasmlab_protocol::{Cause, Entry, Network, Stage, Value};

use super::command_line::{self, Ending, Reader, at, exited};
use super::route::Route;
use super::{CellFiles, Runtime, Seen, Source, Tool, words};
use wasmlab_model::facts::{Abi, Facts};
use wasmlab_model::observation::Progress;
use wasmlab_model::scenario::ScenarioFile;

/// The registry's entries.
pub const COLUMNS: &[&dyn Runtime] = &[&Iwasm];

/// How it is had.
const ROUTES: &[Route] =
    &[Route::quick(&["brew", "install", "wasm-micro-runtime"]), Route::quick(&["apk", "add", "iwasm"])];

struct Iwasm;

impl Runtime for Iwasm {
    fn id(&self) -> &'static str {
        "iwasm"
    }

    fn engine(&self) -> &'static str {
        "iwasm"
    }

    fn mode(&self) -> &'static str {
        "interpreter"
    }

    fn source(&self) -> Source {
        Source::Program {
            name: "iwasm",
            variable: "WASMLAB_IWASM",
            version: &["--version"],
            get: "build it (https://github.com/bytecodealliance/wasm-micro-runtime, in product-mini), or name it in WASMLAB_IWASM",
        }
    }

    fn routes(&self) -> &'static [Route] {
        ROUTES
    }

    fn applies(&self, spec: &ScenarioFile, _: Option<&Facts>) -> Result<(), String> {
        command_line::no_http(spec, "iwasm")
    }

    fn refuses(&self, cell: &CellFiles) -> Option<Cause> {
        command_line::no_sockets(cell, "iwasm's command line gives a guest no socket that is open already")
            .or_else(|| command_line::no_component_calls(cell))
            .or_else(|| command_line::untypable(cell))
    }

    fn command(&self, tool: &Tool, cell: &CellFiles) -> Vec<OsString> {
        let spec = cell.cell;
        let mut argv: Vec<OsString> = vec![tool.program.clone().into()];
        for dir in &spec.dirs {
            let mut map = OsString::from(format!("--map-dir={}::", dir.guest));
            map.push(&dir.host);
            argv.push(map);
        }
        argv.extend(spec.env.iter().map(|(name, value)| format!("--env={name}={value}").into()));
        if spec.network == Network::Loopback {
            argv.push("--addr-pool=127.0.0.1/8".into());
        }
        if cell.facts.is_some_and(|f| f.abis.iter().any(|a| a.abi == Abi::WasiThreads)) {
            argv.push("--max-threads=16".into());
        }
        argv
    }

    fn commands(&self, tool: &Tool, cell: &CellFiles) -> Vec<Vec<OsString>> {
        let base = self.command(tool, cell);
        if !matches!(cell.cell.entry, Entry::Calls(_)) {
            return vec![[base, vec![cell.module.into()], command_line::guest_args(cell.cell)].concat()];
        }
        let calls = command_line::calls(cell).iter().map(|call| {
            let call_args = call.args.iter().filter_map(command_line::argument).map(OsString::from).collect();
            [base.clone(), vec!["-f".into(), call.export.clone().into(), cell.module.into()], call_args].concat()
        });
        calls.collect()
    }

    fn progress(&self, seen: &Seen) -> Progress {
        command_line::progress(seen, Reader { guest: classify, prepare: classify, value, between: Some(',') })
    }
}

/// `0xfffffff9:i32`, `1.5:f64`: integers in hexadecimal, floats with seven digits.
fn value(ty: &str, text: &str) -> Option<Value> {
    let (number, said) = text.rsplit_once(':')?;
    if said == ty { command_line::plain_value(ty, number) } else { None }
}

/// How far a guest came. iwasm prints its own errors to stdout, as the last line; a trap has exit code 1. It
/// links what it lacks and fails when that is called, or warns.
fn classify(ending: &Ending) -> Progress {
    let last = ending.stdout.lines().rfind(|l| !l.trim().is_empty()).unwrap_or_default();
    let message = last.to_owned();
    let exception = last.strip_prefix("Exception: ");
    // Versions before 2 exit with 0 after an exception (`main` returned 0 there, whatever had happened): what
    // looks like one is one, if it names a trap.
    if ending.code == 0 && exception.and_then(words::trap).is_none() {
        return exited(0);
    }
    if let Some(exception) = exception {
        if let Some(import) = exception.strip_prefix("failed to call unlinked import function (") {
            let (module, name) = import.trim_end_matches(')').split_once(", ").unwrap_or((import, ""));
            let (module, name) = (module.to_owned(), name.to_owned());
            return at(Stage::Run, Cause::MissingImport { module, name, ty: String::new(), missing: 0 });
        }
        if exception.starts_with("lookup function ") || exception.contains("function not found") {
            let name = exception.split_whitespace().nth(2).unwrap_or_default().to_owned();
            return at(Stage::Link, Cause::NoExport { name });
        }
        let cause = match words::trap(exception.trim_start_matches("wasm ")) {
            Some(trap) => Cause::Trap { trap, message },
            None => Cause::HostError { message },
        };
        return at(Stage::Run, cause);
    }
    if last.starts_with("WASM module load failed") {
        return at(Stage::Compile, Cause::Refused { message, offset: None });
    }
    if last.starts_with("WASM module instantiate failed") {
        return at(Stage::Instantiate, Cause::ResourceLimit { message });
    }
    exited(ending.code)
}

#[cfg(test)]
mod tests {
    use wasmlab_protocol::{Cause, TrapKind, Value};

    fn cause(code: i32, stdout: &str) -> Option<Cause> {
        super::classify(&super::Ending { code, stdout, stderr: "" }).cause
    }

    #[test]
    fn documented_messages_and_values_are_understood() {
        assert!(matches!(cause(1, "hi\nException: unreachable\n"), Some(Cause::Trap { trap: TrapKind::Unreachable, .. })));
        let import = "Exception: failed to call unlinked import function (env, foo)\n";
        assert!(matches!(cause(1, import), Some(Cause::MissingImport { module, name, .. }) if module == "env" && name == "foo"));
        assert!(matches!(cause(255, "WASM module load failed: magic header not detected\n"), Some(Cause::Refused { .. })));
        assert_eq!(cause(3, "mine\n"), Some(Cause::Exit { code: 3 }));
        assert_eq!(super::value("i32", "0xfffffff9:i32"), Some(Value::I32(-7)));
        assert_eq!(super::value("f64", "-1.5:f64"), Some(Value::F64(-1.5)));
        assert_eq!(super::value("i32", "0x5:i64"), None);
    }
}

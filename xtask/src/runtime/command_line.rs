//! What the adapters of command-line runtimes share: a guest's calls as processes, and the way from what a
//! process left behind to [`Progress`].
//!
//! Each such adapter has one pure function from a finished process to how far the guest came. It alone reads
//! the runtime's words; it is tested on recorded output of the real program.

use std::ffi::OsString;

use wasmlab_protocol::SOCKET_FD;
use wasmlab_protocol::{Call, Cause, CellSpec, Entry, Event, Stage, Value};

use super::{CellFiles, Seen};
use wasmlab_model::codes::Code;
use wasmlab_model::facts::{Facts, Kind};
use wasmlab_model::observation::{Outcome, Part, Progress};
use wasmlab_model::report::Cell;
use wasmlab_model::scenario::{EntryKind, ScenarioFile};
use wasmlab_protocol::ONE_INSTANCE;

/// A process that has ended, as an adapter reads it.
#[derive(Clone, Copy, Debug)]
pub struct Ending<'a> {
    /// Its exit code.
    pub code: i32,
    /// Its stdout.
    pub stdout: &'a str,
    /// Its stderr.
    pub stderr: &'a str,
}

/// How far a guest came, by its last stage and its end.
#[must_use]
pub fn at(stage: Stage, cause: Cause) -> Progress {
    Progress { stage: Some(stage), cause: Some(cause), ..Progress::default() }
}

/// What a runtime that passes the guest's exit code on says by a code that it does not explain.
#[must_use]
pub fn exited(code: i32) -> Progress {
    at(Stage::Run, if code == 0 { Cause::Returned } else { Cause::Exit { code } })
}

/// How a runtime of this kind reads what its processes left.
#[derive(Clone, Copy)]
pub struct Reader {
    /// Of a process that ran the guest.
    pub guest: fn(&Ending) -> Progress,
    /// Of one that translated it and failed.
    pub prepare: fn(&Ending) -> Progress,
    /// A result of a call, as the runtime prints it, of this type.
    pub value: fn(&str, &str) -> Option<Value>,
    /// What stands between several results of a call; `None`: each has a line of its own.
    pub between: Option<char>,
}

/// The progress of a cell on a command-line runtime.
#[must_use]
pub fn progress(seen: &Seen, reader: Reader) -> Progress {
    let observation = seen.observation;
    // The adapter itself said that it cannot be asked.
    if observation.events.iter().any(|e| matches!(e, Event::End { .. })) {
        return observation.reported();
    }
    let pieces = observation.earlier.iter().map(|p| (p.part, &p.outcome, &p.stdout, &p.stderr));
    let last = (observation.part, &observation.outcome, &observation.stdout, &observation.stderr);
    let mut whole = Progress::default();
    let mut printed = String::new();
    let mut calls = seen.run.call.iter();
    for (part, outcome, stdout, stderr) in pieces.chain([last]) {
        let Outcome::Exited(code) = *outcome else {
            let stage = if part == Part::Prepare { Some(Stage::Compile) } else { whole.stage };
            return Progress { stage, cause: None, calls: whole.calls, stdout: None };
        };
        let ending = Ending { code, stdout, stderr };
        if part == Part::Prepare {
            if code != 0 {
                return by_facts((reader.prepare)(&ending), seen);
            }
            continue;
        }
        let found = by_facts((reader.guest)(&ending), seen);
        (whole.stage, whole.cause) = (found.stage, found.cause);
        let call = if seen.run.entry == EntryKind::Calls { calls.next() } else { None };
        let Some(call) = call.filter(|_| whole.cause == Some(Cause::Returned)) else {
            printed += found.stdout.as_deref().unwrap_or(stdout);
            continue;
        };
        match results(seen.facts, &call.export, stdout, reader) {
            Ok((guest, results)) => {
                printed += guest;
                whole.calls.push(Event::Called { export: call.export.clone(), results });
            }
            Err(cause) => whole.cause = Some(cause),
        }
    }
    if whole.cause == Some(Cause::Returned) && calls.next().is_some() {
        let message = "its first call returned; the others build on it, and this command line gives every call an \
                       instance of its own"
            .to_owned();
        whole.cause = Some(Cause::Unsupported { what: ONE_INSTANCE.to_owned(), message });
    }
    whole.stdout = Some(printed);
    whole
}

/// What the module says of an ending: runtimes do not always.
fn by_facts(found: Progress, seen: &Seen) -> Progress {
    let Some(facts) = seen.facts else { return found };
    let cause = match found.cause {
        // Words on the component format differ; that a component was refused is the same in all of them.
        Some(Cause::Refused { message, .. }) if facts.kind == Kind::Component => Cause::NoComponents { message },
        // Several end well without having called anything.
        Some(Cause::Returned) if seen.run.entry == EntryKind::Command && !has_start(facts) => {
            return at(Stage::Run, Cause::NoExport { name: "_start".to_owned() });
        }
        cause => return Progress { cause, ..found },
    };
    Progress { cause: Some(cause), ..found }
}

fn has_start(facts: &Facts) -> bool {
    facts.kind == Kind::Component || facts.exports.iter().any(|e| e.name == "_start")
}

/// The guest's own output and a call's results, which the runtime prints after it.
fn results<'a>(
    facts: Option<&Facts>,
    export: &str,
    stdout: &'a str,
    reader: Reader,
) -> Result<(&'a str, Vec<Value>), Cause> {
    let signature = facts.and_then(|f| f.exports.iter().find(|e| e.name == export)?.signature.as_ref());
    let Some(signature) = signature else {
        return Err(Cause::NoExport { name: export.to_owned() });
    };
    let types = &signature.results;
    let lines = match reader.between {
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
    if let (Some(between), Some(line)) = (reader.between, texts.first()) {
        texts = line.split(between).map(str::trim).collect();
    }
    let values: Option<Vec<Value>> = types.iter().zip(&texts).map(|(ty, text)| (reader.value)(ty, text)).collect();
    match values.filter(|v| v.len() == types.len() && texts.len() == types.len()) {
        Some(values) => Ok((rest, values)),
        None => {
            let message = format!("`{export}` returned, and `{}` is not understood as its results", texts.join(" "));
            Err(Cause::EngineError { message })
        }
    }
}

/// A number as most print it: decimal, signed.
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

/// A call's argument as most take it; `None` for what cannot be typed.
#[must_use]
pub fn argument(value: &Value) -> Option<String> {
    Some(match value {
        Value::I32(v) => v.to_string(),
        Value::I64(v) => v.to_string(),
        Value::F32(v) => v.to_string(),
        Value::F64(v) => v.to_string(),
        Value::V128(_) | Value::Ref { .. } | Value::Text(_) => return None,
    })
}

/// The calls that a process each can make: all of them where the module keeps no state between them, else
/// the first. What the first one needs is seen by it; the others are not asked on another instance.
#[must_use]
pub fn calls<'a>(cell: &CellFiles<'a>) -> &'a [Call] {
    let Entry::Calls(calls) = &cell.cell.entry else { return &[] };
    let stateful = !cell.independent_calls && cell.facts.is_none_or(keeps_state);
    if stateful { &calls[..calls.len().min(1)] } else { calls }
}

/// Whether a call may leave something behind for the next.
fn keeps_state(facts: &Facts) -> bool {
    let state = |name: &str| matches!(name, "memory" | "global" | "table");
    facts.kind == Kind::Component || !facts.imports.is_empty() || facts.sections.iter().any(|s| state(&s.name))
}

/// The first argument of a call that this kind of command line cannot be given.
#[must_use]
pub fn untypable(cell: &CellFiles) -> Option<Cause> {
    let Entry::Calls(calls) = &cell.cell.entry else { return None };
    let value = calls.iter().flat_map(|c| &c.args).find(|v| argument(v).is_none())?;
    let message = format!("an argument {value} cannot be typed on its command line");
    Some(Cause::Unsupported { what: "call-argument".to_owned(), message })
}

/// The refusal of preopened sockets.
#[must_use]
pub fn no_sockets(cell: &CellFiles, why: &str) -> Option<Cause> {
    let message = why.to_owned();
    (!cell.cell.sockets.is_empty()).then(|| Cause::Unsupported { what: "preopened-socket".to_owned(), message })
}

/// Calls of a component's exports: their types are not those of a cell.
#[must_use]
pub fn no_component_calls(cell: &CellFiles) -> Option<Cause> {
    let component = cell.facts.is_some_and(|f| f.kind == Kind::Component);
    (component && matches!(cell.cell.entry, Entry::Calls(_))).then(|| Cause::Unsupported {
        what: "component-calls".to_owned(),
        message: "exports of components are called by their interface types, which a cell cannot name".to_owned(),
    })
}

/// The refusal of a core module where `wasi:http` is to be served.
#[must_use]
pub fn no_handler(cell: &CellFiles) -> Option<Cause> {
    let module = cell.facts.is_some_and(|f| f.kind == Kind::Module);
    let name = "wasi:http/incoming-handler".to_owned();
    (module && matches!(cell.cell.entry, Entry::Http { .. })).then_some(Cause::NoExport { name })
}

/// The guest's arguments after the program's name, the socket's descriptor filled in.
#[must_use]
pub fn guest_args(cell: &CellSpec) -> Vec<OsString> {
    let fd = (3 + cell.dirs.len()).to_string();
    cell.args.iter().skip(1).map(|arg| arg.replace(SOCKET_FD, &fd).into()).collect()
}

/// `--dir HOST::GUEST` and the like, one pair of arguments a directory.
#[must_use]
pub fn dir_args(cell: &CellSpec, switch: &str, between: &str) -> Vec<OsString> {
    let mut args = Vec::new();
    for dir in &cell.dirs {
        let mut pair = dir.host.clone().into_os_string();
        pair.push(between);
        pair.push(&dir.guest);
        args.extend([switch.into(), pair]);
    }
    args
}

/// `--env NAME=VALUE`, one pair of arguments a variable.
#[must_use]
pub fn env_args(cell: &CellSpec, switch: &str) -> Vec<OsString> {
    cell.env.iter().flat_map(|(name, value)| [switch.into(), format!("{name}={value}").into()]).collect()
}

/// Why a cell by a command line may be unlike the same engine's embedded in the lab.
#[must_use]
pub fn because(cell: &Cell) -> Option<&'static str> {
    match (cell.code, cell.subject.as_deref()) {
        (Some(Code::CustomHost), _) => {
            Some("a command line defines no host functions; a program that embeds the engine does")
        }
        (_, Some("preopened-socket")) => {
            Some("its command line hands no open socket over; a program that embeds it can")
        }
        (_, Some("call-argument")) => Some("its command line takes numbers only"),
        _ => None,
    }
}

/// Whether what a scenario does fits a runtime that calls `_start` and nothing else.
///
/// # Errors
/// Why not.
pub fn commands_only(spec: &ScenarioFile, runtime: &str) -> Result<(), String> {
    match spec.run.entry {
        EntryKind::Command => Ok(()),
        EntryKind::Calls => Err(format!("{runtime} runs a program from its start; it calls no other export")),
        EntryKind::Http => Err(format!("{runtime} serves no wasi:http")),
    }
}

/// Whether what a scenario does fits a runtime that runs programs and calls exports.
///
/// # Errors
/// Why not.
pub fn no_http(spec: &ScenarioFile, runtime: &str) -> Result<(), String> {
    if spec.run.entry == EntryKind::Http { Err(format!("{runtime} serves no wasi:http")) } else { Ok(()) }
}

//! From what a cell's processes left behind to [`GuestProgress`].

use wasmlab_model::facts::{BinaryKind, Facts};
use wasmlab_model::observation::{GuestProgress, Outcome, ProcessRole};
use wasmlab_model::scenario::EntryPointKind;
use wasmlab_protocol::{Cause, Event, Stage};

use super::calls::{results, stands_alone};
use super::{OutputParser, ProcessOutput, no_export};
use crate::{AdapterInput, messages};

/// The progress of a cell on a command-line runtime.
#[must_use]
pub fn progress(seen: &AdapterInput, reader: OutputParser) -> GuestProgress {
    let observation = seen.observation;
    let previous = observation.previous.iter().map(|p| (p.role, &p.outcome, &p.stdout, &p.stderr));
    let last = (observation.role, &observation.outcome, &observation.stdout, &observation.stderr);
    let mut whole = GuestProgress::default();
    let mut printed = String::new();
    let mut calls = asked(seen).map(|index| &seen.run.call[index]);
    for (role, outcome, stdout, stderr) in previous.chain([last]) {
        let Outcome::Exited(code) = *outcome else { return not_exited(seen, reader, role, whole) };
        let stderr = messages::on_own_lines(stderr, reader.run_errors);
        let output = ProcessOutput { code, stdout, stderr: &stderr };
        if role == ProcessRole::Precompile {
            if code != 0 {
                return refine_with_facts((reader.classify_prepare)(&output), &output, seen, reader);
            }
            continue;
        }
        let found = refine_with_facts((reader.classify)(&output), &output, seen, reader);
        (whole.stage, whole.cause) = (found.stage, found.cause);
        let stdout = found.stdout.as_deref().unwrap_or(stdout);
        let call = if seen.run.entry == EntryPointKind::Calls { calls.next() } else { None };
        let Some(call) = call.filter(|_| whole.cause == Some(Cause::Returned)) else {
            printed += stdout;
            continue;
        };
        match results(seen.facts, &call.export, stdout, reader) {
            Ok((guest, results)) => {
                printed += guest;
                whole.calls.push(Event::CallReturned { export: call.export.clone(), results });
            }
            Err(cause) => whole.cause = Some(cause),
        }
    }
    if seen.run.entry == EntryPointKind::Calls {
        whole.not_asked =
            (0..seen.run.call.len()).filter(|index| !stands_alone(seen.run, seen.facts, *index)).collect();
    }
    whole.unchecked_imports = reader.unchecked_imports;
    whole.stdout = Some(printed);
    whole.stderr = Some(guest_stderr(&observation.stderr, whole.cause.as_ref(), reader));
    whole
}

/// The calls that processes were started for.
fn asked(seen: &AdapterInput) -> impl Iterator<Item = usize> {
    (0..seen.run.call.len()).filter(|index| stands_alone(seen.run, seen.facts, *index))
}

/// Of a process that was ended, or that the lab ended. Its guest ran if somebody heard of it.
fn not_exited(seen: &AdapterInput, reader: OutputParser, role: ProcessRole, before: GuestProgress) -> GuestProgress {
    if role == ProcessRole::Precompile {
        return GuestProgress { stage: Some(Stage::Compile), ..before };
    }
    let observation = seen.observation;
    let script = observation.client_script.as_ref();
    let heard = !observation.stdout.is_empty() || script.is_some_and(|script| script.steps_passed > 0);
    let failed = script.is_some_and(|script| script.failed.is_some());
    let cause = failed.then(|| (reader.own_failure)(&observation.stderr)).flatten();
    let stderr = Some(guest_stderr(&observation.stderr, cause.as_ref(), reader));
    let unchecked_imports = reader.unchecked_imports;
    GuestProgress { stage: before.stage.or(heard.then_some(Stage::Run)), cause, stderr, unchecked_imports, ..before }
}

/// What of stderr is the guest's: the runtime's error, with which it ends where it is not the guest that chose the
/// exit code, is not, and neither are its warnings.
fn guest_stderr(stderr: &str, cause: Option<&Cause>, reader: OutputParser) -> String {
    let ended_by_guest = matches!(cause, None | Some(Cause::Returned | Cause::Exit { .. }));
    let stderr = messages::on_own_lines(stderr, reader.run_errors);
    let own = messages::block_start(&stderr, reader.error_prefix).filter(|_| !ended_by_guest);
    let guest = &stderr[..own.unwrap_or(stderr.len())];
    guest.lines().filter(|line| !line.starts_with(reader.warning_mark)).flat_map(|l| [l, "\n"]).collect()
}

/// What the module and the cell say of an ending: runtimes do not always.
fn refine_with_facts(
    found: GuestProgress,
    output: &ProcessOutput,
    seen: &AdapterInput,
    reader: OutputParser,
) -> GuestProgress {
    let ended = matches!(found.cause, Some(Cause::Returned | Cause::Exit { .. } | Cause::MissingExport { .. }));
    let not_attempted = |subject: &str, message: String| GuestProgress {
        cause: Some(Cause::NotAttempted { subject: subject.to_owned(), message }),
        ..found.clone()
    };
    match (seen.run.entry, reader.no_calls) {
        // It took the module, which was the first question.
        (EntryPointKind::Calls, Some(why)) if ended => {
            return not_attempted("call-export", format!("accepts the module; {why}"));
        }
        (EntryPointKind::Http, _) if ended && !reader.serves_http => {
            let why = "accepts the component but runs it as a program; its command line cannot serve wasi:http";
            return not_attempted("http-handler", why.to_owned());
        }
        _ => {}
    }
    let Some(facts) = seen.facts else { return found };
    match found.cause {
        // A runtime that lacks a whole module names the module alone.
        Some(Cause::MissingImport { module, name, ty, missing_count: missing }) if name.is_empty() => {
            let first = facts.imports.iter().find(|i| i.module == module);
            let name = first.map(|i| i.name.clone()).unwrap_or_default();
            GuestProgress { cause: Some(Cause::MissingImport { module, name, ty, missing_count: missing }), ..found }
        }
        // Several end well without having called anything: then nothing was printed either.
        Some(Cause::Returned)
            if seen.run.entry == EntryPointKind::Command && output.stdout.is_empty() && !has_start(facts, reader) =>
        {
            GuestProgress { stage: Some(Stage::Run), ..no_export("_start") }
        }
        // What it chose itself is no exit code of the guest's.
        Some(Cause::Exit { code: 1 }) if !output.stdout.contains("lab: ") => {
            let own = (reader.own_failure)(output.stderr);
            GuestProgress { cause: own.or(Some(Cause::Exit { code: 1 })), ..found }
        }
        _ => found,
    }
}

fn has_start(facts: &Facts, reader: OutputParser) -> bool {
    let begins = |name: &str| name == "_start" || reader.starts_main && name == "main";
    facts.kind == BinaryKind::Component || facts.exports.iter().any(|e| begins(&e.name))
}

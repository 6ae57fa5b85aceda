//! From what a cell's processes left behind to [`GuestProgress`].

use wasmlab_model::facts::{BinaryKind, Facts};
use wasmlab_model::observation::{GuestProgress, Outcome, ProcessRole};
use wasmlab_model::scenario::EntryPointKind;
use wasmlab_protocol::{Cause, Event, SHARED_INSTANCE, Stage};

use super::calls::results;
use super::{ProcessOutput, Reader, no_export};
use crate::{Seen, messages};

/// The progress of a cell on a command-line runtime.
#[must_use]
pub fn progress(seen: &Seen, reader: Reader) -> GuestProgress {
    let observation = seen.observation;
    let previous = observation.previous.iter().map(|p| (p.role, &p.outcome, &p.stdout, &p.stderr));
    let last = (observation.role, &observation.outcome, &observation.stdout, &observation.stderr);
    let mut whole = GuestProgress::default();
    let mut printed = String::new();
    let mut calls = seen.run.call.iter();
    for (role, outcome, stdout, stderr) in previous.chain([last]) {
        let Outcome::Exited(code) = *outcome else {
            let stage = if role == ProcessRole::Precompile { Some(Stage::Compile) } else { whole.stage };
            let unchecked_imports = reader.unchecked_imports && role == ProcessRole::Guest;
            return GuestProgress { stage, calls: whole.calls, unchecked_imports, ..GuestProgress::default() };
        };
        let output = ProcessOutput { code, stdout, stderr };
        if role == ProcessRole::Precompile {
            if code != 0 {
                return by_facts((reader.classify_prepare)(&output), seen);
            }
            continue;
        }
        let found = by_facts((reader.classify)(&output), seen);
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
    if whole.cause == Some(Cause::Returned) && calls.next().is_some() {
        let message = "its first call returned; the others build on it, and this command line gives every call an \
                       instance of its own"
            .to_owned();
        whole.cause = Some(Cause::Unsupported { feature: SHARED_INSTANCE.to_owned(), message });
    }
    whole.unchecked_imports = reader.unchecked_imports;
    whole.stdout = Some(printed);
    whole.stderr = Some(guest_stderr(&observation.stderr, whole.cause.as_ref(), reader.error_mark));
    whole
}

/// What of stderr is the guest's: the runtime's error, with which it ends where it is not the guest that chose the
/// exit code, is not, and neither is a warning about the command line.
fn guest_stderr(stderr: &str, cause: Option<&Cause>, mark: &str) -> String {
    let ended_by_guest = matches!(cause, None | Some(Cause::Returned | Cause::Exit { .. }));
    let own = messages::block_start(stderr, mark).filter(|_| !ended_by_guest);
    let guest = &stderr[..own.unwrap_or(stderr.len())];
    guest.lines().filter(|l| !l.starts_with("warning: using `--invoke`")).flat_map(|l| [l, "\n"]).collect()
}

/// What the module says of an ending: runtimes do not always.
fn by_facts(found: GuestProgress, seen: &Seen) -> GuestProgress {
    let Some(facts) = seen.facts else { return found };
    match found.cause {
        // A runtime that lacks a whole module names the module alone.
        Some(Cause::MissingImport { module, name, ty, missing_count: missing }) if name.is_empty() => {
            let first = facts.imports.iter().find(|i| i.module == module);
            let name = first.map(|i| i.name.clone()).unwrap_or_default();
            GuestProgress { cause: Some(Cause::MissingImport { module, name, ty, missing_count: missing }), ..found }
        }
        // Several end well without having called anything.
        Some(Cause::Returned) if seen.run.entry == EntryPointKind::Command && !has_start(facts) => {
            GuestProgress { stage: Some(Stage::Run), ..no_export("_start") }
        }
        _ => found,
    }
}

fn has_start(facts: &Facts) -> bool {
    facts.kind == BinaryKind::Component || facts.exports.iter().any(|e| e.name == "_start")
}

//! Derives [`GuestProgress`] from the output of a cell's processes.

use std::path::Path;

use wasmlab_model::facts::{BinaryKind, Facts, Import};
use wasmlab_model::observation::{GuestProgress, Outcome, ProcessRole};
use wasmlab_model::scenario::EntryPointKind;
use wasmlab_protocol::{Cause, Event, Stage};

use super::calls::{results, stands_alone};
use super::{OutputParser, ProcessOutput, exited, no_export};
use crate::{AdapterInput, messages};

/// The progress of a cell on a command-line runtime.
#[must_use]
pub fn progress(seen: &AdapterInput, parser: OutputParser) -> GuestProgress {
    let observation = seen.observation;
    let previous = observation.previous.iter().map(|p| (p.role, &p.outcome, &p.stdout, &p.stderr));
    let last = (observation.role, &observation.outcome, &observation.stdout, &observation.stderr);
    let mut whole = GuestProgress::default();
    let mut printed = String::new();
    let mut calls = attempted_calls(seen).map(|index| &seen.run.call[index]);
    for (role, outcome, stdout, stderr) in previous.chain([last]) {
        let Outcome::Exited(code) = *outcome else { return not_exited(seen, parser, role, whole) };
        let stderr = messages::on_own_lines(stderr, parser.run_errors);
        let output = ProcessOutput { code, stdout, stderr: &stderr };
        if role == ProcessRole::Precompile {
            if code != 0 {
                return refine_with_facts((parser.classify_prepare)(&output), &output, seen, parser);
            }
            continue;
        }
        let found = confirmed((parser.classify)(&output), &output, seen, parser);
        let found = refine_with_facts(found, &output, seen, parser);
        (whole.stage, whole.cause) = (found.stage, found.cause);
        let stdout = found.stdout.as_deref().unwrap_or(stdout);
        let call = if seen.run.entry == EntryPointKind::Calls { calls.next() } else { None };
        let Some(call) = call.filter(|_| whole.cause == Some(Cause::Returned)) else {
            printed += stdout;
            continue;
        };
        match results(seen.facts, &call.export, stdout, parser) {
            Ok((guest, results)) => {
                printed += guest;
                whole.calls.push(Event::CallReturned { export: call.export.clone(), results });
            }
            Err(cause) => whole.cause = Some(cause),
        }
    }
    if seen.run.entry == EntryPointKind::Calls {
        whole.skipped_calls =
            (0..seen.run.call.len()).filter(|index| !stands_alone(seen.run, seen.facts, *index)).collect();
    }
    whole.unchecked_imports = parser.unchecked_imports;
    whole.stdout = Some(printed);
    whole.stderr = Some(guest_stderr(&observation.stderr, whole.cause.as_ref(), parser));
    whole
}

/// The calls for which processes were started.
fn attempted_calls(seen: &AdapterInput) -> impl Iterator<Item = usize> {
    (0..seen.run.call.len()).filter(|index| stands_alone(seen.run, seen.facts, *index))
}

/// For a process that was killed, by the lab or otherwise. Its guest ran if it printed anything.
fn not_exited(seen: &AdapterInput, parser: OutputParser, role: ProcessRole, before: GuestProgress) -> GuestProgress {
    if role == ProcessRole::Precompile {
        return GuestProgress { stage: Some(Stage::Compile), ..before };
    }
    let observation = seen.observation;
    let client = observation.client_progress.as_ref();
    let answered = !observation.stdout.is_empty() || client.is_some_and(|client| client.steps_passed > 0);
    let failed = client.is_some_and(|client| client.failed.is_some());
    let cause = failed.then(|| (parser.own_failure)(&observation.stderr)).flatten();
    let stderr = Some(guest_stderr(&observation.stderr, cause.as_ref(), parser));
    let unchecked_imports = parser.unchecked_imports;
    GuestProgress { stage: before.stage.or(answered.then_some(Stage::Run)), cause, stderr, unchecked_imports, ..before }
}

/// The guest's part of stderr: without the runtime's warnings, and without its final error if the guest did not choose
/// the exit code.
fn guest_stderr(stderr: &str, cause: Option<&Cause>, parser: OutputParser) -> String {
    let ended_by_guest = matches!(cause, None | Some(Cause::Returned | Cause::Exit { .. }));
    let stderr = messages::on_own_lines(stderr, parser.run_errors);
    let trap = || parser.trap_mark.and_then(|mark| stderr.rfind(mark));
    let error_start = messages::block_start(&stderr, parser.error_prefix).or_else(trap).filter(|_| !ended_by_guest);
    let guest = &stderr[..error_start.unwrap_or(stderr.len())];
    guest.lines().filter(|line| !line.starts_with(parser.warning_mark)).flat_map(|l| [l, "\n"]).collect()
}

/// Ignores a message that the module contradicts: a guest can imitate its runtime's messages and exit code.
fn confirmed(found: GuestProgress, output: &ProcessOutput, seen: &AdapterInput, parser: OutputParser) -> GuestProgress {
    let Some(facts) = seen.facts.filter(|facts| facts.rejection.is_none()) else { return found };
    let is_module = facts.kind == BinaryKind::Module;
    let is_compiled = parser
        .compiled_file
        .is_some_and(|name| seen.observation.argv.iter().any(|arg| Path::new(arg).file_name() == Some(name.as_ref())));
    let cause = match found.cause {
        Some(Cause::MissingImport { module, name, ty, missing_count }) if is_module => imported(facts, &module, &name)
            .map(|(module, name)| Cause::MissingImport { module, name, ty, missing_count }),
        Some(Cause::ImportTypeMismatch { module, name, message }) if is_module => {
            imported(facts, &module, &name).map(|(module, name)| Cause::ImportTypeMismatch { module, name, message })
        }
        // A previous process compiled the module.
        Some(Cause::Rejected { .. } | Cause::CompileFailed { .. })
            if is_compiled && found.stage.is_some_and(|stage| stage <= Stage::Compile) =>
        {
            None
        }
        Some(Cause::EngineError { .. }) if is_module && prints(facts) => None,
        cause => return GuestProgress { cause, ..found },
    };
    match cause {
        Some(cause) => GuestProgress { cause: Some(cause), ..found },
        None => GuestProgress { stdout: Some(output.stdout.to_owned()), ..exited(output.code) },
    }
}

/// The module's import that a message refers to. In the message, a line break in a name ends the line, and a separator
/// in a name moves the boundary between module and name.
fn imported(facts: &Facts, module: &str, name: &str) -> Option<(String, String)> {
    let joined = |module: &str, name: &str| format!("{module}.{name}").replace("::", ".");
    let reported = joined(module, name);
    let is_meant = |import: &&Import| {
        let whole = joined(&import.module, &import.name);
        whole == reported
            || name.is_empty() && (import.module == module || whole == joined(module, "").trim_end_matches('.'))
            || module.is_empty() && import.name == name
            || whole.contains('\n') && whole.lines().next() == Some(reported.trim_end_matches('.'))
    };
    let found = facts.imports.iter().find(is_meant)?;
    let whole = if name.is_empty() { String::new() } else { found.name.clone() };
    Some((found.module.clone(), whole))
}

/// Whether the guest can write to its stderr.
fn prints(facts: &Facts) -> bool {
    facts.imports.iter().any(|import| import.name == "fd_write")
}

/// Completes a cause from the module and the cell, because runtimes do not always report everything.
fn refine_with_facts(
    found: GuestProgress,
    output: &ProcessOutput,
    seen: &AdapterInput,
    parser: OutputParser,
) -> GuestProgress {
    if let Some((subject, message)) = unsupported_request(&found, seen, parser) {
        let cause = Some(Cause::NotAttempted { subject: subject.to_owned(), message });
        return GuestProgress { cause, ..found };
    }
    let Some(facts) = seen.facts else { return found };
    let called = found.cause.as_ref().is_some_and(Cause::is_after_linking);
    if let Some(name) = seen.run.args.first().filter(|_| parser.first_argument_names_function && called)
        && seen.run.entry == EntryPointKind::Command
        && !has_start(facts, parser)
    {
        // It calls that function, if there is one; the requested program is missing either way.
        return no_export(name);
    }
    let is_reactor = facts.exports.iter().any(|export| export.name == "_initialize");
    let called = matches!(found.cause, Some(Cause::Trap { .. } | Cause::Returned | Cause::Exit { .. }));
    if seen.run.entry == EntryPointKind::Calls && parser.skips_initialize && is_reactor && called {
        let message =
            "its command line makes the call without `_initialize`, which this module exports and may need first";
        let (subject, message) = ("initialize".to_owned(), message.to_owned());
        return GuestProgress { cause: Some(Cause::NotAttempted { subject, message }), ..found };
    }
    completed(found, output, seen, facts, parser)
}

/// A request that the runtime's command line cannot express, and what it did instead.
fn unsupported_request(
    found: &GuestProgress,
    seen: &AdapterInput,
    parser: OutputParser,
) -> Option<(&'static str, String)> {
    let has_wasi = || {
        let module = seen.facts.filter(|facts| facts.kind == BinaryKind::Module);
        module.is_some_and(Facts::imports_wasi)
    };
    let no_calls_with_wasi = parser.no_calls_with_wasi.filter(|_| has_wasi());
    let was_accepted = match found.cause {
        Some(Cause::Returned | Cause::Exit { .. } | Cause::MissingExport { .. }) => true,
        // The function that trapped is not the requested one.
        Some(Cause::Trap { .. }) => no_calls_with_wasi.is_some(),
        _ => false,
    };
    match (seen.run.entry, parser.why_no_calls.or(no_calls_with_wasi)) {
        // The runtime accepted the module, and that is all the lab can observe here.
        (EntryPointKind::Calls, Some(why)) if was_accepted => {
            let is_unlinked = parser.unchecked_imports && seen.facts.is_some_and(|f| !f.imports.is_empty());
            let took =
                if is_unlinked { "compiles the module without linking its imports" } else { "accepts the module" };
            Some(("call-export", format!("{took}; {why}")))
        }
        (EntryPointKind::Http, _) if was_accepted && !parser.serves_http => {
            let why = "accepts the component but runs it as a program; its command line cannot serve wasi:http";
            Some(("http-handler", why.to_owned()))
        }
        _ => None,
    }
}

/// Completes a cause that the runtime reported in part, or not at all.
fn completed(
    found: GuestProgress,
    output: &ProcessOutput,
    seen: &AdapterInput,
    facts: &Facts,
    parser: OutputParser,
) -> GuestProgress {
    let lacks_start = || seen.run.entry == EntryPointKind::Command && !has_start(facts, parser);
    match found.cause {
        // A runtime that lacks a whole module names only the module.
        Some(Cause::MissingImport { module, name, ty, missing_count: missing }) if name.is_empty() => {
            let first = facts.imports.iter().find(|i| i.module == module);
            let name = first.map(|i| i.name.clone()).unwrap_or_default();
            GuestProgress { cause: Some(Cause::MissingImport { module, name, ty, missing_count: missing }), ..found }
        }
        Some(Cause::Returned) if let Some(trap) = (parser.silent_trap)(output.stderr) => {
            GuestProgress { cause: Some(trap), ..found }
        }
        // Some exit normally without having called anything; they then print nothing either.
        Some(Cause::Returned) if output.stdout.is_empty() && lacks_start() => {
            GuestProgress { stage: Some(Stage::Run), ..no_export("_start") }
        }
        // Some call `_initialize` instead, more than once.
        Some(Cause::Exit { .. } | Cause::Trap { .. })
            if parser.exit_without_start == Some(output.code) && lacks_start() =>
        {
            GuestProgress { stage: Some(Stage::Run), ..no_export("_start") }
        }
        // An exit code chosen by the runtime is not the guest's.
        Some(Cause::Exit { code: 1 }) if !output.stdout.contains("lab: ") => {
            let failure = (parser.own_failure)(output.stderr);
            GuestProgress { cause: failure.or(Some(Cause::Exit { code: 1 })), ..found }
        }
        _ => found,
    }
}

fn has_start(facts: &Facts, parser: OutputParser) -> bool {
    let begins = |name: &str| {
        name == "_start" || parser.starts_main && name == "main" || parser.starts_empty_name && name.is_empty()
    };
    facts.kind == BinaryKind::Component || facts.exports.iter().any(|e| e.signature.is_some() && begins(&e.name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wasmlab_model::facts::Facts;
    use wasmlab_model::observation::{Observation, Outcome};
    use wasmlab_model::scenario::Run;
    use wasmlab_protocol::Cause;

    use super::progress;
    use crate::AdapterInput;

    /// A module that exports a function of each name.
    fn facts(exports: &[&str]) -> Facts {
        let function = |name: &&str| json!({"name": name, "ty": "func", "signature": {"params": [], "results": []}});
        let exports: Vec<_> = exports.iter().map(function).collect();
        let sizes = json!({"total": 0, "code": 0, "data": 0, "custom": 0, "debug": 0, "names": 0});
        let facts = json!({
            "kind": "module", "shape": "library", "abis": [], "sizes": sizes, "proposals": [], "imports": [],
            "exports": exports, "sections": [], "target_features": [], "producers": [],
        });
        serde_json::from_value(facts).unwrap()
    }

    #[test]
    fn a_program_is_what_the_runtime_starts() {
        let check = |runtime: &str, exports: &[&str], args: &[&str], (code, stdout): (i32, &str), expected: Cause| {
            let parser = crate::find(runtime).unwrap().output_parser.unwrap();
            let stdout = stdout.to_owned();
            let observation = Observation { outcome: Outcome::Exited(code), stdout, ..Observation::not_started() };
            let run = Run { args: args.iter().map(|arg| (*arg).to_owned()).collect(), ..Run::default() };
            let facts = facts(exports);
            let seen = AdapterInput { observation: &observation, run: &run, facts: Some(&facts) };
            assert_eq!(progress(&seen, parser).cause, Some(expected), "{runtime} {exports:?} {args:?}");
        };
        let none = |name: &str| Cause::MissingExport { name: name.to_owned() };
        // It exits with 0 and prints nothing, whether or not it called a function.
        check("wasmtime-cli", &["f"], &[], (0, ""), none("_start"));
        check("wasmtime-cli", &[""], &[], (0, ""), Cause::Returned);
        check("wasmi-cli", &[""], &[], (0, ""), Cause::Returned);
        check("wazero", &[""], &[], (0, ""), none("_start"));
        check("wasmedge", &["_start"], &["f"], (0, "mine\n"), Cause::Returned);
        // It called the function that the argument names, and printed what that returned.
        check("wasmedge", &["f"], &["f"], (0, "42\n"), none("f"));
        check("wasmedge", &["f"], &["f"], (3, ""), none("f"));
        check("wazero", &["f"], &["f"], (3, ""), Cause::Exit { code: 3 });
    }
}

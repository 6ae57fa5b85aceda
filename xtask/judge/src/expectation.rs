//! Compares what a scenario expects with what a guest that ran to its end did.

use wasmlab_protocol::{Cause, Event, SHARED_INSTANCE, Stage};

use super::text::{last_message, last_message_suffix, plain, quote};
use super::{Evidence, context, imports, lab_lines, requests, with_code, without_code};
use wasmlab_model::checks::CheckAnswer;
use wasmlab_model::codes::Code;
use wasmlab_model::observation::Outcome;
use wasmlab_model::scenario::{EntryPointKind, ExpectedFile, ScenarioFile};
use wasmlab_model::text::counted;
use wasmlab_model::verdict::{Judgement, Verdict};

/// Judges a guest by its expectation, if its end needs no other explanation.
pub fn check_expectation(evidence: &Evidence, spec: &ScenarioFile) -> Judgement {
    let observation = evidence.observation;
    if let Some(client) = &observation.client_progress
        && let Some(failed) = &client.failed
    {
        let detail = format!(
            "step {} of {}: {failed}{}",
            client.steps_passed + 1,
            client.steps,
            last_message_suffix(evidence.stderr())
        );
        return with_code(Code::WrongOutput, None, detail);
    }
    let stopped = observation.outcome == Outcome::Stopped;
    // A start function may end the program while the module is instantiated.
    let ended_early = evidence.progress.stage == Some(Stage::Instantiate)
        && matches!(evidence.progress.cause, Some(Cause::Exit { .. }));
    if !stopped && !ended_early && evidence.progress.stage != Some(Stage::Run) {
        return with_code(
            Code::Crashed,
            None,
            "the runtime exited successfully without reporting that it ran the guest",
        );
    }
    let code = match evidence.progress.cause {
        Some(Cause::Exit { code }) => code,
        _ => 0,
    };
    let expected = spec.expect.exit;
    if !stopped && !spec.expect.any_exit && spec.run.entry == EntryPointKind::Command && code != expected {
        return context::explain_exit(evidence, spec, code).unwrap_or_else(|| {
            let detail = format!("exit code {code}, expected {expected}{}", last_lines(evidence));
            with_code(Code::WrongExit, None, detail)
        });
    }
    match wrong_output(evidence, spec) {
        Some(detail) => with_code(Code::WrongOutput, None, detail),
        None if !evidence.progress.skipped_calls.is_empty() => skipped_calls(evidence, spec),
        None => unnoticed_failure(evidence).unwrap_or_else(|| without_code(Verdict::Pass, summary(evidence, spec))),
    }
}

/// A guest that failed silently.
fn unnoticed_failure(evidence: &Evidence) -> Option<Judgement> {
    let is_silent = evidence.stdout().is_empty() && evidence.stderr().is_empty();
    evidence.facts.ok().filter(|_| is_silent).and_then(imports::unchecked_mismatch)
}

/// Calls that this runtime cannot make, if all others returned what was expected.
fn skipped_calls(evidence: &Evidence, spec: &ScenarioFile) -> Judgement {
    let calls = &spec.run.call;
    let skipped = &evidence.progress.skipped_calls;
    let named = |at: &usize| Some(format!("call {} (`{}`)", at + 1, calls.get(*at)?.export));
    let names: Vec<String> = skipped.iter().filter_map(named).collect();
    let detail = format!(
        "{} of {} calls returned the expected results; not made: {}, which may depend on an earlier call, because \
         this command line runs each call on a new instance",
        calls.len() - skipped.len(),
        calls.len(),
        names.join(", ")
    );
    Judgement { subject: Some(SHARED_INSTANCE.to_owned()), ..without_code(Verdict::NotAttempted, detail) }
}

/// The guest's last messages on stderr and stdout.
fn last_lines(evidence: &Evidence) -> String {
    let message = last_message(evidence.stdout());
    let stderr = last_message(evidence.stderr());
    // A guest may write the same message to both.
    let stdout = message.filter(|message| stderr.as_ref() != Some(message));
    let stdout = stdout.map(|line| format!("; last on stdout: {line}")).unwrap_or_default();
    format!("{}{stdout}", last_message_suffix(evidence.stderr()))
}

fn wrong_output(evidence: &Evidence, spec: &ScenarioFile) -> Option<String> {
    let (expect, stdout, calls) = (&spec.expect, evidence.stdout(), &evidence.progress.calls);
    if let Some(expected) = &expect.stdout
        && stdout != expected
    {
        return Some(format!("stdout is {}, expected {}", quote(stdout), quote(expected)));
    }
    if let Some(expected) = expect.stdout_contains.iter().find(|w| !stdout.contains(w.as_str())) {
        let empty = if stdout.is_empty() { "stdout is empty: it" } else { "stdout" };
        return Some(format!("{empty} does not contain {}", quote(expected)));
    }
    let checks = lab_lines::parse_lines(stdout);
    let is_ok = |name: &String| checks.iter().any(|check| check.name == *name && check.answer == CheckAnswer::Ok);
    if let Some(expected) = expect.checks.iter().find(|name| !is_ok(name)) {
        return Some(format!("no line `lab: {expected} ok`{}", last_message_suffix(evidence.stderr())));
    }
    if let Some(wrong) = expect.file.iter().find_map(|file| wrong_file(evidence, file)) {
        return Some(wrong);
    }
    if let Some(detail) = requests::mismatch(&evidence.observation.requests, &expect.request) {
        return Some(detail);
    }
    let called = calls.iter().filter_map(|e| match e {
        Event::CallReturned { export, results } => Some((export, results)),
        _ => None,
    });
    let mut called = called.collect::<Vec<_>>().into_iter();
    let attempted = spec.run.call.iter().enumerate().filter(|(at, _)| !evidence.progress.skipped_calls.contains(at));
    for (_, call) in attempted {
        let Some((export, results)) = called.next() else { return Some(format!("`{}` was not called", call.export)) };
        if *export != call.export {
            return Some(format!("`{export}` was called, expected `{}`", call.export));
        }
        if let Some(expected) = call.results.as_ref().filter(|expected| *expected != results) {
            return Some(format!("`{export}` returned [{}], expected [{}]", listed(results), listed(expected)));
        }
    }
    let host: Vec<_> = calls
        .iter()
        .filter_map(|e| match e {
            Event::HostCall { function, args } => Some((function, args)),
            _ => None,
        })
        .collect();
    let expected: Vec<_> = expect.host_calls.iter().map(|c| (&c.function, &c.args)).collect();
    (!expected.is_empty() && host != expected).then(|| {
        let show = |calls: &[(&String, &Vec<_>)]| {
            calls.iter().map(|(f, a)| format!("{f}({})", listed(a))).collect::<Vec<_>>().join(", ")
        };
        format!("host functions called: [{}], expected [{}]", show(&host), show(&expected))
    })
}

/// How a file that the guest was expected to write differs.
fn wrong_file(evidence: &Evidence, file: &ExpectedFile) -> Option<String> {
    let path = &file.path;
    let Some(found) = evidence.observation.files.get(path) else { return Some(format!("the lab did not read {path}")) };
    if let Some(why) = &found.missing {
        return Some(format!("{path} is missing: {why}"));
    }
    if let Some(part) = file.contains.iter().find(|part| !found.text.contains(part.as_str())) {
        return Some(format!("{path} does not contain {}: it is {}", quote(part), quote(&found.text)));
    }
    let lines = found.text.lines().count();
    let expected = file.lines.filter(|expected| *expected != lines)?;
    Some(format!("{path} has {lines} lines, expected {expected}"))
}

/// Summarizes what a pass has shown.
fn summary(evidence: &Evidence, spec: &ScenarioFile) -> String {
    let mut parts = Vec::new();
    for event in &evidence.progress.calls {
        if let Event::CallReturned { export, results } = event {
            parts.push(format!("{export} = [{}]", listed(results)));
        }
    }
    match spec.expect.checks.as_slice() {
        [] => {}
        few if few.len() <= 4 => parts.push(format!("{} ok", few.join(", "))),
        all => parts.push(format!("{} checks ok", all.len())),
    }
    if let Some(client) = &evidence.observation.client_progress {
        parts.push(format!("{} steps succeeded", client.steps_passed));
    }
    if !spec.expect.request.is_empty() {
        parts.push(format!("{} reached the server", counted(evidence.observation.requests.len(), "request")));
    }
    if parts.is_empty() {
        let stdout = plain(evidence.stdout());
        parts.push(match stdout.lines().map(str::trim_end).find(|line| !line.is_empty()) {
            Some(line) => format!("printed {}", quote(line)),
            None => "ran to completion".to_owned(),
        });
    }
    parts.join("; ")
}

fn listed(values: &[wasmlab_protocol::Value]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

//! Observation and expectation to verdict: pure.
//!
//! First [`diagnose`] reads the evidence alone: what the module is, what the engine reported, how the
//! process ended, what the guest's `lab:` lines say. Only where the evidence holds no reason is the
//! scenario's expectation read. A `[[known]]` entry is never read here: it annotates, it excuses nothing.

use wasmlab_protocol::{Cause, Event, ONE_INSTANCE, Stage};

use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::facts::{COMMON_PROPOSALS, Facts, Kind, RefusalKind};
use wasmlab_model::observation::{Limit, Observation, Outcome, PREOPENED_SOCKET, Progress};
use wasmlab_model::scenario::{EntryKind, ExpectedFile, ScenarioFile};
use wasmlab_model::verdict::{Judgement, Verdict};

pub mod exports;
mod imports;
pub mod lab;
mod plugins;
mod requests;
pub mod row;
#[cfg(test)]
mod tests;

/// What is known of a cell before anything is expected of it.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// What reading the module told, or the reader's words on why it is no module.
    pub facts: Result<&'a Facts, &'a str>,
    /// What happened.
    pub observation: &'a Observation,
    /// How far the guest came, as the engine or its adapter says.
    pub progress: &'a Progress,
}

impl Evidence<'_> {
    /// What the guest itself printed.
    fn stdout(&self) -> &str {
        self.progress.stdout.as_deref().unwrap_or(&self.observation.stdout)
    }
}

/// The verdict on a cell.
#[must_use]
pub fn judge(evidence: &Evidence, spec: &ScenarioFile) -> Judgement {
    let mut judgement = diagnose(evidence).unwrap_or_else(|| expected(evidence, spec));
    // How far a guest came says nothing where the lab had no way to ask.
    if judgement.verdict != Verdict::NotAttempted {
        judgement.stage = judgement.stage.or(evidence.progress.stage);
    }
    judgement
}

/// A judgement with the catalogue's verdict and blame for `code`.
fn because(code: Code, subject: impl Into<Option<String>>, detail: impl Into<String>) -> Judgement {
    let entry = code.entry();
    Judgement {
        verdict: entry.verdict,
        code: Some(code),
        blame: entry.blame.to_vec(),
        stage: None,
        subject: subject.into(),
        detail: one_line(&detail.into()),
        remedy: None,
    }
}

fn plain(verdict: Verdict, detail: impl Into<String>) -> Judgement {
    Judgement {
        verdict,
        code: None,
        blame: Vec::new(),
        stage: None,
        subject: None,
        detail: one_line(&detail.into()),
        remedy: None,
    }
}

/// The reason that the evidence holds, if it holds one.
#[must_use]
pub fn diagnose(evidence: &Evidence) -> Option<Judgement> {
    let observation = evidence.observation;
    if let Some(escape) = observation.escapes.first() {
        return Some(because(Code::SandboxEscape, None, escape));
    }
    let lines = lab::lines(evidence.stdout());
    if let Some(escape) = lines.iter().find(|l| matches!(l.answer, lab::Answer::Escaped(_))) {
        return Some(because(Code::SandboxEscape, escape.name.to_owned(), escape.to_string()));
    }
    match &observation.outcome {
        Outcome::NotStarted(words) => {
            return Some(plain(Verdict::Error, format!("the runtime could not be started: {words}")));
        }
        Outcome::Interrupted => return Some(plain(Verdict::Error, "the run was interrupted")),
        Outcome::Limit(limit) => return Some(at_limit(*limit, evidence.progress)),
        Outcome::Exited(_) | Outcome::Signaled(_) | Outcome::Stopped => {}
    }
    if let Some(judgement) = evidence.progress.cause.as_ref().and_then(|cause| cause_of(cause, evidence)) {
        return Some(judgement);
    }
    if let Outcome::Signaled(signal) = observation.outcome {
        let name = signal_name(signal);
        let words = last_words(&observation.stderr);
        return Some(because(Code::Crashed, name.clone(), format!("the runtime's process died by {name}{words}")));
    }
    if evidence.progress.cause.is_none() && observation.outcome != Outcome::Stopped {
        let words = last_words(&observation.stderr);
        let detail = format!("the runtime ended without saying how the guest ended ({:?}){words}", observation.outcome);
        return Some(because(Code::Crashed, None, detail));
    }
    withheld(evidence, &lines).or_else(|| lab::judge(&lines)).or_else(|| silent_gap(observation, &lines))
}

/// What the guest says where the runtime has no way to give it what the scenario gives: an errno of the function
/// that would use it, or an end in the middle of its work.
fn withheld(evidence: &Evidence, lines: &[lab::Line]) -> Option<Judgement> {
    let observation = evidence.observation;
    let what = observation.withheld.iter().find(|what| *what == PREOPENED_SOCKET)?;
    let refused = lines.iter().find(|l| l.name.starts_with("sock") && l.answer != lab::Answer::Ok);
    let says = match (refused, &evidence.progress.cause) {
        (Some(line), _) => line.to_string(),
        (None, Some(Cause::Exit { code })) => format!("it exits with {code}{}", last_words(&observation.stderr)),
        (None, _) => observation.script.as_ref()?.failed.clone()?,
    };
    let detail = format!("it takes no socket that is open already, and the guest was started without one: {says}");
    let remedy = "Use a runtime whose host can give the guest an open socket.".to_owned();
    let judgement = because(Code::SocketsUnsupported, what.clone(), detail);
    Some(Judgement { blame: vec![Blame::Runtime], remedy: Some(remedy), ..judgement })
}

/// The capability that a guest claims and a client refutes: its library says that it listens, and there is no
/// socket. Only the steps that look for one tell; a wrong answer of a server that is there is a wrong answer.
fn silent_gap(observation: &Observation, lines: &[lab::Line]) -> Option<Judgement> {
    let script = observation.script.as_ref().filter(|script| script.unreachable)?;
    let failed = script.failed.as_ref()?;
    let line = lines.iter().find(|l| l.name.starts_with("sock") && l.answer == lab::Answer::Ok)?;
    let detail = format!("says that it listens, and no client can reach it: {failed}");
    Some(because(Code::SocketsUnsupported, line.name.to_owned(), detail))
}

fn at_limit(limit: Limit, progress: &Progress) -> Judgement {
    match limit {
        Limit::Time(ms) if progress.stage == Some(Stage::Instantiate) => {
            because(Code::Timeout, "start".to_owned(), format!("its start function did not end within {ms} ms"))
        }
        Limit::Time(ms) => because(Code::Timeout, None, format!("did not end within {ms} ms")),
        Limit::CompileTime(ms) => because(Code::CompileTimeout, None, format!("was not translated within {ms} ms")),
        Limit::Output(bytes) => because(Code::OutputFlood, None, format!("printed more than {bytes} bytes")),
        Limit::Memory(bytes) => because(Code::OutOfMemory, None, format!("used more than {bytes} bytes of memory")),
    }
}

/// What reading the binary had told already: then the runtime's refusal needs no other reason.
fn foreseen(cause: &Cause, facts: Option<&Facts>) -> Option<Judgement> {
    let refusal = facts?.refusal.as_ref()?;
    let (code, words) = match (refusal.kind, cause) {
        (RefusalKind::FormatVersion, Cause::Returned | Cause::Exit { .. }) => return None,
        (RefusalKind::FormatVersion, _) => (Code::FormatVersion, None),
        (RefusalKind::ImplementationLimit, Cause::Refused { message, .. } | Cause::CompileFailed { message }) => {
            (Code::ImplementationLimit, Some(message))
        }
        (RefusalKind::ImplementationLimit, _) => return None,
    };
    let said = words.map(|words| format!("; the runtime says: {words}")).unwrap_or_default();
    Some(because(code, refusal.subject.clone(), format!("{}{said}", refusal.words)))
}

fn cause_of(cause: &Cause, evidence: &Evidence) -> Option<Judgement> {
    if let Some(judgement) = foreseen(cause, evidence.facts.ok()) {
        return Some(judgement);
    }
    Some(match cause {
        Cause::Returned | Cause::Exit { .. } => return None,
        Cause::Trap { trap, message } => {
            let kind = serde_json::to_value(trap).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
            because(Code::Trap, kind, message)
        }
        Cause::MissingImport { module, name, ty, missing } => {
            imports::missing(evidence.facts.ok(), module, name, ty, *missing)
        }
        Cause::ImportTypeMismatch { module, name, message } => {
            because(Code::ImportTypeMismatch, imports::named(module, name), message)
        }
        // A runtime of core modules stops at the header, whose version is another one.
        Cause::Refused { message, offset } if is_of_header(*offset, evidence) => {
            because(Code::NeedsComponentModel, None, message)
        }
        Cause::Refused { message, .. } => refused(evidence.facts, message),
        Cause::CompileFailed { message } => because(Code::EngineCompileError, None, message),
        Cause::NoExport { name } => no_export(name, evidence),
        Cause::ResourceLimit { message } => because(Code::OutOfMemory, None, message),
        // A question that this way of running cannot even be asked.
        Cause::Unsupported { what, message } if what == ONE_INSTANCE => plain(Verdict::NotApplicable, message),
        Cause::NotAttempted { what, message } => {
            Judgement { subject: Some(what.clone()), ..plain(Verdict::NotAttempted, message) }
        }
        Cause::Unsupported { what, message } => {
            let code = match what.as_str() {
                "network" => Code::SocketsUnsupported,
                _ => Code::NotImplemented,
            };
            // The catalogue blames the ABI for sockets; here the ABI has the call and the host has no way to use it.
            let remedy = Some(
                "Use a runtime whose host can give the guest what it asks for, or build for an ABI that needs no such host."
                    .to_owned(),
            );
            Judgement { blame: vec![Blame::Runtime], remedy, ..because(code, what.clone(), message) }
        }
        Cause::HostError { message } => because(Code::Trap, "host-error".to_owned(), message),
        Cause::EngineError { message } => plain(Verdict::Error, format!("the engine could not do its work: {message}")),
    })
}

/// Bytes of a module's header: the magic number and the version.
const HEADER: u64 = 8;

/// Whether a component was refused as such. A refusal that comes later is of what is in it: of a proposal, or of a
/// core module (whose offsets are its own).
fn is_of_header(offset: Option<u64>, evidence: &Evidence) -> bool {
    evidence.facts.is_ok_and(|facts| facts.kind == Kind::Component)
        && offset.is_none_or(|at| at <= HEADER)
        && evidence.progress.stage.is_none_or(|stage| stage <= Stage::Compile)
}

/// A runtime that does not look at the imports first may find no program in a module that is made for another host:
/// then it is the imports that are missing.
fn no_export(name: &str, evidence: &Evidence) -> Judgement {
    let facts = evidence.facts.ok();
    let linked = |e: &Event| matches!(e, Event::Stage { stage: Stage::Instantiate | Stage::Run, .. });
    let there = facts.is_some_and(|f| f.exports.iter().any(|e| e.name == name && e.signature.is_some()));
    let import = facts.and_then(imports::foreign).filter(|_| name == "_start" || there);
    match (import, facts) {
        (Some(import), Some(facts)) if !evidence.observation.events.iter().any(linked) => {
            let judgement = imports::missing(Some(facts), &import.module, &import.name, "", 0);
            let detail = format!("{}; the runtime, which looks for it first, finds no `{name}`", judgement.detail);
            Judgement { detail: one_line(&detail), ..judgement }
        }
        _ => exports::none(facts, name),
    }
}

fn refused(facts: Result<&Facts, &str>, message: &str) -> Judgement {
    match facts {
        Err(words) => because(Code::Malformed, None, format!("{words}; the runtime says: {message}")),
        Ok(facts) => {
            let rare: Vec<&str> =
                facts.proposals.iter().map(String::as_str).filter(|p| !COMMON_PROPOSALS.contains(p)).collect();
            let all: Vec<&str> = facts.proposals.iter().map(String::as_str).collect();
            let named = if rare.is_empty() { all } else { rare };
            if named.is_empty() {
                because(Code::EngineCompileError, None, message)
            } else {
                because(Code::UnsupportedProposal, named.join(" "), message)
            }
        }
    }
}

/// What the expectation makes of a guest that came to an end for no reason of its own.
fn expected(evidence: &Evidence, spec: &ScenarioFile) -> Judgement {
    let observation = evidence.observation;
    if let Some(script) = &observation.script
        && let Some(failed) = &script.failed
    {
        let detail =
            format!("step {} of {}: {failed}{}", script.done + 1, script.steps, last_words(&observation.stderr));
        return because(Code::WrongOutput, None, detail);
    }
    let stopped = observation.outcome == Outcome::Stopped;
    if !stopped && evidence.progress.stage != Some(Stage::Run) {
        return because(Code::Crashed, None, "the runtime ended well and did not say that it ran the guest");
    }
    let code = match evidence.progress.cause {
        Some(Cause::Exit { code }) => code,
        _ => 0,
    };
    let wanted = spec.expect.exit;
    if !stopped && !spec.expect.any_exit && spec.run.entry == EntryKind::Command && code != wanted {
        let words = last_words(&observation.stderr);
        return because(Code::WrongExit, None, format!("exit code {code}, expected {wanted}{words}"));
    }
    match wrong_output(evidence, spec) {
        Some(detail) => because(Code::WrongOutput, None, detail),
        None => plain(Verdict::Pass, summary(evidence, spec)),
    }
}

fn wrong_output(evidence: &Evidence, spec: &ScenarioFile) -> Option<String> {
    let (expect, stdout, calls) = (&spec.expect, evidence.stdout(), &evidence.progress.calls);
    if let Some(wanted) = &expect.stdout
        && stdout != wanted
    {
        return Some(format!("stdout is {}, expected {}", quoted(stdout), quoted(wanted)));
    }
    if let Some(wanted) = expect.stdout_contains.iter().find(|w| !stdout.contains(w.as_str())) {
        return Some(format!("stdout does not contain {}", quoted(wanted)));
    }
    let lines = lab::lines(stdout);
    if let Some(wanted) =
        expect.lab.iter().find(|w| !lines.iter().any(|l| l.name == w.as_str() && l.answer == lab::Answer::Ok))
    {
        return Some(format!("no line `lab: {wanted} ok`{}", last_words(&evidence.observation.stderr)));
    }
    if let Some(wrong) = expect.file.iter().find_map(|file| wrong_file(evidence, file)) {
        return Some(wrong);
    }
    if let Some(detail) = requests::wrong(&evidence.observation.requests, &expect.request) {
        return Some(detail);
    }
    let called = calls.iter().filter_map(|e| match e {
        Event::Called { export, results } => Some((export, results)),
        _ => None,
    });
    let mut called = called.collect::<Vec<_>>().into_iter();
    for call in &spec.run.call {
        let Some((export, results)) = called.next() else { return Some(format!("`{}` was not called", call.export)) };
        if *export != call.export {
            return Some(format!("`{export}` was called, expected `{}`", call.export));
        }
        if let Some(wanted) = call.results.as_ref().filter(|wanted| *wanted != results) {
            return Some(format!("`{export}` returned [{}], expected [{}]", listed(results), listed(wanted)));
        }
    }
    let host: Vec<_> = calls
        .iter()
        .filter_map(|e| match e {
            Event::HostCall { function, args } => Some((function, args)),
            _ => None,
        })
        .collect();
    let wanted: Vec<_> = expect.host_calls.iter().map(|c| (&c.function, &c.args)).collect();
    (!wanted.is_empty() && host != wanted).then(|| {
        let show = |calls: &[(&String, &Vec<_>)]| {
            calls.iter().map(|(f, a)| format!("{f}({})", listed(a))).collect::<Vec<_>>().join(", ")
        };
        format!("host functions called: [{}], expected [{}]", show(&host), show(&wanted))
    })
}

/// What is wrong with a file that the guest was to leave.
fn wrong_file(evidence: &Evidence, file: &ExpectedFile) -> Option<String> {
    let path = &file.path;
    let Some(found) = evidence.observation.files.get(path) else { return Some(format!("{path} was not looked at")) };
    if let Some(why) = &found.missing {
        return Some(format!("{path} is not there: {why}"));
    }
    if let Some(part) = file.contains.iter().find(|part| !found.text.contains(part.as_str())) {
        return Some(format!("{path} does not contain {}: it is {}", quoted(part), quoted(&found.text)));
    }
    let lines = found.text.lines().count();
    let wanted = file.lines.filter(|wanted| *wanted != lines)?;
    Some(format!("{path} has {lines} lines, expected {wanted}"))
}

/// What a pass has shown, in a few words.
fn summary(evidence: &Evidence, spec: &ScenarioFile) -> String {
    let mut parts = Vec::new();
    for event in &evidence.progress.calls {
        if let Event::Called { export, results } = event {
            parts.push(format!("{export} = [{}]", listed(results)));
        }
    }
    if !spec.expect.lab.is_empty() {
        parts.push(format!("{} capabilities ok", spec.expect.lab.len()));
    }
    if let Some(script) = &evidence.observation.script {
        parts.push(format!("{} steps held", script.done));
    }
    if !spec.expect.request.is_empty() {
        parts.push(format!("asked {} times", evidence.observation.requests.len()));
    }
    if parts.is_empty() {
        parts.push(match evidence.stdout().lines().next() {
            Some(line) => format!("printed {}", quoted(line)),
            None => "ran to its end".to_owned(),
        });
    }
    parts.join("; ")
}

fn listed(values: &[wasmlab_protocol::Value]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn quoted(text: &str) -> String {
    let mut cut: String = text.chars().take(60).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    format!("{cut:?}")
}

/// The last line on stderr, as an apposition.
fn last_words(stderr: &str) -> String {
    match stderr.lines().map(str::trim).rfind(|l| !l.is_empty()) {
        Some(line) => format!(": {}", line.chars().take(160).collect::<String>()),
        None => String::new(),
    }
}

fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= 300 { line } else { line.chars().take(299).chain(['…']).collect() }
}

fn signal_name(signal: i32) -> String {
    match signal {
        4 => "SIGILL".to_owned(),
        6 => "SIGABRT".to_owned(),
        7 => "SIGBUS".to_owned(),
        8 => "SIGFPE".to_owned(),
        9 => "SIGKILL".to_owned(),
        11 => "SIGSEGV".to_owned(),
        15 => "SIGTERM".to_owned(),
        25 => "SIGXFSZ (a file grew past its limit)".to_owned(),
        31 => "SIGSYS".to_owned(),
        n => format!("signal {n}"),
    }
}

//! Turns an observation and an expectation into a verdict; pure.
//!
//! First [`diagnose`] reads the evidence alone: what the module is, what the engine reported, how the
//! process ended, what the guest's `lab:` lines say. The scenario's expectation is read only if the evidence contains
//! no reason. A `[[known]]` entry is never read here: it adds a note and never changes a verdict.

use wasmlab_model::checks::{Check, CheckAnswer};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::facts::Facts;
use wasmlab_model::observation::{GuestProgress, Observation, Outcome};
use wasmlab_model::remedy::RemedyKind;
use wasmlab_model::scenario::ScenarioFile;
use wasmlab_model::text::escaped;
use wasmlab_model::verdict::{Judgement, Verdict};
use wasmlab_protocol::{EXIT_INVALID_SPEC, Stage};

use cause::judge_cause;
use expectation::check_expectation;
use text::{last_message_suffix, one_line, signal_name};

pub use imports::has_64_bit_addresses;

mod cause;
mod component_part;
pub mod components;
mod context;
mod devices;
mod emscripten;
mod expectation;
pub mod exports;
mod functions;
mod glue;
mod glue_reports;
mod host;
mod imports;
pub mod lab_lines;
pub mod limits;
pub mod missing_input;
pub mod obstacles;
mod plugin_hosts;
pub mod proposals;
pub mod remedies;
mod requests;
pub mod row;
mod script;
mod sockets;
mod std_refusals;
pub mod switched;
mod symbols;
#[cfg(test)]
mod tests;
mod text;
pub mod transforms;
mod trap;
mod unsupported;

/// The evidence of a cell, before any expectation.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The facts from inspecting the module, or the reader's message on why it is not a module.
    pub facts: Result<&'a Facts, &'a str>,
    /// The observation.
    pub observation: &'a Observation,
    /// How far the guest got, as reported by the engine or its adapter.
    pub progress: &'a GuestProgress,
    /// The guest belongs to a scenario, so its `lab:` lines count. In any other guest they are ordinary text.
    pub lab_guest: bool,
}

impl Evidence<'_> {
    /// The guest's own output.
    fn stdout(&self) -> &str {
        self.progress.stdout.as_deref().unwrap_or(&self.observation.stdout)
    }

    /// The checks that the guest reports in `lab:` lines, if those count.
    fn checks(&self) -> Vec<Check> {
        if self.lab_guest { lab_lines::parse_lines(self.stdout()) } else { Vec::new() }
    }

    /// The guest's own stderr.
    fn stderr(&self) -> &str {
        self.progress.stderr.as_deref().unwrap_or(&self.observation.stderr)
    }
}

/// The verdict on a cell.
#[must_use]
pub fn judge(evidence: &Evidence, spec: &ScenarioFile) -> Judgement {
    with_escaped_names(match &spec.expect.script {
        Some(script) => script::judge(evidence, spec, script),
        None => judge_program(evidence, spec),
    })
}

/// Names of imports and exports may contain line breaks and other control characters.
fn with_escaped_names(judgement: Judgement) -> Judgement {
    Judgement {
        subject: judgement.subject.map(|subject| escaped(&subject).into_owned()),
        detail: escaped(&judgement.detail).into_owned(),
        ..judgement
    }
}

fn judge_program(evidence: &Evidence, spec: &ScenarioFile) -> Judgement {
    let judgement = diagnosis(evidence).unwrap_or_else(|| check_expectation(evidence, spec));
    let judgement = std_refusals::name_std_refusal(judgement, evidence);
    let judgement = devices::name_device(judgement, evidence, &spec.run);
    let judgement = imports::unchecked_type(judgement, evidence.facts.ok());
    let mut judgement = context::with_context(judgement, evidence, spec);
    // Without an attempt, the stage means nothing.
    if judgement.verdict != Verdict::NotAttempted {
        judgement.stage = judgement.stage.or(evidence.progress.stage);
    }
    let checks = evidence.checks();
    judgement = functions::with_host_function(judgement, &checks, evidence.facts.ok());
    judgement.checks = sockets::correct_refuted_checks(checks, &judgement);
    judgement
}

/// A judgement with the catalogue's verdict and blame for `code`.
fn with_code(code: Code, subject: impl Into<Option<String>>, detail: impl Into<String>) -> Judgement {
    let entry = code.entry();
    Judgement {
        code: Some(code),
        blame: entry.blame.to_vec(),
        subject: subject.into(),
        ..without_code(entry.verdict, detail)
    }
}

/// A judgement that blames nobody.
fn without_code(verdict: Verdict, detail: impl Into<String>) -> Judgement {
    Judgement {
        verdict,
        code: None,
        blame: Vec::new(),
        stage: None,
        subject: None,
        detail: one_line(&detail.into()),
        remedy: None,
        remedy_kind: RemedyKind::default(),
        refusal: None,
        checks: Vec::new(),
        assertions: None,
    }
}

/// The reason that the evidence contains, if any.
#[must_use]
pub fn diagnose(evidence: &Evidence) -> Option<Judgement> {
    diagnosis(evidence).map(with_escaped_names)
}

fn diagnosis(evidence: &Evidence) -> Option<Judgement> {
    let observation = evidence.observation;
    if let Some(escape) = observation.escapes.first() {
        return Some(with_code(Code::SandboxEscape, None, escape));
    }
    let checks = evidence.checks();
    if let Some(escape) = checks.iter().find(|check| check.answer == CheckAnswer::Escaped) {
        return Some(with_code(Code::SandboxEscape, escape.name.clone(), lab_lines::describe(escape)));
    }
    match &observation.outcome {
        Outcome::NotStarted(message) => {
            return Some(without_code(Verdict::Error, format!("the runtime could not be started: {message}")));
        }
        Outcome::Interrupted => return Some(without_code(Verdict::Error, "the run was interrupted")),
        Outcome::Limit(limit) => return Some(limits::reached(*limit, evidence)),
        Outcome::Exited(_) | Outcome::Signaled(_) | Outcome::Stopped => {}
    }
    if let Some(judgement) = glue_reports::unconfirmed(evidence) {
        return Some(judgement);
    }
    if let Some(judgement) = evidence.progress.cause.as_ref().and_then(|cause| judge_cause(cause, evidence)) {
        return Some(judgement);
    }
    if let Outcome::Signaled(signal) = observation.outcome {
        let name = signal_name(signal);
        if let Some(judgement) = imports::unchecked_import(evidence, &format!("its process is killed by {name}")) {
            return Some(judgement);
        }
        let last_message = last_message_suffix(&observation.stderr);
        let detail = format!("the runtime's process was killed by {name}{last_message}");
        let judgement = with_code(Code::Crashed, name, detail);
        // Its JavaScript can kill the process that it runs in.
        let blame = if glue_reports::is_started(&observation.events) { vec![Blame::Unknown] } else { judgement.blame };
        return Some(Judgement { blame, ..judgement });
    }
    if evidence.progress.cause.is_none() && observation.outcome != Outcome::Stopped {
        let last_message = last_message_suffix(&observation.stderr);
        if observation.outcome == Outcome::Exited(EXIT_INVALID_SPEC.into()) && observation.events.is_empty() {
            return Some(without_code(
                Verdict::Error,
                format!("the lab's driver could not read the cell{last_message}"),
            ));
        }
        let compiled = evidence.progress.stage.is_some_and(|stage| stage <= Stage::Compile);
        let detail = match &observation.outcome {
            Outcome::Exited(code) if compiled => {
                format!("the runtime's process ended with {code} while it compiled the module{last_message}")
            }
            outcome => format!("the runtime exited without reporting how the guest ended ({outcome:?}){last_message}"),
        };
        return Some(with_code(Code::Crashed, None, detail));
    }
    let reported = || lab_lines::judge(&checks).or_else(|| sockets::unreachable_listener(observation, &checks));
    sockets::missing_socket(evidence, &checks, None)
        .or_else(|| reported().map(|judgement| with_remedy(judgement, evidence)))
}

/// Adds a remedy for what a guest's own library refuses, if the remedy depends on the guest.
fn with_remedy(judgement: Judgement, evidence: &Evidence) -> Judgement {
    let subject = judgement.subject.as_deref().unwrap_or_default();
    let remedy = match judgement.code {
        Some(Code::SocketsUnsupported) => Some(sockets::remedy(evidence.facts.ok(), subject)),
        _ => judgement.remedy.clone(),
    };
    Judgement { remedy, ..judgement }
}

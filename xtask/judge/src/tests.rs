//! The judge's table: evidence, expectation, verdict.

use wasmlab_protocol::{Cause, Event, Stage};

use super::{Evidence, judge};
use wasmlab_model::facts::Facts;
use wasmlab_model::observation::{Observation, Outcome};
use wasmlab_model::scenario::ScenarioFile;
use wasmlab_model::verdict::Judgement;

mod attempts;
mod cause;
mod evidence;
mod expectation;
mod glue_reports;
mod guest_messages;
mod imports;
mod proposals;
mod script;

fn spec(extra: &str) -> ScenarioFile {
    let text = format!(
        "schema = 1\ntitle = \"t\"\nfamily = \"f\"\nroute = \"r\"\n[build]\ntoolchain = \"wat\"\nsource = \"a.wat\"\n{extra}"
    );
    toml::from_str(&text).unwrap()
}

fn observation(outcome: Outcome, events: Vec<Event>, stdout: &str) -> Observation {
    Observation { events, outcome, stdout: stdout.to_owned(), ..Observation::not_started() }
}

fn to(stage: Stage, cause: Cause) -> Vec<Event> {
    vec![Event::Stage { stage, micros: 1, cached: false }, Event::End { cause, micros: 2 }]
}

fn facts(wat: &str) -> Facts {
    wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap()
}

fn verdict(facts: Result<&Facts, &str>, observation: &Observation, spec: &ScenarioFile) -> Judgement {
    judge(&Evidence { facts, observation, progress: &observation.reported_progress(), lab_guest: true }, spec)
}

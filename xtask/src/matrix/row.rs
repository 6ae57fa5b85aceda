//! Builds rows and cells of the report.

use std::fs;

use wasmlab_protocol::{Event, Stage};

use super::{Row, facts_of};
use crate::guest::{Guest, NotBuilt};
use crate::lab::Lab;
use wasmlab_model::codes::Code;
use wasmlab_model::observation::Observation;
use wasmlab_model::report::{Cell, Output};
use wasmlab_model::scenario::Scenario;
use wasmlab_model::verdict::{Change, Judgement, NotAttempted, Verdict};

/// Characters of a guest's output that a report contains.
const MAX_OUTPUT_CHARS: usize = 4_000;

/// Reads the binary of a guest.
pub fn read(lab: &Lab, guest: Result<Guest, NotBuilt>) -> Row {
    let bytes = match &guest {
        Ok(guest) => fs::read(lab.cache.object(&guest.sha256)),
        Err(none) => return Row { facts: Err(none.detail.clone()), invalid: None, script_name: None, bytes: 0, guest },
    };
    match bytes {
        Ok(bytes) => {
            let sha256 = guest.as_ref().map_or("", |g| g.sha256.as_str());
            let invalid = wasmlab_inspect::invalid_file(&bytes).and_then(|error| error.remedy());
            let script_name = wasmlab_inspect::unsafe_script_name(&bytes);
            Row { facts: facts_of(lab, sha256, &bytes), invalid, script_name, bytes: bytes.len() as u64, guest }
        }
        Err(error) => {
            let none = NotBuilt {
                code: Code::CompileError,
                detail: format!("the guest has been deleted: {error}"),
                remedy: None,
            };
            Row { facts: Err(none.detail.clone()), invalid: None, script_name: None, bytes: 0, guest: Err(none) }
        }
    }
}

/// A cell that the lab cannot run yet: it has neither code nor blame.
pub fn not_attempted(scenario: &Scenario, runtime: &str, reason: NotAttempted) -> Cell {
    let cell = unmeasured(scenario, runtime, Verdict::NotAttempted, None, reason.reason);
    Cell { subject: Some(reason.subject.to_owned()), ..cell }
}

/// A cell that was not run.
pub fn unmeasured(scenario: &Scenario, runtime: &str, verdict: Verdict, code: Option<Code>, detail: String) -> Cell {
    Cell {
        scenario: scenario.name.clone(),
        runtime: runtime.to_owned(),
        verdict,
        code,
        blame: code.map(|c| c.entry().blame.to_vec()).unwrap_or_default(),
        stage: None,
        subject: None,
        detail,
        remedy: code.map(|c| c.entry().remedy.to_owned()),
        checks: Vec::new(),
        change: Change::Same,
        accepted: None,
        changed_with_version: false,
        known: None,
        required: false,
        lacks_abi: None,
        prediction: None,
        prebuilt: false,
        execution_path: None,
        switches: Vec::new(),
        default_result: None,
        argv: Vec::new(),
        duration_ms: 0.0,
        compile_ms: None,
        run_ms: None,
        cpu_ms: 0.0,
        peak_rss_bytes: 0,
        cached: false,
        output: Output::default(),
    }
}

/// A cell that was run and judged.
pub fn measured(scenario: &Scenario, runtime: &str, judgement: Judgement, observation: Observation) -> Cell {
    let compile = stage_ms(&observation, Stage::Compile).or_else(|| observation.precompile_micros().map(ms));
    let run = stage_ms(&observation, Stage::Run);
    let unmeasured = unmeasured(scenario, runtime, judgement.verdict, judgement.code, judgement.detail);
    Cell {
        remedy: judgement.remedy.or(unmeasured.remedy),
        blame: judgement.blame,
        stage: judgement.stage,
        execution_path: observation.execution_path().map(str::to_owned),
        subject: judgement.subject,
        checks: judgement.checks,
        compile_ms: compile,
        run_ms: run,
        duration_ms: ms(observation.wall_micros),
        cpu_ms: ms(observation.cpu_micros),
        peak_rss_bytes: observation.peak_rss_bytes,
        argv: observation.argv,
        output: Output { stdout: truncate(observation.stdout), stderr: truncate(observation.stderr) },
        ..unmeasured
    }
}

fn ms(micros: u64) -> f64 {
    // For people, hundredths of a millisecond are precise enough.
    (micros as f64 / 10.0).round() / 100.0
}

fn stage_ms(observation: &Observation, stage: Stage) -> Option<f64> {
    let cached =
        observation.events.iter().any(|e| matches!(e, Event::Stage { stage: s, cached: true, .. } if *s == stage));
    observation.stage_micros(stage).filter(|_| !cached).map(ms)
}

fn truncate(text: String) -> String {
    match text.char_indices().nth(MAX_OUTPUT_CHARS) {
        Some((end, _)) => format!("{}… ({} bytes in total)", &text[..end], text.len()),
        None => text,
    }
}

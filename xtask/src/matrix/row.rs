//! Builds rows and cells of the report.

use std::fs;

use wasmlab_inspect::bytes::lines_of_small;
use wasmlab_protocol::{Event, Stage};

use super::{GuestRow, facts_of, facts_of_given};
use crate::guest::{Guest, NotBuilt};
use crate::lab::Lab;
use wasmlab_model::codes::Code;
use wasmlab_model::observation::Observation;
use wasmlab_model::report::{Cell, Origin, Output, OutputFile};
use wasmlab_model::scenario::Scenario;
use wasmlab_model::text::cut_with_size;
use wasmlab_model::verdict::{Judgement, NotAttempted, Verdict};

/// Characters of a guest's output that a report contains.
const MAX_OUTPUT_CHARS: usize = 4_000;
/// A stream longer than this is also written to a file, bytes: the page shows no more of it.
const MAX_WITHOUT_FILE: usize = 1 << 10;
/// The largest of these files, bytes.
const MAX_FILE: usize = 1 << 20;
/// Their folder beside the report.
pub const OUTPUT_FOLDER: &str = "output";
/// The largest guest whose every byte is explained, bytes.
const MAX_ANNOTATED: usize = 1 << 10;

/// Reads the binary of a guest.
pub fn read(lab: &Lab, guest: Result<Guest, NotBuilt>) -> GuestRow {
    let bytes = match &guest {
        Ok(guest) => fs::read(lab.cache.object(&guest.sha256)),
        Err(none) => return unread(none.detail.clone(), guest),
    };
    match bytes {
        Ok(bytes) => {
            let sha256 = guest.as_ref().map_or("", |g| g.sha256.as_str());
            let invalid = wasmlab_inspect::invalid_file(&bytes).and_then(|error| error.remedy());
            let script_name = wasmlab_inspect::unsafe_script_name(&bytes);
            let facts = match &guest {
                Ok(guest) if guest.origin == Origin::Given => {
                    facts_of_given(lab, sha256).map_err(|error| error.to_string())
                }
                _ => facts_of(lab, sha256, &bytes),
            };
            GuestRow {
                facts,
                invalid,
                script_name,
                bytes: bytes.len() as u64,
                annotated: lines_of_small(&bytes, MAX_ANNOTATED),
                guest,
            }
        }
        Err(error) => {
            let none = NotBuilt {
                code: Code::CompileError,
                detail: format!("the guest has been deleted: {error}"),
                remedy: None,
                symbols: Vec::new(),
            };
            unread(none.detail.clone(), Err(none))
        }
    }
}

/// The row of a guest without a file.
fn unread(why: String, guest: Result<Guest, NotBuilt>) -> GuestRow {
    GuestRow { facts: Err(why), invalid: None, script_name: None, bytes: 0, annotated: Vec::new(), guest }
}

/// A cell that the lab cannot run yet: it has neither code nor blame.
pub fn not_attempted(scenario: &Scenario, runtime: &str, reason: NotAttempted) -> Cell {
    let cell = unmeasured(scenario, runtime, Verdict::NotAttempted, None, reason.reason);
    Cell { subject: Some(reason.subject.to_owned()), ..cell }
}

/// A cell that was not run.
pub fn unmeasured(scenario: &Scenario, runtime: &str, verdict: Verdict, code: Option<Code>, detail: String) -> Cell {
    Cell {
        code,
        blame: code.map(|c| c.entry().blame.to_vec()).unwrap_or_default(),
        remedy: code.map(|c| c.entry().remedy.to_owned()),
        ..Cell::unmeasured(&scenario.name, runtime, verdict, detail)
    }
}

/// A cell that was run and judged.
pub fn measured(scenario: &Scenario, runtime: &str, judgement: Judgement, observation: Observation) -> Cell {
    let compile = stage_ms(&observation, Stage::Compile).or_else(|| observation.precompile_micros().map(ms));
    let run = stage_ms(&observation, Stage::Run);
    let unmeasured = unmeasured(scenario, runtime, judgement.verdict, judgement.code, judgement.detail);
    Cell {
        remedy: judgement.remedy.or(unmeasured.remedy),
        remedy_kind: judgement.remedy_kind,
        refusal: judgement.refusal,
        blame: judgement.blame,
        stage: judgement.stage,
        execution_path: observation.execution_path().map(str::to_owned),
        subject: judgement.subject,
        checks: judgement.checks,
        assertions: judgement.assertions,
        compile_ms: compile.filter(|_| !observation.imports_only),
        imports_only: observation.imports_only,
        run_ms: run,
        duration_ms: ms(observation.wall_micros),
        cpu_ms: ms(observation.cpu_micros),
        peak_rss_bytes: observation.peak_rss_bytes,
        argv: observation.argv,
        output: output(&scenario.name, runtime, observation.stdout, observation.stderr),
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

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.+".contains(c)
}

/// Whether a file in [`OUTPUT_FOLDER`] has a name that the lab gives.
#[must_use]
pub fn is_output_file(name: &str) -> bool {
    let stem = name.strip_suffix(".stdout.txt").or_else(|| name.strip_suffix(".stderr.txt"));
    stem.is_some_and(|stem| stem.contains('.') && stem.chars().all(is_plain))
}

/// The beginning of each stream, and the file of a longer one.
fn output(scenario: &str, runtime: &str, stdout: String, stderr: String) -> Output {
    let stem: String = format!("{scenario}.{runtime}").chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let file = |(stream, text): (&str, &String)| OutputFile {
        stream: stream.to_owned(),
        path: format!("{OUTPUT_FOLDER}/{stem}.{stream}.txt"),
        bytes: text.len() as u64,
        text: Some(text[..text.floor_char_boundary(MAX_FILE)].to_owned()),
    };
    let streams = [("stdout", &stdout), ("stderr", &stderr)];
    let files = streams.into_iter().filter(|(_, text)| text.len() > MAX_WITHOUT_FILE).map(file).collect();
    let cut = |text: &str| cut_with_size(text, MAX_OUTPUT_CHARS).into_owned();
    Output { stdout: cut(&stdout), stderr: cut(&stderr), files }
}

#[cfg(test)]
mod tests {
    use super::{MAX_FILE, MAX_OUTPUT_CHARS, output};

    #[test]
    fn a_long_stream_has_a_file_beside_the_report() {
        let short = output("hello", "node", "hello\n".to_owned(), String::new());
        assert_eq!((short.stdout.as_str(), short.files.len()), ("hello\n", 0));
        let long = "é".repeat(MAX_FILE);
        let cut = output("../a b", "node+jco", String::new(), long.clone());
        assert!(cut.stderr.chars().count() < MAX_OUTPUT_CHARS + 40, "{}", cut.stderr.len());
        let file = &cut.files[0];
        assert_eq!((file.stream.as_str(), file.path.as_str()), ("stderr", "output/.._a_b.node+jco.stderr.txt"));
        assert_eq!(file.bytes, long.len() as u64);
        assert_eq!(file.text.as_ref().map(String::len), Some(MAX_FILE));
    }
}

//! What was not compared with a baseline: a check must not seem to compare more than it does.

use std::collections::BTreeSet;

use wasmlab_model::names::first_listed;
use wasmlab_model::report::{Note, NoteKind, RunReport};
use wasmlab_model::verdict::Verdict;

use super::{Cells, is_machine_independent};

/// Notes about passes of the baseline that were not repeated, guests that the baseline lacks, and an incomplete
/// baseline.
pub fn notes(baseline: &RunReport, report: &RunReport) -> Vec<Note> {
    let mut notes = Vec::new();
    if baseline.interrupted {
        let text = "it comes from an interrupted run: cells that it did not reach are not compared".to_owned();
        notes.push(note("the baseline", text));
    }
    // `run-all` names its selection in its first line, and new scenarios as new.
    let is_check = report.command == "check";
    let earlier: BTreeSet<&str> = baseline.scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
    let now = Cells::of(report);
    for scenario in report.scenarios.iter().filter(|_| !report.interrupted) {
        let name = scenario.name.as_str();
        if is_check && !earlier.contains(name) {
            notes.push(note(&scenario.title, "it is not in the baseline, so each failure counts".to_owned()));
        }
        let passed = baseline
            .cells
            .iter()
            .filter(|c| c.scenario == name && c.verdict == Verdict::Pass && is_machine_independent(c));
        let unrepeated = passed.filter(|cell| now.find(cell).is_none()).filter_map(|cell| {
            let is_selected = report.runtimes.iter().any(|runtime| runtime.id == cell.runtime);
            let why = if is_selected { "not installed" } else { "not selected" };
            (is_selected || is_check).then(|| format!("{} ({why})", cell.runtime))
        });
        let unrepeated: Vec<String> = unrepeated.collect();
        if !unrepeated.is_empty() {
            let text =
                format!("it passed in the baseline on {}, and was not run there now", first_listed(&unrepeated, 3));
            notes.push(note(&scenario.title, text));
        }
    }
    notes
}

fn note(subject: &str, text: String) -> Note {
    Note::new(NoteKind::NotCompared, subject, text)
}

//! `--try-remedies`: applies the remedies of a file's gaps to a copy, runs the copy on the same runtimes with the same
//! arguments, and adds the results to the report.

use std::collections::BTreeSet;
use std::fs;

use crate::adaptation::{self, AdaptError, AdaptedFile};
use crate::lab::Lab;
use crate::matrix::MatrixRequest;
use wasmlab_model::names::listed;
use wasmlab_model::remedy::Transform;
use wasmlab_model::report::{Cell, Note, NoteKind, RunReport};
use wasmlab_model::scenario::Scenario;
use wasmlab_model::text::form;
use wasmlab_model::verdict::Verdict;

/// Tries the remedies of each file. A remedy that does not help, and a tool that is absent, become notes too.
pub fn add(lab: &Lab, request: &MatrixRequest, report: &mut RunReport) {
    let present: BTreeSet<&str> =
        report.runtimes.iter().filter(|runtime| runtime.tool.present).map(|runtime| runtime.id.as_str()).collect();
    let runtimes = request.runtimes.iter().filter(|runtime| present.contains(runtime.id())).cloned().collect();
    let request = MatrixRequest {
        runtimes,
        given: request.given.clone(),
        withheld: request.withheld.clone(),
        retention: crate::cell::Retention::default(),
        ..*request
    };
    let notes: Vec<Note> =
        request.scenarios.iter().flat_map(|scenario| trial_notes(lab, &request, scenario, report)).collect();
    report.notes.extend(notes);
    report.notes.sort();
}

fn trial_notes(lab: &Lab, request: &MatrixRequest, scenario: &Scenario, report: &RunReport) -> Vec<Note> {
    let guest = report.guest(&scenario.name);
    let Some((guest, facts)) = guest.and_then(|guest| Some((guest, guest.facts.as_ref()?))) else {
        return Vec::new();
    };
    let cells: Vec<&Cell> = report.cells.iter().filter(|cell| cell.scenario == scenario.name).collect();
    // Each transformation, with the columns that it may help.
    let mut wanted: Vec<(Transform, Vec<&str>)> = Vec::new();
    for cell in cells.iter().filter(|cell| cell.code.is_some()) {
        for transform in adaptation::candidates(cell, facts) {
            match wanted.iter_mut().find(|(known, _)| *known == transform) {
                Some((_, columns)) => columns.push(&cell.runtime),
                None => wanted.push((transform, vec![&cell.runtime])),
            }
        }
    }
    let note = |kind, text| Note::new(kind, scenario.spec.title.clone(), text);
    let bytes = match fs::read(lab.cache.object(&guest.sha256)) {
        Ok(bytes) => bytes,
        Err(error) => {
            return vec![note(NoteKind::RemedyTried, format!("the copy of the file cannot be read: {error}"))];
        }
    };
    let passed: BTreeSet<&str> =
        cells.iter().filter(|cell| cell.verdict == Verdict::Pass).map(|cell| cell.runtime.as_str()).collect();
    let try_one = |(first, columns): (Transform, Vec<&str>)| match adaptation::follow(
        lab,
        request,
        scenario,
        (&bytes, facts),
        &first,
        &columns,
    ) {
        Ok(adapted) => result(&adapted, &passed, note),
        Err(why) => {
            let is_untried = matches!(why, AdaptError::ToolMissing(_));
            let kind = if is_untried { NoteKind::RemedyUntried } else { NoteKind::RemedyTried };
            note(kind, format!("{}: {why}", first.short()))
        }
    };
    wanted.into_iter().map(try_one).collect()
}

/// `proven: with wasm-opt --translate-to-exnref it runs on wasmtime-cli; node-20 no longer runs it`.
fn result(adapted: &AdaptedFile, before: &BTreeSet<&str>, note: impl Fn(NoteKind, String) -> Note) -> Note {
    let after = adapted.passing();
    let in_order = |of: &BTreeSet<&str>, not: &BTreeSet<&str>| -> Vec<&str> {
        let columns = adapted.cells.iter().map(|cell| cell.runtime.as_str());
        columns.filter(|column| of.contains(column) && !not.contains(column)).collect()
    };
    let (gained, lost) = (in_order(&after, before), in_order(before, &after));
    let shown = adapted.shown();
    if gained.is_empty() {
        let failed = adapted.cells.iter().find(|cell| cell.code.is_some());
        let why = failed.map(|cell| format!(" ({}: {})", cell.runtime, cell.detail)).unwrap_or_default();
        return note(NoteKind::RemedyTried, format!("{shown} does not make it run on any other runtime{why}"));
    }
    let lost = match lost.len() {
        0 => String::new(),
        count => format!("; {} no longer {} it", listed(&lost), form(count, "runs", "run")),
    };
    note(NoteKind::RemedyProven, format!("with {shown} it runs on {}{lost}", listed(&gained)))
}

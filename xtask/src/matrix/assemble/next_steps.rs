//! The tools that are missing on this machine, and the next steps.

use std::collections::{BTreeMap, BTreeSet};

use crate::cell::{sandbox, temp_dir};
use crate::matrix::{GuestRow, inherited_limits_text};
use wasmlab_model::report::{Note, NoteKind, RunReport, RuntimeInfo};
use wasmlab_model::scenario::Scenario;
use wasmlab_model::verdict::{Change, Verdict};

/// Scenarios that run prebuilt guests, by the tool that is missing and how to get it.
type Prebuilt = BTreeMap<(String, String), BTreeSet<String>>;

/// The text of a note on prebuilt guests, around the names of scenarios.
const PREBUILT: &str = "prebuilt guests are used for ";
const FROM_SOURCE: &str = "; to build them from source: ";

fn prebuilt_notes(prebuilt: Prebuilt) -> impl Iterator<Item = Note> {
    prebuilt.into_iter().map(|((tool, how), scenarios)| {
        let names: Vec<String> = scenarios.into_iter().collect();
        let text = format!("{PREBUILT}{}{FROM_SOURCE}{how}", names.join(", "));
        Note::new(NoteKind::Missing, tool, text)
    })
}

/// Parses what [`prebuilt_notes`] wrote, because a report has it only as a note. `None` for any other note.
fn parse_prebuilt(note: &Note) -> Option<((String, String), impl Iterator<Item = String>)> {
    let text = note.text.strip_prefix(PREBUILT).filter(|_| note.kind == NoteKind::Missing)?;
    let (names, how) = text.split_once(FROM_SOURCE)?;
    Some(((note.subject.clone(), how.to_owned()), names.split(", ").map(str::to_owned)))
}

/// Joins the notes on prebuilt guests of several partial runs: one for each missing tool, with all scenarios.
pub fn join_prebuilt(notes: &mut Vec<Note>) {
    let mut joined = Prebuilt::new();
    notes.retain(|note| {
        let Some((tool, names)) = parse_prebuilt(note) else { return true };
        joined.entry(tool).or_default().extend(names);
        false
    });
    notes.extend(prebuilt_notes(joined));
}

/// A note for each absent column, one for each tool whose guests were replaced by prebuilt ones, and one if only
/// runtimes are missing.
pub fn missing(runtimes: &[RuntimeInfo], rows: &[Option<GuestRow>], scenarios: &[Scenario]) -> Vec<Note> {
    let absent = runtimes.iter().filter(|r| r.tool.is_absent()).filter_map(|r| {
        let text = r.tool.missing.clone()?;
        Some(Note::new(NoteKind::Missing, r.id.clone(), text))
    });
    let mut prebuilt = Prebuilt::new();
    for (row, scenario) in rows.iter().zip(scenarios) {
        if let Some(missing) = row.as_ref().and_then(|r| r.guest.as_ref().ok()).and_then(|g| g.missing.as_ref()) {
            prebuilt.entry((missing.what.clone(), missing.remedy.clone())).or_default().insert(scenario.name.clone());
        }
    }
    let sandbox = sandbox::warning().map(|text| Note::new(NoteKind::Missing, "sandbox", text));
    let stayed =
        temp_dir::take_leftovers().into_iter().map(|text| Note::new(NoteKind::Missing, "temporary folder", text));
    let limits = inherited_limits_text().map(|text| Note::new(NoteKind::Missing, "resource limits", text));
    absent.chain(prebuilt_notes(prebuilt)).chain(sandbox).chain(limits).chain(stayed).collect()
}

/// The next steps, most urgent first.
pub fn steps(report: &RunReport) -> Vec<Note> {
    let mut steps = Vec::new();
    let mut say = |about: &str, text: String| steps.push(Note::new(NoteKind::NextStep, about, text));
    let changed = report.cells.iter().filter(|c| c.change != Change::Same).count();
    let guests = report.notes.iter().filter(|n| {
        matches!(n.kind, NoteKind::GuestNew | NoteKind::GuestChanged | NoteKind::GuestChangedWithToolchain)
    });
    let pending = changed + guests.count();
    if pending > 0 && report.command == "run-all" {
        say("1", format!("`cargo xtask accept` accepts the {pending} new or changed snapshots if they are right"));
    }
    if let Some(code) = report.cells.iter().filter(|c| c.verdict != Verdict::Pass).find_map(|c| c.code) {
        say(
            "2",
            format!(
                "`cargo xtask explain {code}` explains this code (or any other): what it means and what would change it"
            ),
        );
    }
    if report.notes.iter().any(|n| n.kind == NoteKind::Missing) {
        say("3", "`cargo xtask doctor` lists what is missing and how to install it".to_owned());
    }
    steps
}

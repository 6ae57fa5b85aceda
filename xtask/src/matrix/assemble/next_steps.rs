//! The tools that are missing on this machine, and the next steps.

use std::collections::{BTreeMap, BTreeSet};

use crate::cell::{sandbox, temp_dir};
use crate::matrix::{Row, inherited_limits_text};
use wasmlab_model::report::{Note, NoteKind, RunReport, RuntimeInfo};
use wasmlab_model::scenario::Scenario;
use wasmlab_model::verdict::{Change, Verdict};

/// The words around the names of scenarios in a note on prebuilt guests.
const PREBUILT: &str = "prebuilt guests are used for ";
const FROM_SOURCE: &str = "; to build them from source: ";

/// Joins the notes on prebuilt guests of several partial runs: one for each missing tool, with all scenarios.
pub fn join_prebuilt(notes: &mut Vec<Note>) {
    let mut joined: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    notes.retain(|note| {
        let rest = note.text.strip_prefix(PREBUILT).filter(|_| note.kind == NoteKind::Missing);
        let Some((names, how)) = rest.and_then(|rest| rest.split_once(FROM_SOURCE)) else { return true };
        let all = joined.entry((note.subject.clone(), how.to_owned())).or_default();
        all.extend(names.split(", ").map(str::to_owned));
        false
    });
    notes.extend(joined.into_iter().map(|((subject, how), names)| {
        let names: Vec<String> = names.into_iter().collect();
        Note { kind: NoteKind::Missing, subject, text: format!("{PREBUILT}{}{FROM_SOURCE}{how}", names.join(", ")) }
    }));
}

/// A note for each absent column, one for each tool whose guests were replaced by prebuilt ones, and one if only
/// runtimes are missing.
pub fn missing(runtimes: &[RuntimeInfo], rows: &[Option<Row>], scenarios: &[Scenario]) -> Vec<Note> {
    let absent = runtimes.iter().filter(|r| r.tool.is_absent()).filter_map(|r| {
        let text = r.tool.missing.clone()?;
        Some(Note { kind: NoteKind::Missing, subject: r.id.clone(), text })
    });
    let mut prebuilt: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
    for (row, scenario) in rows.iter().zip(scenarios) {
        if let Some(missing) = row.as_ref().and_then(|r| r.guest.as_ref().ok()).and_then(|g| g.missing.as_ref()) {
            prebuilt.entry((missing.what.clone(), missing.remedy.clone())).or_default().push(&scenario.name);
        }
    }
    let prebuilt = prebuilt.into_iter().map(|((what, how), names)| Note {
        kind: NoteKind::Missing,
        subject: what,
        text: format!("{PREBUILT}{}{FROM_SOURCE}{how}", names.join(", ")),
    });
    let sandbox = sandbox::warning().map(|text| Note {
        kind: NoteKind::Missing,
        subject: "sandbox".to_owned(),
        text: text.to_owned(),
    });
    let stayed = temp_dir::take_leftovers().into_iter().map(|text| Note {
        kind: NoteKind::Missing,
        subject: "temporary folder".to_owned(),
        text,
    });
    let limits = inherited_limits_text().map(|text| Note {
        kind: NoteKind::Missing,
        subject: "resource limits".to_owned(),
        text,
    });
    absent.chain(prebuilt).chain(sandbox).chain(limits).chain(stayed).collect()
}

/// The next steps, most urgent first.
pub fn steps(report: &RunReport) -> Vec<Note> {
    let mut steps = Vec::new();
    let mut say =
        |about: &str, text: String| steps.push(Note { kind: NoteKind::NextStep, subject: about.to_owned(), text });
    let changed = report.cells.iter().filter(|c| c.change != Change::Same).count();
    let artifacts = report.notes.iter().filter(|n| {
        matches!(n.kind, NoteKind::ArtifactNew | NoteKind::ArtifactChanged | NoteKind::ArtifactChangedWithToolchain)
    });
    let pending = changed + artifacts.count();
    if pending > 0 && report.command == "run-all" {
        say("1", format!("`cargo xtask bless` accepts the {pending} new or changed snapshots if they are right"));
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

//! Absent runtimes of a `check`. A browser may be installed but not start, for example because a folder of the user is
//! not writable. Its columns are then absent, like those of other programs that do not answer. In a run of the lab's
//! own scenarios, they are errors instead, so that no result is lost unnoticed. Runtimes that were selected by name but
//! are absent get a note: otherwise, a check that names one would be green without ever running it.

use wasmlab_model::report::{Cell, Note, NoteKind, RunReport, RuntimeInfo};
use wasmlab_model::verdict::Verdict;
use wasmlab_protocol::browser_start;
use wasmlab_runtimes::{self as runtimes, Source};

/// Marks a column as absent if its browser started in none of its cells, and notes why.
pub fn mark_unstartable(report: &mut RunReport) {
    let mut notes = Vec::new();
    for column in &mut report.runtimes {
        let runtime = runtimes::all().iter().find(|runtime| runtime.id() == column.id);
        let Some(Source::Driver { program, .. }) = runtime.map(|runtime| runtime.source) else { continue };
        let is_asked = |cell: &&mut Cell| {
            cell.runtime == column.id && (cell.verdict == Verdict::Error || cell.verdict.is_measured())
        };
        let mut cells: Vec<&mut Cell> = report.cells.iter_mut().filter(is_asked).collect();
        let Some(first) = cells.first() else { continue };
        if !cells.iter().all(|cell| did_not_start(cell)) {
            continue;
        }
        let remedy = format!("start it by hand to see what is wrong, or name another one in {}", program.variable);
        let reason = format!("{}; {remedy}", first.detail);
        let text = format!("it counts as not installed: {reason}");
        notes.push(Note::new(NoteKind::RuntimeAbsent, column.id.clone(), text));
        column.tool.missing = Some(reason);
        column.tool.present = false;
        for cell in &mut cells {
            (cell.verdict, cell.remedy) = (Verdict::Absent, Some(remedy.clone()));
        }
    }
    report.notes.extend(notes);
}

/// Notes the runtimes that were selected by name and are absent.
pub fn note_selected(report: &mut RunReport, selected: &[String]) {
    let is_noted =
        |id: &str| report.notes.iter().any(|note| note.kind == NoteKind::RuntimeAbsent && note.subject == id);
    let absent = report.runtimes.iter().filter(|column| column.tool.is_absent() && selected.contains(&column.id));
    let note = |column: &RuntimeInfo| {
        let why = column.tool.missing.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        Note::new(NoteKind::RuntimeAbsent, column.id.clone(), format!("selected by name, but not installed{why}"))
    };
    let notes: Vec<Note> = absent.filter(|column| !is_noted(&column.id)).map(note).collect();
    report.notes.extend(notes);
}

/// The driver reports this as an `engine-error`, like its other failures; the protocol has no cause for it.
fn did_not_start(cell: &Cell) -> bool {
    cell.verdict == Verdict::Error && browser_start::MESSAGES.iter().any(|message| cell.detail.contains(message))
}

#[cfg(test)]
mod tests {
    use super::mark_unstartable;
    use crate::exit;
    use wasmlab_model::verdict::{Change, Verdict};

    /// The exit code of a check on a runtime that passes and on Firefox with this error, and whether Firefox is here.
    fn check(detail: &str, required: bool) -> (u8, bool) {
        let mut report = crate::sample::report();
        report.command = "check".to_owned();
        report.notes.clear();
        let name = report.scenarios[0].name.clone();
        report.cells.retain(|cell| cell.scenario == name);
        report.cells.truncate(1);
        report.scenarios.truncate(1);
        report.guests.retain(|guest| guest.scenario == name);
        let pass = &mut report.cells[0];
        (pass.verdict, pass.code, pass.change, pass.prediction) = (Verdict::Pass, None, Change::New, None);
        let mut firefox = pass.clone();
        firefox.runtime = "firefox".to_owned();
        (firefox.verdict, firefox.detail, firefox.required) = (Verdict::Error, detail.to_owned(), required);
        report.cells.push(firefox);
        let mut column = report.runtimes[0].clone();
        (column.id, column.tool.present) = ("firefox".to_owned(), true);
        report.runtimes.push(column);
        mark_unstartable(&mut report);
        (exit::for_report(&report), report.runtimes.last().is_some_and(|column| column.tool.present))
    }

    #[test]
    fn a_browser_that_does_not_start_is_absent() {
        for why in [
            "exited at startup with exit status: 1",
            "did not open its debugging port within 60 s",
            "cannot be started: x",
        ] {
            let detail = format!("the engine failed: /usr/bin/firefox {why}");
            assert_eq!(check(&detail, false), (exit::OK, false), "{why}");
            assert_eq!(check(&detail, true), (exit::REGRESSION, false), "{why}");
        }
        assert_eq!(check("the engine failed: the page went silent", false), (exit::INTERNAL_ERROR, true));
    }
}

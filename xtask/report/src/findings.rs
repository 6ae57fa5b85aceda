//! Everything in a report that needs attention, most important first. A run's exit code and all formats for CI
//! (annotations, JUnit, summaries, badges) are derived from this list, so that they cannot disagree.

use std::cmp::Reverse;

use wasmlab_model::report::{Cell, FileLine, Note, NoteKind, Partition, RunReport};
use wasmlab_model::verdict::{Change, Verdict};

use super::text::GuestNames;
use super::{predicted, text};
pub use groups::{FindingGroup, grouped};
pub use rules::is_open;
use rules::{in_check, in_run};

mod groups;
mod rules;

/// How serious a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It does not affect the exit code.
    Warning,
    /// It makes the exit code 1.
    Failure,
    /// The lab itself failed: exit code 3.
    LabError,
}

/// Kinds of findings, most important last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// The report does not cover everything that was requested.
    Partial,
    /// No result: the lab cannot test it yet, or needs another option.
    NotAttempted,
    /// A note for the reader.
    Noted,
    /// A gap that has no snapshot yet.
    NewGap,
    /// A gap or a wrong result is gone, so the accepted result is out of date.
    Fixed,
    /// There is no guest to run.
    NotBuilt,
    /// Another reason than before.
    Different,
    /// A note that makes the exit code 1.
    FailingNote,
    /// A budget is exceeded.
    OverBudget,
    /// A runtime loads the guest, which has no program to run.
    OnlyLoads,
    /// A runtime that could run the guest does not.
    Gap,
    /// It runs nowhere.
    Nowhere,
    /// The file is neither a module nor a component.
    InvalidFile,
    /// A wrong result, or a misbehaviour.
    Failed,
    /// A runtime that is required does not run the guest.
    Required,
    /// It passed before.
    Worse,
    /// A run contradicts what was predicted from the profile of the same version.
    Contradicted,
    /// The lab failed.
    LabError,
}

impl FindingKind {
    /// The heading of a list of findings of this kind.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Partial => "not complete",
            Self::NotAttempted => "not attempted",
            Self::Noted => "note",
            Self::NewGap => "new gap",
            Self::Fixed => "better than accepted",
            Self::NotBuilt => "not built",
            Self::Different => "another reason",
            Self::FailingNote => "out of date",
            Self::OverBudget => "over budget",
            Self::OnlyLoads => "only loads",
            Self::Gap => "does not run",
            Self::Nowhere => "runs nowhere",
            Self::InvalidFile => "invalid file",
            Self::Failed => "wrong result",
            Self::Required => "required",
            Self::Worse => "worse",
            Self::Contradicted => "prediction contradicted",
            Self::LabError => "the lab failed",
        }
    }
}

/// One thing that needs attention.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding<'a> {
    /// How serious it is.
    pub severity: Severity,
    /// Its kind.
    pub kind: FindingKind,
    /// The scenario's name, or the subject of a note.
    pub guest: &'a str,
    /// The cell, if it is about one.
    pub cell: Option<&'a Cell>,
    /// One line: `app.wasm on wasmi: unsupported-proposal (tail-call)`.
    pub title: String,
    /// The details in one line; may contain text from a guest or a runtime.
    pub text: String,
    /// The lab's remedy.
    pub remedy: Option<&'a str>,
    /// The entry of the user's file that it is about.
    pub location: Option<&'a FileLine>,
}

/// Every finding: the lab's errors first, then what makes the exit code 1, then warnings; among those the most
/// important kind first, in the order of the report.
#[must_use]
pub fn findings(report: &RunReport) -> Vec<Finding<'_>> {
    let names = GuestNames::of(report);
    let mut found: Vec<Finding> = Vec::new();
    let is_run = !is_outside_matrix(report);
    for cell in &report.cells {
        let judged = if is_run { in_run(report, cell) } else { in_check(report, cell) };
        let Some((severity, kind)) = judged else { continue };
        if !cell.is_of_invalid_file() {
            found.push(cell_finding(&names, cell, severity, kind));
        } else if !found.iter().any(|other| other.kind == kind && other.guest == cell.scenario) {
            // An invalid file is one finding, whatever the number of runtimes, and is not about any of them.
            let (title, text) = (names.guest_name(&cell.scenario).to_owned(), cell.detail.clone());
            let remedy = cell.remedy.as_deref();
            found.push(Finding {
                severity,
                kind,
                guest: &cell.scenario,
                cell: None,
                title,
                text,
                remedy,
                location: None,
            });
        }
    }
    found.extend(report.cells.iter().filter_map(|cell| contradicted(report, &names, cell)));
    // A suite's test that no runtime runs is not a finding of its own, and an interrupted run proves nothing about the
    // runtimes that it did not reach.
    if !is_run && report.command != "suite" && !report.interrupted {
        found.extend(nowhere(report, &names, &found));
    }
    found.extend(report.notes.iter().filter_map(note_finding));
    let interrupted = "interrupted: the cells that were not reached are left out";
    let of_partition =
        |partition: Partition| format!("it has the scenarios of partition {partition}; `merge` joins the parts");
    let partial = report.interrupted.then(|| interrupted.to_owned());
    for text in partial.into_iter().chain(report.selected.partition.map(of_partition)) {
        let title = "this report is partial".to_owned();
        let (severity, kind) = (Severity::Warning, FindingKind::Partial);
        found.push(Finding { severity, kind, guest: "", cell: None, title, text, remedy: None, location: None });
    }
    found.sort_by_key(|finding| Reverse((finding.severity, finding.kind)));
    found
}

/// Whether the report is not about the lab's matrix, but about the user's files, a suite, or one cell.
#[must_use]
pub fn is_outside_matrix(report: &RunReport) -> bool {
    matches!(report.command.as_str(), "check" | "run-one" | "suite")
}

/// The reasons for exit code 1 (or 3) in one line: `2 × worse, 1 × over budget`; `None` if there are none.
#[must_use]
pub fn reason(found: &[Finding]) -> Option<String> {
    let mut counts: Vec<(FindingKind, usize)> = Vec::new();
    for finding in found.iter().filter(|f| f.severity >= Severity::Failure) {
        match counts.iter_mut().find(|(kind, _)| *kind == finding.kind) {
            Some((_, count)) => *count += 1,
            None => counts.push((finding.kind, 1)),
        }
    }
    let parts: Vec<String> = counts.iter().map(|(kind, count)| format!("{count} × {}", kind.title())).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Files that no runtime runs, although no single runtime has to: one finding per file.
fn nowhere<'a>(report: &'a RunReport, names: &GuestNames, found: &[Finding]) -> Vec<Finding<'a>> {
    let mut nowhere = Vec::new();
    for scenario in &report.scenarios {
        let cells = || report.cells.iter().filter(|c| c.scenario == scenario.name);
        let is_reported = found.iter().any(|f| f.guest == scenario.name && f.severity >= Severity::Failure);
        // A file that is in the baseline did not run anywhere there, either.
        let is_old = report.baseline.is_some() && cells().any(|c| c.change != Change::New);
        let is_open = is_open(report, &scenario.name);
        if is_reported || is_old || is_open || cells().any(|c| c.verdict == Verdict::Pass) {
            continue;
        }
        let Some(first) = cells().find(|c| c.verdict.is_measured()) else { continue };
        let (severity, kind) = (Severity::Failure, FindingKind::Nowhere);
        let title = format!("{} runs on none of the runtimes that were tested", names.guest_name(&scenario.name));
        let text = format!("{}: {}", first.runtime, first.detail);
        let remedy = first.remedy.as_deref();
        nowhere.push(Finding {
            severity,
            kind,
            guest: &scenario.name,
            cell: None,
            title,
            text,
            remedy,
            location: None,
        });
    }
    nowhere
}

fn title(names: &GuestNames, cell: &Cell, runtimes: &str) -> String {
    let why = match (cell.code, &cell.subject) {
        (Some(code), Some(subject)) => format!("{code} ({subject})"),
        (Some(code), None) => code.id().to_owned(),
        (None, _) if cell.passes_with_switch() => format!("pass with {}", cell.switches.join(" + ")),
        (None, _) => cell.verdict.id().to_owned(),
    };
    format!("{} on {runtimes}: {why}", names.guest_name(&cell.scenario))
}

fn cell_finding<'a>(names: &GuestNames, cell: &'a Cell, severity: Severity, kind: FindingKind) -> Finding<'a> {
    let title = title(names, cell, &cell.runtime);
    let was = cell.accepted_result.as_ref().map(|was| format!("was {was}; ")).unwrap_or_default();
    let text = format!("{was}{}", cell.detail);
    let remedy = cell.remedy.as_deref().filter(|_| cell.verdict != Verdict::Pass);
    Finding { severity, kind, guest: &cell.scenario, cell: Some(cell), title, text, remedy, location: None }
}

/// A prediction that the run of the same version contradicts: the lab is wrong, whatever is to blame for the result.
fn contradicted<'a>(report: &RunReport, names: &GuestNames, cell: &'a Cell) -> Option<Finding<'a>> {
    let prediction = cell.prediction.as_ref().filter(|_| predicted::is_lab_error(report, cell))?;
    let observed = text::result(cell);
    let text = format!(
        "predicted {}; observed {observed}: the prediction is wrong, which is a bug in the lab; the result is valid",
        prediction.summary()
    );
    let title = format!("{} on {}: predicted {}", names.guest_name(&cell.scenario), cell.runtime, prediction.summary());
    let (severity, kind) = (Severity::LabError, FindingKind::Contradicted);
    Some(Finding { severity, kind, guest: &cell.scenario, cell: Some(cell), title, text, remedy: None, location: None })
}

/// The text with the remedy, if there is one.
#[must_use]
pub fn with_remedy(text: &str, remedy: Option<&str>) -> String {
    remedy.map_or_else(|| text.to_owned(), |remedy| format!("{text} → {remedy}"))
}

fn note_finding(note: &Note) -> Option<Finding<'_>> {
    let (severity, kind) = match note.kind {
        NoteKind::SnapshotUnusable => (Severity::LabError, FindingKind::LabError),
        NoteKind::OverBudget => (Severity::Failure, FindingKind::OverBudget),
        kind if kind.fails_run() => (Severity::Failure, FindingKind::FailingNote),
        NoteKind::SnapshotOrphan
        | NoteKind::GuestChangedWithToolchain
        | NoteKind::AllowanceUnused
        | NoteKind::RequirementUnchecked
        | NoteKind::RuntimeAbsent
        | NoteKind::PredictionOfOtherVersion
        | NoteKind::NotCompared
        | NoteKind::GuestDiffersFromBaseline => (Severity::Warning, FindingKind::Noted),
        _ => return None,
    };
    Some(Finding {
        severity,
        kind,
        guest: &note.subject,
        cell: None,
        title: note.subject.clone(),
        text: note.text.clone(),
        remedy: None,
        location: note.location.as_ref(),
    })
}

#[cfg(test)]
mod tests {
    use super::{FindingKind, Severity, findings, reason};
    use crate::sample;
    use wasmlab_model::codes::Code;
    use wasmlab_model::report::{Cell, Note, NoteKind, RunReport};
    use wasmlab_model::verdict::{Change, Verdict};

    fn check(change: impl FnOnce(&mut RunReport), expected: &[(Severity, FindingKind)]) {
        let mut report = sample::report();
        report.notes.clear();
        report.cells.truncate(2);
        report.cells[1].verdict = Verdict::Pass;
        report.cells.iter_mut().for_each(|cell| (cell.change, cell.code) = (Change::Same, None));
        change(&mut report);
        let found: Vec<_> = findings(&report).iter().map(|f| (f.severity, f.kind)).collect();
        assert_eq!(found, expected);
    }

    fn gap(cell: &mut Cell, code: Code) {
        (cell.verdict, cell.code) = (code.entry().verdict, Some(code));
    }

    #[test]
    fn a_run_is_judged_by_its_changes() {
        use Severity::{Failure, LabError, Warning};
        check(|_| (), &[]);
        check(|r| gap(&mut r.cells[0], Code::Trap), &[]);
        check(|r| r.cells[0].change = Change::FixedGap, &[(Failure, FindingKind::Fixed)]);
        check(
            |r| {
                r.cells[0].change = Change::Different;
                (r.cells[1].change, r.interrupted) = (Change::Worse, true);
                let note = |kind| Note::new(kind, "a", "b");
                r.notes = vec![note(NoteKind::SnapshotOrphan), note(NoteKind::SnapshotUnusable)];
            },
            &[
                (LabError, FindingKind::LabError),
                (Failure, FindingKind::Worse),
                (Failure, FindingKind::Different),
                (Warning, FindingKind::Noted),
                (Warning, FindingKind::Partial),
            ],
        );
    }

    #[test]
    fn a_file_has_to_run_where_it_could() {
        use Severity::{Failure, Warning};
        let file = |change: &dyn Fn(&mut RunReport), expected: &[(Severity, FindingKind)]| {
            check(
                |report| {
                    report.command = "check".to_owned();
                    change(report);
                },
                expected,
            );
        };
        file(&|_| (), &[]);
        file(&|r| gap(&mut r.cells[0], Code::UnsupportedProposal), &[(Failure, FindingKind::Gap)]);
        file(&|r| gap(&mut r.cells[0], Code::WrongExit), &[(Failure, FindingKind::Failed)]);
        file(&|r| gap(&mut r.cells[0], Code::NeedsComponentModel), &[]);
        let no_wasi = |cell: &mut Cell| {
            gap(cell, Code::MissingImport);
            cell.missing_abi = Some("WASI".to_owned());
        };
        file(&|r| no_wasi(&mut r.cells[0]), &[]);
        file(&|r| gap(&mut r.cells[0], Code::MissingImport), &[(Failure, FindingKind::Gap)]);
        // No runtime has to run it, and none does.
        file(&|r| r.cells.iter_mut().for_each(no_wasi), &[(Failure, FindingKind::Nowhere)]);
        file(
            &|r| (r.cells[0].required, r.cells[0].verdict) = (true, Verdict::Absent),
            &[(Failure, FindingKind::Required)],
        );
        let allowed = |r: &mut RunReport| {
            gap(&mut r.cells[0], Code::UnsupportedProposal);
            r.cells[0].known = Some("it may".to_owned());
        };
        file(&allowed, &[]);
        file(&|r| (allowed(r), r.cells[0].required = true).0, &[(Failure, FindingKind::Required)]);
        file(&|r| r.cells[0].verdict = Verdict::NotAttempted, &[(Warning, FindingKind::NotAttempted)]);
    }

    #[test]
    fn the_reason_counts_what_fails() {
        let mut report = sample::report();
        assert_eq!(reason(&findings(&report)).as_deref(), Some("1 × worse"));
        report.cells.clear();
        assert_eq!(reason(&findings(&report)), None);
    }
}

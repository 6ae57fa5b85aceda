//! The reasons for the exit code.

use super::AnswerText;
use crate::findings::{self, Severity, findings, grouped};
use crate::table::{BOLD, RED, YELLOW};
use crate::{library, predicted};
use wasmlab_model::names;
use wasmlab_model::report::{Cell, NoteKind, RunReport};
use wasmlab_model::verdict::Verdict;

/// With more cells than this for one reason, the line about the exit code gives their number instead of their names.
const MAX_CELLS_NAMED: usize = 4;

impl AnswerText<'_> {
    /// The reasons for exit code 1, and the other differences from a baseline.
    pub fn failing(&mut self) {
        let report = self.report;
        let groups = grouped(report, &findings(report));
        // An invalid file is reported above, and its exit code is 2.
        let is_failure = |group: &&findings::FindingGroup| {
            group.finding.severity == Severity::Failure && group.finding.kind != findings::FindingKind::InvalidFile
        };
        let failing: Vec<_> = groups.iter().filter(is_failure).collect();
        let changed = report.notes.iter().filter(|note| note.kind == NoteKind::GuestDiffersFromBaseline);
        let changed: Vec<String> = changed.map(|note| format!("{} {}", note.subject, note.text)).collect();
        if !(failing.is_empty() && changed.is_empty()) {
            self.out.push('\n');
        }
        for (index, text) in changed.iter().enumerate() {
            self.part(BOLD, if index == 0 { "changed" } else { "" }, text);
        }
        // An error of the lab and an invalid file are more serious reasons.
        let is_lab_error = |g: &findings::FindingGroup| g.finding.severity == Severity::LabError;
        let invalid: Vec<&str> = invalid_files(report).map(|scenario| self.guest(scenario)).collect();
        let label = if groups.iter().any(is_lab_error) || !invalid.is_empty() { "failed" } else { "exit code 1" };
        let invalid = (!invalid.is_empty() && !failing.is_empty()).then(|| names::listed(&invalid));
        let mut shown: Vec<String> = Vec::new();
        for (index, findings::FindingGroup { finding, cells }) in failing.into_iter().enumerate() {
            let kind = finding.kind.title();
            let text = match cells.as_slice() {
                [] => format!("{kind}: {}: {}", finding.title, finding.text),
                // The details of cells are shown above.
                cells => {
                    let guest = self.guest(finding.guest);
                    let ran = |c: &Cell| matches!(c.verdict, Verdict::Pass | Verdict::Fail);
                    let ran = report.cells.iter().any(|c| c.scenario == finding.guest && ran(c));
                    if !ran && cells.iter().all(|cell| library::lacks_only_entry_point(report, cell)) {
                        let facts = report.guest(finding.guest).and_then(|guest| guest.facts.as_ref());
                        let is_callable = facts.is_some_and(|facts| facts.callable_exports().next().is_some());
                        let call = if is_callable { ", --invoke calls an export" } else { "" };
                        format!("nothing was called: {guest} only loads; --load accepts that{call}")
                    } else if cells.len() > MAX_CELLS_NAMED {
                        format!("{kind}: {guest} on {} runtimes, see above", cells.len())
                    } else {
                        format!("{kind}: {}", finding.title)
                    }
                }
            };
            // For a library, every reason why nothing was called has the same text.
            if !shown.contains(&text) {
                self.part(RED, if index == 0 { label } else { "" }, &text);
                shown.push(text);
            }
        }
        if let Some(files) = invalid.filter(|_| !groups.iter().any(is_lab_error)) {
            self.part(RED, "exit code 2", &format!("invalid: {files}, see above"));
        }
    }

    /// The reasons for exit code 3.
    pub fn lab_errors(&mut self) {
        let report = self.report;
        let wrong = predicted::contradictions(report).into_iter();
        let wrong = wrong.map(|line| {
            format!("{line}; the prediction is wrong: please report this bug in the lab. The result is valid.")
        });
        let notes = report.notes.iter().filter(|note| note.kind == NoteKind::SnapshotUnusable);
        let notes = notes.map(|note| format!("{}: {}", note.subject, note.text));
        let failed = report.cells.iter().filter(|cell| cell.verdict == Verdict::Error).count();
        let failed = match failed {
            0 => None,
            1 => Some("a result is missing, see above".to_owned()),
            n => Some(format!("{n} results are missing, see above")),
        };
        for (index, text) in failed.into_iter().chain(notes).chain(wrong).enumerate() {
            self.part(RED, if index == 0 { "exit code 3" } else { "" }, &format!("lab error: {text}"));
        }
    }

    /// Entries of wasmlab.toml without an effect, selected runtimes that are not installed, and what was not compared
    /// with the baseline.
    pub fn warnings(&mut self) {
        let is_warning = |kind| {
            matches!(
                kind,
                NoteKind::AllowanceUnused
                    | NoteKind::RequirementUnchecked
                    | NoteKind::RuntimeAbsent
                    | NoteKind::NotCompared
            )
        };
        let warnings: Vec<_> = self.report.notes.iter().filter(|note| is_warning(note.kind)).collect();
        if !warnings.is_empty() {
            self.out.push('\n');
        }
        for (index, note) in warnings.into_iter().enumerate() {
            self.part(YELLOW, if index == 0 { "warning" } else { "" }, &format!("{}: {}", note.subject, note.text));
        }
    }

    /// The reason for exit code 4: nothing failed, and nothing was run to its end.
    pub fn nothing_run(&mut self) {
        let report = self.report;
        let is_failure = |finding: &findings::Finding| finding.severity >= Severity::Failure;
        let mut cells = report.cells.iter();
        let is_answer = |cell: &Cell| cell.verdict.is_measured() && !findings::is_open(report, &cell.scenario);
        if report.interrupted || cells.any(is_answer) || findings(report).iter().any(is_failure) {
            return;
        }
        let why = if report.cells.iter().any(|c| c.verdict == Verdict::NotAttempted) {
            "no runtime was tested: the reasons are above"
        } else {
            "nothing was run: no runtime that could run it is installed"
        };
        self.out.push('\n');
        self.part(YELLOW, "exit code 4", why);
    }
}

/// The scenarios whose file is not a valid binary.
fn invalid_files(report: &RunReport) -> impl Iterator<Item = &str> {
    let is_invalid =
        |scenario: &&str| report.cells.iter().any(|cell| cell.scenario == **scenario && cell.is_of_invalid_file());
    report.scenarios.iter().map(|scenario| scenario.name.as_str()).filter(is_invalid)
}

//! Compares a run with the predictions: one line of counts, and one line per contradiction.

use wasmlab_model::codes::Code;
use wasmlab_model::names::first_listed_of;
use wasmlab_model::prediction::{Agreement, CellPrediction, PredictedOutcome};
use wasmlab_model::report::{Cell, RunReport};
use wasmlab_model::verdict::Verdict;

use super::findings::is_outside_matrix;
use super::text::{GuestNames, result};

/// Cells with a prediction that was compared with a result.
fn compared(report: &RunReport) -> impl Iterator<Item = (&Cell, &CellPrediction)> {
    let of = |cell| predicted(cell).filter(|prediction| prediction.agreement != Agreement::NotRun);
    report.cells.iter().filter_map(move |cell| Some((cell, of(cell)?)))
}

fn predicted(cell: &Cell) -> Option<&CellPrediction> {
    cell.prediction.as_ref()
}

/// Predictions for a guest on runtimes that are not installed, each with its runtimes, such as `wasmedge 0.17.1`.
pub fn on_absent_runtimes(report: &RunReport, scenario: &str) -> Vec<(String, Vec<String>)> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for cell in report.cells.iter().filter(|cell| cell.scenario == scenario) {
        let Some(prediction) = predicted(cell).filter(|prediction| prediction.agreement == Agreement::NotRun) else {
            continue;
        };
        let version = prediction.profile_version.as_deref().unwrap_or_default();
        let (summary, runtime) = (prediction.summary(), format!("{} {version}", cell.runtime));
        match groups.iter_mut().find(|(known, _)| *known == summary) {
            Some((_, runtimes)) => runtimes.push(runtime),
            None => groups.push((summary, vec![runtime])),
        }
    }
    groups
}

/// `predictions: 849 of 999 match; 83 depend on the program alone, 8 with a different subject or switches; 36 undecided; 3 contradict (2 accepted)`;
/// `None` if nothing was predicted.
pub fn tally(report: &RunReport) -> Option<String> {
    let all = compared(report).count();
    if all == 0 {
        return None;
    }
    let count = |of: Agreement| compared(report).filter(|(_, prediction)| prediction.agreement == of).count();
    let other = [
        (Agreement::OwnResult, "depend on the program alone"),
        (Agreement::OtherSubject, "with a different subject or switches"),
    ];
    let other = other.map(|(of, what)| (count(of), what));
    let other: Vec<String> = other.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    let other = if other.is_empty() { String::new() } else { format!("; {}", other.join(", ")) };
    let accepted = compared(report).filter(|(_, prediction)| prediction.accepted_because.is_some()).count();
    let is_of_other_version = |prediction: &CellPrediction| {
        let is_open = prediction.agreement == Agreement::Contradicts && prediction.accepted_because.is_none();
        is_open && prediction.profile_version.is_some()
    };
    let of_other_version = compared(report).filter(|(_, prediction)| is_of_other_version(prediction)).count();
    let excused = [(accepted, "accepted"), (of_other_version, "for another version of the runtime")];
    let excused: Vec<String> = excused.iter().filter(|(n, _)| *n > 0).map(|(n, why)| format!("{n} {why}")).collect();
    let excused = if excused.is_empty() { String::new() } else { format!(" ({})", excused.join(", ")) };
    Some(format!(
        "predictions: {} of {all} match{other}; {} undecided; {} contradict{excused}",
        count(Agreement::Same),
        count(Agreement::Undecided),
        count(Agreement::Contradicts),
    ))
}

/// Whether the lab is wrong about a cell. A runtime that starts a guest may have a fault that only this guest triggers:
/// for a user's file, that is a result and not an error of the lab.
pub fn is_lab_error(report: &RunReport, cell: &Cell) -> bool {
    let at_run_time = cell.is_linked() && matches!(cell.verdict, Verdict::Fail | Verdict::Gap);
    let starts = |prediction: &CellPrediction| prediction.outcome != PredictedOutcome::Fails;
    let prediction = cell.prediction.as_ref().filter(|prediction| prediction.is_lab_error());
    prediction.is_some_and(|prediction| !(is_outside_matrix(report) && at_run_time && starts(prediction)))
}

/// Cells about which the lab is wrong: `hello on wasmi: predicted runs; observed gap trap (stage run, blame guest)`.
pub fn contradictions(report: &RunReport) -> Vec<String> {
    let names = GuestNames::of(report);
    let wrong = compared(report).filter(|(cell, _)| is_lab_error(report, cell));
    let line = |(cell, prediction): (&Cell, &CellPrediction)| {
        let guest = names.guest_name(&cell.scenario);
        format!("{guest} on {}: predicted {}; observed {}", cell.runtime, prediction.summary(), result(cell))
    };
    wrong.map(line).collect()
}

/// Each accepted contradiction, with its reason.
pub fn accepted(report: &RunReport) -> Vec<String> {
    let names = GuestNames::of(report);
    let line = |(cell, prediction): (&Cell, &CellPrediction)| {
        let why = prediction.accepted_because.as_ref()?;
        let guest = names.guest_name(&cell.scenario);
        Some(format!("{guest} on {}: predicted {}; {why}", cell.runtime, prediction.summary()))
    };
    compared(report).filter_map(line).collect()
}

/// Maximum number of missing imports that [`lacking`] names.
const MAX_NAMED: usize = 3;

/// The imports that a runtime lacks, if there are several: a runtime names only the first of them, its profile names
/// all.
pub fn lacking(cell: &Cell) -> Option<String> {
    let prediction = cell.prediction.as_ref().filter(|prediction| prediction.outcome == PredictedOutcome::Fails)?;
    // Imports that no runtime defines, or that a runtime lacks together with all of WASI, need no list.
    let is_same =
        prediction.code == Some(Code::MissingImport) && prediction.code == cell.code && cell.missing_abi.is_none();
    let all = prediction.missing_imports.len() + prediction.omitted;
    let named = || first_listed_of(&prediction.missing_imports, MAX_NAMED, all);
    (is_same && all > 1).then(|| format!("by its profile, {} lacks {}", cell.runtime, named()))
}

/// The heading of [`contradictions`].
pub const WRONG: &str = "wrong predictions (bugs in the lab; the results are valid)";

#[cfg(test)]
mod tests {
    use super::{accepted, contradictions, tally};
    use crate::sample;
    use wasmlab_model::prediction::{Agreement, CellPrediction, PredictedOutcome};
    use wasmlab_model::report::RunReport;

    fn predicted(report: &mut RunReport, at: usize, agreement: Agreement) -> &mut CellPrediction {
        report.cells[at].prediction.insert(CellPrediction {
            outcome: PredictedOutcome::Runs,
            code: None,
            subject: None,
            uncertain: Vec::new(),
            missing_imports: Vec::new(),
            omitted: 0,
            switches: Vec::new(),
            agreement,
            profile_version: None,
            accepted_because: None,
        })
    }

    #[test]
    fn numbers_and_contradictions() {
        let mut report = sample::report();
        report.cells.iter_mut().for_each(|cell| cell.prediction = None);
        assert_eq!(tally(&report), None);
        predicted(&mut report, 0, Agreement::Same);
        assert_eq!(tally(&report).unwrap(), "predictions: 1 of 1 match; 0 undecided; 0 contradict");
        predicted(&mut report, 1, Agreement::Contradicts);
        predicted(&mut report, 3, Agreement::OwnResult);
        assert_eq!(
            tally(&report).unwrap(),
            "predictions: 1 of 3 match; 1 depend on the program alone; 0 undecided; 1 contradict"
        );
        let expected = "hello on wasmtime-winch: predicted runs; observed gap unsupported-proposal (stage run)";
        assert_eq!(contradictions(&report), [expected]);
        // Neither a profile of another version nor an accepted contradiction is an error.
        predicted(&mut report, 1, Agreement::Contradicts).profile_version = Some("1.0".to_owned());
        assert!(contradictions(&report).is_empty() && accepted(&report).is_empty());
        assert!(tally(&report).unwrap().ends_with("; 1 contradict (1 for another version of the runtime)"));
        predicted(&mut report, 1, Agreement::Contradicts).accepted_because = Some("it is old".to_owned());
        assert!(contradictions(&report).is_empty());
        assert_eq!(accepted(&report), ["hello on wasmtime-winch: predicted runs; it is old"]);
        assert!(tally(&report).unwrap().ends_with("; 1 contradict (1 accepted)"));
    }
}

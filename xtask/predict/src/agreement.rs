//! Whether a prediction and a run of the same file agree.

use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::prediction::{Agreement, CellPrediction, PredictedOutcome, UncertaintyKind};
use wasmlab_model::report::Cell;
use wasmlab_model::verdict::Verdict;
use wasmlab_protocol::Stage;

use crate::{Prediction, is_of_linking};
use wasmlab_model::subjects::EXIT_CODE;

/// Maximum number of names in each list of a report; a module may import hundreds.
const MAX_NAMED: usize = 12;

/// The prediction for a cell of a report, compared with the result if the cell was run.
#[must_use]
pub fn cell_prediction(prediction: &Prediction, cell: &Cell) -> CellPrediction {
    let Prediction { outcome, code, subject, switches, uncertain, missing_imports, omitted, .. } = prediction;
    CellPrediction {
        outcome: *outcome,
        code: *code,
        subject: subject.clone(),
        uncertain: uncertain.iter().take(MAX_NAMED).cloned().collect(),
        missing_imports: missing_imports.iter().take(MAX_NAMED).cloned().collect(),
        omitted: omitted + uncertain.len().saturating_sub(MAX_NAMED) + missing_imports.len().saturating_sub(MAX_NAMED),
        switches: switches.clone(),
        agreement: agreement(prediction, cell).unwrap_or(Agreement::NotRun),
        profile_version: None,
        accepted_because: None,
    }
}

/// Compares a prediction with a cell; `None` if the cell was not run.
#[must_use]
pub fn agreement(prediction: &Prediction, cell: &Cell) -> Option<Agreement> {
    if !cell.verdict.is_measured() {
        return None;
    }
    let passed = cell.verdict == Verdict::Pass;
    let by_default = |switches: &[String]| switches.is_empty();
    Some(match prediction.outcome {
        PredictedOutcome::MayFail if prediction.has_uncertain(UncertaintyKind::Unmeasured) => Agreement::Undecided,
        // A switch may be what makes it run.
        PredictedOutcome::MayFail if passed && prediction.has_uncertain(UncertaintyKind::Instruction) => {
            Agreement::Undecided
        }
        // It ran without a switch, and needed a deeper stack.
        PredictedOutcome::Runs | PredictedOutcome::MayFail if passed && trapped_by_default(cell) => {
            Agreement::OwnResult
        }
        // The run without a switch decides; several switches may have the same effect.
        PredictedOutcome::Runs | PredictedOutcome::MayFail
            if passed && by_default(&prediction.switches) != by_default(&cell.switches) =>
        {
            Agreement::Contradicts
        }
        PredictedOutcome::Runs if passed && prediction.switches == cell.switches => Agreement::Same,
        PredictedOutcome::Runs if passed => Agreement::OtherSubject,
        PredictedOutcome::Runs | PredictedOutcome::MayFail if is_own(cell) => Agreement::OwnResult,
        // It was stopped before it reached the predicted failure.
        PredictedOutcome::Fails if is_of_limits(cell) => Agreement::OwnResult,
        PredictedOutcome::MayFail if passed || is_started(cell) || is_unstarted(prediction, cell) => {
            Agreement::Undecided
        }
        // Its start function ended before an entry point was looked for.
        PredictedOutcome::Fails
            if prediction.code == Some(Code::NoEntryPoint)
                && (cell.code.is_some_and(Code::is_guest_failure)
                    || passed && cell.stage == Some(Stage::Instantiate)) =>
        {
            Agreement::OwnResult
        }
        PredictedOutcome::Fails if cell.code.is_some() && prediction.code == cell.code => {
            if prediction.subject == cell.subject { Agreement::Same } else { Agreement::OtherSubject }
        }
        PredictedOutcome::Fails if is_another_missing(prediction, cell) => Agreement::OtherSubject,
        // It was refused before it reached the predicted failure, for something that was not measured.
        PredictedOutcome::Fails
            if prediction.has_uncertain(UncertaintyKind::Unmeasured)
                && cell.stage.is_some_and(|stage| stage <= Stage::Compile) =>
        {
            Agreement::Undecided
        }
        _ => Agreement::Contradicts,
    })
}

/// Whether several imports are missing, with different codes, and the runtime named another one: jco, for example,
/// leaves out those that a component never uses.
fn is_another_missing(prediction: &Prediction, cell: &Cell) -> bool {
    let names = |import: &String| {
        let rest = cell.subject.as_deref().and_then(|subject| subject.strip_prefix(import.as_str()));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('#'))
    };
    let are_of_linking = prediction.code.is_some_and(is_of_linking) && cell.code.is_some_and(is_of_linking);
    are_of_linking && prediction.missing_imports.iter().any(names)
}

/// Whether the runtime accepted the file and began with its code.
fn is_started(cell: &Cell) -> bool {
    cell.stage.is_none_or(|stage| stage >= Stage::Instantiate)
}

/// Whether the run without switches ended in a trap, such as an exhausted stack.
fn trapped_by_default(cell: &Cell) -> bool {
    cell.default_result.as_deref().is_some_and(|result| result.starts_with(Code::Trap.id()))
}

/// Whether nothing was started, which the prediction left open.
fn is_unstarted(prediction: &Prediction, cell: &Cell) -> bool {
    cell.code == Some(Code::NoEntryPoint) && prediction.has_uncertain(UncertaintyKind::EntryPoint)
}

/// Whether the lab's limit of time, memory or space was reached.
fn is_of_limits(cell: &Cell) -> bool {
    matches!(
        cell.code,
        Some(Code::CompileTimeout | Code::Timeout | Code::OutOfMemory | Code::OutputFlood | Code::DiskFlood)
    )
}

/// Whether the result comes from the program itself or from the lab's limits: reading the file cannot predict either.
fn is_own(cell: &Cell) -> bool {
    match cell.code {
        // Its library refused by itself, without calling a function of the host.
        Some(Code::SocketsUnsupported | Code::ThreadsUnsupported | Code::LibraryUnsupported) => {
            let is_it = |name: &str| Some(name) == cell.subject.as_deref();
            !cell.checks.iter().any(|check| is_it(&check.name) && check.function.is_some())
        }
        _ if is_of_limits(cell) => true,
        // Whether it uses a leak of the runtime is up to the program.
        Some(Code::SandboxEscape) => true,
        // The program chooses its exit code, and the paths that it opens.
        Some(Code::HostRefused) => cell.subject.as_deref() == Some(EXIT_CODE),
        // An exit code with more bits than the runtime passes on.
        Some(Code::WrongExit) if cell.subject.as_deref() == Some(EXIT_CODE) => true,
        Some(Code::CapabilityDenied) => cell.subject.as_deref() == Some("path_open"),
        // The runtime is at fault if the same guest has the right result elsewhere with the same input.
        Some(code) if code.is_guest_failure() => is_started(cell) && !cell.blame.contains(&Blame::Runtime),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{EXIT_CODE, agreement};
    use crate::{Agreement, PredictedOutcome, Prediction, Uncertainty, UncertaintyKind};
    use wasmlab_model::codes::{Blame, Code};
    use wasmlab_model::report::{Cell, RunReport};
    use wasmlab_model::verdict::Verdict;
    use wasmlab_protocol::Stage;

    fn cell(change: impl FnOnce(&mut Cell)) -> Cell {
        let mut report: RunReport = serde_json::from_str(include_str!("../../model/sample.json")).unwrap();
        let mut cell = report.cells.remove(0);
        (cell.verdict, cell.code, cell.subject, cell.stage) = (Verdict::Pass, None, None, Some(Stage::Run));
        cell.checks.clear();
        cell.switches.clear();
        change(&mut cell);
        cell
    }

    fn gap(code: Code, stage: Stage) -> Cell {
        cell(|cell| {
            (cell.verdict, cell.code, cell.stage) = (code.entry().verdict, Some(code), Some(stage));
            cell.blame = code.entry().blame.to_vec();
        })
    }

    fn check(prediction: &Prediction, cell: &Cell, expected: Agreement) {
        let context = (prediction.outcome, cell.verdict, cell.code, cell.stage);
        assert_eq!(agreement(prediction, cell), Some(expected), "{context:?}");
    }

    #[test]
    fn guest_that_is_to_run_fails_only_by_itself() {
        let runs = Prediction::new(PredictedOutcome::Runs);
        check(&runs, &cell(|_| ()), Agreement::Same);
        check(&runs, &gap(Code::MissingImport, Stage::Link), Agreement::Contradicts);
        check(&runs, &gap(Code::ThreadsUnsupported, Stage::Run), Agreement::OwnResult);
        check(&runs, &gap(Code::CompileTimeout, Stage::Compile), Agreement::OwnResult);
        check(&runs, &gap(Code::Trap, Stage::Run), Agreement::OwnResult);
        check(&runs, &gap(Code::Crashed, Stage::Run), Agreement::Contradicts);
        let mut wrong = gap(Code::WrongOutput, Stage::Run);
        check(&runs, &wrong, Agreement::OwnResult);
        wrong.blame = vec![Blame::Runtime];
        check(&runs, &wrong, Agreement::Contradicts);
        let switched = cell(|cell| cell.switches = vec!["--gc".to_owned()]);
        check(&runs, &switched, Agreement::Contradicts);
        check(&Prediction { switches: vec!["--gc".to_owned()], ..runs.clone() }, &switched, Agreement::Same);
        check(&Prediction { switches: vec!["--all".to_owned()], ..runs.clone() }, &switched, Agreement::OtherSubject);
        let about = |code, subject: &str| Cell { subject: Some(subject.to_owned()), ..gap(code, Stage::Run) };
        check(&runs, &about(Code::HostRefused, EXIT_CODE), Agreement::OwnResult);
        check(&runs, &about(Code::SandboxEscape, "fs"), Agreement::OwnResult);
        let cut = Cell { blame: vec![Blame::Runtime], ..about(Code::WrongExit, EXIT_CODE) };
        check(&runs, &cut, Agreement::OwnResult);
        check(&runs, &about(Code::HostRefused, "atomic-wait"), Agreement::Contradicts);
        check(&runs, &about(Code::CapabilityDenied, "path_open"), Agreement::OwnResult);
        check(&runs, &about(Code::CapabilityDenied, "sock_accept"), Agreement::Contradicts);
        let deeper = cell(|cell| {
            cell.switches = vec!["--stack".to_owned()];
            cell.default_result = Some("trap (stack-overflow): too deep".to_owned());
        });
        check(&runs, &deeper, Agreement::OwnResult);
    }

    #[test]
    fn guest_that_may_fail_starts() {
        let may = Prediction::new(PredictedOutcome::MayFail);
        let with = |kind| {
            let uncertain = vec![Uncertainty { kind, name: "new".to_owned() }];
            Prediction { uncertain, ..may.clone() }
        };
        check(&may, &cell(|_| ()), Agreement::Undecided);
        check(&may, &gap(Code::NotImplemented, Stage::Run), Agreement::Undecided);
        check(&may, &gap(Code::UnsupportedProposal, Stage::Compile), Agreement::Contradicts);
        check(&may, &gap(Code::NoEntryPoint, Stage::Link), Agreement::Contradicts);
        let start = with(UncertaintyKind::EntryPoint);
        check(&start, &gap(Code::NoEntryPoint, Stage::Link), Agreement::Undecided);
        let unmeasured = with(UncertaintyKind::Unmeasured);
        check(&unmeasured, &gap(Code::UnsupportedProposal, Stage::Compile), Agreement::Undecided);
        check(&unmeasured, &cell(|cell| cell.switches = vec!["--new".to_owned()]), Agreement::Undecided);
        assert_eq!(agreement(&may, &cell(|cell| cell.verdict = Verdict::Absent)), None);
    }

    #[test]
    fn guest_that_is_to_fail_fails_for_what_was_predicted() {
        let fails = Prediction { code: Some(Code::MissingImport), ..Prediction::new(PredictedOutcome::Fails) };
        check(&fails, &gap(Code::MissingImport, Stage::Link), Agreement::Same);
        check(&fails, &cell(|_| ()), Agreement::Contradicts);
        check(
            &Prediction { subject: Some("a.b".to_owned()), ..fails },
            &gap(Code::MissingImport, Stage::Link),
            Agreement::OtherSubject,
        );
        let two = Prediction {
            subject: Some("wasi:cli/x".to_owned()),
            missing_imports: vec!["wasi:cli/x".to_owned(), "own".to_owned()],
            code: Some(Code::MissingImport),
            ..Prediction::new(PredictedOutcome::Fails)
        };
        let named = |subject: &str| {
            let cell = gap(Code::CustomHost, Stage::Link);
            Cell { subject: Some(subject.to_owned()), ..cell }
        };
        check(&two, &named("own"), Agreement::OtherSubject);
        check(&two, &named("own#f"), Agreement::OtherSubject);
        check(&two, &named("owner"), Agreement::Contradicts);
        let library = Prediction { code: Some(Code::NoEntryPoint), ..Prediction::new(PredictedOutcome::Fails) };
        check(&library, &gap(Code::Trap, Stage::Instantiate), Agreement::OwnResult);
        check(&library, &cell(|cell| cell.stage = Some(Stage::Instantiate)), Agreement::OwnResult);
        check(&library, &cell(|_| ()), Agreement::Contradicts);
        check(&library, &gap(Code::MissingImport, Stage::Link), Agreement::Contradicts);
        let declared = Uncertainty { kind: UncertaintyKind::Unmeasured, name: "declarations of gc".to_owned() };
        let open = Prediction { uncertain: vec![declared], ..library.clone() };
        check(&open, &gap(Code::UnsupportedProposal, Stage::Compile), Agreement::Undecided);
        check(&open, &gap(Code::MissingImport, Stage::Link), Agreement::Contradicts);
        check(&library, &gap(Code::UnsupportedProposal, Stage::Compile), Agreement::Contradicts);
    }
}

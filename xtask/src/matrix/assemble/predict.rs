//! Predictions from each runtime's profile, compared with the results.

use std::collections::BTreeMap;

use crate::lab::Lab;
use crate::matrix::MatrixRequest;
use crate::predictions::{self, AcceptedContradictions, PredictableRun, Profiles, observed};
use wasmlab_model::codes::Code;
use wasmlab_model::facts::Facts;
use wasmlab_model::names::listed;
use wasmlab_model::prediction::{Agreement, CellPrediction};
use wasmlab_model::remedy::RemedyKind;
use wasmlab_model::report::{Cell, GuestInfo, Note, NoteKind, RuntimeInfo};
use wasmlab_model::scenario::Scenario;
use wasmlab_model::subjects::RUNTIMES_COMPILER;
use wasmlab_model::verdict::Verdict;
use wasmlab_runtimes::Runtime;

/// Why a guest without facts is refused: the lab's reader refuses it too.
const NO_FACTS: &str = "the lab's reader refuses it";

/// Adds its prediction to each cell whose runtime was tried or is absent. A damaged file becomes a note, so that no
/// result is lost.
pub fn add(
    lab: &Lab,
    request: &MatrixRequest,
    runtimes: &[RuntimeInfo],
    guests: &[GuestInfo],
    cells: &mut [Cell],
    is_whole: bool,
) -> Vec<Note> {
    let (profiles, accepted) = match predictions::read(lab) {
        Ok(found) => found,
        Err(error) => {
            let (subject, text) =
                ("predictions".to_owned(), format!("no result was compared with a prediction: {error:#}"));
            return vec![Note::new(NoteKind::SnapshotUnusable, subject, text)];
        }
    };
    let profiles = Profiles::new(&profiles);
    let scenarios: BTreeMap<&str, &Scenario> = request.scenarios.iter().map(|s| (s.name.as_str(), s)).collect();
    let facts: BTreeMap<&str, Option<&Facts>> =
        guests.iter().map(|guest| (guest.scenario.as_str(), guest.facts.as_ref())).collect();
    let columns: BTreeMap<&str, &Runtime> = request.runtimes.iter().map(|runtime| (runtime.id(), runtime)).collect();
    let versions: BTreeMap<&str, &str> =
        runtimes.iter().filter_map(|runtime| Some((runtime.id.as_str(), runtime.tool.version.as_deref()?))).collect();
    let mut notes = Vec::new();
    let is_asked = |cell: &&mut Cell| cell.verdict.is_measured() || cell.verdict == Verdict::Absent;
    for cell in cells.iter_mut().filter(is_asked) {
        let id = cell.runtime.as_str();
        let version = versions.get(id).copied();
        let found = (scenarios.get(cell.scenario.as_str()), columns.get(id), profiles.of(id, version));
        let (Some(scenario), Some(runtime), Some(profile)) = found else { continue };
        // Its result depends on assertions, which no profile covers.
        if scenario.spec.expect.script.is_some() {
            continue;
        }
        let facts = facts.get(cell.scenario.as_str()).copied().flatten();
        // No prediction for a runtime that is not installed, if the scenario is not applicable to it.
        if version.is_none() && (facts.is_none() || runtime.is_applicable(&scenario.spec, facts).is_err()) {
            continue;
        }
        let mut prediction = PredictableRun::of(&scenario.spec, runtime, facts.ok_or(NO_FACTS)).predict(profile, cell);
        let of_other = version != Some(profile.version.as_str());
        if of_other {
            prediction.profile_version = Some(profile.version.clone());
        }
        if prediction.agreement == Agreement::Contradicts {
            prediction.accepted_because = accepted.reason(cell).map(str::to_owned);
            if of_other && prediction.accepted_because.is_none() {
                notes.push(other_version_note(cell, &profile.version, &prediction.summary()));
            }
        }
        refused_anyway(cell, &prediction);
        cell.prediction = Some(prediction);
    }
    if is_whole {
        notes.extend(stale(&accepted, cells));
    }
    notes
}

/// For a compiler that was stopped at a limit of the lab: a smaller module helps only if the runtime has its proposals.
fn refused_anyway(cell: &mut Cell, prediction: &CellPrediction) {
    let is_stopped = matches!(cell.code, Some(Code::OutOfMemory | Code::CompileTimeout));
    let (Some(Code::UnsupportedProposal), Some(subject)) = (prediction.code, &prediction.subject) else { return };
    if !is_stopped || cell.subject.as_deref() != Some(RUNTIMES_COMPILER) {
        return;
    }
    let lacking = listed(&subject.split(' ').collect::<Vec<_>>());
    cell.detail += &format!("; its profile says that it lacks {lacking}, so it would refuse the module in the end");
    cell.remedy = Some(format!(
        "Build the module without {lacking}, or use another runtime: making the module smaller is not enough here."
    ));
    cell.remedy_kind = RemedyKind::Change;
}

fn other_version_note(cell: &Cell, version: &str, predicted: &str) -> Note {
    let text = format!(
        "{}: the profile of {version} says {predicted}; observed {}: `cargo xtask probe --runtime {}` measures this version",
        cell.scenario,
        observed(cell),
        cell.runtime
    );
    Note::new(NoteKind::PredictionOfOtherVersion, cell.runtime.clone(), text)
}

/// Entries of `snapshots/predictions.toml` that are out of date.
fn stale(accepted: &AcceptedContradictions, cells: &[Cell]) -> Vec<Note> {
    let entries = accepted.stale(cells);
    let note = |entry: &predictions::AcceptedContradiction| {
        Note::new(
            NoteKind::PredictionStale,
            format!("{} on {}", entry.scenario, entry.runtime),
            format!(
                "snapshots/{} accepts `{}` here, but no run contradicts its prediction that way: remove the entry",
                predictions::FILE,
                entry.observed
            ),
        )
    };
    entries.map(note).collect()
}

#[cfg(test)]
mod tests {
    use super::refused_anyway;
    use wasmlab_model::codes::Code;
    use wasmlab_model::prediction::{Agreement, CellPrediction, PredictedOutcome};
    use wasmlab_model::report::Cell;
    use wasmlab_model::subjects::RUNTIMES_COMPILER;

    #[test]
    fn a_limit_of_the_compiler_hides_no_lacking_proposal() {
        let check = |subject: &str, predicted: Option<Code>, expected: Option<&str>| {
            let cell = crate::sample::cells().remove(0);
            let subject = Some(subject.to_owned());
            let mut cell = Cell { code: Some(Code::OutOfMemory), subject, remedy: None, ..cell };
            refused_anyway(
                &mut cell,
                &CellPrediction {
                    outcome: PredictedOutcome::Fails,
                    code: predicted,
                    subject: Some("gc legacy-exceptions".to_owned()),
                    uncertain: Vec::new(),
                    missing_imports: Vec::new(),
                    omitted: 0,
                    switches: Vec::new(),
                    agreement: Agreement::OwnResult,
                    profile_version: None,
                    accepted_because: None,
                },
            );
            assert_eq!(cell.remedy.as_deref(), expected);
        };
        let remedy = "Build the module without gc and legacy-exceptions, or use another runtime: making the module smaller is not enough here.";
        check(RUNTIMES_COMPILER, Some(Code::UnsupportedProposal), Some(remedy));
        check(RUNTIMES_COMPILER, Some(Code::MissingImport), None);
        // The guest itself ran out of memory.
        check("memory.grow", Some(Code::UnsupportedProposal), None);
    }
}

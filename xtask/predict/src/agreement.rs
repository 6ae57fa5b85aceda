//! Whether a prediction and a run of the same file on the same version agree.

use serde::{Deserialize, Serialize};
use wasmlab_model::codes::Code;
use wasmlab_model::report::Cell;
use wasmlab_model::verdict::Verdict;
use wasmlab_protocol::Stage;

use crate::{Expected, Prediction};

/// How a prediction compares with a cell that was run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Agreement {
    /// The same result: a pass, or the same code and subject.
    Same,
    /// The same code, about another subject.
    OtherSubject,
    /// The runtime gave the file all that it asks for, as predicted; the program's own library then refused something
    /// that no function of its ABI does, or the program had another result than its author expects.
    OwnResult,
    /// It was predicted that reading cannot decide, and the file started.
    Undecided,
    /// One of the two is wrong.
    Contradicts,
}

/// Compares a prediction with a cell; `None` if the cell was not run.
#[must_use]
pub fn agreement(prediction: &Prediction, cell: &Cell) -> Option<Agreement> {
    if !cell.verdict.is_measured() {
        return None;
    }
    let started = cell.stage.is_none_or(|stage| stage >= Stage::Instantiate);
    Some(match prediction.expected {
        Expected::Runs if cell.verdict == Verdict::Pass => Agreement::Same,
        Expected::Runs if is_own(cell) => Agreement::OwnResult,
        Expected::MayFail if cell.verdict == Verdict::Pass || started => Agreement::Undecided,
        Expected::Fails if cell.code.is_some() && prediction.code == cell.code => {
            if prediction.subject == cell.subject { Agreement::Same } else { Agreement::OtherSubject }
        }
        _ => Agreement::Contradicts,
    })
}

/// Whether the guest's own library refused what it says it cannot do: no host function was asked.
fn is_own(cell: &Cell) -> bool {
    let by_library =
        matches!(cell.code, Some(Code::SocketsUnsupported | Code::ThreadsUnsupported | Code::LibraryUnsupported));
    let asked = cell
        .checks
        .iter()
        .any(|check| Some(check.name.as_str()) == cell.subject.as_deref() && check.function.is_some());
    by_library && !asked
}

//! Remedies from all predictions for one file, as `check` takes them from all cells of a row: where it should run, and
//! what lies behind the first obstacle.

use wasmlab_judge::obstacles::FailedColumn;
use wasmlab_judge::remedies::{self, ColumnRef, FailedCell, RowRemedy};
use wasmlab_model::codes::Code;
use wasmlab_model::facts::Facts;
use wasmlab_model::remedy::Remedy;

use crate::{PredictedOutcome, Prediction};

/// The prediction of one column.
#[derive(Clone, Debug)]
pub struct ColumnPrediction<'a> {
    /// Its id: `wasmtime-winch`.
    pub id: &'a str,
    /// Its engine.
    pub engine: &'a str,
    /// Its prediction.
    pub prediction: Prediction,
}

/// Completes the remedies of a file's predictions, and returns them as data, in the same order. `row`: in the order of
/// the registry, where the most common runtimes come first.
pub fn complete_remedies(row: &mut [ColumnPrediction], facts: Option<&Facts>) -> Vec<Vec<Remedy>> {
    let found: Vec<(Vec<Remedy>, Option<RowRemedy>)> =
        row.iter().map(|column| column_remedies(column, row, facts)).collect();
    let apply = |(column, (data, remedy)): (&mut ColumnPrediction, (Vec<Remedy>, Option<RowRemedy>))| {
        if let Some(RowRemedy { text, next }) = remedy {
            (column.prediction.remedy, column.prediction.next_obstacle_remedy) =
                (Some(text), next.map(|(_, remedy)| remedy));
        }
        data
    };
    row.iter_mut().zip(found).map(apply).collect()
}

fn column_remedies(
    column: &ColumnPrediction,
    row: &[ColumnPrediction],
    facts: Option<&Facts>,
) -> (Vec<Remedy>, Option<RowRemedy>) {
    let of = &column.prediction;
    if !of.switches.is_empty() && of.outcome != PredictedOutcome::Fails {
        return (vec![Remedy::Switch { switches: of.switches.clone() }], None);
    }
    let Some(code) = of.code else { return (Vec::new(), None) };
    let others = || row.iter().filter(|other| other.id != column.id);
    // Programs with a JavaScript file of their own have no predictions.
    let runs =
        |other: &&ColumnPrediction| other.prediction.outcome == PredictedOutcome::Runs && code != Code::NeedsJsGlue;
    let passing: Vec<ColumnRef> = others().filter(runs).map(|other| (other.id, other.engine)).collect();
    let failed: Vec<FailedColumn> = others().filter_map(as_failed_column).collect();
    let cell = FailedCell {
        code,
        subject: of.subject.as_deref(),
        stage: None,
        runtime: column.id,
        remedy: of.remedy.as_deref().filter(|remedy| *remedy != code.entry().remedy),
        remedy_kind: of.remedy_kind,
        differs: false,
        facts,
        predicted: true,
    };
    (remedies::data(&cell, &passing), remedies::row_remedy(&cell, &passing, &failed))
}

fn as_failed_column<'a>(other: &'a ColumnPrediction) -> Option<FailedColumn<'a>> {
    let of = &other.prediction;
    Some(FailedColumn {
        column: (other.id, other.engine),
        code: of.code?,
        subject: of.subject.as_deref(),
        remedy: of.remedy.as_deref(),
        differs: false,
    })
}

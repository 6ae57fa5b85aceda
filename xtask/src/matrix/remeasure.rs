//! Measures unexpected results again, one at a time, while nothing else runs. A result caused by a busy machine is
//! dropped, and only results that repeat are reported.

use super::measure::{self, Attempt};
use super::{EventSink, MatrixEvent, MatrixRequest, Results};
use crate::lab::Lab;
use wasmlab_model::report::Cell;
use wasmlab_process as process;
use wasmlab_runtimes::is_custom_build;

/// With more unexpected results than this, load is not the cause: a runtime, a guest or the lab has changed.
const MAX_UNEXPECTED: usize = 64;

/// Measures again the cells of this run for which `is_unexpected` returns true, given the cell and its runtime's
/// version. `on_start` is called first with their number.
pub fn remeasure(
    lab: &Lab,
    request: &MatrixRequest,
    results: &mut Results,
    is_unexpected: impl Fn(&Cell, &str) -> bool,
    on_start: impl FnOnce(usize),
    emit: EventSink,
) {
    let version = |column: usize| match results.columns.get(column) {
        Some(Some(Ok(tool))) => tool.version.as_str(),
        _ => "",
    };
    let fresh = results.cells.iter().filter(|(_, cell)| !cell.cached && !is_custom_build(&cell.runtime));
    let unexpected: Vec<(usize, usize)> =
        fresh.filter(|((_, column), cell)| is_unexpected(cell, version(*column))).map(|(at, _)| *at).collect();
    if unexpected.is_empty() || unexpected.len() > MAX_UNEXPECTED {
        return;
    }
    on_start(unexpected.len());
    for at in unexpected {
        let (Some(Some(guest)), Some(Some(tool))) = (results.rows.get(at.0), results.columns.get(at.1)) else {
            continue;
        };
        if process::cancelled() {
            break;
        }
        let Some(measured) = measure::cell(lab, request, at, Attempt::Second, guest, tool) else { continue };
        emit(MatrixEvent::CellDone { cell: &measured.cell });
        results.cells.insert(at, measured.cell);
    }
    process::end_orphans();
}

//! Results that surprise are measured once more, one at a time, when nothing else runs: what was a mood of a busy
//! machine's is forgotten, and only what comes again is told.

use super::measure::{self, Attempt};
use super::{EventSink, MatrixEvent, Request, Results};
use crate::lab::Lab;
use wasmlab_model::report::Cell;
use wasmlab_process as process;
use wasmlab_runtimes::is_custom_build;

/// More surprises than this are no moods: somebody changed a runtime, a guest or the lab.
const MAX_SURPRISES: usize = 64;

/// Measures once more what was measured in this run and `surprises`, given the cell and its runtime's version. `on_start`
/// hears first how many cells that are.
pub fn remeasure(
    lab: &Lab,
    request: &Request,
    results: &mut Results,
    surprises: impl Fn(&Cell, &str) -> bool,
    on_start: impl FnOnce(usize),
    emit: EventSink,
) {
    let version = |column: usize| match results.columns.get(column) {
        Some(Some(Ok(tool))) => tool.version.as_str(),
        _ => "",
    };
    let fresh = results.cells.iter().filter(|(_, cell)| !cell.cached && !is_custom_build(&cell.runtime));
    let surprising: Vec<(usize, usize)> =
        fresh.filter(|((_, column), cell)| surprises(cell, version(*column))).map(|(at, _)| *at).collect();
    if surprising.is_empty() || surprising.len() > MAX_SURPRISES {
        return;
    }
    on_start(surprising.len());
    for at in surprising {
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

//! The sample report of the lab's tests, `xtask/model/sample.json`: a report with one of everything.

use wasmlab_model::report::{Cell, RunReport};

/// The report.
pub fn report() -> RunReport {
    serde_json::from_str(include_str!("../model/sample.json")).unwrap()
}

/// Its cells: a pass first.
pub fn cells() -> Vec<Cell> {
    report().cells
}

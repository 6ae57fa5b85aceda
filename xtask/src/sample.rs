//! The sample report used by the lab's tests: `xtask/model/sample.json`, which contains one of everything.

use wasmlab_model::report::{Cell, RunReport};

/// Reads the sample report.
pub fn report() -> RunReport {
    serde_json::from_str(include_str!("../model/sample.json")).unwrap()
}

/// Its cells; the first one passes.
pub fn cells() -> Vec<Cell> {
    report().cells
}

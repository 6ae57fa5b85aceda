//! The sample report of the lab's tests, `xtask/model/sample.json`: a report with one of everything.

use wasmlab_model::report::RunReport;

/// The report.
pub fn report() -> RunReport {
    serde_json::from_str(include_str!("../../model/sample.json")).unwrap()
}

//! `report.json`: the report itself.

use super::{Look, Renderer};
use wasmlab_model::report::RunReport;

/// The registry's entry.
pub const RENDERER: Json = Json;

/// JSON, indented.
pub struct Json;

impl Renderer for Json {
    fn id(&self) -> &'static str {
        "json"
    }

    fn extension(&self) -> &'static str {
        "json"
    }

    fn render(&self, report: &RunReport, _: Look) -> String {
        // The report is plain data with text keys, which always serialises.
        let mut text = serde_json::to_string_pretty(report).unwrap_or_default();
        text.push('\n');
        text
    }
}

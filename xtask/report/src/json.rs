//! `report.json`: the report, unchanged.

use super::{RenderOptions, Renderer};
use wasmlab_model::report::RunReport;

/// Registry entry.
pub const RENDERER: Renderer =
    Renderer { id: "json", about: "The complete report, for programs", extension: "json", saved: true, render };

fn render(report: &RunReport, _: RenderOptions) -> String {
    // The report is plain data with string keys, so serialization cannot fail.
    let mut text = serde_json::to_string_pretty(report).unwrap_or_default();
    text.push('\n');
    text
}

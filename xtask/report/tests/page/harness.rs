//! Opens reports in the browser.

use std::path::{Path, PathBuf};

use wasmlab_model::report::RunReport;
use wasmlab_report::{RenderOptions, find};

use crate::browser::Browser;

/// The cells of the displayed table that are neither hidden nor dimmed.
pub const SEEN: &str = "[...document.querySelectorAll('.wide-table:not([hidden]) .matrix td[data-i]:not(.dim)')]\
                    .filter(td => td.checkVisibility()).flatMap(td => td.dataset.i.split(' ')).map(Number).sort((a, b) => a - b)";

/// The text of the panel that shows evidence.
pub const PANEL: &str = "document.getElementById('panel').innerText";

/// The root of the repository.
pub fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The published report: real rows and columns.
pub fn published() -> RunReport {
    let text = std::fs::read_to_string(top().join("reports/linux-x86_64.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A report of a run, with output and commands.
pub fn sample() -> RunReport {
    serde_json::from_str(include_str!("../../../model/sample.json")).unwrap()
}

/// The page of a report.
pub fn page(report: &RunReport) -> String {
    find("html").unwrap().text(report, RenderOptions::PLAIN)
}

/// A browser that shows the page of a report at this fragment of its address.
pub fn opened(report: &RunReport, hash: &str) -> Browser {
    let mut browser = Browser::start();
    browser.open(&page(report), hash);
    browser
}

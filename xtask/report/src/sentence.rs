//! The closing sentence of `check`: *runs on X; not on Y, because Z; to change that, do W.*

use super::words::{by_code, on as columns};
use wasmlab_model::report::RunReport;
use wasmlab_model::verdict::Verdict;

/// One sentence on one module.
#[must_use]
pub fn sentence(report: &RunReport, module: &str) -> String {
    let cells: Vec<_> = report.cells.iter().filter(|c| c.scenario == module).collect();
    let on = |verdict: Verdict| {
        cells.iter().filter(|c| c.verdict == verdict).map(|c| c.runtime.as_str()).collect::<Vec<_>>()
    };
    if let Some(cell) = cells.iter().find(|c| c.is_of_invalid_file()) {
        let remedy = cell.remedy.as_deref().unwrap_or_default().trim_end_matches('.');
        return format!("{module} runs nowhere, {}; to change that: {remedy}.", cell.detail);
    }
    let runs = on(Verdict::Pass);
    let mut text = match runs.as_slice() {
        [] => format!("{module} runs on none of the runtimes here"),
        names => format!("{module} runs on {}", columns(report, names)),
    };
    // What came out is worth telling where it is the same everywhere.
    let mut details = cells.iter().filter(|c| c.verdict == Verdict::Pass).map(|c| c.detail.as_str());
    if let Some(detail) = details.next().filter(|first| details.all(|d| d == *first)) {
        text += &format!(" ({detail})");
    }
    for cell in cells.iter().filter(|c| !c.switches.is_empty()) {
        text += &format!("; {} takes it with {} only", cell.runtime, cell.switches.join(" "));
    }
    for (code, groups) in by_code(report) {
        let general = report.text(code).map(|text| text.remedy.as_str());
        for group in groups.iter().filter(|g| g.scenario == module) {
            let remedy = group.cell.remedy.as_deref().or(general).unwrap_or_default().trim_end_matches('.');
            let detail = group.detail();
            let detail = detail.trim_end_matches('.');
            text += &format!(
                "; not on {}, because of {code} ({detail}); to change that: {remedy}",
                columns(report, &group.runtimes)
            );
        }
    }
    let mut waiting: Vec<(&str, Vec<&str>)> = Vec::new();
    for cell in cells.iter().filter(|c| c.verdict == Verdict::NotAttempted) {
        let why = cell.detail.trim_end_matches('.');
        match waiting.iter_mut().find(|(other, _)| *other == why) {
            Some((_, runtimes)) => runtimes.push(&cell.runtime),
            None => waiting.push((why, vec![&cell.runtime])),
        }
    }
    for (why, runtimes) in waiting {
        // What an option gives is no limit of the lab's.
        let whose = if why.contains("run again with `--") { "" } else { ", a limit of the lab's" };
        text += &format!("; not attempted on {}{whose} ({why})", runtimes.join(", "));
    }
    let errors = on(Verdict::Error);
    if !errors.is_empty() {
        text += &format!("; the lab itself failed on {}", errors.join(", "));
    }
    text + "."
}

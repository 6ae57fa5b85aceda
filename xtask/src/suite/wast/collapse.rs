//! Merges the parts of each `.wast` file into one row, with its assertions counted, so that a report has as many rows
//! as the suite has files.

use std::collections::BTreeMap;

use super::{ROUTE, WastFile, scenario};
use crate::matrix::row;
use crate::matrix::time_budget::USED_UP;
use wasmlab_model::assertions::{Assertions, MAX_LISTED};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::report::{Cell, CodeText, RunReport, ScenarioInfo};
use wasmlab_model::scenario::{Run, Scenario};
use wasmlab_model::verdict::{NotAttempted, Verdict};

/// Replaces the rows of parts by rows of files.
pub fn collapse(files: &[WastFile], report: &mut RunReport) {
    let parts: BTreeMap<&str, (&WastFile, &Scenario)> = files
        .iter()
        .flat_map(|file| file.parts.iter().map(move |part| (part.scenario.name.as_str(), (file, &part.scenario))))
        .collect();
    let is_part = |name: &str| parts.contains_key(name);
    let mut of_files: BTreeMap<(&str, &str), Vec<&Cell>> = BTreeMap::new();
    for cell in &report.cells {
        if let Some((file, _)) = parts.get(cell.scenario.as_str()) {
            of_files.entry((file.title.as_str(), cell.runtime.as_str())).or_default().push(cell);
        }
    }
    let mut made = Vec::new();
    for file in files {
        for runtime in &report.runtimes {
            let cells =
                of_files.get(&(file.title.as_str(), runtime.id.as_str())).map(Vec::as_slice).unwrap_or_default();
            // An interrupted run has not reached all of them.
            if cells.len() == file.parts.len() {
                made.push(one(file, &runtime.id, cells, &parts));
            }
        }
    }
    report.scenarios.retain(|scenario| !is_part(&scenario.name));
    report.guests.retain(|guest| !is_part(&guest.scenario));
    report.cells.retain(|cell| !is_part(&cell.scenario));
    report.scenarios.extend(files.iter().map(|file| ScenarioInfo {
        name: file.title.clone(),
        title: file.title.clone(),
        family: ROUTE.to_owned(),
        route: ROUTE.to_owned(),
        rank: 0,
    }));
    report.scenarios.sort_by(|a, b| a.name.cmp(&b.name));
    report.cells.extend(made);
    let columns: Vec<String> = report.runtimes.iter().map(|runtime| runtime.id.clone()).collect();
    let column = |cell: &Cell| columns.iter().position(|id| *id == cell.runtime);
    report.cells.sort_by(|a, b| a.scenario.cmp(&b.scenario).then(column(a).cmp(&column(b))));
    report.codes = CodeText::of(&report.cells);
    report.notes.retain(|note| !is_part(&note.subject));
}

/// The cell of a file on a runtime.
fn one(file: &WastFile, runtime: &str, cells: &[&Cell], parts: &BTreeMap<&str, (&WastFile, &Scenario)>) -> Cell {
    let mut all = Assertions::default();
    for cell in cells {
        all.add(cell.assertions.clone().unwrap_or_else(|| unjudged(cell, parts)));
    }
    for (why, count) in &file.left_out {
        all.leave_out(*count, why);
    }
    all.failures.sort();
    all.failures.truncate(MAX_LISTED);
    all.reasons.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.reason.cmp(&b.reason)));
    // The cell whose reason is reported: a failed one rather than one that did not run, then the first by line.
    let line = |cell: &Cell| {
        let script = parts.get(cell.scenario.as_str()).and_then(|(_, scenario)| scenario.spec.expect.script.as_ref());
        script.and_then(|script| script.assertions.first()).map_or(0, |assertion| assertion.line)
    };
    let reported = cells.iter().min_by_key(|cell| (weight(cell.verdict), line(cell)));
    let mut cell = match reported {
        Some(reported) => (**reported).clone(),
        None => {
            let reason = NotAttempted { subject: "wast", reason: why_nothing(&all) };
            row::not_attempted(&scenario(file.title.clone(), &file.title, Run::default(), None), runtime, reason)
        }
    };
    let failures = cells.iter().filter(|cell| weight(cell.verdict) < 3);
    cell.detail = match (cell.verdict, all.failed) {
        (Verdict::Pass, _) => summary(&all),
        (Verdict::Gap | Verdict::Fail, failed) if failed > 0 => {
            let first = all.failures.first().map(|f| format!("; line {}: {}", f.line, f.detail)).unwrap_or_default();
            format!("{failed} of {} assertions fail{first}", all.total())
        }
        _ => cell.detail,
    };
    if let Some(cut) = cells.iter().find(|cell| cell.subject.as_deref() == Some(USED_UP)) {
        cut_short(&mut cell, &all, &cut.detail);
    }
    cell.scenario.clone_from(&file.title);
    cell.duration_ms = cells.iter().map(|cell| cell.duration_ms).sum();
    cell.cpu_ms = cells.iter().map(|cell| cell.cpu_ms).sum();
    cell.peak_rss_bytes = cells.iter().map(|cell| cell.peak_rss_bytes).max().unwrap_or_default();
    cell.cached = cells.iter().all(|cell| cell.cached);
    (cell.compile_ms, cell.run_ms, cell.prediction) = (None, None, None);
    for other in failures.chain(cells.iter()).flat_map(|cell| &cell.switches) {
        if !cell.switches.contains(other) {
            cell.switches.push(other.clone());
        }
    }
    cell.assertions = Some(all);
    cell
}

/// For a file of which not everything was run: it does not pass, and earlier failures are still reported.
fn cut_short(cell: &mut Cell, all: &Assertions, why: &str) {
    if matches!(cell.verdict, Verdict::Error | Verdict::Fail | Verdict::Gap) {
        cell.detail = format!("{}; {why}", cell.detail);
        return;
    }
    (cell.verdict, cell.code, cell.subject) = (Verdict::Gap, Some(Code::Timeout), None);
    (cell.blame, cell.remedy) = (vec![Blame::Unknown], Some("Give it more time with `--timeout SECONDS`.".to_owned()));
    cell.detail = format!("{} of {} assertions hold; {why}", all.passed, all.total());
}

/// The assertions of a part that was not judged: its runtime is absent, or the combination was not attempted.
fn unjudged(cell: &Cell, parts: &BTreeMap<&str, (&WastFile, &Scenario)>) -> Assertions {
    let script = parts.get(cell.scenario.as_str()).and_then(|(_, scenario)| scenario.spec.expect.script.as_ref());
    Assertions::not_attempted(script.map_or(0, |script| script.assertions.len() as u64), cell.detail.clone())
}

/// Which part's cell stands for its file: the lowest.
fn weight(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Error => 0,
        Verdict::Fail => 1,
        Verdict::Gap => 2,
        Verdict::Pass => 3,
        Verdict::NotBuilt | Verdict::Absent | Verdict::NotApplicable | Verdict::NotAttempted => 4,
    }
}

fn why_nothing(all: &Assertions) -> String {
    all.reasons.first().map_or_else(|| "it has no assertions".to_owned(), |first| first.reason.clone())
}

fn summary(all: &Assertions) -> String {
    let rest = match all.not_attempted {
        0 => String::new(),
        count => format!("; {count} not attempted: {}", why_nothing(all)),
    };
    format!("{} of {} assertions hold{rest}", all.passed, all.total())
}

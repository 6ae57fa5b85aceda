//! JUnit XML: a suite for each guest, a case for each runtime. A case fails exactly if it makes the run fail;
//! other gaps (known, allowed, or on a runtime that does not count) and unmeasured cells are skipped, with the reason.

use std::collections::BTreeMap;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};
use wasmlab_model::report::{Cell, INVALID_FILE, RunReport, ScenarioInfo};
use wasmlab_model::verdict::Verdict;

use super::findings::{Finding, FindingKind, Severity, findings, with_remedy};
use super::text::{file_names, result};
use super::visible::visible;
use super::{RenderOptions, Renderer};

/// The registry's entry.
pub const RENDERER: Renderer = Renderer {
    id: "junit",
    about: "JUnit XML, for CI: a suite per guest, a case per runtime",
    extension: "xml",
    saved: false,
    render,
};

/// The suite of findings that are not about a guest.
const OTHERS: &str = "report";

fn render(report: &RunReport, _: RenderOptions) -> String {
    let found = findings(report);
    let of_cells: BTreeMap<(&str, &str), &Finding> =
        found.iter().filter_map(|finding| Some(((finding.guest, finding.cell?.runtime.as_str()), finding))).collect();
    let names = file_names(report);
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    let suite = |scenario: &str| TestSuite::new(plain(names.get(scenario).copied().unwrap_or(scenario)));
    for cell in &report.cells {
        let finding = of_cells.get(&(cell.scenario.as_str(), cell.runtime.as_str())).copied();
        let case = case(report, cell, finding);
        suites.entry(&cell.scenario).or_insert_with(|| suite(&cell.scenario)).add_test_case(case);
    }
    let mut numbers: BTreeMap<(&str, FindingKind), usize> = BTreeMap::new();
    for finding in found.iter().filter(|finding| finding.cell.is_none()) {
        // A note names a file by its title.
        let is_of = |s: &&ScenarioInfo| s.name == finding.guest || names.get(s.name.as_str()) == Some(&finding.guest);
        let name = report.scenarios.iter().find(is_of).map_or(OTHERS, |scenario| scenario.name.as_str());
        let number = numbers.entry((name, finding.kind)).and_modify(|number| *number += 1).or_insert(1);
        suites.entry(name).or_insert_with(|| suite(name)).add_test_case(finding_case(finding, *number));
    }
    let mut out = Report::new(plain(&format!("wasmlab {}", report.command)));
    if report.duration_ms > 0 {
        out.set_time(Duration::from_millis(report.duration_ms));
    }
    out.add_test_suites(suites.into_values());
    // Writing to memory cannot fail.
    out.to_string().unwrap_or_default()
}

fn case(report: &RunReport, cell: &Cell, finding: Option<&Finding>) -> TestCase {
    let mut case = TestCase::new(plain(&cell.runtime), status(cell, finding));
    case.set_classname(plain(&cell.scenario));
    // A cached result took none of this run's time.
    if cell.duration_ms > 0.0 && !cell.cached {
        case.set_time(Duration::from_secs_f64(cell.duration_ms.clamp(0.0, 1e9) / 1000.0));
    }
    let version = report.runtimes.iter().find(|r| r.id == cell.runtime).and_then(|r| r.tool.version.as_deref());
    let blame: Vec<&str> = cell.blame.iter().map(|b| b.id()).collect();
    let properties = [
        ("verdict", Some(cell.verdict.id())),
        ("version", version),
        ("code", cell.code.map(wasmlab_model::codes::Code::id)),
        ("subject", cell.subject.as_deref()),
        ("blame", Some(blame.join(", ")).as_deref().filter(|blame| !blame.is_empty())),
        ("known", cell.known.as_deref()),
        ("cached", cell.cached.then_some("measured in an earlier run")),
        ("checked", cell.only_loaded.then_some(cell.detail.as_str())),
    ]
    .map(|(name, value)| value.map(|value| Property::new(name, plain(value))));
    case.add_properties(properties.into_iter().flatten());
    if !cell.output.stdout.is_empty() {
        case.set_system_out(plain(&cell.output.stdout));
    }
    if !cell.output.stderr.is_empty() {
        case.set_system_err(plain(&cell.output.stderr));
    }
    case
}

fn status(cell: &Cell, finding: Option<&Finding>) -> TestCaseStatus {
    let severity = finding.map(|finding| finding.severity).filter(|severity| *severity > Severity::Warning);
    let verdict = if cell.is_of_invalid_file() { INVALID_FILE } else { cell.verdict.id() };
    let code = cell.code.map_or(verdict, wasmlab_model::codes::Code::id);
    let mut status = match severity {
        Some(Severity::LabError) => TestCaseStatus::non_success(NonSuccessKind::Error),
        Some(_) => TestCaseStatus::non_success(NonSuccessKind::Failure),
        None if cell.verdict == Verdict::Pass => return TestCaseStatus::success(),
        None => TestCaseStatus::skipped(),
    };
    status.set_type(code);
    match (severity, finding) {
        (Some(_), Some(finding)) => {
            status.set_message(plain(&format!("{}: {}", finding.kind.title(), finding.title)));
            status.set_description(plain(&with_remedy(&finding.text, finding.remedy)));
        }
        _ => {
            let why = cell.known.as_ref().map(|known| format!(" (known: {known})")).unwrap_or_default();
            status.set_message(plain(&format!("{}: {}{why}", result(cell), cell.detail)));
        }
    }
    status
}

/// A finding that is not about a cell, as a case of its own. Its name omits the title, because numbers in it differ
/// between runs.
fn finding_case(finding: &Finding, number: usize) -> TestCase {
    let mut status = match finding.severity {
        Severity::LabError => TestCaseStatus::non_success(NonSuccessKind::Error),
        Severity::Failure => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Severity::Warning => TestCaseStatus::skipped(),
    };
    status.set_type(finding.kind.title());
    status.set_message(plain(&format!("{}: {}", finding.title, with_remedy(&finding.text, finding.remedy))));
    let number = if number > 1 { format!(" {number}") } else { String::new() };
    let mut case = TestCase::new(format!("{}{number}", finding.kind.title()), status);
    case.set_classname(plain(finding.guest));
    case
}

/// Text that XML can contain: control characters are made visible instead of dropped; two code points are not allowed.
fn plain(text: &str) -> String {
    visible(text, false).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

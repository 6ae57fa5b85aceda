//! Finds runtimes that lack the WASI version of the tests entirely: their failures say nothing about a single test.

use std::collections::BTreeMap;

use wasmlab_model::codes::Code;
use wasmlab_model::report::{Cell, RunReport};
use wasmlab_model::verdict::Verdict;

/// Marks the cells of runtimes that link none of the tests of a WASI version because they lack the interfaces of
/// `wasi:cli` or `wasi:clocks` in that version. Every host of the version has these interfaces.
pub fn mark_lacking(report: &mut RunReport) {
    let targets: BTreeMap<String, String> =
        report.scenarios.iter().map(|s| (s.name.clone(), s.route.clone())).collect();
    let mut columns: BTreeMap<(String, &str), Vec<usize>> = BTreeMap::new();
    for (index, cell) in report.cells.iter().enumerate().filter(|(_, cell)| cell.verdict.is_measured()) {
        let version = match targets.get(&cell.scenario).map(String::as_str) {
            Some("wasm32-wasip2") => "0.2",
            Some("wasm32-wasip3") => "0.3",
            _ => continue,
        };
        columns.entry((cell.runtime.clone(), version)).or_default().push(index);
    }
    for ((_, version), cells) in columns {
        let of = |index: &usize| report.cells.get(*index);
        let lacks = cells.iter().filter_map(of).all(|cell| missing(cell, version).is_some());
        let is_basic = |import: &str| import.starts_with("wasi:cli/") || import.starts_with("wasi:clocks/");
        if lacks && cells.iter().filter_map(of).filter_map(|cell| missing(cell, version)).any(is_basic) {
            for index in cells {
                report.cells[index].missing_abi = Some(format!("WASI {version}"));
            }
        }
    }
}

/// The interface of this version that is missing, so that the runtime does not link the test.
fn missing<'a>(cell: &'a Cell, version: &str) -> Option<&'a str> {
    let is_import = cell.verdict == Verdict::Gap && cell.code == Some(Code::MissingImport);
    let subject = cell.subject.as_deref().filter(|_| is_import)?;
    subject.contains(&format!("@{version}")).then_some(subject)
}

#[cfg(test)]
mod tests {
    use super::mark_lacking;
    use wasmlab_model::codes::Code;
    use wasmlab_model::report::RunReport;
    use wasmlab_model::verdict::Verdict;

    /// Two tests of WASI 0.3 on one runtime, each a pass (``) or lacking this import.
    fn check(results: [&str; 2], expected: bool) {
        let mut report: RunReport = crate::sample::report();
        let (scenario, cell) = (report.scenarios[0].clone(), report.cells[0].clone());
        (report.scenarios, report.cells) = (Vec::new(), Vec::new());
        for (index, import) in results.iter().enumerate() {
            let (mut scenario, mut cell) = (scenario.clone(), cell.clone());
            (scenario.name, scenario.route) = (format!("t{index}"), "wasm32-wasip3".to_owned());
            cell.scenario.clone_from(&scenario.name);
            (cell.verdict, cell.code, cell.subject) = match *import {
                "" => (Verdict::Pass, None, None),
                import => (Verdict::Gap, Some(Code::MissingImport), Some(import.to_owned())),
            };
            report.scenarios.push(scenario);
            report.cells.push(cell);
        }
        mark_lacking(&mut report);
        assert!(report.cells.iter().all(|cell| cell.missing_abi.is_some() == expected), "{results:?}");
    }

    #[test]
    fn a_runtime_lacks_a_version_if_it_links_none_of_its_tests() {
        check(["wasi:cli/exit@0.3.0", "wasi:http/types@0.3.0"], true);
        check(["wasi:cli/exit@0.3.0", ""], false);
        check(["wasi:cli/exit@0.3.0", "wasi:cli/exit@0.2.0"], false);
        check(["wasi:http/types@0.3.0", "wasi:http/types@0.3.0"], false);
    }
}

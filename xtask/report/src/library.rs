//! Modules without a program. Unless `--invoke` names an export to call, a runtime can only load them, and every format
//! says "loads" instead of "runs".

use wasmlab_model::codes::Code;
use wasmlab_model::facts::{Export, Facts};
use wasmlab_model::names::listed_at_most;
use wasmlab_model::report::{Cell, RunReport};
use wasmlab_model::verdict::Verdict;

/// The detail of a cell whose guest was only loaded.
pub const ONLY_LOADED: &str =
    "it loads; nothing in it was called: `--invoke EXPORT` calls a function (in wasmlab.toml: `invoke`)";
/// The detail of a cell whose runtime cannot load a guest without running it.
const NEEDS_PROGRAM_FIRST: &str =
    "it looks for a program before it links the module, so the lab cannot make it load the module without running it";

/// The facts of a cell's guest, if it is a library and the runtime found no program in it.
fn without_program<'a>(report: &'a RunReport, cell: &Cell) -> Option<&'a Facts> {
    if cell.code != Some(Code::NoEntryPoint) || cell.subject.as_deref() != Some("_start") {
        return None;
    }
    let guest = report.guest(&cell.scenario);
    guest.and_then(|a| a.facts.as_ref()).filter(|facts| facts.lacks_command())
}

/// Whether nothing but a program is missing. A runtime that looks for the program before linking would not notice a
/// missing import, so then the guest must have no imports.
#[must_use]
pub fn lacks_only_entry_point(report: &RunReport, cell: &Cell) -> bool {
    without_program(report, cell).is_some_and(|facts| cell.is_linked() || facts.imports.is_empty())
}

/// The exports of a library that was loaded with its imports but has no program to run; `None` in any other case.
#[must_use]
pub fn exports_of_loaded<'a>(report: &'a RunReport, cell: &Cell) -> Option<&'a [Export]> {
    let facts = report.guest(&cell.scenario)?.facts.as_ref()?;
    facts.only_loads(cell.code, cell.subject.as_deref(), cell.stage).then_some(facts.exports.as_slice())
}

/// The cells that loaded a library; empty if any of the cells ran something in it.
#[must_use]
pub fn loaded<'a>(report: &RunReport, cells: &[&'a Cell]) -> Vec<&'a Cell> {
    let ran = |cell: &&Cell| matches!(cell.verdict, Verdict::Pass | Verdict::Fail) && !cell.only_loaded;
    if cells.iter().any(ran) {
        return Vec::new();
    }
    let is_loaded = |cell: &&&Cell| cell.only_loaded || exports_of_loaded(report, cell).is_some();
    cells.iter().filter(is_loaded).copied().collect()
}

/// Whether the report has only libraries, and nothing in them was run.
#[must_use]
pub fn only_libraries(report: &RunReport) -> bool {
    let cells = |scenario: &str| report.cells.iter().filter(|c| c.scenario == scenario).collect::<Vec<_>>();
    report.scenarios.iter().all(|scenario| !loaded(report, &cells(&scenario.name)).is_empty())
}

/// `check --load`: for a library, a cell that loaded it passes.
pub fn require_loading(report: &mut RunReport, scenario: &str) {
    let found: Vec<(usize, bool)> = (report.cells.iter().enumerate())
        .filter(|(_, cell)| cell.scenario == scenario && without_program(report, cell).is_some())
        .map(|(at, cell)| (at, cell.is_linked()))
        .collect();
    for (at, is_linked) in found {
        let cell = &mut report.cells[at];
        cell.remedy = None;
        cell.only_loaded = is_linked;
        let (verdict, detail) =
            if is_linked { (Verdict::Pass, ONLY_LOADED) } else { (Verdict::NotAttempted, NEEDS_PROGRAM_FIRST) };
        (cell.verdict, cell.detail) = (verdict, detail.to_owned());
        (cell.code, cell.subject) = (None, None);
        cell.blame.clear();
        cell.remedies.clear();
    }
    // Elsewhere, the missing program is no second obstacle.
    let loaded: Vec<String> =
        report.cells.iter().filter(|c| c.scenario == scenario && c.only_loaded).map(|c| c.runtime.clone()).collect();
    let is_behind = |cell: &Cell| cell.next_obstacle == Some(Code::NoEntryPoint);
    for cell in report.cells.iter_mut().filter(|cell| cell.scenario == scenario && is_behind(cell)) {
        let on: Vec<&str> = loaded.iter().map(String::as_str).collect();
        cell.remedy = (!on.is_empty()).then(|| format!("It loads on {}.", listed_at_most(&on, MAX_NAMED)));
        (cell.next_obstacle, cell.next_obstacle_remedy) = (None, None);
    }
}

/// Runtimes that a remedy names.
const MAX_NAMED: usize = 4;

#[cfg(test)]
mod tests {
    use wasmlab_model::codes::Code;
    use wasmlab_model::facts::Shape;
    use wasmlab_model::report::RunReport;
    use wasmlab_model::verdict::{Change, Verdict};

    use super::{ONLY_LOADED, require_loading};
    use crate::{RenderOptions, find, sample};

    /// A report of `check lib.wasm` on two runtimes: one loaded it, the other looked for a program first.
    fn report() -> RunReport {
        let mut report = sample::report();
        report.command = "check".to_owned();
        report.notes.clear();
        report.scenarios.retain(|s| s.name == "hello");
        report.cells.retain(|c| c.scenario == "hello" && c.verdict.is_measured());
        report.guests.retain(|a| a.scenario == "hello");
        report.guests[0].origin = wasmlab_model::report::Origin::Given;
        report.guests[0].facts.as_mut().unwrap().shape = Shape::Library;
        report.scenarios[0].title = "lib.wasm".to_owned();
        for (cell, stage) in report.cells.iter_mut().zip(["run", "link"]) {
            cell.stage = serde_json::from_value(stage.into()).unwrap();
            cell.code = serde_json::from_value("no-entry-point".into()).unwrap();
            (cell.verdict, cell.change, cell.prediction) = (Verdict::Gap, Change::New, None);
            (cell.subject, cell.known, cell.missing_abi) = (Some("_start".to_owned()), None, None);
            cell.detail = "exports no function `_start`; it exports `f`".to_owned();
        }
        assert_eq!(report.cells.len(), 2);
        report
    }

    fn check(report: &RunReport, form: &str, says: &str) {
        let text = find(form).unwrap().text(report, RenderOptions { width: 200, ..RenderOptions::PLAIN });
        assert!(text.contains(says), "{form} does not say {says}:\n{text}");
        for wrong in ["runs on 1", "Where it runs", "✅ |"] {
            assert!(!text.contains(wrong), "{form} says {wrong}:\n{text}");
        }
    }

    #[test]
    fn every_form_says_that_a_library_only_loads() {
        let report = report();
        for (form, says) in [
            ("answer", "loads on     wasmi 2.0"),
            ("answer", "nothing was called: lib.wasm only loads"),
            ("table", "nothing was called: lib.wasm only loads"),
            ("markdown", "only loads: **lib.wasm on wasmi: no-entry-point (\\_start)**"),
            ("summary", "❌ lib.wasm loads on 1 of 2 runtimes"),
            ("comment", "**lib.wasm**: loads on wasmi 2.0; nothing in it was run"),
            ("html", "loads on</span> wasmi 2.0"),
            ("junit", "only loads: lib.wasm on wasmi"),
            ("github", "only loads%3A lib.wasm on "),
            ("badge", "loads on 1 of 2 runtimes"),
        ] {
            check(&report, form, says);
        }
    }

    #[test]
    fn a_missing_program_is_no_second_obstacle_of_a_library() {
        // The obstacle behind the first one of these cells, and their remedy once the library only has to load.
        let check = |cells: &[usize], next: Code, expected: Option<&str>| {
            let mut report = report();
            for cell in cells {
                let cell = &mut report.cells[*cell];
                cell.code = Some(Code::UnsupportedProposal);
                cell.subject = Some("gc".to_owned());
                cell.remedy = Some("The lack of gc is only the first obstacle: … Do that.".to_owned());
                (cell.next_obstacle, cell.next_obstacle_remedy) = (Some(next), Some("Do that.".to_owned()));
            }
            require_loading(&mut report, "hello");
            assert_eq!(report.cells[1].remedy.as_deref(), expected);
        };
        check(&[1], Code::NoEntryPoint, Some(&format!("It loads on {}.", report().cells[0].runtime)));
        check(&[1], Code::MissingImport, Some("The lack of gc is only the first obstacle: … Do that."));
        check(&[0, 1], Code::NoEntryPoint, None);
    }

    #[test]
    fn a_library_that_only_has_to_load_passes_where_it_does() {
        let mut report = report();
        require_loading(&mut report, "hello");
        let results: Vec<_> = report.cells.iter().map(|c| (c.verdict, c.only_loaded, c.code)).collect();
        assert_eq!(results, [(Verdict::Pass, true, None), (Verdict::NotAttempted, false, None)]);
        assert_eq!(report.cells[0].detail, ONLY_LOADED);
        for (form, says) in [
            ("answer", "loads on     wasmi 2.0"),
            ("answer", ONLY_LOADED),
            ("table", "✓ pass (a library: loads)"),
            ("markdown", "✅ loads"),
            ("summary", "✅ lib.wasm loads on 1 of 1 runtimes"),
            ("comment", "**lib.wasm**: loads on wasmi 2.0; nothing in it was run"),
            ("html", "loads on</span> wasmi 2.0"),
            ("junit", "<property name=\"checked\" value=\"it loads"),
            ("badge", "loads on 1 of 1 runtimes"),
            ("json", "\"only_loaded\": true"),
        ] {
            check(&report, form, says);
        }
        assert!(crate::findings::findings(&report).iter().all(|f| f.severity == crate::findings::Severity::Warning));
    }
}

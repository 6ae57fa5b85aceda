//! Modules without a program. Unless `--invoke` names an export to call, a runtime can only load them, and every format
//! says "loads" instead of "runs".

use wasmlab_model::codes::Code;
use wasmlab_model::facts::{BinaryKind, Export, Facts, Shape};
use wasmlab_model::names::first_listed;
use wasmlab_model::report::{Cell, RunReport};
use wasmlab_model::verdict::Verdict;

/// The detail of a cell whose guest was only loaded.
pub const ONLY_LOADED: &str =
    "it loads; nothing in it was called: `--invoke EXPORT` calls a function (in wasmlab.toml: `invoke`)";
/// The detail of a cell whose runtime cannot load a guest without running it.
const NEEDS_PROGRAM_FIRST: &str =
    "it looks for a program before it links the module, so the lab cannot make it load the module without running it";

/// Whether the guest is a module without a program.
#[must_use]
pub fn is_library(facts: &Facts) -> bool {
    facts.kind == BinaryKind::Module && matches!(facts.shape, Shape::Library | Shape::Reactor)
}

/// The facts of a cell's guest, if it is a library and the runtime found no program in it.
fn without_program<'a>(report: &'a RunReport, cell: &Cell) -> Option<&'a Facts> {
    if cell.code != Some(Code::NoEntryPoint) || cell.subject.as_deref() != Some("_start") {
        return None;
    }
    let guest = report.guest(&cell.scenario);
    guest.and_then(|a| a.facts.as_ref()).filter(|facts| is_library(facts))
}

/// Whether nothing but a program is missing. A runtime that looks for the program before linking would not notice a
/// missing import, so then the guest must have no imports.
#[must_use]
pub fn lacks_only_a_program(report: &RunReport, cell: &Cell) -> bool {
    without_program(report, cell).is_some_and(|facts| cell.is_linked() || facts.imports.is_empty())
}

/// The exports of a library that was loaded with its imports but has no program to run; `None` in any other case.
#[must_use]
pub fn exports_of_loaded<'a>(report: &'a RunReport, cell: &Cell) -> Option<&'a [Export]> {
    let exports = without_program(report, cell)?.exports.as_slice();
    let is_callable = exports.iter().any(|export| export.signature.is_some());
    (cell.is_linked() && is_callable).then_some(exports)
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
        cell.only_loaded = is_linked;
        let (verdict, detail) =
            if is_linked { (Verdict::Pass, ONLY_LOADED) } else { (Verdict::NotAttempted, NEEDS_PROGRAM_FIRST) };
        (cell.verdict, cell.detail) = (verdict, detail.to_owned());
        (cell.code, cell.subject, cell.remedy) = (None, None, None);
        cell.blame.clear();
        cell.remedies.clear();
    }
    // Elsewhere, the missing program is no second obstacle.
    let loaded: Vec<String> =
        report.cells.iter().filter(|c| c.scenario == scenario && c.only_loaded).map(|c| c.runtime.clone()).collect();
    let is_behind = |cell: &&mut Cell| cell.scenario == scenario && cell.next_obstacle_remedy.is_some();
    for cell in report.cells.iter_mut().filter(is_behind).filter(|_| !loaded.is_empty()) {
        let on = first_listed(&loaded, MAX_NAMED);
        let on = if let [one, other] = loaded.as_slice() { format!("{one} and {other}") } else { on };
        cell.remedy = Some(format!("Load it on {on}, where it loads."));
        cell.next_obstacle_remedy = None;
    }
}

/// Runtimes that a remedy names.
const MAX_NAMED: usize = 4;

#[cfg(test)]
mod tests {
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
            ("answer", "nothing was run: lib.wasm only loads"),
            ("table", "nothing was run: lib.wasm only loads"),
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

//! Whose fault it is that a guest went wrong: each cell beside the others of its row, those that were not measured
//! here as their snapshots have them.

use std::collections::BTreeMap;

use crate::store::snapshots::AcceptedLines;
use wasmlab_judge::row::{self, RowCell};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::report::Cell;
use wasmlab_runtimes::is_custom_build;

/// In place of the catalogue's remedy, which is for a guest's fault; limits have remedies that hold for both.
const REMEDY: &str = "Use one of the runtimes that run it, and report the difference to this one with the module.";

/// Sets blame, and where a runtime differs says from how many.
pub fn compare(cells: &mut [Cell], elsewhere: &AcceptedLines) {
    let rows = rows(cells, elsewhere);
    for cell in cells.iter_mut().filter(|cell| cell.blame == [Blame::Guest]) {
        let row = rows.get(&cell.scenario).map(Vec::as_slice).unwrap_or_default();
        let others = row.iter().filter(|(runtime, _)| *runtime != cell.runtime);
        let others: Vec<RowCell> = others.map(|(_, other)| *other).collect();
        let Some(found) = row::compare(of_cell(cell), &others) else { continue };
        cell.blame = vec![found.blame];
        if found.blame == Blame::Runtime {
            let (well, ran, detail) = (found.ran_well, found.ran, &cell.detail);
            let runtimes = if ran == 1 { "runtime" } else { "runtimes" };
            cell.detail = format!("differs from {well} of {ran} other {runtimes} that ran it: {detail}");
            // A remedy of the cell's own holds for both.
            let is_general = cell.code.is_some_and(|code| cell.remedy.as_deref() == Some(code.entry().remedy));
            let of_guest =
                matches!(cell.code, Some(Code::WrongOutput | Code::WrongExit | Code::Trap | Code::HostRefused));
            if is_general && of_guest {
                cell.remedy = Some(REMEDY.to_owned());
            }
        }
    }
}

/// What there is to compare with, by scenario, each with its runtime. A build of the user's own is compared with
/// others, and nobody with it.
fn rows(cells: &[Cell], elsewhere: &AcceptedLines) -> BTreeMap<String, Vec<(String, RowCell)>> {
    let mut rows: BTreeMap<String, Vec<(String, RowCell)>> = BTreeMap::new();
    for cell in cells.iter().filter(|cell| cell.verdict.is_measured() && !is_custom_build(&cell.runtime)) {
        rows.entry(cell.scenario.clone()).or_default().push((cell.runtime.clone(), of_cell(cell)));
    }
    for ((runtime, scenario), line) in elsewhere {
        let seen = RowCell { verdict: line.verdict, code: line.code, stage: line.stage };
        rows.entry(scenario.clone()).or_default().push((runtime.clone(), seen));
    }
    rows
}

fn of_cell(cell: &Cell) -> RowCell {
    RowCell { verdict: cell.verdict, code: cell.code, stage: cell.stage }
}

#[cfg(test)]
mod tests {
    use super::compare;
    use crate::store::snapshots::AcceptedLines;
    use crate::store::snapshots::column::Line;
    use wasmlab_model::codes::{Blame, Code};
    use wasmlab_model::report::Cell;
    use wasmlab_model::verdict::Verdict;

    fn cell(runtime: &str, code: Option<Code>) -> Cell {
        let pass = crate::sample::cells().remove(0);
        let verdict = code.map_or(Verdict::Pass, |code| code.entry().verdict);
        let blame = code.map(|code| code.entry().blame.to_vec()).unwrap_or_default();
        Cell { runtime: runtime.to_owned(), verdict, code, blame, detail: "it is so".to_owned(), ..pass }
    }

    fn check(here: &[(&str, Option<Code>)], there: &[(&str, Option<Code>)], blame: Blame, detail: &str) {
        let mut cells: Vec<Cell> = here.iter().map(|(runtime, code)| cell(runtime, *code)).collect();
        let line = |(runtime, code): &(&str, Option<Code>)| {
            let cell = cell(runtime, *code);
            ((cell.runtime.clone(), cell.scenario.clone()), Line::of(&cell, "1.0"))
        };
        compare(&mut cells, &there.iter().map(line).collect::<AcceptedLines>());
        assert_eq!((cells[0].blame.as_slice(), cells[0].detail.as_str()), (&[blame][..], detail), "{here:?} {there:?}");
    }

    #[test]
    fn a_cell_is_compared_with_its_row_here_and_elsewhere() {
        let (wrong, trap) = (Some(Code::WrongOutput), Some(Code::Trap));
        check(&[("node", wrong)], &[], Blame::Unknown, "it is so");
        check(&[("node", wrong), ("bun", wrong)], &[], Blame::Guest, "it is so");
        let differs = "differs from 1 of 1 other runtime that ran it: it is so";
        check(&[("node", wrong), ("bun", None)], &[], Blame::Runtime, differs);
        check(&[("node", trap)], &[("wasmi", None)], Blame::Runtime, differs);
        let differs = "differs from 1 of 2 other runtimes that ran it: it is so";
        check(&[("node", trap), ("bun", trap)], &[("wasmi", None)], Blame::Runtime, differs);
        check(&[("wasmtime-cli@own", wrong), ("node", wrong)], &[], Blame::Guest, "it is so");
        check(&[("node", wrong), ("wasmtime-cli@own", None)], &[], Blame::Unknown, "it is so");
        // Whom the code blames by itself is not compared.
        check(&[("node", Some(Code::Crashed)), ("bun", None)], &[], Blame::Runtime, "it is so");
    }
}

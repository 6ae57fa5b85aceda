//! Decides who is to blame if a guest gives a wrong result: compares each cell with the others in its row, using
//! snapshots for those that were not measured here.

use std::collections::{BTreeMap, BTreeSet};

use crate::store::snapshots::AcceptedLines;
use wasmlab_judge::row::{self, RowCell};
use wasmlab_model::checks::Check;
use wasmlab_model::codes::Blame;
use wasmlab_model::report::Cell;
use wasmlab_runtimes::{Runtime, is_custom_build};

/// Another cell in the same row.
struct Other {
    runtime: String,
    cell: RowCell,
    checks: Vec<Check>,
    /// It was run by the toolchain's JavaScript, which makes it a different program than the module alone.
    by_glue: bool,
}

/// Sets the blame, and notes how many columns a runtime differs from.
pub fn compare(cells: &mut [Cell], elsewhere: &AcceptedLines) {
    let rows = rows(cells, elsewhere);
    for cell in cells.iter_mut().filter(|cell| cell.blame == [Blame::Guest]) {
        let row = rows.get(&cell.scenario).map(Vec::as_slice).unwrap_or_default();
        let alike = |other: &&Other| other.runtime != cell.runtime && other.by_glue == is_by_glue(cell);
        let others: Vec<&Other> = row.iter().filter(alike).collect();
        let of_row: Vec<RowCell> = others.iter().map(|other| other.cell).collect();
        let Some(found) = row::compare(row_cell(cell), &of_row) else { continue };
        // The same engine runs it in another embedding, so the lab's own embedding may be the reason.
        let other_embedding = others
            .iter()
            .find(|other| is_other_embedding(&cell.runtime, &other.runtime) && row::ran_to_completion(other.cell));
        let other_embedding = other_embedding.filter(|_| found.blame == Blame::Runtime);
        cell.blame = vec![if other_embedding.is_some() { Blame::Unknown } else { found.blame }];
        if found.completed_count > 0 && found.blame != Blame::Guest {
            let checks: Vec<&[Check]> = others.iter().map(|other| other.checks.as_slice()).collect();
            cell.detail = row::detail(&cell.detail, found, &cell.checks, &checks);
            if let Some(other_embedding) = other_embedding {
                cell.detail += &format!("; {}, which uses the same engine, runs it correctly", other_embedding.runtime);
            }
        }
    }
}

/// Whether one column is the engine that the lab embeds, and the other its own command line.
fn is_other_embedding(embedded: &str, program: &str) -> bool {
    let program = wasmlab_runtimes::find(program);
    program.is_some_and(|program| program.reference_column.as_deref() == Some(embedded))
}

/// The cells to compare with, by scenario. A custom build is compared with others, but others are not compared with it.
fn rows(cells: &[Cell], elsewhere: &AcceptedLines) -> BTreeMap<String, Vec<Other>> {
    let mut rows: BTreeMap<String, Vec<Other>> = BTreeMap::new();
    let glued: BTreeSet<String> = cells.iter().filter(|c| is_by_glue(c)).map(|c| c.scenario.clone()).collect();
    for cell in cells.iter().filter(|cell| cell.verdict.is_measured() && !is_custom_build(&cell.runtime)) {
        let (runtime, checks, by_glue) = (cell.runtime.clone(), cell.checks.clone(), is_by_glue(cell));
        rows.entry(cell.scenario.clone()).or_default().push(Other { runtime, cell: row_cell(cell), checks, by_glue });
    }
    for ((runtime, scenario), line) in elsewhere {
        let cell = RowCell { verdict: line.verdict, code: line.code, stage: line.stage };
        // A snapshot does not record the execution path. In a row with glue, every JavaScript host uses it.
        let by_glue = glued.contains(scenario) && wasmlab_runtimes::find(runtime).is_some_and(Runtime::runs_glue);
        let other = Other { runtime: runtime.clone(), cell, checks: Vec::new(), by_glue };
        rows.entry(scenario.clone()).or_default().push(other);
    }
    rows
}

fn is_by_glue(cell: &Cell) -> bool {
    cell.execution_path.as_deref().is_some_and(|path| path.starts_with("glue:"))
}

fn row_cell(cell: &Cell) -> RowCell {
    RowCell { verdict: cell.verdict, code: cell.code, stage: cell.stage }
}

#[cfg(test)]
mod tests {
    use super::compare;
    use crate::store::snapshots::AcceptedLines;
    use crate::store::snapshots::column::AcceptedLine;
    use wasmlab_model::codes::{Blame, Code};
    use wasmlab_model::report::Cell;
    use wasmlab_model::verdict::Verdict;

    fn cell(runtime: &str, code: Option<Code>) -> Cell {
        let pass = crate::sample::cells().remove(0);
        let verdict = code.map_or(Verdict::Pass, |code| code.entry().verdict);
        let blame = code.map(|code| code.entry().blame.to_vec()).unwrap_or_default();
        Cell { runtime: runtime.to_owned(), verdict, code, blame, detail: "it is so".to_owned(), ..pass }
    }

    fn check(measured: &[(&str, Option<Code>)], accepted: &[(&str, Option<Code>)], blame: Blame, detail: &str) {
        let mut cells: Vec<Cell> = measured.iter().map(|(runtime, code)| cell(runtime, *code)).collect();
        let line = |(runtime, code): &(&str, Option<Code>)| {
            let cell = cell(runtime, *code);
            ((cell.runtime.clone(), cell.scenario.clone()), AcceptedLine::of(&cell, "1.0"))
        };
        compare(&mut cells, &accepted.iter().map(line).collect::<AcceptedLines>());
        assert_eq!(
            (cells[0].blame.as_slice(), cells[0].detail.as_str()),
            (&[blame][..], detail),
            "{measured:?} {accepted:?}"
        );
    }

    #[test]
    fn blame_uses_measured_and_accepted_cells_of_the_row() {
        let (wrong, trap) = (Some(Code::WrongOutput), Some(Code::Trap));
        check(&[("node", wrong)], &[], Blame::Unknown, "it is so");
        check(&[("node", wrong), ("bun", wrong)], &[], Blame::Guest, "it is so");
        let differs = "it is so; it works in 1 of 1 other column";
        check(&[("node", wrong), ("bun", None)], &[], Blame::Runtime, differs);
        check(&[("node", trap)], &[("wasmi", None)], Blame::Runtime, differs);
        let differs = "it is so; it works in 1 of 2 other columns";
        check(&[("node", trap), ("bun", trap)], &[("wasmi", None)], Blame::Runtime, differs);
        check(&[("wasmtime-cli@own", wrong), ("node", wrong)], &[], Blame::Guest, "it is so");
        check(&[("node", wrong), ("wasmtime-cli@own", None)], &[], Blame::Unknown, "it is so");
        // A code that implies the blame by itself is not compared.
        check(&[("node", Some(Code::Crashed)), ("bun", None)], &[], Blame::Runtime, "it is so");
    }
}

//! The page's matrix, in two forms: every column, and one column per engine.

use std::collections::BTreeMap;

use wasmlab_model::report::{Cell, RunReport, RuntimeInfo};
use wasmlab_model::verdict::Verdict;

use crate::GroupBy;
use crate::columns::{engine, short};
use crate::engine_result::{EngineResult, engines, has_host_layer};
use crate::symbols::{self, PARTLY, class};
use crate::text::rows;

/// A matrix with one kind of columns.
pub struct Table {
    /// `engines` or `columns`.
    pub id: &'static str,
    /// Caption for screen readers.
    pub caption: &'static str,
    /// The column heads.
    pub columns: Vec<ColumnHead>,
    /// The rows of each family.
    pub families: Vec<FamilyRows>,
}

/// The head of a column.
pub struct ColumnHead {
    /// The engine, or the column's id.
    pub name: String,
    /// Indices of its columns in the report, separated by spaces.
    pub indexes: String,
    /// The version; if columns differ, the oldest and the newest.
    pub version: String,
    /// Whether it has a host layer of the lab.
    pub has_host_layer: bool,
    /// Number of guests that pass.
    pub passes: usize,
}

/// The rows of a family.
pub struct FamilyRows {
    /// Its name.
    pub name: String,
    /// Sorted by rank.
    pub rows: Vec<MatrixRow>,
}

/// A guest.
pub struct MatrixRow {
    /// Its index in the report.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Number of columns on which it passes.
    pub passes: usize,
    /// One for each column.
    pub cells: Vec<CellSymbol>,
}

/// A cell as displayed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CellSymbol {
    /// The class that colours it.
    pub class: &'static str,
    /// The displayed symbol.
    pub symbol: char,
    /// The text for screen readers.
    pub label: String,
    /// Indices of its cells in the report, separated by spaces.
    pub indexes: String,
    /// Whether one of them differs from its snapshot.
    pub changed: bool,
}

/// A verdict's count, with the query that finds its cells.
pub struct VerdictCount {
    /// The class that colours it.
    pub class: &'static str,
    /// The verdict.
    pub verdict: &'static str,
    /// Number of cells.
    pub count: usize,
}

/// The verdicts that occur, most informative first.
pub fn counts(report: &RunReport) -> Vec<VerdictCount> {
    let count = |verdict: &Verdict| {
        let count = report.cells.iter().filter(|cell| cell.verdict == *verdict).count();
        VerdictCount { class: class(*verdict), verdict: verdict.id(), count }
    };
    Verdict::ALL.iter().map(count).filter(|count| count.count > 0).collect()
}

/// Every column.
pub fn full(report: &RunReport) -> Table {
    let groups = (0..report.runtimes.len()).map(|at| vec![at]).collect();
    table(report, "columns", "Every guest on every column", groups)
}

/// One column for each engine.
pub fn by_engine(report: &RunReport) -> Table {
    let columns: Vec<&RuntimeInfo> = report.runtimes.iter().collect();
    let groups = engines(&columns).into_iter().map(|engine| engine.columns).collect();
    table(report, "engines", "Every guest on every engine", groups)
}

fn table(report: &RunReport, id: &'static str, caption: &'static str, groups: Vec<Vec<usize>>) -> Table {
    let place: BTreeMap<&str, usize> = report.runtimes.iter().enumerate().map(|(at, r)| (r.id.as_str(), at)).collect();
    let of_row: BTreeMap<&str, usize> =
        report.scenarios.iter().enumerate().map(|(at, s)| (s.name.as_str(), at)).collect();
    // Cells without a column in the report are left out.
    let mut cells = vec![None; report.scenarios.len() * report.runtimes.len()];
    for (at, cell) in report.cells.iter().enumerate() {
        if let (Some(row), Some(column)) = (of_row.get(cell.scenario.as_str()), place.get(cell.runtime.as_str())) {
            cells[row * report.runtimes.len() + column] = Some((at, cell));
        }
    }
    let mut families: Vec<FamilyRows> = Vec::new();
    for row in rows(report, GroupBy::Family) {
        let Some(index) = of_row.get(row.scenario).copied() else { continue };
        let scenario = &report.scenarios[index];
        let cells_of_row = &cells[index * report.runtimes.len()..][..report.runtimes.len()];
        let cells_of = |group: &Vec<usize>| group.iter().filter_map(|at| cells_of_row[*at]).collect::<Vec<_>>();
        let symbols: Vec<CellSymbol> = groups.iter().map(|group| summary(report, &cells_of(group))).collect();
        let row = MatrixRow {
            index,
            name: row.name.to_owned(),
            title: scenario.title.clone(),
            passes: symbols.iter().filter(|symbol| matches!(symbol.class, "p" | PARTLY)).count(),
            cells: symbols,
        };
        match families.last_mut().filter(|family| family.name == scenario.family) {
            Some(family) => family.rows.push(row),
            None => families.push(FamilyRows { name: scenario.family.clone(), rows: vec![row] }),
        }
    }
    let columns = groups.iter().enumerate().map(|(at, group)| {
        let symbols = families.iter().flat_map(|family| &family.rows).map(|row| &row.cells[at]);
        ColumnHead {
            passes: symbols.filter(|symbol| matches!(symbol.class, "p" | PARTLY)).count(),
            ..column(report, id, group)
        }
    });
    Table { id, caption, columns: columns.collect(), families }
}

fn column(report: &RunReport, table: &str, group: &[usize]) -> ColumnHead {
    let runtime = &report.runtimes[group[0]];
    let alone = table == "columns" || runtime.custom_build;
    ColumnHead {
        name: if alone { runtime.id.clone() } else { engine(runtime).to_owned() },
        indexes: joined(group.iter().copied()),
        version: versions(group.iter().filter_map(|at| report.runtimes[*at].tool.version.as_deref())),
        has_host_layer: alone && has_host_layer(&runtime.id),
        passes: 0,
    }
}

/// `48.0`, or `48.0–50.0` if columns differ: the engine's major and minor version, without the versions of packages.
fn versions<'a>(all: impl Iterator<Item = &'a str>) -> String {
    let short = |version: &str| short(version.split(' ').next().unwrap_or_default());
    let key = |version: &String| version.split('.').map(|part| part.parse().unwrap_or(0_u64)).collect::<Vec<_>>();
    let mut all: Vec<String> = all.map(short).filter(|version| !version.is_empty()).collect();
    all.sort_by_key(key);
    match (all.first(), all.last()) {
        (Some(oldest), Some(newest)) if oldest != newest => format!("{oldest}–{newest}"),
        (oldest, _) => oldest.cloned().unwrap_or_default(),
    }
}

fn joined(indexes: impl Iterator<Item = usize>) -> String {
    indexes.map(|at| at.to_string()).collect::<Vec<_>>().join(" ")
}

/// The cells of a guest on the columns of one engine, or on a single column.
fn summary(report: &RunReport, cells: &[(usize, &Cell)]) -> CellSymbol {
    let indexes = joined(cells.iter().map(|(at, _)| *at));
    let changed = cells.iter().any(|(_, cell)| cell.change.is_change());
    let (verdict, code, partly, symbol) = match cells {
        [] => return CellSymbol { symbol: ' ', ..CellSymbol::default() },
        [(_, cell)] => (cell.verdict, cell.code, cell.passes_with_switch(), symbols::of_cell(report, cell)),
        _ => {
            let result = EngineResult::of(&cells.iter().map(|(_, cell)| *cell).collect::<Vec<_>>());
            (result.verdict, result.code, result.partly, result.symbol(report))
        }
    };
    let count =
        |is_counted: &dyn Fn(Verdict) -> bool| cells.iter().filter(|(_, cell)| is_counted(cell.verdict)).count();
    let is_layer_alone =
        || cells.iter().all(|(_, cell)| cell.verdict != Verdict::Pass || has_host_layer(&cell.runtime));
    let label = match code {
        _ if partly && cells.len() == 1 => "pass with a switch".to_owned(),
        _ if partly && is_layer_alone() => "passes only with a host layer".to_owned(),
        _ if partly => {
            let all = count(&Verdict::is_measured);
            format!("passes in {} of {all} columns", count(&|v| v == Verdict::Pass))
        }
        Some(code) => format!("{}: {code}", verdict.id()),
        None => verdict.id().to_owned(),
    };
    CellSymbol { class: if partly { PARTLY } else { class(verdict) }, symbol, label, indexes, changed }
}

#[cfg(test)]
mod tests {
    use super::{by_engine, summary, versions};
    use crate::sample;
    use wasmlab_model::codes::Code;
    use wasmlab_model::report::Cell;
    use wasmlab_model::verdict::Verdict;

    #[test]
    fn the_head_of_an_engine_has_no_version_of_one_column_only() {
        let check = |all: &[&str], expected: &str| assert_eq!(versions(all.iter().copied()), expected);
        check(&["48.0.8", "48.0.8"], "48.0");
        check(&["49.0.3", "48.0.8", "50.0.1"], "48.0–50.0");
        check(&["9.1", "10.0.0 jco 1.35.0"], "9.1–10.0");
        check(&[], "");
        let mut report = sample::report();
        let mut other = report.runtimes.iter().find(|r| r.id == "wasmtime-winch").unwrap().clone();
        (other.id, other.tool.version) = ("wasmtime-cli".to_owned(), Some("49.0.3".to_owned()));
        report.runtimes.push(other);
        let heads: Vec<(String, String)> =
            by_engine(&report).columns.into_iter().map(|c| (c.name, c.version)).collect();
        assert!(heads.contains(&("wasmtime".to_owned(), "48.0–49.0".to_owned())), "{heads:?}");
    }

    #[test]
    fn cells_of_an_engine_have_one_symbol() {
        let report = sample::report();
        let cell = |(runtime, verdict): &(&str, &str)| -> Cell {
            let mut cell = report.cells[0].clone();
            cell.runtime = (*runtime).to_owned();
            cell.verdict = match *verdict {
                "pass" | "switch" => Verdict::Pass,
                "n/a" => Verdict::NotApplicable,
                "absent" => Verdict::Absent,
                _ => Verdict::Gap,
            };
            cell.code = match *verdict {
                "trap" => Some(Code::Trap),
                "import" => Some(Code::MissingImport),
                _ => None,
            };
            if *verdict == "switch" {
                cell.switches = vec!["--x".to_owned()];
            }
            cell
        };
        let check = |cells: &[(&str, &str)], class: &str, label: &str| {
            let cells: Vec<Cell> = cells.iter().map(cell).collect();
            let placed: Vec<(usize, &Cell)> = cells.iter().enumerate().collect();
            let shown = summary(&report, &placed);
            assert_eq!((shown.class, shown.label.as_str()), (class, label));
        };
        check(&[("a", "pass")], "p", "pass");
        check(&[("a", "switch")], "w", "pass with a switch");
        check(&[("a", "pass"), ("a-x", "pass"), ("a+jco", "n/a"), ("a-z", "absent")], "p", "pass");
        check(&[("a", "pass"), ("a-x", "trap")], "w", "passes in 1 of 2 columns");
        check(&[("a", "import"), ("a+jco", "pass")], "w", "passes only with a host layer");
        // Only with the host layer.
        check(&[("a", "n/a"), ("a+jco", "pass")], "w", "passes only with a host layer");
        check(&[("a", "import"), ("a-x", "import"), ("a-y", "import")], "g", "gap: missing-import");
        check(&[("a", "trap"), ("a-x", "import")], "g", "gap: trap");
        check(&[("a", "n/a"), ("a-x", "n/a")], "x", "not-applicable");
        check(&[], "", "");
    }
}

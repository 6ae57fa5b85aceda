//! Checks that a report is consistent. It may have been edited, merged by another program, or written by somebody who
//! wants a gap to look like a pass: every scenario and runtime must have exactly one cell.

use std::collections::{HashMap, HashSet};

use super::RunReport;
use crate::verdict::Verdict;

/// Maximum number of combinations of a scenario and a runtime: a page has an entry for each, also without a cell.
const MAX_COMBINATIONS: usize = 1 << 20;

impl RunReport {
    /// Checks that rows, columns, guests and cells are listed once, and that each guest and cell belongs to a listed row
    /// and column.
    ///
    /// # Errors
    /// The first entry that does not fit, as `cells[7] (SCENARIO on RUNTIME) …`.
    pub fn check_consistency(&self) -> Result<(), String> {
        let rows = unique("scenarios", self.scenarios.iter().map(|scenario| scenario.name.as_str()))?;
        let columns = unique("runtimes", self.runtimes.iter().map(|runtime| runtime.id.as_str()))?;
        let guests = unique("guests", self.guests.iter().map(|guest| guest.scenario.as_str()))?;
        if rows.len().saturating_mul(columns.len()) > MAX_COMBINATIONS {
            let (rows, columns) = (rows.len(), columns.len());
            return Err(format!(
                "{rows} scenarios and {columns} runtimes are more than {MAX_COMBINATIONS} combinations"
            ));
        }
        if let Some(name) = guests.iter().filter(|name| !rows.contains(*name)).min() {
            return Err(format!("the guest of `{}` belongs to no scenario in `scenarios`", name.escape_debug()));
        }
        let mut seen = HashMap::new();
        for (index, cell) in self.cells.iter().enumerate() {
            let (row, column) = (cell.scenario.as_str(), cell.runtime.as_str());
            let wrong = if !rows.contains(row) {
                "its scenario is not in `scenarios`".to_owned()
            } else if !columns.contains(column) {
                "its runtime is not in `runtimes`".to_owned()
            } else if let Some(first) = seen.insert((row, column), index) {
                format!("cells[{first}] has the same scenario and runtime")
            } else if cell.verdict == Verdict::Pass && cell.code.is_some() {
                "it is a pass, and has the code of another result".to_owned()
            } else if cell.verdict == Verdict::Gap && cell.code.is_none() {
                "it is a gap without a code".to_owned()
            } else {
                continue;
            };
            return Err(format!("cells[{index}] (`{}` on `{}`): {wrong}", row.escape_debug(), column.escape_debug()));
        }
        Ok(())
    }

    /// Checks that every scenario has a cell for every runtime, as in a run that was not interrupted, and that there is
    /// at least one cell.
    ///
    /// # Errors
    /// The first cell that is missing.
    pub fn check_completeness(&self) -> Result<(), String> {
        if self.cells.is_empty() {
            return Err("it has no cells".to_owned());
        }
        let found: HashSet<(&str, &str)> =
            self.cells.iter().map(|c| (c.scenario.as_str(), c.runtime.as_str())).collect();
        let wanted = self.scenarios.iter().flat_map(|row| self.runtimes.iter().map(move |column| (row, column)));
        let mut missing = wanted.filter(|(row, column)| !found.contains(&(row.name.as_str(), column.id.as_str())));
        match missing.next() {
            Some((row, column)) if !self.interrupted => {
                Err(format!("it has no cell for `{}` on `{}`", row.name.escape_debug(), column.id.escape_debug()))
            }
            _ => Ok(()),
        }
    }
}

/// The names, if none occurs twice.
fn unique<'a>(list: &str, names: impl Iterator<Item = &'a str>) -> Result<HashSet<&'a str>, String> {
    let mut seen = HashSet::new();
    for (index, name) in names.enumerate() {
        if !seen.insert(name) {
            return Err(format!("{list}[{index}]: `{}` is there twice", name.escape_debug()));
        }
    }
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use crate::report::{RunReport, ScenarioInfo};
    use crate::verdict::Verdict;

    fn sample() -> RunReport {
        serde_json::from_str(include_str!("../../sample.json")).unwrap()
    }

    #[test]
    fn what_contradicts_itself_is_named() {
        let check = |change: fn(&mut RunReport), expected: Option<&str>| {
            let mut report = sample();
            change(&mut report);
            let error = report.check_consistency().err();
            match expected {
                Some(expected) => {
                    assert!(error.as_ref().is_some_and(|e| e.contains(expected)), "{error:?}, not {expected}")
                }
                None => assert_eq!(error, None),
            }
        };
        check(|_| (), None);
        // An interrupted run leaves cells out.
        check(|r| _ = r.cells.pop(), None);
        check(|r| r.cells.push(r.cells[0].clone()), Some("cells[7] (`"));
        check(|r| r.cells.push(r.cells[0].clone()), Some("`): cells[0] has the same scenario and runtime"));
        check(|r| r.cells[1].scenario = "other".to_owned(), Some("cells[1] (`other` on `"));
        check(|r| r.cells[1].runtime = "other".to_owned(), Some("its runtime is not in `runtimes`"));
        fn gap(r: &RunReport) -> usize {
            r.cells.iter().position(|cell| cell.verdict == Verdict::Gap).unwrap()
        }
        check(
            |r| {
                let at = gap(r);
                r.cells[at].code = None;
            },
            Some("it is a gap without a code"),
        );
        check(
            |r| {
                let at = gap(r);
                r.cells[at].verdict = Verdict::Pass;
            },
            Some("it is a pass, and has the code of another result"),
        );
        check(|r| r.scenarios.push(r.scenarios[0].clone()), Some("scenarios[2]: `"));
        check(|r| r.runtimes.push(r.runtimes[0].clone()), Some("runtimes[4]: `"));
        check(|r| r.guests.push(r.guests[0].clone()), Some("guests[2]: `"));
        let many = |r: &mut RunReport| {
            let scenario = r.scenarios[0].clone();
            let named = |n: usize| ScenarioInfo { name: n.to_string(), ..scenario.clone() };
            r.scenarios.extend((0..super::MAX_COMBINATIONS / r.runtimes.len()).map(named));
        };
        check(many, Some("are more than 1048576 combinations"));
        check(|r| r.guests[0].scenario = "other".to_owned(), Some("the guest of `other` belongs to no scenario"));
    }

    #[test]
    fn missing_cells_are_named_unless_the_run_was_interrupted() {
        let mut report = sample();
        let error = report.check_completeness().unwrap_err();
        assert!(error.starts_with("it has no cell for `"), "{error}");
        report.interrupted = true;
        assert_eq!(report.check_completeness(), Ok(()));
        report.cells.clear();
        assert_eq!(report.check_completeness(), Err("it has no cells".to_owned()));
    }
}

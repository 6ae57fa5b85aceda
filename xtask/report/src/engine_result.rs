//! The result of a guest on an engine: its cells in all columns of the engine as one.

use wasmlab_model::codes::Code;
use wasmlab_model::report::{Cell, PASS_WITH_SWITCH, RunReport, RuntimeInfo};
use wasmlab_model::verdict::Verdict;

use super::columns::engine;
use super::symbols;

/// The columns of an engine.
pub struct EngineColumns<'a> {
    /// The engine; for a custom build, the column's id.
    pub name: &'a str,
    /// Indices of its columns.
    pub columns: Vec<usize>,
}

/// The engines of these columns, in their order. A custom build counts as a separate engine.
pub fn engines<'a>(columns: &[&'a RuntimeInfo]) -> Vec<EngineColumns<'a>> {
    let mut engines: Vec<EngineColumns> = Vec::new();
    for (at, runtime) in columns.iter().enumerate() {
        let name = if runtime.custom_build { &runtime.id } else { engine(runtime) };
        match engines.iter_mut().find(|engine| engine.name == name) {
            Some(engine) => engine.columns.push(at),
            None => engines.push(EngineColumns { name, columns: vec![at] }),
        }
    }
    engines
}

/// The result of a guest on an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineResult {
    /// [`Verdict::Pass`] if a column passes.
    pub verdict: Verdict,
    /// The reason, if it does not pass.
    pub code: Option<Code>,
    /// It passes in some columns only, or only with a host layer or a switch.
    pub partly: bool,
}

impl EngineResult {
    /// Summarizes the cells of one guest in the columns of one engine.
    pub fn of(cells: &[&Cell]) -> Self {
        let has = |verdict| cells.iter().any(|c| c.verdict == verdict);
        let first = |verdict| cells.iter().find(|c| c.verdict == verdict).and_then(|c| c.code);
        let of = |verdict| Self { verdict, code: first(verdict), partly: false };
        if let Some(verdict) = [Verdict::Error, Verdict::NotBuilt].into_iter().find(|verdict| has(*verdict)) {
            return of(verdict);
        }
        if has(Verdict::Pass) {
            let is_engine_alone = |c: &&Cell| cells.len() == 1 || !has_host_layer(&c.runtime);
            let mut alone = cells.iter().copied().filter(|c| c.verdict.is_measured() && is_engine_alone(c)).peekable();
            let all = alone.peek().is_some() && alone.all(|c| c.verdict == Verdict::Pass && c.switches.is_empty());
            return Self { verdict: Verdict::Pass, code: None, partly: !all };
        }
        if has(Verdict::Fail) {
            return of(Verdict::Fail);
        }
        // The column that got furthest has the most informative reason; a bare engine without any WASI says little.
        let gaps = cells.iter().filter(|c| c.verdict == Verdict::Gap);
        if let Some(cell) = gaps.rev().max_by_key(|c| (!c.lacks_guest_kind(), c.stage)) {
            return Self { verdict: Verdict::Gap, code: cell.code, partly: false };
        }
        let rest = [Verdict::NotAttempted, Verdict::Absent];
        of(rest.into_iter().find(|verdict| has(*verdict)).unwrap_or(Verdict::NotApplicable))
    }

    /// Its symbol in a matrix.
    pub fn symbol(self, report: &RunReport) -> char {
        if self.partly { PASS_WITH_SWITCH } else { symbols::of_verdict(report, self.verdict, self.code) }
    }
}

/// Whether a column's id names a host layer: `node+jco`.
pub fn has_host_layer(id: &str) -> bool {
    id.contains('+')
}

#[cfg(test)]
mod tests {
    use super::EngineResult;
    use crate::sample;
    use wasmlab_model::codes::Code;
    use wasmlab_model::report::Cell;
    use wasmlab_model::verdict::Verdict;

    #[test]
    fn columns_of_an_engine_are_summarized() {
        let first = sample::report().cells[0].clone();
        let cell = |runtime: &str, verdict: Verdict| Cell {
            runtime: runtime.to_owned(),
            verdict,
            code: None,
            switches: Vec::new(),
            ..first.clone()
        };
        let gap = |runtime: &str, code: Code, stage: &str| {
            let stage = serde_json::from_value(stage.into()).unwrap();
            Cell { code: Some(code), stage: Some(stage), ..cell(runtime, Verdict::Gap) }
        };
        let check = |cells: &[Cell], verdict: Verdict, code: Option<Code>, partly: bool| {
            let cells: Vec<&Cell> = cells.iter().collect();
            assert_eq!(EngineResult::of(&cells), EngineResult { verdict, code, partly }, "{cells:?}");
        };
        let (pass, other) = (cell("node", Verdict::Pass), cell("node+jco", Verdict::NotApplicable));
        check(&[pass.clone(), other.clone()], Verdict::Pass, None, false);
        let switched = Cell { switches: vec!["--all".to_owned()], ..pass.clone() };
        check(std::slice::from_ref(&switched), Verdict::Pass, None, true);
        check(&[switched, other.clone()], Verdict::Pass, None, true);
        // Only the host layer runs it.
        check(&[other, cell("node+jco", Verdict::Pass)], Verdict::Pass, None, true);
        check(&[cell("chromium+pyodide", Verdict::Pass)], Verdict::Pass, None, false);
        let no_wasi = gap("chromium", Code::MissingImport, "link");
        check(&[no_wasi.clone(), cell("chromium+wasi-shim", Verdict::Pass)], Verdict::Pass, None, true);
        // The engine runs it, even if it cannot with one of its host layers, or was not tried in a column.
        check(&[pass.clone(), gap("node+x", Code::Trap, "run")], Verdict::Pass, None, false);
        check(&[pass.clone(), cell("node-24", Verdict::NotAttempted)], Verdict::Pass, None, false);
        check(&[pass, gap("node-20", Code::UnsupportedProposal, "compile")], Verdict::Pass, None, true);
        let further = gap("chromium+wasi-shim", Code::Trap, "run");
        check(&[no_wasi.clone(), further.clone()], Verdict::Gap, Some(Code::Trap), false);
        let trivial = Cell { missing_abi: Some("WASI".to_owned()), ..further };
        check(&[trivial, no_wasi], Verdict::Gap, Some(Code::MissingImport), false);
        check(&[cell("a", Verdict::Absent)], Verdict::Absent, None, false);
        check(
            &[cell("a", Verdict::NotAttempted), cell("b", Verdict::NotApplicable)],
            Verdict::NotAttempted,
            None,
            false,
        );
        check(&[], Verdict::NotApplicable, None, false);
    }
}

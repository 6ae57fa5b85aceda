//! The life cycle of snapshots: new, pending, accepted, changed.

use std::fs;

use super::Snapshots;
use wasmlab_model::codes::Code;
use wasmlab_model::report::Cell;
use wasmlab_model::verdict::Verdict;

mod changes;
mod file_format;
mod pending;

/// A temporary folder of snapshots.
struct Folder {
    dir: tempfile::TempDir,
    store: Snapshots,
}

impl Folder {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Snapshots::new(dir.path().to_owned());
        Self { dir, store }
    }

    /// Compares the results of a run with this version of runtime `r`.
    fn run(&self, version: &str, results: &[(&str, (Verdict, Option<Code>))]) -> Vec<Cell> {
        let mut cells: Vec<Cell> = results.iter().map(|(scenario, result)| cell(scenario, *result)).collect();
        self.store.compare_column("r", version, &mut cells.iter_mut().collect::<Vec<_>>()).unwrap();
        cells
    }

    fn accept(&self, scenarios: &[&str]) -> usize {
        let chosen = |name: &str, runtime: Option<&str>| scenarios.contains(&name) && runtime == Some("r");
        self.store.accept(&chosen).unwrap().iter().map(|(_, lines)| lines).sum()
    }

    /// The lines of a file, without insta's header and with single spaces.
    fn lines(&self, file: &str) -> Vec<String> {
        let text = fs::read_to_string(self.dir.path().join("matrix").join(file)).unwrap_or_default();
        let single_spaced = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        text.lines().skip(4).filter(|l| !l.starts_with("scenario ")).map(single_spaced).collect()
    }
}

fn cell(scenario: &str, (verdict, code): (Verdict, Option<Code>)) -> Cell {
    let mut cell = crate::sample::cells().remove(0);
    cell.scenario = scenario.to_owned();
    cell.runtime = "r".to_owned();
    (cell.verdict, cell.code, cell.subject) = (verdict, code, None);
    cell.blame = code.map(|c| c.entry().blame.to_vec()).unwrap_or_default();
    if verdict == Verdict::NotAttempted {
        (cell.stage, cell.subject) = (None, Some("call-argument".to_owned()));
    }
    cell
}

const PASS: (Verdict, Option<Code>) = (Verdict::Pass, None);
const TRAP: (Verdict, Option<Code>) = (Verdict::Gap, Some(Code::Trap));

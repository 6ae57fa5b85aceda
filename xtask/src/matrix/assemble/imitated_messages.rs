//! Detects guests that imitate their runtime's messages and exit code. A message that a command-line runtime seems to
//! print is the guest's if the guest printed the same on an engine that reports events and ran it to its end: a runtime
//! that refuses a guest does not print what the guest would.

use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::report::Cell;
use wasmlab_model::verdict::Verdict;
use wasmlab_protocol::Stage;
use wasmlab_runtimes::base_id;

/// Gives such cells the verdict of the engine that reports events.
pub fn correct(cells: &mut [Cell]) {
    let reported: Vec<Cell> =
        cells.iter().filter(|cell| has_exited(cell) && !parses_output(&cell.runtime)).cloned().collect();
    for cell in cells.iter_mut().filter(|cell| is_refusal(cell) && parses_output(&cell.runtime)) {
        let same = |other: &&Cell| {
            other.scenario == cell.scenario
                && other.output.stderr.trim() == cell.output.stderr.trim()
                && other.output.stdout.trim() == cell.output.stdout.trim()
        };
        if let Some(other) = reported.iter().find(same) {
            let detail = format!("{}; the guest prints the same text on {}", other.detail, other.runtime);
            cell.clone_from(&Cell {
                verdict: other.verdict,
                code: other.code,
                blame: other.blame.clone(),
                stage: other.stage,
                subject: other.subject.clone(),
                detail,
                remedy: other.remedy.clone(),
                remedy_kind: other.remedy_kind,
                refusal: other.refusal.clone(),
                checks: other.checks.clone(),
                ..cell.clone()
            });
        }
    }
}

/// Whether the column's adapter parses the program's output.
fn parses_output(runtime: &str) -> bool {
    wasmlab_runtimes::find(base_id(runtime)).is_some_and(|runtime| runtime.output_parser.is_some())
}

/// Whether the guest ran to its end, printed something and chose an exit code.
fn has_exited(cell: &Cell) -> bool {
    let prints = !cell.output.stderr.trim().is_empty() || !cell.output.stdout.trim().is_empty();
    prints && cell.stage == Some(Stage::Run) && cell.code == Some(Code::WrongExit)
}

/// Whether the cell blames the runtime, its host or nobody.
fn is_refusal(cell: &Cell) -> bool {
    let refused = matches!(cell.verdict, Verdict::Gap | Verdict::Error | Verdict::NotAttempted);
    refused && (cell.blame != [Blame::Guest] || cell.code == Some(Code::HostRefused))
}

#[cfg(test)]
mod tests {
    use super::correct;
    use wasmlab_model::codes::{Blame, Code};
    use wasmlab_model::report::{Cell, Output};
    use wasmlab_model::verdict::Verdict;
    use wasmlab_protocol::Stage;

    fn cell(runtime: &str, code: Code, stage: Stage, stderr: &str) -> Cell {
        let pass = crate::sample::cells().remove(0);
        let (entry, output) = (code.entry(), Output { stderr: stderr.to_owned(), ..Output::default() });
        let (verdict, blame, stage) = (entry.verdict, entry.blame.to_vec(), Some(stage));
        Cell { runtime: runtime.to_owned(), verdict, code: Some(code), blame, stage, output, ..pass }
    }

    fn check(message: &str, other: (&str, &str), code: Code) {
        let mut cells = vec![
            cell("wasmtime-cli", Code::MissingImport, Stage::Link, message),
            cell(other.0, Code::WrongExit, Stage::Run, other.1),
        ];
        correct(&mut cells);
        assert_eq!(cells[0].code, Some(code), "{message} {other:?}");
        assert_eq!(cells[0].blame == [Blame::Guest], code == Code::WrongExit);
        assert_eq!(cells[0].verdict == Verdict::Fail, code == Code::WrongExit);
    }

    #[test]
    fn message_that_the_guest_also_prints_elsewhere_is_its_own() {
        let message = "Error: unknown import: `env::f` has not been defined\n";
        check(message, ("wasmtime-cranelift", message), Code::WrongExit);
        // The runtime's message follows the guest's output.
        check(&format!("starting\n{message}"), ("wasmtime-cranelift", "starting\n"), Code::MissingImport);
        check("", ("wasmtime-cranelift", ""), Code::MissingImport);
        // Another command-line runtime may be imitated as well.
        check(message, ("wasmi-cli", message), Code::MissingImport);
    }
}

//! A guest can print what its runtime would, and exit with the same code. A command line's words are the guest's own if an
//! engine that reports events ran the same guest to its end, and the guest printed the same there: a runtime that
//! refuses a guest prints something else than that guest does.

use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::report::Cell;
use wasmlab_model::verdict::Verdict;
use wasmlab_protocol::Stage;
use wasmlab_runtimes::CUSTOM_BUILD;

/// Judges such cells by what the guest did.
pub fn correct(cells: &mut [Cell]) {
    let honest: Vec<Cell> =
        cells.iter().filter(|cell| is_ending(cell) && !reads_words(&cell.runtime)).cloned().collect();
    for cell in cells.iter_mut().filter(|cell| is_refusal(cell) && reads_words(&cell.runtime)) {
        let same = |other: &&Cell| {
            other.scenario == cell.scenario
                && other.output.stderr.trim() == cell.output.stderr.trim()
                && other.output.stdout.trim() == cell.output.stdout.trim()
        };
        if let Some(other) = honest.iter().find(same) {
            let detail = format!("{}; its words are the guest's, as on {}", other.detail, other.runtime);
            cell.clone_from(&Cell {
                verdict: other.verdict,
                code: other.code,
                blame: other.blame.clone(),
                stage: other.stage,
                subject: other.subject.clone(),
                detail,
                remedy: other.remedy.clone(),
                checks: other.checks.clone(),
                ..cell.clone()
            });
        }
    }
}

/// The column's adapter reads the words of a program.
fn reads_words(runtime: &str) -> bool {
    let base = runtime.split(CUSTOM_BUILD).next().unwrap_or(runtime);
    wasmlab_runtimes::find(base).is_some_and(|runtime| runtime.output_parser.is_some())
}

/// The guest ran to its end and chose an exit code.
fn is_ending(cell: &Cell) -> bool {
    let prints = !cell.output.stderr.trim().is_empty() || !cell.output.stdout.trim().is_empty();
    prints && cell.stage == Some(Stage::Run) && cell.code == Some(Code::WrongExit)
}

/// The runtime, its host or nobody is said to be the reason.
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
        let (entry, output) = (code.entry(), Output { stdout: String::new(), stderr: stderr.to_owned() });
        let (verdict, blame, stage) = (entry.verdict, entry.blame.to_vec(), Some(stage));
        Cell { runtime: runtime.to_owned(), verdict, code: Some(code), blame, stage, output, ..pass }
    }

    fn check(words: &str, other: (&str, &str), code: Code) {
        let mut cells = vec![
            cell("wasmtime-cli", Code::MissingImport, Stage::Link, words),
            cell(other.0, Code::WrongExit, Stage::Run, other.1),
        ];
        correct(&mut cells);
        assert_eq!(cells[0].code, Some(code), "{words} {other:?}");
        assert_eq!(cells[0].blame == [Blame::Guest], code == Code::WrongExit);
        assert_eq!(cells[0].verdict == Verdict::Fail, code == Code::WrongExit);
    }

    #[test]
    fn words_that_the_guest_prints_elsewhere_are_its_own() {
        let words = "Error: unknown import: `env::f` has not been defined\n";
        check(words, ("wasmtime-cranelift", words), Code::WrongExit);
        // The runtime's words follow the guest's.
        check(&format!("starting\n{words}"), ("wasmtime-cranelift", "starting\n"), Code::MissingImport);
        check("", ("wasmtime-cranelift", ""), Code::MissingImport);
        // Another command line may be fooled alike.
        check(words, ("wasmi-cli", words), Code::MissingImport);
    }
}

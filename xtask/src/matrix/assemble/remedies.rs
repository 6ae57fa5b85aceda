//! Remedies that are a runtime's own: the switch, or the embedder's call, that gives a guest what it ran out of.

use wasmlab_model::codes::Code;
use wasmlab_model::report::Cell;
use wasmlab_runtimes::Runtime;

/// Writes into each cell what its runtime has for it.
pub fn of_runtimes(runtimes: &[Runtime], cells: &mut [Cell]) {
    for cell in cells.iter_mut().filter(|cell| is_stack_overflow(cell)) {
        let runtime = runtimes.iter().find(|runtime| runtime.id() == cell.runtime);
        if let Some(switch) = runtime.and_then(|runtime| runtime.stack_hint) {
            cell.remedy = Some(format!(
                "Give it a larger stack: {switch}; for a recursion without end no stack is large enough."
            ));
        }
    }
}

fn is_stack_overflow(cell: &Cell) -> bool {
    cell.code == Some(Code::Trap) && cell.subject.as_deref() == Some("stack-overflow")
}

#[cfg(test)]
mod tests {
    use super::of_runtimes;
    use wasmlab_model::codes::Code;
    use wasmlab_model::report::Cell;

    #[test]
    fn a_stack_that_is_used_up_is_told_with_the_runtimes_own_switch() {
        let check = |runtime: &str, code, subject: &str, words: Option<&str>| {
            let (runtime, subject) = (runtime.to_owned(), Some(subject.to_owned()));
            let cell = crate::sample::cells().remove(0);
            let mut cells = [Cell { runtime, code: Some(code), subject, remedy: None, ..cell }];
            of_runtimes(wasmlab_runtimes::all(), &mut cells);
            let remedy = cells[0].remedy.as_deref();
            assert_eq!(remedy.is_some(), words.is_some(), "{remedy:?}");
            assert!(words.is_none_or(|words| remedy.is_some_and(|remedy| remedy.contains(words))), "{remedy:?}");
        };
        check("wasmtime-cli", Code::Trap, "stack-overflow", Some("-W max-wasm-stack="));
        check("node", Code::Trap, "stack-overflow", Some("--stack-size="));
        check("wasmi", Code::Trap, "stack-overflow", Some("set_max_recursion_depth"));
        check("node", Code::Trap, "unreachable", None);
        check("node", Code::Timeout, "stack-overflow", None);
    }
}

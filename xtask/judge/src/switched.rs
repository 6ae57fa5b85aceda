//! Adds the result of a run with switches to a default run, if the cell passes with neither.

use std::collections::BTreeSet;

use super::text::one_line;
use wasmlab_model::codes::Code;
use wasmlab_model::names::listed;
use wasmlab_model::phrases;
use wasmlab_model::verdict::{Judgement, Verdict};
use wasmlab_protocol::Stage;

/// The judgement of the default run, plus the result of the `last` run with `switches`, which `summary` describes.
///
/// If a switch enables the missing proposal and the guest then meets another obstacle, the later obstacle decides,
/// because no switch removes it.
#[must_use]
pub fn with_switches(first: Judgement, switches: &[String], last: &Judgement, summary: &str) -> Judgement {
    let with = switches.join(", ");
    // The lab failed, which says nothing about the runtime.
    if last.verdict == Verdict::Error {
        return Judgement { detail: one_line(&format!("{}; could not be tried with {with}", first.detail)), ..first };
    }
    if last.stage == Some(Stage::Run) && first.stage.is_some_and(|stage| stage < Stage::Run) && !is_behind(last, &first)
    {
        let detail = format!("with {with}: {}; without: {}", last.detail, short(message(&first)));
        return Judgement { detail: one_line(&detail), ..last.clone() };
    }
    if is_behind(last, &first) {
        let of_subject = || listed(&first.subject.as_deref().unwrap_or_default().split(' ').collect::<Vec<_>>());
        let proposals = first.refusal.as_ref().and_then(|refusal| refusal.lacks.clone()).unwrap_or_else(of_subject);
        let refuses = phrases::refuses_by_default(&proposals);
        let detail = format!("{refuses} ({}); with {with}: {}", short(message(&first)), last.detail);
        return Judgement { detail: one_line(&detail), ..last.clone() };
    }
    let takes_switch = last.code != Some(Code::NotImplemented) || last.subject.as_deref() != Some("switch");
    let then = if first.code != last.code && takes_switch {
        format!("; also tried with {with}: {summary}")
    } else if without_numbers(message(&first)) == without_numbers(message(last)) {
        format!("; same result with {with}")
    } else {
        // The proposals were not probed with the switches, so it is unknown which of them it lacks then.
        format!("; also tried with {with}: {}", message(last))
    };
    Judgement { detail: one_line(&format!("{}{then}", first.detail)), ..first }
}

/// The runtime's own message.
fn message(judgement: &Judgement) -> &str {
    judgement.refusal.as_ref().map_or(&judgement.detail, |refusal| &refusal.message)
}

/// V8 compiles functions in parallel, and names the function and the offset of whichever it finds first.
fn without_numbers(message: &str) -> String {
    message.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// The message without wasmtime's common prefix and without the trailing offset.
fn short(message: &str) -> &str {
    let message = message.strip_prefix("failed to parse WebAssembly module: ").unwrap_or(message);
    message.split(" (at offset ").next().unwrap_or(message)
}

/// Whether `last` is an obstacle that is reached only where the proposals that `first` names are enabled.
fn is_behind(last: &Judgement, first: &Judgement) -> bool {
    let proposals = |judgement: &Judgement| -> BTreeSet<String> {
        judgement.subject.iter().flat_map(|subject| subject.split(' ')).map(str::to_owned).collect()
    };
    first.code == Some(Code::UnsupportedProposal)
        && match last.code {
            Some(Code::UnsupportedProposal) => proposals(last).is_disjoint(&proposals(first)),
            code => code.is_some(),
        }
}

#[cfg(test)]
mod tests {
    use super::with_switches;
    use crate::with_code;
    use wasmlab_model::codes::Code;
    use wasmlab_model::verdict::{Judgement, ProposalRefusal, Verdict};

    /// A refusal with this message, of a runtime that lacks this; `more` ends its detail.
    fn lacks(subject: &str, lacks: Option<&str>, message: &str, more: &str) -> Judgement {
        let begin = lacks.map(|lacks| format!("lacks {lacks}: ")).unwrap_or_default();
        let refusal = Some(ProposalRefusal { lacks: lacks.map(str::to_owned), message: message.to_owned() });
        let detail = format!("{begin}{message}{more}");
        Judgement { refusal, ..with_code(Code::UnsupportedProposal, subject.to_owned(), detail) }
    }

    fn check(first: &Judgement, last: &Judgement, code: Code, expected: &str) {
        let found = with_switches(first.clone(), &["--all".to_owned()], last, "IN SHORT");
        assert_eq!((found.code, found.detail.as_str()), (Some(code), expected));
    }

    #[test]
    fn obstacle_behind_an_enabled_proposal_decides() {
        let import =
            with_code(Code::MissingImport, "wasi.thread-spawn".to_owned(), "does not define wasi.thread-spawn");
        let past = "refuses threads by default (malformed limits flags); with --all: does not define wasi.thread-spawn";
        let long = "failed to parse WebAssembly module: malformed limits flags (at offset 0x1)";
        for (message, more) in [
            ("malformed limits flags", ""),
            ("malformed limits flags", "; its import wasi.f, which no WASI host defines, would fail next"),
            (long, ""),
        ] {
            check(&lacks("threads", Some("threads"), message, more), &import, Code::MissingImport, past);
        }
    }

    #[test]
    fn runs_with_and_without_switches_are_compared_by_the_words_of_the_runtime() {
        let threads = lacks("threads", Some("threads"), "malformed limits flags", "");
        let same = "same result with --all";
        let also = |message: &str| format!("also tried with --all: {message}");
        for (last, expected) in [
            (threads.clone(), same.to_owned()),
            (lacks("threads", Some("threads"), "other message", ""), also("other message")),
            // Without probes, all of its proposals are possible.
            (lacks("gc simd threads", None, "malformed limits flags", ""), same.to_owned()),
            (lacks("gc threads", Some("gc and threads"), "no gc", "; also lacks exceptions"), also("no gc")),
            // Where a file first uses a proposal says nothing about the runtime if the proposal may not be lacking.
            (lacks("gc threads", None, "illegal opcode", "; gc first used at byte 0x1"), also("illegal opcode")),
        ] {
            let expected = format!("lacks threads: malformed limits flags; {expected}");
            check(&threads, &last, Code::UnsupportedProposal, &expected);
        }
        let mixed = |place: u32| lacks("exceptions", None, &format!("mixes both forms @+{place}"), "");
        let expected = format!("mixes both forms @+4215; {same}");
        check(&mixed(4215), &mixed(4222), Code::UnsupportedProposal, &expected);
        let import =
            with_code(Code::MissingImport, "wasi.thread-spawn".to_owned(), "does not define wasi.thread-spawn");
        let broken = Judgement { verdict: Verdict::Error, code: None, ..import.clone() };
        let expected = "does not define wasi.thread-spawn; could not be tried with --all";
        check(&import, &broken, Code::MissingImport, expected);
        let switch = with_code(Code::NotImplemented, "switch".to_owned(), "wasi support not compiled in");
        for (last, message) in [(&switch, "wasi support not compiled in"), (&threads, "IN SHORT")] {
            let expected = format!("does not define wasi.thread-spawn; also tried with --all: {message}");
            check(&import, last, Code::MissingImport, &expected);
        }
    }
}

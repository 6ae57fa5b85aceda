//! Adds the result of a run with switches to a default run, if the cell passes with neither.

use super::proposals::{LACKS, NOT_REACHED};
use wasmlab_model::codes::Code;
use wasmlab_model::verdict::Judgement;

/// The judgement of the default run, plus the result of the `last` run with `switches`, which `summary` describes.
#[must_use]
pub fn tried(first: Judgement, switches: &[String], last: &Judgement, summary: &str) -> Judgement {
    let with = switches.join(", ");
    let result = |judgement: &Judgement| (judgement.code, judgement.subject.clone());
    let is_proposal = first.code == Some(Code::UnsupportedProposal);
    // Then the runtime supports the proposal, and something later fails.
    let got_past = is_proposal && result(&first) != result(last);
    let detail = match first.detail.strip_prefix(LACKS).filter(|_| got_past) {
        // With the switch the imports were reached; the summary reports them.
        Some(rest) => match rest.split(NOT_REACHED).next().unwrap_or(rest).split_once(": ") {
            Some((proposals, words)) => format!("refuses {proposals} by default: {words}"),
            None => format!("refuses {rest} by default"),
        },
        None => first.detail.clone(),
    };
    let is_same = result(&first) == result(last) && first.detail == last.detail;
    let then = if is_same { format!("same result with {with}") } else { format!("also tried with {with}: {summary}") };
    Judgement { detail: format!("{detail}; {then}"), ..first }
}

#[cfg(test)]
mod tests {
    use super::tried;
    use crate::with_code;
    use wasmlab_model::codes::Code;

    #[test]
    fn proposal_enabled_by_a_switch_is_not_missing() {
        let check = |first: (Code, &str, &str), last: (Code, &str, &str), wanted: &str| {
            let of = |(code, subject, detail): (Code, &str, &str)| with_code(code, subject.to_owned(), detail);
            let found = tried(of(first), &["--all".to_owned()], &of(last), "IN SHORT");
            assert_eq!((found.code, found.detail.as_str()), (Some(first.0), wanted));
        };
        let threads = (Code::UnsupportedProposal, "threads", "lacks threads: malformed limits flags");
        let more = (
            threads.0,
            threads.1,
            "lacks threads: malformed limits flags; its imports, wasi.f among them, were not reached",
        );
        let import = (Code::MissingImport, "wasi.thread-spawn", "does not define wasi.thread-spawn");
        check(threads, import, "refuses threads by default: malformed limits flags; also tried with --all: IN SHORT");
        check(more, import, "refuses threads by default: malformed limits flags; also tried with --all: IN SHORT");
        check(threads, threads, "lacks threads: malformed limits flags; same result with --all");
        let other = (Code::UnsupportedProposal, "threads", "lacks threads: other words");
        check(threads, other, "lacks threads: malformed limits flags; also tried with --all: IN SHORT");
        check(import, threads, "does not define wasi.thread-spawn; also tried with --all: IN SHORT");
    }
}

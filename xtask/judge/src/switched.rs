//! Adds the result of a run with switches to a default run, if the cell passes with neither.

use std::collections::BTreeSet;

use super::proposals::{LACKS, NOT_REACHED};
use super::text::one_line;
use wasmlab_model::codes::Code;
use wasmlab_model::verdict::Judgement;

/// The judgement of the default run, plus the result of the `last` run with `switches`, which `summary` describes.
///
/// If a switch enables the missing proposal and the guest then meets another obstacle, that one decides: no switch gets
/// past it.
#[must_use]
pub fn tried(first: Judgement, switches: &[String], last: &Judgement, summary: &str) -> Judgement {
    let with = switches.join(", ");
    let result = |judgement: &Judgement| (judgement.code, judgement.subject.clone());
    let same_result = result(&first) == result(last);
    if is_behind(last, &first) {
        let (proposals, words) = match first.detail.strip_prefix(LACKS) {
            // With the switch the imports were reached.
            Some(rest) => {
                let rest = rest.split(NOT_REACHED).next().unwrap_or(rest);
                rest.split_once(": ").map_or((rest.to_owned(), ""), |(names, words)| (names.to_owned(), words))
            }
            None => (first.subject.unwrap_or_default().replace(' ', " and "), first.detail.as_str()),
        };
        let words = if words.is_empty() { String::new() } else { format!(" ({words})") };
        let detail = format!("refuses {proposals} by default{words}; with {with}: {}", last.detail);
        return Judgement { detail: one_line(&detail), ..last.clone() };
    }
    let same = same_result && first.detail == last.detail;
    let then = if same { format!("same result with {with}") } else { format!("also tried with {with}: {summary}") };
    Judgement { detail: format!("{}; {then}", first.detail), ..first }
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
    use super::tried;
    use crate::with_code;
    use wasmlab_model::codes::Code;

    #[test]
    fn obstacle_behind_an_enabled_proposal_decides() {
        let check = |first: (Code, &str, &str), last: (Code, &str, &str), code: Code, wanted: &str| {
            let of = |(code, subject, detail): (Code, &str, &str)| with_code(code, subject.to_owned(), detail);
            let found = tried(of(first), &["--all".to_owned()], &of(last), "IN SHORT");
            assert_eq!((found.code, found.detail.as_str()), (Some(code), wanted));
        };
        let lacks = Code::UnsupportedProposal;
        let threads = (lacks, "threads", "lacks threads: malformed limits flags");
        let more = (lacks, "threads", "lacks threads: malformed limits flags; not reached: its import wasi.f");
        let import = (Code::MissingImport, "wasi.thread-spawn", "does not define wasi.thread-spawn");
        let past = "refuses threads by default (malformed limits flags); with --all: does not define wasi.thread-spawn";
        check(threads, import, import.0, past);
        check(more, import, import.0, past);
        check(threads, threads, lacks, "lacks threads: malformed limits flags; same result with --all");
        let other = (lacks, "threads", "lacks threads: other words");
        check(threads, other, lacks, "lacks threads: malformed limits flags; also tried with --all: IN SHORT");
        let reached = "does not define wasi.thread-spawn; also tried with --all: IN SHORT";
        check(import, threads, import.0, reached);
    }
}

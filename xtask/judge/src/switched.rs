//! Adds the result of a run with switches to a default run, if the cell passes with neither.

use std::collections::BTreeSet;

use super::proposals::{LACKS, TRIED, words_of_runtime};
use super::text::one_line;
use wasmlab_model::codes::Code;
use wasmlab_model::names::listed;
use wasmlab_model::verdict::Judgement;
use wasmlab_protocol::Stage;

/// The judgement of the default run, plus the result of the `last` run with `switches`, which `summary` describes.
///
/// If a switch enables the missing proposal and the guest then meets another obstacle, that one decides: no switch gets
/// past it.
#[must_use]
pub fn tried(first: Judgement, switches: &[String], last: &Judgement, summary: &str) -> Judgement {
    let with = switches.join(", ");
    if last.stage == Some(Stage::Run) && first.stage.is_some_and(|stage| stage < Stage::Run) && !is_behind(last, &first)
    {
        let detail = format!("with {with}: {}; without: {}", last.detail, short(words(&first)));
        return Judgement { detail: one_line(&detail), ..last.clone() };
    }
    if is_behind(last, &first) {
        let named = first.detail.strip_prefix(LACKS).and_then(|rest| rest.split_once(": "));
        let of_subject = || listed(&first.subject.as_deref().unwrap_or_default().split(' ').collect::<Vec<_>>());
        let proposals = named.map_or_else(of_subject, |(names, _)| names.to_owned());
        let detail = format!("refuses {proposals} by default ({}); with {with}: {}", short(words(&first)), last.detail);
        return Judgement { detail: one_line(&detail), ..last.clone() };
    }
    let takes_switch = last.code != Some(Code::NotImplemented) || last.subject.as_deref() != Some("switch");
    let then = if first.code != last.code && takes_switch {
        format!("{TRIED}{with}: {summary}")
    } else if words(&first) == words(last) {
        format!("; same result with {with}")
    } else {
        // The proposals were not probed with the switches, so which of them it lacks then is not known.
        format!("{TRIED}{with}: {}", words(last))
    };
    Judgement { detail: one_line(&format!("{}{then}", first.detail)), ..first }
}

fn words(judgement: &Judgement) -> &str {
    words_of_runtime(&judgement.detail)
}

/// The words without what every refusal of wasmtime begins with, and without the place at which it ends.
fn short(words: &str) -> &str {
    let words = words.strip_prefix("failed to parse WebAssembly module: ").unwrap_or(words);
    words.split(" (at offset ").next().unwrap_or(words)
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
        let long = (
            lacks,
            "threads",
            "lacks threads: failed to parse WebAssembly module: malformed limits flags (at offset 0x1)",
        );
        check(long, import, import.0, past);
        check(threads, threads, lacks, "lacks threads: malformed limits flags; same result with --all");
        let other = (lacks, "threads", "lacks threads: other words");
        check(threads, other, lacks, "lacks threads: malformed limits flags; also tried with --all: other words");
        // Without probes, all of its proposals are possible.
        let all = (lacks, "gc simd threads", "malformed limits flags");
        check(threads, all, lacks, "lacks threads: malformed limits flags; same result with --all");
        let long =
            (lacks, "gc threads", "lacks gc and threads: no gc; also lacks exceptions; not reached: its import wasi.f");
        check(threads, long, lacks, "lacks threads: malformed limits flags; also tried with --all: no gc");
        // Where a file first uses what was not shown to be lacking is no news of the runtime.
        let placed = (lacks, "gc threads", "illegal opcode; first gc: byte 0x1; first threads: byte 0x2");
        check(threads, placed, lacks, "lacks threads: malformed limits flags; also tried with --all: illegal opcode");
        let switch = (Code::NotImplemented, "switch", "wasi support not compiled in");
        let refused = "does not define wasi.thread-spawn; also tried with --all: wasi support not compiled in";
        check(import, switch, import.0, refused);
        let reached = "does not define wasi.thread-spawn; also tried with --all: IN SHORT";
        check(import, threads, import.0, reached);
    }
}

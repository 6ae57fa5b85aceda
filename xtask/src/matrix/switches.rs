//! A runtime is asked as it comes; where it falls short of what one of its switches gives, it is asked once more with
//! that switch. Each run is an observation of its own, and kept as such.

use super::once::{Once, Unmeasured};
use crate::cell::Plan;
use wasmlab_model::codes::Code;
use wasmlab_model::verdict::{Judgement, Verdict};
use wasmlab_protocol::{Cause, TrapKind};
use wasmlab_runtimes::Lack;

/// As often a cell is run with more switches than before: with what a proposal brings, an import may come to lack.
const ROUNDS: usize = 4;

/// What a cell passes with, and what it does without.
pub struct Passed {
    /// The switches, all of them needed.
    pub switches: Vec<String>,
    /// One line.
    pub by_default: String,
}

/// Runs a cell once more with the switches that it takes, where the runtime has them. Where it does not pass with them
/// either, the first run stands, and its detail says how far the other came.
pub fn tried(
    plan: &Plan,
    mut first: Once,
    once: &dyn Fn(&Plan) -> Result<Once, Unmeasured>,
) -> Result<(Option<Passed>, Once), Unmeasured> {
    let mut on: Vec<String> = Vec::new();
    let mut last: Option<Once> = None;
    for _ in 0..ROUNDS {
        let seen = last.as_ref().unwrap_or(&first);
        let more: Vec<String> = lacks(seen).into_iter().flat_map(|lack| of(plan, lack)).collect();
        let before = on.len();
        for switch in more {
            if !on.contains(&switch) {
                on.push(switch);
            }
        }
        if on.len() == before {
            break;
        }
        let seen = once(&Plan { switches: &on, ..*plan })?;
        if seen.judgement.verdict == Verdict::Pass {
            let (switches, seen) = fewest(plan, on, seen, once)?;
            let by_default = in_short(&first.judgement);
            return Ok((Some(Passed { switches, by_default }), seen));
        }
        last = Some(seen);
    }
    if let Some(last) = last {
        let with = format!("; with {} too: {}", on.join(" "), in_short(&last.judgement));
        first.judgement.detail += &with;
    }
    Ok((None, first))
}

/// The switches of the runtime that give this.
fn of(plan: &Plan, lack: Lack) -> Vec<String> {
    (plan.runtime.switches)(plan.tool, lack)
}

/// What a run fell short of, as far as a switch may give it.
fn lacks(seen: &Once) -> Vec<Lack<'_>> {
    let judgement = &seen.judgement;
    match (&seen.cause, judgement.code) {
        (_, Some(Code::UnsupportedProposal)) => {
            judgement.subject.iter().flat_map(|subject| subject.split(' ')).map(Lack::Proposal).collect()
        }
        (Some(Cause::MissingImport { .. }), _) => judgement.subject.as_deref().map(Lack::Import).into_iter().collect(),
        (Some(Cause::Trap { trap: TrapKind::StackOverflow, .. }), _) => vec![Lack::Stack],
        _ => Vec::new(),
    }
}

/// Leaves out each switch that it passes without.
fn fewest(
    plan: &Plan,
    mut on: Vec<String>,
    mut seen: Once,
    once: &dyn Fn(&Plan) -> Result<Once, Unmeasured>,
) -> Result<(Vec<String>, Once), Unmeasured> {
    for switch in on.clone() {
        let fewer: Vec<String> = on.iter().filter(|other| **other != switch).cloned().collect();
        if fewer.is_empty() {
            break;
        }
        let without = once(&Plan { switches: &fewer, ..*plan })?;
        if without.judgement.verdict == Verdict::Pass {
            (on, seen) = (fewer, without);
        }
    }
    Ok((on, seen))
}

/// `unsupported-proposal (exceptions): its words`.
fn in_short(judgement: &Judgement) -> String {
    const WORDS: usize = 120;
    let code = judgement.code.map_or(judgement.verdict.id(), Code::id);
    let subject = judgement.subject.as_ref().map(|subject| format!(" ({subject})")).unwrap_or_default();
    let mut words: String = judgement.detail.chars().take(WORDS).collect();
    if words.len() < judgement.detail.len() {
        words.push('…');
    }
    format!("{code}{subject}: {words}")
}

//! Runs a cell with the runtime's defaults first. If a switch could provide what is missing, runs it again with that
//! switch. Each run is a separate, cached observation.

use super::single_run::{RunError, SingleRun};
use crate::cell::CellPlan;
use wasmlab_judge::switched;
use wasmlab_model::codes::Code;
use wasmlab_model::proposals::COMPONENT_MODEL;
use wasmlab_model::subjects::ATOMIC_WAIT;
use wasmlab_model::verdict::{Judgement, Verdict};
use wasmlab_protocol::{Cause, TrapKind};
use wasmlab_runtimes::MissingFeature;

/// Maximum number of runs with additional switches: with a proposal enabled, the next problem may be a missing import.
const MAX_ROUNDS: usize = 4;

/// The switches that a cell ran with, and its result without them.
pub struct SwitchesUsed {
    /// The switches, all of them needed: to pass, or to load if nothing but the entry point is missing.
    pub switches: Vec<String>,
    /// The result without them, one line.
    pub default_result: String,
}

/// Runs a cell again with switches that may help, if the runtime has any. If it still does not pass, the first result
/// stands, and its detail mentions the second one.
pub fn try_switches(
    plan: &CellPlan,
    mut first: SingleRun,
    once: &dyn Fn(&CellPlan) -> Result<SingleRun, RunError>,
) -> Result<(Option<SwitchesUsed>, SingleRun), RunError> {
    let mut on: Vec<String> = Vec::new();
    let mut last: Option<SingleRun> = None;
    for _ in 0..MAX_ROUNDS {
        let seen = last.as_ref().unwrap_or(&first);
        // A test that has to exhaust the stack passes by doing so.
        if passes(seen) {
            break;
        }
        let more: Vec<String> = missing_features(seen).into_iter().flat_map(|lack| switches_for(plan, lack)).collect();
        let before = on.len();
        for switch in more {
            if !on.contains(&switch) {
                on.push(switch);
            }
        }
        if on.len() == before {
            break;
        }
        let seen = once(&CellPlan { switches: &on, ..*plan })?;
        // The second run got as far as the lab can take it; its detail also states the first result.
        if seen.judgement.verdict == Verdict::NotAttempted {
            return Ok((Some(SwitchesUsed { switches: on, default_result: summary(&first.judgement) }), seen));
        }
        if passes(&seen) {
            let (switches, seen) = minimal_switches(plan, on, seen, once, passes)?;
            let by_default = summary(&first.judgement);
            return Ok((Some(SwitchesUsed { switches, default_result: by_default }), seen));
        }
        // This build lacks what the switch enables, so the result without that switch is the answer.
        if last.is_some() && refuses_switch(&seen.judgement) {
            on.truncate(before);
            break;
        }
        last = Some(seen);
    }
    let Some(last) = last else { return Ok((None, first)) };
    let is_loaded = lacks_only_entry_point(&last);
    let (on, last) =
        if is_loaded { minimal_switches(plan, on, last, once, lacks_only_entry_point)? } else { (on, last) };
    let (by_default, with_switches) = (summary(&first.judgement), summary(&last.judgement));
    first.judgement = switched::with_switches(first.judgement, &on, &last.judgement, &with_switches);
    let keeps_switches = is_loaded && lacks_only_entry_point(&first);
    Ok((keeps_switches.then_some(SwitchesUsed { switches: on, default_result: by_default }), first))
}

fn passes(seen: &SingleRun) -> bool {
    seen.judgement.verdict == Verdict::Pass
}

/// Whether the runtime loads the guest, and only has nothing to start or to call.
fn lacks_only_entry_point(seen: &SingleRun) -> bool {
    seen.judgement.code == Some(Code::NoEntryPoint)
}

fn refuses_switch(judgement: &Judgement) -> bool {
    judgement.code == Some(Code::NotImplemented) && judgement.subject.as_deref() == Some("switch")
}

/// The runtime's switches that provide a feature.
fn switches_for(plan: &CellPlan, lack: MissingFeature) -> Vec<String> {
    (plan.runtime.switches)(plan.tool, lack)
}

/// The feature that a run lacked, if a switch might provide it.
fn missing_features(seen: &SingleRun) -> Vec<MissingFeature<'_>> {
    let judgement = &seen.judgement;
    match (&seen.cause, judgement.code) {
        (_, Some(Code::UnsupportedProposal)) => {
            judgement.subject.iter().flat_map(|subject| subject.split(' ')).map(MissingFeature::Proposal).collect()
        }
        (_, Some(Code::NeedsComponentModel)) => vec![MissingFeature::Proposal(COMPONENT_MODEL)],
        (Some(Cause::MissingImport { .. }), _) => {
            judgement.subject.as_deref().map(MissingFeature::Import).into_iter().collect()
        }
        (Some(Cause::Trap { trap: TrapKind::StackOverflow, .. }), _) => vec![MissingFeature::Stack],
        (_, Some(Code::HostRefused)) if judgement.subject.as_deref() == Some(ATOMIC_WAIT) => {
            vec![MissingFeature::Waiting]
        }
        _ => Vec::new(),
    }
}

/// Removes each switch that is not needed: one without which `keeps` still accepts the run's result.
fn minimal_switches(
    plan: &CellPlan,
    mut on: Vec<String>,
    mut seen: SingleRun,
    once: &dyn Fn(&CellPlan) -> Result<SingleRun, RunError>,
    keeps: fn(&SingleRun) -> bool,
) -> Result<(Vec<String>, SingleRun), RunError> {
    for switch in on.clone() {
        let fewer: Vec<String> = on.iter().filter(|other| **other != switch).cloned().collect();
        if fewer.is_empty() {
            break;
        }
        let without = once(&CellPlan { switches: &fewer, ..*plan })?;
        if keeps(&without) {
            (on, seen) = (fewer, without);
        }
    }
    Ok((on, seen))
}

/// `unsupported-proposal (exceptions): MESSAGE`.
fn summary(judgement: &Judgement) -> String {
    const MAX_MESSAGE_CHARS: usize = 120;
    let code = judgement.code.map_or(judgement.verdict.id(), Code::id);
    let unmentioned = judgement.subject.as_ref().filter(|subject| !judgement.detail.contains(subject.as_str()));
    let subject = unmentioned.map(|subject| format!(" ({subject})")).unwrap_or_default();
    let mut message: String = judgement.detail.chars().take(MAX_MESSAGE_CHARS).collect();
    if message.len() < judgement.detail.len() {
        // Cut at a word boundary: half a word could look like a switch.
        message.truncate(message.rfind(' ').unwrap_or(message.len()));
        message.push('…');
    }
    format!("{code}{subject}: {message}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{SingleRun, try_switches};
    use crate::cell::{CellPlan, Limits};
    use crate::matrix::cache_policy::CacheDecision;
    use wasmlab_judge::{Evidence, judge};
    use wasmlab_model::codes::Code;
    use wasmlab_model::observation::{Observation, Outcome};
    use wasmlab_model::scenario::Scenario;
    use wasmlab_model::verdict::Verdict;
    use wasmlab_protocol::{Cause, Event, Stage, TrapKind};
    use wasmlab_runtimes::{MissingFeature, Runtime, Tool};

    /// A runtime that needs these switches: it refuses the module for its proposal first, then for its import. With all of
    /// them, the run ends with `end`.
    fn once(needed: &[&str], end: &Cause, plan: &CellPlan) -> SingleRun {
        let missing = needed.iter().find(|switch| !plan.switches.iter().any(|on| on == *switch));
        let cause = match missing.copied() {
            None => end.clone(),
            Some("-W gc=y") => Cause::Rejected { message: "no gc".to_owned(), offset: None },
            Some("deeper") => {
                Cause::Trap { trap: TrapKind::StackOverflow, message: "too deep".to_owned(), location: None }
            }
            Some(_) => {
                let (module, name) = (String::new(), "wasi:f/f".to_owned());
                Cause::MissingImport { module, name, ty: String::new(), missing_count: 1 }
            }
        };
        let stage = if cause == *end { Stage::Run } else { Stage::Compile };
        let events =
            vec![Event::Stage { stage, micros: 1, cached: false }, Event::End { cause: cause.clone(), micros: 2 }];
        let observation = Observation { events, outcome: Outcome::Exited(0), ..Observation::not_started() };
        let evidence = Evidence {
            facts: plan.facts.ok_or("none"),
            observation: &observation,
            progress: &observation.reported_progress(),
            lab_guest: true,
        };
        let judgement = judge(&evidence, &plan.scenario.spec);
        SingleRun {
            observation,
            cause: Some(cause),
            judgement,
            from_cache: false,
            cache_decision: CacheDecision::Settled,
        }
    }

    /// The switches that a cell of a runtime that needs these has, and its result.
    fn tried(needed: &[&str], end: &Cause) -> (Option<Vec<String>>, SingleRun) {
        let runtime = Runtime {
            switches: |_, lack| match lack {
                MissingFeature::Proposal("gc") => vec!["-W gc=y".to_owned(), "-W more=y".to_owned()],
                MissingFeature::Import("wasi:f/f") => vec!["-S f=y".to_owned()],
                MissingFeature::Stack => vec!["deeper".to_owned()],
                _ => Vec::new(),
            },
            ..Runtime::default()
        };
        let text = "schema = 1\ntitle = \"t\"\nfamily = \"f\"\nroute = \"wat\"\nbuild = { toolchain = \"wat\", source = \"m.wat\" }\n";
        let spec = crate::scenario::parse(text).unwrap();
        let scenario = Scenario { name: "m".to_owned(), dir: ".".into(), spec };
        let wat = "(module (type $s (struct)) (func (export \"_start\") (drop (struct.new $s))))";
        let mut facts = wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap();
        facts.proposals.retain(|proposal| proposal == "gc");
        let plan = CellPlan {
            scenario: &scenario,
            runtime: &runtime,
            tool: &Tool::default(),
            guest: "",
            facts: Some(&facts),
            companions: &BTreeMap::new(),
            limits: Limits::default(),
            switches: &[],
        };
        let run = |plan: &CellPlan| Ok(once(needed, end, plan));
        let Ok((used, seen)) = try_switches(&plan, once(needed, end, &plan), &run) else {
            panic!("nothing can go wrong here")
        };
        (used.map(|used| used.switches), seen)
    }

    /// Checks which switches the cell passes with, or why it does not pass.
    fn check(needed: &[&str], expected: Result<&[&str], &str>) {
        let (used, seen) = tried(needed, &Cause::Returned);
        match expected {
            Ok(switches) => {
                assert_eq!(seen.judgement.verdict, Verdict::Pass, "{needed:?}");
                assert_eq!(used.unwrap_or_default(), switches, "{needed:?}");
            }
            Err(message) => {
                assert!(used.is_none() && seen.judgement.verdict == Verdict::Gap, "{needed:?}");
                assert!(seen.judgement.detail.contains(message), "{}", seen.judgement.detail);
            }
        }
    }

    #[test]
    fn a_library_has_the_switches_that_loading_needs() {
        let no_start = Cause::MissingExport { name: "_start".to_owned() };
        for (needed, expected) in [
            (&[][..], None),
            (&["-W gc=y"], Some(vec!["-W gc=y".to_owned()])),
            (&["-W gc=y", "-S f=y"], Some(vec!["-W gc=y".to_owned(), "-S f=y".to_owned()])),
        ] {
            let (used, seen) = tried(needed, &no_start);
            assert_eq!((used, seen.judgement.code), (expected, Some(Code::NoEntryPoint)), "{needed:?}");
            let detail = &seen.judgement.detail;
            assert!(!detail.contains("more=y") && needed.iter().all(|switch| detail.contains(switch)), "{detail}");
        }
    }

    #[test]
    fn only_necessary_switches_are_kept() {
        check(&[], Ok(&[]));
        check(&["-W gc=y"], Ok(&["-W gc=y"]));
        check(&["-S f=y"], Ok(&["-S f=y"]));
        check(&["deeper"], Ok(&["deeper"]));
        check(&["-W gc=y", "-S f=y"], Ok(&["-W gc=y", "-S f=y"]));
        check(
            &["-W gc=y", "-S nothing"],
            Err("refuses gc by default (no gc); with -W gc=y, -W more=y, -S f=y: does not"),
        );
        check(&["-S nothing"], Err("; same result with -S f=y"));
    }
}

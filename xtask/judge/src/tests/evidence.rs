//! For any observation there is one verdict, and a pass only with evidence.

use proptest::prelude::*;
use wasmlab_protocol::{Cause, Event, Stage, TrapKind};

use super::{Evidence, facts, judge, observation, spec, to, verdict};
use wasmlab_model::codes::Code;
use wasmlab_model::observation::{ClientProgress, Limit, Outcome};
use wasmlab_model::subjects::PREOPENED_SOCKET;
use wasmlab_model::verdict::Verdict;

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        (0..256i32).prop_map(Outcome::Exited),
        (1..32i32).prop_map(Outcome::Signaled),
        (1..9u64).prop_map(|n| Outcome::Limit(Limit::Time(n))),
        (1..9u64).prop_map(|n| Outcome::Limit(Limit::Memory(n))),
        Just(Outcome::Stopped),
        Just(Outcome::Interrupted),
        ".{0,8}".prop_map(Outcome::NotStarted),
    ]
}

fn any_cause() -> impl Strategy<Value = Cause> {
    prop_oneof![
        Just(Cause::Returned),
        (-2..300i32).prop_map(|code| Cause::Exit { code }),
        ".{0,8}".prop_map(|message| Cause::trap(TrapKind::Other, message)),
        ".{0,8}".prop_map(|message| Cause::Rejected { message, offset: None }),
        ("[a-z]{0,4}", "[a-z]{0,4}").prop_map(|(module, name)| Cause::MissingImport {
            module,
            name,
            ty: String::new(),
            missing_count: 2
        }),
        ".{0,8}".prop_map(|message| Cause::EngineError { message }),
        ".{0,8}".prop_map(|message| Cause::NotAttempted { subject: "glue".to_owned(), message }),
    ]
}

fn any_stage() -> impl Strategy<Value = Stage> {
    prop::sample::select(vec![
        Stage::Load,
        Stage::Validate,
        Stage::Compile,
        Stage::Link,
        Stage::Instantiate,
        Stage::Run,
    ])
}

proptest! {
    /// For any observation there is exactly one verdict, and a pass only with evidence: the guest was run,
    /// came to its end as expected, nothing escaped, no capability failed, and the script held.
    #[test]
    fn no_pass_without_evidence(
        outcome in any_outcome(),
        stages in prop::collection::vec(any_stage(), 0..4),
        cause in prop::option::of(any_cause()),
        stdout in prop_oneof![Just(String::new()), ".{0,20}", Just("lab: args ok\n".to_owned()), Just("lab: args errno=52\n".to_owned())],
        exit in 0..3i32,
        lab in any::<bool>(),
        failed in prop::option::of(Just("step".to_owned())),
        scripted in any::<bool>(),
        readable in any::<bool>(),
        unreachable in any::<bool>(),
        withheld in any::<bool>(),
    ) {
        let facts = facts("(module)");
        let mut events: Vec<Event> = stages.iter().map(|s| Event::Stage { stage: *s, micros: 1, cached: false }).collect();
        events.extend(cause.clone().map(|cause| Event::End { cause, micros: 2 }));
        let mut seen = observation(outcome.clone(), events, &stdout);
        seen.unsupported_inputs = withheld.then(|| PREOPENED_SOCKET.to_owned()).into_iter().collect();
        seen.client_progress = scripted.then(|| ClientProgress { steps_passed: 0, steps: 1, failed: failed.clone(), unreachable });
        let expected = if lab { format!("[expect]\nexit = {exit}\nchecks = [\"args\"]") } else { format!("[expect]\nexit = {exit}") };
        let judgement = verdict(if readable { Ok(&facts) } else { Err("malformed") }, &seen, &spec(&expected));
        if matches!(outcome, Outcome::NotStarted(_)) {
            // Nobody is blamed for a process that never ran.
            prop_assert!(judgement.verdict == Verdict::Error && judgement.blame.is_empty() && judgement.code.is_none());
        }
        if judgement.verdict == Verdict::Pass {
            prop_assert!(judgement.code.is_none());
            prop_assert!(matches!(outcome, Outcome::Exited(_) | Outcome::Stopped));
            prop_assert!(outcome == Outcome::Stopped || stages.last() == Some(&Stage::Run));
            let exited = cause.as_ref().map(|c| match c { Cause::Returned => Some(0), Cause::Exit { code } => Some(*code), _ => None });
            prop_assert!(outcome == Outcome::Stopped || exited == Some(Some(exit)));
            prop_assert!(!stdout.contains("errno=52") && (!lab || stdout.contains("args ok")));
            prop_assert!(!scripted || failed.is_none());
        } else if judgement.verdict == Verdict::NotAttempted {
            let is_asked = !matches!(cause, Some(Cause::NotAttempted { .. }));
            prop_assert!(!is_asked);
            prop_assert!(judgement.code.is_none() && judgement.blame.is_empty() && judgement.stage.is_none());
        } else {
            prop_assert!(judgement.code.is_some() || judgement.verdict == Verdict::Error);
        }
    }
}

#[test]
fn output_of_other_guests_is_no_evidence() {
    let facts = facts("(module)");
    let check = |stdout: &str, lab_guest: bool, expected: (Verdict, Option<Code>)| {
        let seen = observation(Outcome::Exited(0), to(Stage::Run, Cause::Returned), stdout);
        let progress = seen.reported_progress();
        let evidence = Evidence { facts: Ok(&facts), observation: &seen, progress: &progress, lab_guest };
        let judged = judge(&evidence, &spec(""));
        assert_eq!((judged.verdict, judged.code), expected, "{stdout}");
        assert!(lab_guest || judged.checks.is_empty(), "{stdout}");
    };
    let escaped = "lab: fs escaped x\n";
    check(escaped, true, (Verdict::Fail, Some(Code::SandboxEscape)));
    for text in [escaped, "lab: rename errno=52\n", "lab: args wrong\n", "root:x:0:0:root:/root:/bin/bash\n"] {
        check(text, false, (Verdict::Pass, None));
    }
}

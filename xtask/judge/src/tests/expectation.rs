//! What a scenario expects, against what its guest did.

use wasmlab_protocol::{Cause, Event, Stage, Value};

use super::{facts, observation, spec, to, verdict};
use wasmlab_model::codes::Code;
use wasmlab_model::observation::{Outcome, ScriptProgress};
use wasmlab_model::verdict::Verdict;

const PASS: (Verdict, Option<Code>) = (Verdict::Pass, None);
const EXIT: (Verdict, Option<Code>) = (Verdict::Fail, Some(Code::WrongExit));
const OUTPUT: (Verdict, Option<Code>) = (Verdict::Fail, Some(Code::WrongOutput));

/// A guest that ran to `cause` after printing `stdout`, under the expectation `expect`.
fn ran(cause: Cause, stdout: &str, expect: &str) -> (Verdict, Option<Code>) {
    let facts = facts("(module)");
    let observation = observation(Outcome::Exited(0), to(Stage::Run, cause), stdout);
    let judgement = verdict(Ok(&facts), &observation, &spec(expect));
    (judgement.verdict, judgement.code)
}

#[test]
fn a_guest_that_does_what_is_expected_passes() {
    assert_eq!(ran(Cause::Returned, "", ""), PASS);
    assert_eq!(ran(Cause::Exit { code: 0 }, "hi\n", "[expect]\nstdout = \"hi\\n\""), PASS);
    assert_eq!(ran(Cause::Exit { code: 7 }, "", "[expect]\nexit = 7"), PASS);
    assert_eq!(ran(Cause::Returned, "lab: args ok\n", "[expect]\nlab = [\"args\"]"), PASS);
}

#[test]
fn a_guest_that_does_something_else_fails() {
    assert_eq!(ran(Cause::Exit { code: 1 }, "", ""), EXIT);
    assert_eq!(ran(Cause::Returned, "", "[expect]\nexit = 7"), EXIT);
    assert_eq!(ran(Cause::Returned, "ho\n", "[expect]\nstdout = \"hi\\n\""), OUTPUT);
    assert_eq!(ran(Cause::Returned, "", "[expect]\nlab = [\"args\"]"), OUTPUT);
    assert_eq!(ran(Cause::Returned, "", "[expect]\nstdout_contains = [\"x\"]"), OUTPUT);
}

#[test]
fn no_annotation_excuses_a_silent_exit() {
    let known = "[[known]]\nruntime = \"*\"\ncode = \"sockets-unsupported\"\nbecause = \"x\"";
    assert_eq!(ran(Cause::Exit { code: 1 }, "", known), EXIT);
}

#[test]
fn the_guests_own_words_are_evidence() {
    let words = "lab: socket-bind no-errno operation not supported\n";
    assert_eq!(
        ran(Cause::Exit { code: 1 }, words, "[expect]\nlab = [\"socket-bind\"]"),
        (Verdict::Gap, Some(Code::SocketsUnsupported))
    );
}

#[test]
fn results_and_host_calls_are_compared() {
    let facts = facts("(module)");
    let check = |results: Vec<Value>, calls: Vec<Value>, wanted| {
        let mut events = vec![Event::Stage { stage: Stage::Run, micros: 1, cached: false }];
        events.push(Event::HostCall { function: "env.f".to_owned(), args: calls });
        events.push(Event::CallReturned { export: "add".to_owned(), results });
        events.push(Event::End { cause: Cause::Returned, micros: 2 });
        let spec = spec(
            "[run]\nentry = \"calls\"\n[[run.call]]\nexport = \"add\"\nresults = [\"i32:5\"]\n[expect]\nhost_calls = [{ function = \"env.f\", args = [\"i32:7\"] }]",
        );
        let judgement = verdict(Ok(&facts), &observation(Outcome::Exited(0), events, ""), &spec);
        assert_eq!((judgement.verdict, judgement.code), wanted, "{}", judgement.detail);
    };
    check(vec![Value::I32(5)], vec![Value::I32(7)], PASS);
    check(vec![Value::I32(6)], vec![Value::I32(7)], OUTPUT);
    check(vec![Value::I32(5)], vec![Value::I32(8)], OUTPUT);
    check(vec![], vec![Value::I32(7)], OUTPUT);
}

/// What Go's `net` for wasip1 does: `Listen` gives no error, and there is no socket.
#[test]
fn a_guest_that_says_it_listens_where_nobody_can_connect_has_no_sockets() {
    let steps = "[[run.port]]\nname = \"http\"\n[[step]]\nop = \"listen\"\nsocket = \"http\"\n[[step]]\nop = \"request\"\nsocket = \"http\"\nexpect = { status = 200 }";
    let judged = |stdout: &str, done: usize| {
        let mut observation = observation(Outcome::Stopped, to(Stage::Run, Cause::Returned), stdout);
        let failed = Some("nobody listens on http".to_owned());
        observation.client_script =
            Some(ScriptProgress { steps_passed: done, steps: 2, failed, unreachable: done == 0 });
        verdict(Ok(&facts("(module)")), &observation, &spec(steps))
    };
    let silent = judged("lab: socket-listen ok\n", 0);
    assert_eq!((silent.code, silent.subject.as_deref()), (Some(Code::SocketsUnsupported), Some("socket-listen")));
    assert_eq!(judged("lab: args ok\n", 0).code, Some(Code::WrongOutput), "it never said that it listens");
    assert_eq!(judged("lab: socket-listen ok\n", 1).code, Some(Code::WrongOutput), "it listens, and answers wrongly");
}

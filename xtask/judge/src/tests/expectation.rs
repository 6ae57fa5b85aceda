//! A scenario's expectations, compared with what its guest did.

use wasmlab_protocol::{Cause, Event, Stage, Value};

use super::{facts, observation, spec, to, verdict};
use wasmlab_model::codes::Code;
use wasmlab_model::observation::{ClientProgress, Outcome, RecordedRequest};
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
fn expected_result_passes() {
    assert_eq!(ran(Cause::Returned, "", ""), PASS);
    assert_eq!(ran(Cause::Exit { code: 0 }, "hi\n", "[expect]\nstdout = \"hi\\n\""), PASS);
    assert_eq!(ran(Cause::Exit { code: 7 }, "", "[expect]\nexit = 7"), PASS);
    assert_eq!(ran(Cause::Returned, "lab: args ok\n", "[expect]\nchecks = [\"args\"]"), PASS);
}

#[test]
fn unexpected_result_fails() {
    assert_eq!(ran(Cause::Exit { code: 1 }, "", ""), EXIT);
    assert_eq!(ran(Cause::Returned, "", "[expect]\nexit = 7"), EXIT);
    assert_eq!(ran(Cause::Returned, "ho\n", "[expect]\nstdout = \"hi\\n\""), OUTPUT);
    assert_eq!(ran(Cause::Returned, "", "[expect]\nchecks = [\"args\"]"), OUTPUT);
    assert_eq!(ran(Cause::Returned, "", "[expect]\nstdout_contains = [\"x\"]"), OUTPUT);
}

#[test]
fn silent_exit_fails_despite_annotations() {
    let known = "[[known]]\nruntime = \"*\"\ncode = \"sockets-unsupported\"\nbecause = \"x\"";
    assert_eq!(ran(Cause::Exit { code: 1 }, "", known), EXIT);
}

#[test]
fn lab_lines_are_evidence() {
    let stdout = "lab: socket-bind no-errno operation not supported\n";
    assert_eq!(
        ran(Cause::Exit { code: 1 }, stdout, "[expect]\nchecks = [\"socket-bind\"]"),
        (Verdict::Gap, Some(Code::SocketsUnsupported))
    );
}

#[test]
fn results_and_host_calls_are_compared() {
    let facts = facts("(module)");
    let check = |results: Vec<Value>, calls: Vec<Value>, expected| {
        let mut events = vec![Event::Stage { stage: Stage::Run, micros: 1, cached: false }];
        events.push(Event::HostCall { function: "env.f".to_owned(), args: calls });
        events.push(Event::CallReturned { export: "add".to_owned(), results });
        events.push(Event::End { cause: Cause::Returned, micros: 2 });
        let spec = spec(
            "[run]\nentry = \"calls\"\n[[run.call]]\nexport = \"add\"\nresults = [\"i32:5\"]\n[expect]\nhost_calls = [{ function = \"env.f\", args = [\"i32:7\"] }]",
        );
        let judgement = verdict(Ok(&facts), &observation(Outcome::Exited(0), events, ""), &spec);
        assert_eq!((judgement.verdict, judgement.code), expected, "{}", judgement.detail);
    };
    check(vec![Value::I32(5)], vec![Value::I32(7)], PASS);
    check(vec![Value::I32(6)], vec![Value::I32(7)], OUTPUT);
    check(vec![Value::I32(5)], vec![Value::I32(8)], OUTPUT);
    check(vec![], vec![Value::I32(7)], OUTPUT);
}

/// The behaviour of Go's `net` for wasip1: `Listen` gives no error, and there is no socket.
#[test]
fn listening_guest_without_open_port_has_no_sockets() {
    let steps = "[[run.port]]\nname = \"http\"\n[[step]]\nop = \"listen\"\nsocket = \"http\"\n[[step]]\nop = \"request\"\nsocket = \"http\"\nexpect = { status = 200 }";
    let judged = |stdout: &str, done: usize| {
        let mut observation = observation(Outcome::Stopped, to(Stage::Run, Cause::Returned), stdout);
        let failed = Some("nothing listens on http".to_owned());
        observation.client_progress =
            Some(ClientProgress { steps_passed: done, steps: 2, failed, unreachable: done == 0 });
        verdict(Ok(&facts("(module)")), &observation, &spec(steps))
    };
    let silent = judged("lab: socket-listen ok\n", 0);
    assert_eq!((silent.code, silent.subject.as_deref()), (Some(Code::SocketsUnsupported), Some("socket-listen")));
    assert_eq!(silent.detail, "says that it listens, but nothing accepts connections on the port");
    assert_eq!((silent.checks[0].answer.id(), silent.checks[0].code), ("wrong", silent.code));
    assert_eq!(judged("lab: args ok\n", 0).code, Some(Code::WrongOutput), "it never said that it listens");
    assert_eq!(judged("lab: socket-listen ok\n", 1).code, Some(Code::WrongOutput), "it listens, and responds wrongly");
}

#[test]
fn wrong_clock_names_its_function() {
    let check = |wat: &str, subject: &str| {
        let seen = observation(
            Outcome::Exited(0),
            to(Stage::Run, Cause::Returned),
            "lab: clock-realtime wrong it is not after 2024\nlab: threads no-errno no\n",
        );
        let judged = verdict(Ok(&facts(wat)), &seen, &spec(""));
        assert_eq!((judged.code, judged.subject.as_deref()), (Some(Code::WrongOutput), Some(subject)), "{wat}");
        let expected = match subject {
            "clock-realtime" => "clock-realtime: wrong, it is not after 2024; and 1 more: threads".to_owned(),
            function => {
                format!("clock-realtime: {function} returns a time that is not after 2024; and 1 more: threads")
            }
        };
        assert_eq!(judged.detail, expected);
    };
    let core =
        "(module (import \"wasi_snapshot_preview1\" \"clock_time_get\" (func (param i32 i64 i32) (result i32))))";
    check(core, "wasi_snapshot_preview1.clock_time_get");
    check("(component (import \"wasi:clocks/wall-clock@0.2.3\" (instance)))", "wasi:clocks/wall-clock@0.2.3#now");
    check("(module)", "clock-realtime");
}

#[test]
fn socket_remedy_depends_on_toolchain_and_sockets() {
    let go = "(module (@producers (language \"Go\" \"1.27\")))";
    let check = |wat: &str, capability: &str, says: &str, not: &str| {
        let stdout = format!("lab: {capability} no-errno operation not supported\n");
        let seen = observation(Outcome::Exited(1), to(Stage::Run, Cause::Exit { code: 1 }), &stdout);
        let remedy = verdict(Ok(&facts(wat)), &seen, &spec("")).remedy.unwrap_or_default();
        assert!(remedy.contains(says) && !remedy.contains(not), "{capability}: {remedy}");
    };
    check("(module)", "socket-bind", "(sock_accept)", "TinyGo");
    check("(module)", "socket-connect", "wasm32-wasip2 (wasi:sockets) or WASIX", "sock_accept");
    check(go, "socket-listen", "net.FileListener", "wasm32-wasip2");
    check(go, "socket-connect", "TinyGo", "FileListener");
}

#[test]
fn pass_detail_states_what_was_observed() {
    let check = |expect: &str, stdout: &str, requests: usize, expected: &str| {
        let mut seen = observation(Outcome::Exited(0), to(Stage::Run, Cause::Returned), stdout);
        let request =
            RecordedRequest { server: "s".into(), method: "GET".into(), path: "/".into(), ..Default::default() };
        seen.requests = vec![request; requests];
        let judged = verdict(Ok(&facts("(module)")), &seen, &spec(expect));
        assert_eq!((judged.verdict, judged.detail.as_str()), (Verdict::Pass, expected));
    };
    let request = "[[expect.request]]\nserver = \"s\"\npath = \"/\"\n";
    check(request, "", 1, "1 request reached the server");
    check(&request.repeat(2), "", 2, "2 requests reached the server");
    check(
        "[expect]\nchecks = [\"accept-errno\", \"recv-errno\"]",
        "lab: accept-errno ok\nlab: recv-errno ok\n",
        0,
        "accept-errno, recv-errno ok",
    );
}

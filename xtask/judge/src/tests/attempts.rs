//! Cells that were not attempted, and needs that a runtime has no way to meet.

use wasmlab_protocol::{Cause, EXIT_INVALID_SPEC, Event, Stage, TrapKind};

use super::{facts, observation, spec, to, verdict};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::observation::{ClientProgress, Observation, Outcome};
use wasmlab_model::subjects::PREOPENED_SOCKET;
use wasmlab_model::verdict::Verdict;

#[test]
fn cells_not_attempted_blame_nobody() {
    let cause = Cause::NotAttempted { subject: "component-calls".to_owned(), message: "no way to ask".to_owned() };
    let seen = observation(Outcome::Exited(0), to(Stage::Link, cause), "");
    let judged = verdict(Ok(&facts("(component)")), &seen, &spec(""));
    assert_eq!((judged.verdict, judged.code, judged.blame.len(), judged.stage), (Verdict::NotAttempted, None, 0, None));
    assert_eq!((judged.subject.as_deref(), judged.detail.as_str()), (Some("component-calls"), "no way to ask"));
    // The lab itself grants Deno only the guest's directories.
    let message = "Deno.symlinkSync() requires unscoped --allow-read and --allow-write permissions; no".to_owned();
    let seen = observation(Outcome::Exited(0), to(Stage::Run, Cause::HostError { message }), "");
    let judged = verdict(Ok(&facts("(component)")), &seen, &spec(""));
    assert_eq!((judged.verdict, judged.subject.as_deref()), (Verdict::NotAttempted, Some("symlink")));
    // Nothing was started: whatever is expected, that is no gap.
    let none = verdict(Ok(&facts("(module)")), &Observation::not_started(), &spec("[expect]\nexit = 1"));
    assert_eq!((none.verdict, none.code), (Verdict::Error, None));
}

/// A guest that was started without the socket that its scenario gives it.
#[test]
fn unsupported_preopened_socket_is_judged_by_the_guests_output() {
    let check = |cause: Cause, stdout: &str, failed: Option<&str>, expected: Option<&str>| {
        let mut seen = observation(Outcome::Exited(0), to(Stage::Run, cause), stdout);
        seen.unsupported_inputs = vec![PREOPENED_SOCKET.to_owned()];
        seen.client_progress =
            Some(ClientProgress { steps_passed: 1, steps: 2, failed: failed.map(str::to_owned), unreachable: false });
        let judged = verdict(Ok(&facts("(module)")), &seen, &spec(""));
        let Some(expected) = expected else {
            return assert_ne!(judged.code, Some(Code::SocketsUnsupported), "{stdout}");
        };
        assert_eq!((judged.code, judged.blame.as_slice()), (Some(Code::SocketsUnsupported), &[Blame::Runtime][..]));
        assert_eq!(judged.subject.as_deref(), Some(PREOPENED_SOCKET));
        assert!(judged.detail.ends_with(expected), "{}", judged.detail);
    };
    let refused = Some("GET / on http: connection refused");
    let exit = |code| Cause::Exit { code };
    check(
        exit(1),
        "ready\nlab: sock-accept errno=8 sock_accept\n",
        refused,
        Some("without one sock_accept returns EBADF (8)"),
    );
    check(
        exit(1),
        "ready\nlab: sock-accept errno=58 sock_accept\n",
        refused,
        Some("without one sock_accept returns ENOTSUP (58)"),
    );
    let unsupported =
        Cause::Unsupported { feature: "sock_accept".to_owned(), message: "a page has no sockets".to_owned() };
    check(unsupported, "ready\n", refused, Some("sock_accept refuses: a page has no sockets"));
    check(exit(71), "", refused, Some("it exits with 71"));
    check(Cause::Returned, "", refused, Some("connection refused"));
    check(Cause::Returned, "lab: sock-accept ok\n", None, None);
    // What comes before the socket is the reason.
    let trap = Cause::Trap { trap: TrapKind::Unreachable, message: "unreachable".to_owned(), location: None };
    check(trap, "lab: sock-accept errno=8 sock_accept\n", refused, None);
}

/// A driver of the lab that refuses a cell before it writes an event.
#[test]
fn an_invalid_cell_is_an_error_of_the_lab() {
    let exited = |events| {
        let seen = observation(Outcome::Exited(EXIT_INVALID_SPEC.into()), events, "");
        verdict(Ok(&facts("(module)")), &seen, &spec(""))
    };
    assert_eq!(exited(Vec::new()).verdict, Verdict::Error);
    let began = Event::Stage { stage: Stage::Run, micros: 1, cached: false };
    assert_eq!(exited(vec![began]).code, Some(Code::Crashed));
}

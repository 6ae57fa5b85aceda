//! What tells that a guest has no sockets, beside what it says of them itself; and what would give it some.

use wasmlab_protocol::Cause;

use super::text::last_message_suffix;
use super::{Evidence, lab_lines, with_code};
use wasmlab_model::checks::{Check, CheckAnswer};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::facts::Facts;
use wasmlab_model::observation::{Observation, PREOPENED_SOCKET};
use wasmlab_model::verdict::Judgement;

/// What the guest says where the runtime has no way to give it what the scenario gives: an errno of the function
/// that would use it, or an end in the middle of its work.
///
/// `refused` is the function that the host has no way to do, and its words, where it said so itself.
pub fn missing_socket(
    evidence: &Evidence,
    lines: &[lab_lines::LabLine],
    refused: Option<(&str, &str)>,
) -> Option<Judgement> {
    let observation = evidence.observation;
    let what = observation.unsupported_inputs.iter().find(|what| *what == PREOPENED_SOCKET)?;
    let line = lines.iter().find(|l| l.name.starts_with("sock") && l.answer != lab_lines::Answer::Ok);
    let says = match (line, &evidence.progress.cause) {
        _ if refused.is_some() => refused.map(|(function, words)| format!("to {function}, {words}"))?,
        (Some(line), _) => line.said(),
        (None, Some(Cause::Exit { code })) => format!("it exits with {code}{}", last_message_suffix(evidence.stderr())),
        (None, _) => observation.client_script.as_ref()?.failed.clone()?,
    };
    let detail = format!("the lab knows no way to hand it an open socket; without one {says}");
    let remedy = "Use a runtime whose host can give the guest an open socket.".to_owned();
    let judgement = with_code(Code::SocketsUnsupported, what.clone(), detail);
    Some(Judgement { blame: vec![Blame::Runtime], remedy: Some(remedy), ..judgement })
}

/// The capability that a guest claims and a client refutes: its library says that it listens, and there is no
/// socket. Only a client that looked for one tells; a wrong answer of a server that is there is a wrong answer.
pub fn unreachable_listener(observation: &Observation, lines: &[lab_lines::LabLine]) -> Option<Judgement> {
    let script = observation.client_script.as_ref().filter(|script| script.unreachable)?;
    script.failed.as_ref()?;
    let line = lines.iter().find(|l| l.name.starts_with("sock") && l.answer == lab_lines::Answer::Ok)?;
    let detail = "says that it listens, and the lab finds nobody on the port".to_owned();
    Some(with_code(Code::SocketsUnsupported, line.name.to_owned(), detail))
}

/// The checks, of which the one that is the reason is no success where a client refuted it.
pub fn refuted(mut checks: Vec<Check>, judgement: &Judgement) -> Vec<Check> {
    let of_sockets = judgement.code == Some(Code::SocketsUnsupported);
    let is_refuted = |check: &&mut Check| of_sockets && judgement.subject.as_ref() == Some(&check.name);
    if let Some(check) = checks.iter_mut().filter(is_refuted).find(|check| check.answer == CheckAnswer::Ok) {
        check.answer = CheckAnswer::Wrong;
        check.message = Some("nobody listens on the port".to_owned());
        check.code = judgement.code;
    }
    checks
}

/// What gives a guest sockets whose library has none, by what made it and by what it wanted of them.
pub fn remedy(facts: Option<&Facts>, capability: &str) -> String {
    let made_by_go = facts.is_some_and(|f| f.producers.iter().any(|p| p.name == "Go"));
    // A host hands over a socket that listens; none hands over one that is connected.
    let connects = capability.contains("connect");
    match (made_by_go, connects) {
        (true, true) => "Build it with TinyGo for WASI 0.2 (wasi:sockets): Go itself has no port to it.",
        (true, false) => {
            "Let the host open the socket and take it by `net.FileListener(os.NewFile(3, \"\"))`, on a runtime that hands one \
             over; or build it with TinyGo for WASI 0.2 (wasi:sockets): Go itself has no port to it."
        }
        (false, true) => "Build for wasm32-wasip2 (wasi:sockets) or WASIX: no host hands over a socket that is connected.",
        (false, false) => {
            "Build for wasm32-wasip2 (wasi:sockets) or WASIX, or have the host open the socket and hand it over (sock_accept)."
        }
    }
    .to_owned()
}

//! Evidence that a guest has no sockets, besides its own messages, and remedies.

use wasmlab_protocol::Cause;

use super::text::last_message_suffix;
use super::{Evidence, lab_lines, with_code};
use wasmlab_model::checks::{Check, CheckAnswer};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::facts::Facts;
use wasmlab_model::observation::Observation;
use wasmlab_model::subjects::PREOPENED_SOCKET;
use wasmlab_model::verdict::Judgement;

/// The judgement on a guest whose runtime cannot give it the scenario's open socket: the function that would use the
/// socket returns an errno, or the guest stops halfway.
///
/// `refused`: the function that the host cannot perform and its message, if it said so itself.
pub fn missing_socket(evidence: &Evidence, checks: &[Check], refused: Option<(&str, &str)>) -> Option<Judgement> {
    let observation = evidence.observation;
    let what = observation.unsupported_inputs.iter().find(|what| *what == PREOPENED_SOCKET)?;
    let failed = checks.iter().find(|check| check.name.starts_with("sock") && check.answer != CheckAnswer::Ok);
    let says = match (failed, &evidence.progress.cause) {
        _ if refused.is_some() => refused.map(|(function, message)| format!("{function} refuses: {message}"))?,
        (Some(check), _) => lab_lines::describe_failure(check),
        (None, Some(Cause::Exit { code })) => format!("it exits with {code}{}", last_message_suffix(evidence.stderr())),
        (None, _) => observation.client_progress.as_ref()?.failed.clone()?,
    };
    let detail = format!("the lab has no way to pass it an open socket; without one {says}");
    let remedy = "Use a runtime whose host can give the guest an open socket.".to_owned();
    let judgement = with_code(Code::SocketsUnsupported, what.clone(), detail);
    Some(Judgement { blame: vec![Blame::Runtime], remedy: Some(remedy), ..judgement })
}

/// A guest that claims to listen while its client finds no socket: its library only pretends. This needs a client that
/// tried to connect; a wrong response from a reachable server is a wrong output instead.
pub fn unreachable_listener(observation: &Observation, checks: &[Check]) -> Option<Judgement> {
    let script = observation.client_progress.as_ref().filter(|script| script.unreachable)?;
    script.failed.as_ref()?;
    let check = checks.iter().find(|check| check.name.starts_with("sock") && check.answer == CheckAnswer::Ok)?;
    let detail = "says that it listens, but nothing accepts connections on the port".to_owned();
    Some(with_code(Code::SocketsUnsupported, check.name.clone(), detail))
}

/// The checks, with the one that a client refuted marked as wrong.
pub fn correct_refuted_checks(mut checks: Vec<Check>, judgement: &Judgement) -> Vec<Check> {
    let of_sockets = judgement.code == Some(Code::SocketsUnsupported);
    let is_refuted = |check: &&mut Check| of_sockets && judgement.subject.as_ref() == Some(&check.name);
    if let Some(check) = checks.iter_mut().filter(is_refuted).find(|check| check.answer == CheckAnswer::Ok) {
        check.answer = CheckAnswer::Wrong;
        check.message = Some("nothing listens on the port".to_owned());
        check.code = judgement.code;
    }
    checks
}

/// How to give sockets to a guest whose library has none, by its toolchain and the operation it needs.
pub fn remedy(facts: Option<&Facts>, capability: &str) -> String {
    let made_by_go = facts.is_some_and(|f| f.producers.iter().any(|p| p.name == "Go"));
    // Some hosts can pass a listening socket to a guest; none can pass a connected one.
    let connects = capability.contains("connect");
    match (made_by_go, connects) {
        (true, true) => "Build it with TinyGo for WASI 0.2 (wasi:sockets): Go itself does not support that target.",
        (true, false) => {
            "Let the host open the socket and use it with `net.FileListener(os.NewFile(3, \"\"))`, on a runtime that can pass \
             one; or build it with TinyGo for WASI 0.2 (wasi:sockets): Go itself does not support that target."
        }
        (false, true) => "Build for wasm32-wasip2 (wasi:sockets) or WASIX: no host passes a connected socket to a guest.",
        (false, false) => {
            "Build for wasm32-wasip2 (wasi:sockets) or WASIX, or have the host open the socket and pass it to the guest (sock_accept)."
        }
    }
    .to_owned()
}

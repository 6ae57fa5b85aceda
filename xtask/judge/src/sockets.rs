//! What tells that a guest has no sockets, beside what it says of them itself.

use wasmlab_protocol::Cause;

use super::words::last_words;
use super::{Evidence, because, lab};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::observation::{Observation, PREOPENED_SOCKET};
use wasmlab_model::verdict::Judgement;

/// What the guest says where the runtime has no way to give it what the scenario gives: an errno of the function
/// that would use it, or an end in the middle of its work.
///
/// `refused` is the function that the host has no way to do, and its words, where it said so itself.
pub fn withheld(evidence: &Evidence, lines: &[lab::Line], refused: Option<(&str, &str)>) -> Option<Judgement> {
    let observation = evidence.observation;
    let what = observation.unsupported_inputs.iter().find(|what| *what == PREOPENED_SOCKET)?;
    let line = lines.iter().find(|l| l.name.starts_with("sock") && l.answer != lab::Answer::Ok);
    let says = match (line, &evidence.progress.cause) {
        _ if refused.is_some() => refused.map(|(function, words)| format!("to {function}, {words}"))?,
        (Some(line), _) => line.to_string(),
        (None, Some(Cause::Exit { code })) => format!("it exits with {code}{}", last_words(evidence.stderr())),
        (None, _) => observation.client_script.as_ref()?.failed.clone()?,
    };
    let detail = format!("it takes no socket that is open already, and the guest was started without one: {says}");
    let remedy = "Use a runtime whose host can give the guest an open socket.".to_owned();
    let judgement = because(Code::SocketsUnsupported, what.clone(), detail);
    Some(Judgement { blame: vec![Blame::Runtime], remedy: Some(remedy), ..judgement })
}

/// The capability that a guest claims and a client refutes: its library says that it listens, and there is no
/// socket. Only a client that looked for one tells; a wrong answer of a server that is there is a wrong answer.
pub fn silent(observation: &Observation, lines: &[lab::Line]) -> Option<Judgement> {
    let script = observation.client_script.as_ref().filter(|script| script.unreachable)?;
    let failed = script.failed.as_ref()?;
    let line = lines.iter().find(|l| l.name.starts_with("sock") && l.answer == lab::Answer::Ok)?;
    let detail = format!("says that it listens, and no client can reach it: {failed}");
    Some(because(Code::SocketsUnsupported, line.name.to_owned(), detail))
}

//! What tells that a guest has no sockets, beside what it says of them itself.

use wasmlab_protocol::Cause;

use super::text::last_message_suffix;
use super::{Evidence, lab_lines, with_code};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::observation::{Observation, PREOPENED_SOCKET};
use wasmlab_model::verdict::Judgement;

/// What the guest says where the runtime has no way to give it what the scenario gives: an errno of the function
/// that would use it, or an end in the middle of its work.
pub fn missing_socket(evidence: &Evidence, lines: &[lab_lines::LabLine]) -> Option<Judgement> {
    let observation = evidence.observation;
    let what = observation.unsupported_inputs.iter().find(|what| *what == PREOPENED_SOCKET)?;
    let refused = lines.iter().find(|l| l.name.starts_with("sock") && l.answer != lab_lines::Answer::Ok);
    let says = match (refused, &evidence.progress.cause) {
        (Some(line), _) => line.to_string(),
        (None, Some(Cause::Exit { code })) => format!("it exits with {code}{}", last_message_suffix(evidence.stderr())),
        (None, _) => observation.client_script.as_ref()?.failed.clone()?,
    };
    let detail = format!("it takes no socket that is open already, and the guest was started without one: {says}");
    let remedy = "Use a runtime whose host can give the guest an open socket.".to_owned();
    let judgement = with_code(Code::SocketsUnsupported, what.clone(), detail);
    Some(Judgement { blame: vec![Blame::Runtime], remedy: Some(remedy), ..judgement })
}

/// The capability that a guest claims and a client refutes: its library says that it listens, and there is no
/// socket. Only a client that looked for one tells; a wrong answer of a server that is there is a wrong answer.
pub fn unreachable_listener(observation: &Observation, lines: &[lab_lines::LabLine]) -> Option<Judgement> {
    let script = observation.client_script.as_ref().filter(|script| script.unreachable)?;
    let failed = script.failed.as_ref()?;
    let line = lines.iter().find(|l| l.name.starts_with("sock") && l.answer == lab_lines::Answer::Ok)?;
    let detail = format!("says that it listens, and no client can reach it: {failed}");
    Some(with_code(Code::SocketsUnsupported, line.name.to_owned(), detail))
}

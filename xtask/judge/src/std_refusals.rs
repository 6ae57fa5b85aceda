//! A program whose standard library refuses something by itself, without asking the host: its message is the library's.

use wasmlab_model::codes::Code;
use wasmlab_model::verdict::Judgement;

use super::Evidence;
use super::trap::guest_message;

/// Rust's message if it cannot start a thread.
const NO_THREAD: [&str; 2] = ["failed to spawn thread", "Unsupported"];
/// Rust's message for everything that its standard library leaves out for a target.
const NOT_ON_TARGET: &str = "operation not supported on this platform";

/// The judgement with the code of such a refusal, if the program ended with one. The lab's own guests report what they
/// tried.
pub fn name_std_refusal(judgement: Judgement, evidence: &Evidence) -> Judgement {
    let went_wrong = judgement.code.is_some_and(Code::is_guest_failure);
    let Some(message) = guest_message(evidence).filter(|_| went_wrong && !evidence.lab_guest) else { return judgement };
    let (code, subject) = if NO_THREAD.iter().all(|part| message.contains(part)) {
        (Code::ThreadsUnsupported, Some("thread".to_owned()))
    } else if message.contains(NOT_ON_TARGET) {
        (Code::LibraryUnsupported, None)
    } else {
        return judgement;
    };
    let entry = code.entry();
    let blame = entry.blame.to_vec();
    Judgement { code: Some(code), verdict: entry.verdict, blame, subject, remedy: None, ..judgement }
}

//! Finds the host function behind a capability of the lab's guests from what the guest imports, because guests in
//! several languages do not know it themselves.

use super::imports::shown;
use super::lab_lines;
use wasmlab_model::checks::{Check, CheckAnswer};
use wasmlab_model::facts::Facts;
use wasmlab_model::verdict::Judgement;

/// A capability, the import that serves it (a component's by the name of its interface), and the function in it.
const FUNCTIONS: &[(&str, &str, &str)] = &[
    ("clock-realtime", "wasi_snapshot_preview1.clock_time_get", ""),
    ("clock-realtime", "wasi:clocks/wall-clock@", "now"),
    ("clock-monotonic", "wasi_snapshot_preview1.clock_time_get", ""),
    ("clock-monotonic", "wasi:clocks/monotonic-clock@", "now"),
    ("random", "wasi_snapshot_preview1.random_get", ""),
    ("random", "wasi:random/random@", "get-random-bytes"),
];

/// The judgement on the guest's lines, with the function instead of the capability if it is known. `checks` are the
/// lines; one of them is the reason.
pub fn with_host_function(judgement: Judgement, checks: &[Check], facts: Option<&Facts>) -> Judgement {
    let is_subject = |text: &str| judgement.subject.as_deref() == Some(text);
    let is_reason = |check: &&Check| check.answer == CheckAnswer::Wrong && is_subject(&check.name);
    let Some(check) = checks.iter().find(is_reason) else { return judgement };
    let (None, Some(message)) = (&check.function, &check.message) else { return judgement };
    let Some(function) = facts.and_then(|facts| function(facts, &check.name)) else { return judgement };
    let (reported, exact) = (lab_lines::describe(check), describe(&check.name, &function, message));
    Judgement { detail: judgement.detail.replacen(&reported, &exact, 1), subject: Some(function), ..judgement }
}

/// A wrong result with the function that gave it. `message`: the guest's.
fn describe(name: &str, function: &str, message: &str) -> String {
    match message.strip_prefix("it is not after ") {
        Some(time) => format!("{name}: {function} returns a time that is not after {time}"),
        None => format!("{name}: wrong result of {function}: {message}"),
    }
}

fn function(facts: &Facts, capability: &str) -> Option<String> {
    FUNCTIONS.iter().filter(|(name, ..)| *name == capability).find_map(|(_, import, function)| {
        let mut imports = facts.imports.iter().map(|i| shown(facts, i));
        let found = imports.find(|name| name == import || import.ends_with('@') && name.starts_with(import))?;
        Some(if function.is_empty() { found } else { format!("{found}#{function}") })
    })
}

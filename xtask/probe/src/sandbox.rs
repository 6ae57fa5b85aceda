//! Escape attempts of a hostile guest: reading what it was not given, and exhausting what it shares with others.
//!
//! `sandbox.txt` holds what it tries to read; [`crate::script`] runs all of that in one guest. Each attempt to exhaust
//! something has a guest of its own.

use std::collections::BTreeMap;

use anyhow::Result;
use wasmlab_model::profile::{Behaviour, BehaviourOutcome};
use wasmlab_protocol::Cause;

use crate::script::{self, CheckOutput, Guests, ScriptCheck};
use crate::{Probe, ProbeReply, ProbeTarget};

/// Inputs of each guest: a directory with links out of it.
const RUN: &str = "[run]\n[[run.dir]]\nguest = \"/data\"\nfiles = { \"inner/own.txt\" = \"own\" }\n[run.dir.links]\n\
                   link-file = \"../wasmlab-secret\"\nlink-absolute-file = \"{outside}/wasmlab-secret\"\n\
                   link-folder = \"..\"\nlink-absolute-folder = \"{outside}\"\nlink-chain = \"link-file\"\n\
                   link-proc = \"/proc/self/environ\"\n";

/// Guests that exhaust something, and what stops each of them: only the lab stops the first two.
const EXHAUST: &[(&str, &str)] = &[
    ("run-for-ever", "(module (func (export \"_start\") (loop $l (br $l))))"),
    ("start-for-ever", "(module (func $s (loop $l (br $l))) (start $s) (func (export \"_start\")))"),
    (
        "exhaust-memory",
        "(module (memory 1) (func (export \"_start\") (loop $l (br_if $l (i32.ne (memory.grow (i32.const 64)) (i32.const -1))))))",
    ),
    ("exhaust-stack", "(module (func $f (export \"_start\") (call $f) (call $f)))"),
    (
        "exhaust-table",
        "(module (table 1 funcref) (func (export \"_start\") (loop $l (br_if $l (i32.ne (table.grow (ref.null func) (i32.const \
         100000)) (i32.const -1))))))",
    ),
];

/// The outcome of each attempt.
///
/// # Errors
/// If a guest cannot be made.
pub fn measure(
    types: &BTreeMap<String, String>,
    defines: &dyn Fn(&str) -> bool,
    runtime: &mut dyn ProbeTarget,
) -> Result<BTreeMap<String, Behaviour>> {
    let mut found = BTreeMap::new();
    if defines("fd_write") {
        let all = script::checks(include_str!("sandbox.txt"))?;
        let guests = Guests { types, finds_dir: defines("fd_prestat_get"), run: RUN, name: "sandbox" };
        let able: Vec<&ScriptCheck> = all.iter().filter(|check| check.uses.iter().all(|name| defines(name))).collect();
        script::run(able, &guests, runtime, |name, printed, _| {
            let (CheckOutput::Result(_, text) | CheckOutput::Ended(text)) = printed;
            found.insert(name.to_owned(), attempt_behaviour(&text));
        })?;
    }
    for (name, text) in EXHAUST {
        let Some(reply) =
            runtime.probe(&Probe { run: "[run]\ntimeout_ms = 1000\n", ..Probe::from_text(*name, text)? }, &[])
        else {
            continue;
        };
        found.insert((*name).to_owned(), exhaustion_behaviour(&reply));
    }
    Ok(found)
}

/// The lab's secrets begin like this, and so does the host's list of users.
fn attempt_behaviour(printed: &str) -> Behaviour {
    let what = [("lab-file-", "a file outside"), ("lab-env-", "the host's environment"), ("root:", "/etc/passwd")];
    match what.iter().find(|(mark, _)| printed.contains(mark)) {
        Some((_, what)) => Behaviour { outcome: BehaviourOutcome::Escapes, detail: format!("read {what}") },
        None => Behaviour { outcome: BehaviourOutcome::Works, detail: "contained".to_owned() },
    }
}

/// How a runtime ended with a guest that exhausts something.
fn exhaustion_behaviour(reply: &ProbeReply) -> Behaviour {
    let contained = |detail: String| Behaviour { outcome: BehaviourOutcome::Works, detail };
    match (&reply.cause, &reply.stopped) {
        (_, Some(stopped)) => Behaviour { outcome: BehaviourOutcome::Ends, detail: stopped.clone() },
        (Some(Cause::Returned), _) => contained("it is refused more".to_owned()),
        (Some(Cause::Trap { message, .. }), _) => contained(message.chars().take(80).collect()),
        (Some(_), _) => contained("it is ended".to_owned()),
        (None, None) => Behaviour { outcome: BehaviourOutcome::Ends, detail: "its process ended".to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::{RUN, attempt_behaviour};
    use crate::catalogue;
    use crate::script::{self, Guests};
    use wasmlab_model::profile::BehaviourOutcome;

    #[test]
    fn attempts_are_valid_and_a_secret_is_recognized() {
        let catalogue = catalogue::load().unwrap();
        let wasi = catalogue.functions.iter().find(|of| of.specification == "WASI 0.1").unwrap();
        let checks = script::checks(include_str!("sandbox.txt")).unwrap();
        assert!(checks.len() >= 20, "{}", checks.len());
        let guests = Guests { types: &wasi.functions, finds_dir: true, run: RUN, name: "sandbox" };
        guests.guest(&checks.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!(attempt_behaviour("lab-file-0123-secret\n").outcome, BehaviourOutcome::Escapes);
        assert_eq!(attempt_behaviour("own\n").outcome, BehaviourOutcome::Works);
    }
}

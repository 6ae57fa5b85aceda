//! The behaviour of WASI 0.1 functions when a guest uses them as a program would.
//!
//! `behaviour.txt` holds a check for each function; [`crate::script`] runs them.

use std::collections::BTreeMap;

use anyhow::Result;
use wasmlab_model::profile::{Behaviour, BehaviourOutcome, MeasuredFunctions, ProbeAnswer, Support};
use wasmlab_protocol::Cause;

use crate::catalogue::Catalogue;
use crate::script::{self, CheckOutput, Guests, ScriptCheck, WASI};
use crate::{ProbeReply, ProbeTarget};

/// Inputs of each guest: two arguments, a variable and a directory.
const RUN: &str = "[run]\nargs = [\"one\", \"two words\"]\nenv = { ONE = \"one\" }\n\
                   [[run.dir]]\nguest = \"/data\"\nfiles = { \"seed.txt\" = \"seed\" }\n";

fn checks() -> Result<Vec<ScriptCheck<'static>>> {
    let mut checks = script::checks(include_str!("behaviour.txt"))?;
    for check in &mut checks {
        check.uses.push(check.name);
    }
    Ok(checks)
}

/// The result of each function of WASI 0.1. `linked`: what the runtime defines; `unchecked`: it does not say.
///
/// # Errors
/// If a guest cannot be made.
pub fn measure(
    catalogue: &Catalogue,
    linked: &BTreeMap<String, MeasuredFunctions>,
    unchecked: bool,
    unusual_modules: &BTreeMap<String, ProbeAnswer>,
    runtime: &mut dyn ProbeTarget,
) -> Result<BTreeMap<String, Behaviour>> {
    let Some(declared) = catalogue.functions.iter().find(|of| of.specification == "WASI 0.1") else {
        return Ok(BTreeMap::new());
    };
    let functions = linked.get(WASI);
    let defines = |name: &str| unchecked || functions.and_then(|of| of.defines(name)) == Some(true);
    let mut found: BTreeMap<String, Behaviour> = BTreeMap::new();
    if !defines("fd_write") {
        return Ok(found);
    }
    for name in declared.functions.keys().filter(|name| !defines(name)) {
        found.insert(name.clone(), Behaviour { outcome: BehaviourOutcome::Missing, detail: String::new() });
    }
    if let Some(exit) = exit(unusual_modules) {
        found.insert("proc_exit".to_owned(), exit);
    }
    let all = checks()?;
    let guests =
        Guests { types: &declared.functions, finds_dir: defines("fd_prestat_get"), run: RUN, name: "behaviour" };
    let able: Vec<&ScriptCheck> = all.iter().filter(|check| check.uses.iter().all(|name| defines(name))).collect();
    script::run(able, &guests, runtime, |name, printed, reply| {
        let behaviour = match printed {
            CheckOutput::Result(code, _) => result_behaviour(code),
            CheckOutput::Ended(_) => ended_guest_behaviour(reply),
        };
        found.insert(name.to_owned(), behaviour);
    })?;
    Ok(found)
}

/// Exit codes are measured with the unusual modules.
fn exit(unusual_modules: &BTreeMap<String, ProbeAnswer>) -> Option<Behaviour> {
    let works =
        ["exit-0", "exit-1"].iter().all(|name| unusual_modules.get(*name).is_some_and(|a| a.support == Support::Yes));
    works.then(|| Behaviour { outcome: BehaviourOutcome::Works, detail: String::new() })
}

/// A result as the guest prints it: 0, an errno, or the negative number of a wrong result.
fn result_behaviour(code: i32) -> Behaviour {
    match code {
        0 => Behaviour { outcome: BehaviourOutcome::Works, detail: String::new() },
        errno if errno > 0 => Behaviour { outcome: BehaviourOutcome::Errno, detail: format!("errno {errno}") },
        wrong => Behaviour { outcome: BehaviourOutcome::Wrong, detail: format!("check {}", -wrong) },
    }
}

fn ended_guest_behaviour(reply: &ProbeReply) -> Behaviour {
    let detail = match &reply.cause {
        Some(
            Cause::Trap { message, .. }
            | Cause::HostError { message }
            | Cause::HostRefused { message, .. }
            | Cause::EngineError { message },
        ) => message.chars().take(120).collect(),
        Some(Cause::Exit { code }) => format!("exit code {code}"),
        _ => "its process ended".to_owned(),
    };
    Behaviour { outcome: BehaviourOutcome::Ends, detail }
}

#[cfg(test)]
mod tests {
    use super::{RUN, checks};
    use crate::catalogue;
    use crate::script::Guests;

    #[test]
    fn every_function_has_a_check_that_imports_it() {
        let catalogue = catalogue::load().unwrap();
        let wasi = catalogue.functions.iter().find(|of| of.specification == "WASI 0.1").unwrap();
        let checks = checks().unwrap();
        let without: Vec<&String> =
            wasi.functions.keys().filter(|name| !checks.iter().any(|check| check.name == *name)).collect();
        // Their effect is the end of the guest.
        assert_eq!(without, ["proc_exit", "proc_raise"]);
        let guests = Guests { types: &wasi.functions, finds_dir: true, run: RUN, name: "behaviour" };
        for check in &checks {
            let probe = guests.guest(&[check]).unwrap();
            let facts = wasmlab_inspect::facts(&probe.module).unwrap();
            assert!(facts.imports.iter().any(|import| import.name == check.name), "{}", check.name);
        }
        let all: Vec<_> = checks.iter().collect();
        guests.guest(&all).unwrap();
    }
}

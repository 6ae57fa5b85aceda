//! A host that would not go on with a guest: its reason in plain words, and whose fault it is.

use wasmlab_protocol::HostRefusal;

use super::trap::guest_message;
use super::{Evidence, with_code};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::facts::Facts;
use wasmlab_model::verdict::Judgement;

/// The subject of a refused exit code.
pub const EXIT_CODE: &str = "exit-code";

/// The judgement on what a host refused.
pub fn refused(evidence: &Evidence, what: HostRefusal, message: &str) -> Judgement {
    let (subject, reason, blame, remedy) = match what {
        HostRefusal::ExitCode => (
            EXIT_CODE,
            "refuses the guest's exit code",
            Blame::Runtime,
            "End with a code below 126: this runtime has no switch that lets a higher one through.".to_owned(),
        ),
        HostRefusal::NoMemory => (
            "memory",
            "refuses a guest that exports no memory, which WASI's functions read and write",
            Blame::Toolchain,
            export_memory(evidence.facts.ok()),
        ),
        HostRefusal::TwoEntryPoints => (
            "_start, _initialize",
            "refuses a module that exports both `_start` and `_initialize`: by WASI it is a command or a reactor, not both",
            Blame::Toolchain,
            "Export one of the two: `_start` where it is a program, `_initialize` where others call its functions."
                .to_owned(),
        ),
    };
    let detail = format!("{reason}; its words: {message}");
    let judgement = with_code(Code::HostRefused, subject.to_owned(), detail);
    Judgement { blame: vec![blame], remedy: Some(remedy), ..judgement }
}

/// How the memory comes to be exported, by where the module has it from.
fn export_memory(facts: Option<&Facts>) -> String {
    let imported = facts.is_some_and(|f| f.imports.iter().any(|i| i.ty.starts_with("memory")));
    let own = facts.is_none_or(|f| f.sections.iter().any(|s| s.name == "memory"));
    let remedy = if imported {
        "Link without `--import-memory`, or with `--export-memory` as well."
    } else if own {
        "Export its memory under the name `memory`: link with `--export-memory`, and without a script or tool that removes \
         the export."
    } else {
        "Give the module a memory and export it under the name `memory`: without one no function of WASI has anything to \
         work on."
    };
    remedy.to_owned()
}

/// A function of the host failed, and the lab does not know the reason. The guest may have asked for something
/// impossible: whose fault it is, comparison tells.
pub fn failed(evidence: &Evidence, message: &str) -> Judgement {
    let last = guest_message(evidence).map(|last| format!("; the guest's last words: {last}")).unwrap_or_default();
    let detail = format!("a function of the host failed: {message}{last}");
    Judgement { blame: vec![Blame::Guest], ..with_code(Code::HostRefused, "host-error".to_owned(), detail) }
}

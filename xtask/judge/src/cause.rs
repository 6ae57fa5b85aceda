//! Turns a runtime's report of how a guest ended into a judgement.

use wasmlab_protocol::{Cause, Event, Stage};

use super::{Evidence, components, exports, host, imports, limits, trap, unsupported, with_code, without_code};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::facts::{BinaryKind, Facts, RejectionKind};
use wasmlab_model::proposals::{COMMON_PROPOSALS, COMPONENT_MODEL};
use wasmlab_model::verdict::{Judgement, Verdict};

/// Deno's message for an operation that it allows only to programs that may read and write every file.
const DENO_PATH_GRANTS: &str = "requires unscoped --allow-read and --allow-write permissions";

/// The reason that the cause gives. `None` if the guest returned or exited with a code.
pub fn judge_cause(cause: &Cause, evidence: &Evidence) -> Option<Judgement> {
    if let Some(judgement) = known_from_facts(cause, evidence) {
        return Some(judgement);
    }
    if let Some(judgement) = file_too_large(cause).or_else(|| limits::table_limit(evidence, cause)) {
        return Some(judgement);
    }
    Some(match cause {
        Cause::Returned | Cause::Exit { .. } => return None,
        Cause::Trap { trap, message, location } => {
            bare(evidence, message).unwrap_or_else(|| trap::trapped(evidence, *trap, message, location.as_ref()))
        }
        Cause::MissingImport { module, name, missing_count: missing, .. } if is_loaded_by_glue(evidence) => {
            imports::not_in_glue(module, name, *missing)
        }
        Cause::MissingImport { module, name, ty, missing_count: missing } => {
            imports::missing(evidence.facts.ok(), module, name, ty, *missing)
        }
        Cause::ImportTypeMismatch { module, name, message } => {
            imports::mismatched(evidence.facts.ok(), module, name, message)
        }
        // A runtime for core modules rejects a component at its header, whose version differs.
        Cause::Rejected { message, offset } if is_of_header(*offset, evidence) => {
            let remedy = evidence.facts.ok().and_then(components::remedy);
            Judgement { remedy, ..with_code(Code::NeedsComponentModel, None, without_advice(message)) }
        }
        Cause::Rejected { message, .. } if is_of_empty_name(message, evidence.facts.ok()) => {
            host::refused_empty_name(evidence.facts.ok(), message)
        }
        Cause::Rejected { message, .. } => refused(evidence.facts, message),
        Cause::CompileFailed { message } => with_code(Code::EngineCompileError, None, message),
        Cause::MissingExport { name } => no_export(name, evidence),
        Cause::ResourceLimit { message } => limits::refused(evidence, message),
        Cause::NotAttempted { subject: what, message } => {
            Judgement { subject: Some(what.clone()), ..without_code(Verdict::NotAttempted, message) }
        }
        Cause::Unsupported { feature: what, message } => unsupported::judge(evidence, what, message),
        Cause::HostRefused { refusal: what, message } => host::refused(evidence, *what, message),
        Cause::HostError { message } if message.contains(DENO_PATH_GRANTS) => Judgement {
            subject: Some("symlink".to_owned()),
            ..without_code(
                Verdict::NotAttempted,
                "Deno makes links only with unscoped --allow-read and --allow-write, and the lab lets it read and write only \
                 the guest's directories",
            )
        },
        Cause::HostError { message } => host::failed(evidence, message),
        Cause::EngineError { message } if limits::is_out_of_heap(message) => {
            limits::out_of_memory(evidence, "V8's heap is exhausted, and it ended the process")
        }
        Cause::EngineError { message } => without_code(Verdict::Error, format!("the engine failed: {message}")),
    })
}

/// A runtime that could not write its compiled code, or a copy of the module: the lab limits the size of files.
fn file_too_large(cause: &Cause) -> Option<Judgement> {
    let (what, message) = match cause {
        Cause::CompileFailed { message } | Cause::Rejected { message, .. } => ("compiled code", message),
        Cause::EngineError { message } => ("copy of the module", message),
        _ => return None,
    };
    let detail = format!("the lab limits the size of each file, and the runtime's {what} is larger");
    let judgement = Judgement { subject: Some("file-size".to_owned()), ..without_code(Verdict::NotAttempted, detail) };
    message.contains("File too large (os error 27)").then_some(judgement)
}

/// A reason that inspecting the binary already gave; it explains the runtime's refusal.
fn known_from_facts(cause: &Cause, evidence: &Evidence) -> Option<Judgement> {
    let facts = evidence.facts.ok();
    let rejection = facts?.rejection.as_ref()?;
    let (code, message) = match (rejection.kind, cause) {
        // A runtime for core modules rejects a component at its header, before it meets a limit.
        (RejectionKind::ImplementationLimit, Cause::Rejected { offset, .. }) if is_of_header(*offset, evidence) => {
            return None;
        }
        (RejectionKind::FormatVersion | RejectionKind::AbandonedProposal, Cause::Returned | Cause::Exit { .. }) => {
            return None;
        }
        (RejectionKind::AbandonedProposal, Cause::Rejected { message, .. } | Cause::CompileFailed { message }) => {
            let detail = format!("{}; the runtime says: {message}", rejection.message);
            let remedy = "Rebuild it with a current toolchain: the proposal was abandoned or its opcodes changed, and any \
                          runtime that supported this form keeps it behind an option.";
            let judgement = with_code(Code::UnsupportedProposal, rejection.subject.clone(), detail);
            return Some(Judgement { blame: vec![Blame::Toolchain], remedy: Some(remedy.to_owned()), ..judgement });
        }
        (RejectionKind::AbandonedProposal, _) => return None,
        (RejectionKind::FormatVersion, _) => (Code::FormatVersion, None),
        (RejectionKind::ImplementationLimit, Cause::Rejected { message, .. } | Cause::CompileFailed { message }) => {
            (Code::ImplementationLimit, Some(message))
        }
        (RejectionKind::ImplementationLimit, _) => return None,
    };
    let quoted = message.map(|message| format!("; the runtime says: {message}")).unwrap_or_default();
    Some(with_code(code, rejection.subject.clone(), format!("{}{quoted}", rejection.message)))
}

/// A trap of a guest that printed no message and was started without the host functions it was built for.
fn bare(evidence: &Evidence, message: &str) -> Option<Judgement> {
    let silent = trap::guest_message(evidence).is_none();
    let ending = format!("the guest traps ({})", message.trim_start_matches("wasm trap: "));
    Some(()).filter(|()| silent).and_then(|()| imports::unchecked_import(evidence, &ending))
}

/// Whether the module was loaded by the JavaScript file of its toolchain, as intended.
fn is_loaded_by_glue(evidence: &Evidence) -> bool {
    evidence.observation.execution_path().is_some_and(|path| path.starts_with("glue:"))
}

/// Whether a runtime refuses an import because its module name is empty, which the specification allows.
fn is_of_empty_name(message: &str, facts: Option<&Facts>) -> bool {
    let is_empty =
        |facts: &Facts| facts.kind == BinaryKind::Module && facts.imports.iter().any(|i| i.module.is_empty());
    message.contains("empty module name") && facts.is_some_and(is_empty)
}

/// The message without wasmparser's advice to embedders: a runtime that embeds it may have no such switch.
fn without_advice(message: &str) -> String {
    message.replace(" - enable the feature to allow component validation", "")
}

/// Bytes of a module's header: the magic number and the version.
const HEADER: u64 = 8;

/// Whether a component was rejected for being a component. A later rejection concerns its contents: a proposal, or a
/// core module (with offsets of its own).
fn is_of_header(offset: Option<u64>, evidence: &Evidence) -> bool {
    evidence.facts.is_ok_and(|facts| facts.kind == BinaryKind::Component)
        && offset.is_none_or(|at| at <= HEADER)
        && evidence.progress.stage.is_none_or(|stage| stage <= Stage::Compile)
}

/// A runtime that does not check imports first may report a missing entry point in a module built for another host.
/// The real problem is then the missing imports.
fn no_export(name: &str, evidence: &Evidence) -> Judgement {
    let facts = evidence.facts.ok();
    let linked = |e: &Event| matches!(e, Event::Stage { stage: Stage::Instantiate | Stage::Run, .. });
    let there = facts.is_some_and(|facts| facts.exports_function(name));
    let is_linked = evidence.observation.events.iter().any(linked);
    facts
        .filter(|_| !is_linked && (name == "_start" || there))
        .and_then(|facts| imports::made_for_another_host(facts, &format!("finds no `{name}` to call")))
        .unwrap_or_else(|| exports::missing_export(facts, name))
}

fn refused(facts: Result<&Facts, &str>, message: &str) -> Judgement {
    match facts {
        Err(error) => with_code(Code::Malformed, None, format!("{error}; the runtime says: {message}")),
        Ok(facts) => {
            // A component that is rejected after its header is rejected by a runtime that supports components.
            let all: Vec<&str> = facts.proposals.iter().map(String::as_str).filter(|p| *p != COMPONENT_MODEL).collect();
            let rare: Vec<&str> = all.iter().copied().filter(|p| !COMMON_PROPOSALS.contains(p)).collect();
            let named = if rare.is_empty() { all } else { rare };
            if named.is_empty() {
                with_code(Code::EngineCompileError, None, message)
            } else {
                with_code(Code::UnsupportedProposal, named.join(" "), message)
            }
        }
    }
}

//! What a runtime says of how a guest ended, to a judgement.

use wasmlab_protocol::{Cause, Event, Stage};

use super::{Evidence, components, exports, host, imports, limits, trap, unsupported, with_code, without_code};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::facts::{BinaryKind, COMMON_PROPOSALS, Facts, RefusalKind};
use wasmlab_model::verdict::{Judgement, Verdict};

/// The reason that a cause is, where it is one: a guest that returned or left with a code gave none.
pub fn judge_cause(cause: &Cause, evidence: &Evidence) -> Option<Judgement> {
    if let Some(judgement) = known_from_facts(cause, evidence.facts.ok()) {
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
            with_code(Code::ImportTypeMismatch, imports::import_name(module, name), message)
        }
        // A runtime of core modules stops at the header, whose version is another one.
        Cause::Rejected { message, offset } if is_of_header(*offset, evidence) => {
            let remedy = evidence.facts.ok().and_then(components::remedy);
            Judgement { remedy, ..with_code(Code::NeedsComponentModel, None, message) }
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
        Cause::HostError { message } => host::failed(evidence, message),
        Cause::EngineError { message } => {
            without_code(Verdict::Error, format!("the engine could not do its work: {message}"))
        }
    })
}

/// What reading the binary had told already: then the runtime's refusal needs no other reason.
fn known_from_facts(cause: &Cause, facts: Option<&Facts>) -> Option<Judgement> {
    let refusal = facts?.refusal.as_ref()?;
    let (code, words) = match (refusal.kind, cause) {
        (RefusalKind::FormatVersion | RefusalKind::AbandonedProposal, Cause::Returned | Cause::Exit { .. }) => {
            return None;
        }
        (RefusalKind::AbandonedProposal, Cause::Rejected { message, .. } | Cause::CompileFailed { message }) => {
            let said = format!("{}; the runtime says: {message}", refusal.message);
            let remedy = "Build it again with a toolchain of today: the proposal was given up or numbered anew, and \
                          runtimes that had this form of it, if any, keep it behind a switch.";
            let judgement = with_code(Code::UnsupportedProposal, refusal.subject.clone(), said);
            return Some(Judgement { blame: vec![Blame::Toolchain], remedy: Some(remedy.to_owned()), ..judgement });
        }
        (RefusalKind::AbandonedProposal, _) => return None,
        (RefusalKind::FormatVersion, _) => (Code::FormatVersion, None),
        (RefusalKind::ImplementationLimit, Cause::Rejected { message, .. } | Cause::CompileFailed { message }) => {
            (Code::ImplementationLimit, Some(message))
        }
        (RefusalKind::ImplementationLimit, _) => return None,
    };
    let said = words.map(|words| format!("; the runtime says: {words}")).unwrap_or_default();
    Some(with_code(code, refusal.subject.clone(), format!("{}{said}", refusal.message)))
}

/// A trap of a guest without a word, that was started without the functions which it was made for.
fn bare(evidence: &Evidence, message: &str) -> Option<Judgement> {
    let silent = trap::guest_message(evidence).is_none();
    let ended = format!("it traps ({})", message.trim_start_matches("wasm trap: "));
    Some(()).filter(|()| silent).and_then(|()| imports::unchecked_import(evidence, &ended))
}

/// Whether the toolchain's own JavaScript loaded the module, as its authors meant it.
fn is_loaded_by_glue(evidence: &Evidence) -> bool {
    evidence.observation.execution_path().is_some_and(|path| path.starts_with("glue:"))
}

/// Bytes of a module's header: the magic number and the version.
const HEADER: u64 = 8;

/// Whether a component was refused as such. A refusal that comes later is of what is in it: of a proposal, or of a
/// core module (whose offsets are its own).
fn is_of_header(offset: Option<u64>, evidence: &Evidence) -> bool {
    evidence.facts.is_ok_and(|facts| facts.kind == BinaryKind::Component)
        && offset.is_none_or(|at| at <= HEADER)
        && evidence.progress.stage.is_none_or(|stage| stage <= Stage::Compile)
}

/// A runtime that does not look at the imports first may find no program in a module that is made for another host:
/// then it is the imports that are missing.
fn no_export(name: &str, evidence: &Evidence) -> Judgement {
    let facts = evidence.facts.ok();
    let linked = |e: &Event| matches!(e, Event::Stage { stage: Stage::Instantiate | Stage::Run, .. });
    let there = facts.is_some_and(|f| f.exports.iter().any(|e| e.name == name && e.signature.is_some()));
    let is_linked = evidence.observation.events.iter().any(linked);
    facts
        .filter(|_| !is_linked && (name == "_start" || there))
        .and_then(|facts| imports::made_for_another_host(facts, name))
        .unwrap_or_else(|| exports::missing_export(facts, name))
}

fn refused(facts: Result<&Facts, &str>, message: &str) -> Judgement {
    match facts {
        Err(words) => with_code(Code::Malformed, None, format!("{words}; the runtime says: {message}")),
        Ok(facts) => {
            // A component that is not refused at its header is refused by a runtime of components.
            let all: Vec<&str> =
                facts.proposals.iter().map(String::as_str).filter(|p| *p != "component-model").collect();
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

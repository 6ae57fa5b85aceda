//! A module run by its own JavaScript, which runs inside the driver's process and can write events in its name. Once it
//! has started, an event is believed only if it blames the guest itself, nobody, or an import that the module has.

use wasmlab_protocol::{Cause, Event, Stage};

use super::{Evidence, with_code};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::observation::Outcome;
use wasmlab_model::verdict::Judgement;

/// The judgement on an ending that the module's JavaScript may have made up; `None` if there is none, or it is credible.
pub fn unconfirmed(evidence: &Evidence) -> Option<Judgement> {
    if !is_started(&evidence.observation.events) {
        return None;
    }
    match &evidence.progress.cause {
        Some(cause) if is_credible(cause, evidence) => None,
        Some(cause) => {
            let detail = format!("its glue reports this, and nothing confirms it: {}", describe(cause));
            let judgement = with_code(Code::HostRefused, "host-error".to_owned(), detail);
            Some(Judgement { blame: vec![Blame::Unknown], ..judgement })
        }
        None => match evidence.observation.outcome {
            Outcome::Exited(code) => {
                let detail = format!("its glue ended the process with exit code {code}");
                Some(with_code(Code::WrongExit, None, detail))
            }
            _ => None,
        },
    }
}

/// Whether the driver handed the module to its JavaScript. Before that, the driver itself asks the engine about the
/// module, and then enters [`Stage::Link`].
pub fn is_started(events: &[Event]) -> bool {
    let glued =
        events.iter().skip_while(|event| !matches!(event, Event::ExecutionPath { path } if path.starts_with("glue:")));
    glued.into_iter().any(|event| matches!(event, Event::Stage { stage, .. } if *stage >= Stage::Link))
}

fn is_credible(cause: &Cause, evidence: &Evidence) -> bool {
    match cause {
        Cause::Returned
        | Cause::Exit { .. }
        | Cause::Trap { .. }
        | Cause::HostError { .. }
        | Cause::NotAttempted { .. } => true,
        Cause::Unsupported { feature, .. } => feature == "other-host",
        Cause::MissingImport { module, name, .. } => {
            evidence.facts.is_ok_and(|facts| facts.imports.iter().any(|i| i.module == *module && i.name == *name))
        }
        _ => false,
    }
}

fn describe(cause: &Cause) -> String {
    match cause {
        Cause::Rejected { message, .. }
        | Cause::CompileFailed { message }
        | Cause::ResourceLimit { message }
        | Cause::HostRefused { message, .. }
        | Cause::ImportTypeMismatch { message, .. }
        | Cause::Unsupported { message, .. }
        | Cause::EngineError { message } => message.clone(),
        Cause::MissingImport { module, name, .. } => format!("{module}.{name} is not defined"),
        Cause::MissingExport { name } => format!("no export `{name}`"),
        _ => String::new(),
    }
}

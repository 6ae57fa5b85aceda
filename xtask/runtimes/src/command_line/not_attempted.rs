//! Calls that the lab cannot express on a command line: it starts nothing, and blames nobody.

use wasmlab_model::facts::BinaryKind;
use wasmlab_model::verdict::NotAttempted;
use wasmlab_protocol::{EntryPoint, Value};

use super::argument;
use crate::CellFiles;

/// For most command lines: calls with an argument that has no text form.
#[must_use]
pub fn unsupported_calls(cell: &CellFiles) -> Option<NotAttempted> {
    unsupported_argument(cell, argument)
}

/// The first call argument for which `argument` returns `None`. Components are passed to the runtime in any case,
/// because most of these runtimes refuse them with a message, which is the answer.
#[must_use]
pub fn unsupported_argument(cell: &CellFiles, argument: fn(&Value) -> Option<String>) -> Option<NotAttempted> {
    let EntryPoint::Calls(calls) = &cell.spec.entry else { return None };
    if cell.facts.is_some_and(|f| f.kind == BinaryKind::Component) {
        return None;
    }
    let value = calls.iter().flat_map(|c| &c.args).find(|v| argument(v).is_none())?;
    Some(NotAttempted {
        subject: "call-argument",
        reason: format!("the argument {value} cannot be written on its command line"),
    })
}

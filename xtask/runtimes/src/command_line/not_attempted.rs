//! What a cell asks and the lab has no way to type on a command line: then nothing is started, and nobody is blamed.

use wasmlab_model::facts::BinaryKind;
use wasmlab_model::verdict::NotAttempted;
use wasmlab_protocol::{EntryPoint, Value};

use super::argument;
use crate::CellFiles;

/// What most command lines cannot be asked: a call with an argument that has no text there.
#[must_use]
pub fn unsupported_calls(cell: &CellFiles) -> Option<NotAttempted> {
    unsupported_argument(cell, argument)
}

/// The first argument of a call that cannot be given: `argument` makes no text of it. A component is handed over
/// whatever is called: most of these runtimes refuse it in words of their own, which is the answer.
#[must_use]
pub fn unsupported_argument(cell: &CellFiles, argument: fn(&Value) -> Option<String>) -> Option<NotAttempted> {
    let EntryPoint::Calls(calls) = &cell.cell.entry else { return None };
    if cell.facts.is_some_and(|f| f.kind == BinaryKind::Component) {
        return None;
    }
    let value = calls.iter().flat_map(|c| &c.args).find(|v| argument(v).is_none())?;
    Some(NotAttempted {
        subject: "call-argument",
        reason: format!("the argument {value} cannot be written on its command line"),
    })
}

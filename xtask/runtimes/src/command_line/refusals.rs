//! What a cell asks for and a command line has no switch for: then nothing is started, and the cause says so.

use wasmlab_model::facts::Kind;
use wasmlab_protocol::{Cause, Entry, Value};

use super::argument;
use crate::CellFiles;

fn unsupported(what: &str, message: impl Into<String>) -> Cause {
    Cause::Unsupported { what: what.to_owned(), message: message.into() }
}

/// What most command lines of core modules cannot be given: an open socket, a call of a component, an argument that
/// is no number. `program` is the runtime's name in the first.
#[must_use]
pub fn usual_refusals(cell: &CellFiles, program: &str) -> Option<Cause> {
    no_open_sockets(cell, program).or_else(|| no_component_calls(cell)).or_else(|| untypable(cell, argument))
}

/// Preopened sockets, where the command line has no switch for them at all.
#[must_use]
pub fn no_open_sockets(cell: &CellFiles, program: &str) -> Option<Cause> {
    no_sockets(cell, &format!("{program}'s command line gives a guest no socket that is open already"))
}

/// Preopened sockets, for this reason.
#[must_use]
pub fn no_sockets(cell: &CellFiles, why: &str) -> Option<Cause> {
    (!cell.cell.sockets.is_empty()).then(|| unsupported("preopened-socket", why))
}

/// A core module where `wasi:http` is to be served.
#[must_use]
pub fn no_handler(cell: &CellFiles) -> Option<Cause> {
    let module = cell.facts.is_some_and(|f| f.kind == Kind::Module);
    let name = "wasi:http/incoming-handler".to_owned();
    (module && matches!(cell.cell.entry, Entry::Http { .. })).then_some(Cause::NoExport { name })
}

/// Calls of a component's exports: their types are not those of a cell.
fn no_component_calls(cell: &CellFiles) -> Option<Cause> {
    let component = cell.facts.is_some_and(|f| f.kind == Kind::Component);
    let why = "exports of components are called by their interface types, which a cell cannot name";
    (component && matches!(cell.cell.entry, Entry::Calls(_))).then(|| unsupported("component-calls", why))
}

/// The first argument of a call that cannot be given: `argument` makes no text of it.
#[must_use]
pub fn untypable(cell: &CellFiles, argument: fn(&Value) -> Option<String>) -> Option<Cause> {
    let Entry::Calls(calls) = &cell.cell.entry else { return None };
    let value = calls.iter().flat_map(|c| &c.args).find(|v| argument(v).is_none())?;
    Some(unsupported("call-argument", format!("an argument {value} cannot be typed on its command line")))
}

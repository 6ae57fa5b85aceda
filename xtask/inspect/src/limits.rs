//! Limits that implementations agree on but the specification does not contain.
//!
//! Source: WebAssembly JavaScript Interface, "Implementation-defined Limits"; wasmparser's validator enforces the same.

use crate::InspectError;
use wasmlab_model::facts::{Refusal, RefusalKind};
use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef, ValType};

/// Local variables of a function, parameters included.
const MAX_LOCALS: u64 = 50_000;

/// The refusal, if the validator's message is about such a limit.
pub fn refusal(bytes: &[u8], error: &InspectError) -> Option<Refusal> {
    let (InspectError::Invalid { offset, message } | InspectError::Malformed { offset, message }) = error else {
        return None;
    };
    let offset = *offset;
    let of = |subject: &str, message: String| {
        Some(Refusal { kind: RefusalKind::ImplementationLimit, subject: subject.to_owned(), message })
    };
    if message.contains("too many locals") {
        let message = match largest(bytes, offset) {
            Some((function, locals)) => {
                format!(
                    "{function} declares {locals} local variables, but implementations accept at most {MAX_LOCALS} per function"
                )
            }
            None => format!("a function declares more than {MAX_LOCALS} local variables (byte {offset:#x})"),
        };
        return of("locals", message);
    }
    let (what, limit) = message.split_once(" count exceeds limit of ")?;
    of(what, format!("it has more than {limit} {what}, the maximum that implementations accept"))
}

/// The function whose body contains `offset`, and the number of its locals.
fn largest(bytes: &[u8], offset: u64) -> Option<(String, u64)> {
    let (mut imported, mut ordinal, mut found) = (0, 0, None);
    let (mut exported, mut named) = (None, None);
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.ok()? {
            Payload::ImportSection(imports) => {
                let imports = imports.into_imports().filter_map(Result::ok);
                imported += imports.filter(|i| matches!(i.ty, TypeRef::Func(_) | TypeRef::FuncExact(_))).count() as u32;
            }
            Payload::CodeSectionEntry(body) => {
                if body.range().contains(&offset) {
                    found = Some((imported + ordinal, declared(&body)?));
                }
                ordinal += 1;
            }
            Payload::CustomSection(custom) => {
                if let (KnownCustom::Name(names), Some((index, _))) = (custom.as_known(), found) {
                    named = names.into_iter().filter_map(Result::ok).find_map(|name| match name {
                        Name::Function(map) => {
                            map.into_iter().flatten().find(|n| n.index == index).map(|n| n.name.to_owned())
                        }
                        _ => None,
                    });
                }
            }
            _ => {}
        }
    }
    let (index, locals) = found?;
    if named.is_none() {
        let sections = Parser::new(0).parse_all(bytes).filter_map(Result::ok);
        exported =
            sections.filter_map(|p| if let Payload::ExportSection(s) = p { Some(s) } else { None }).find_map(|s| {
                s.into_iter()
                    .flatten()
                    .find(|e| e.kind == wasmparser::ExternalKind::Func && e.index == index)
                    .map(|e| e.name.to_owned())
            });
    }
    let function = match named.or(exported) {
        Some(name) => format!("function `{name}` (index {index})"),
        None => format!("function {index}"),
    };
    Some((function, locals))
}

/// The number of declared locals, summed over their groups; the validator stops counting at its limit.
fn declared(body: &wasmparser::FunctionBody) -> Option<u64> {
    let mut reader = body.get_binary_reader();
    let groups = reader.read_var_u32().ok()?;
    (0..groups).try_fold(0_u64, |sum, _| {
        let count = reader.read_var_u32().ok()?;
        reader.read::<ValType>().ok()?;
        sum.checked_add(u64::from(count))
    })
}

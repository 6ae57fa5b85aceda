//! Limits that implementations agree on but the specification does not contain.
//!
//! Source: WebAssembly JavaScript Interface, "Implementation-defined Limits"; wasmparser's validator enforces the same.

use std::collections::BTreeMap;

use crate::{InspectError, outline};
use wasmlab_model::facts::{
    BinaryKind, Facts, MAX_MEMORY_PAGES, MEMORY_PAGES, Rejection, RejectionKind, TABLE_ELEMENTS,
};
use wasmparser::{BinaryReader, KnownCustom, MemoryType, Name, Parser, Payload, TypeRef, ValType};

/// Local variables of a function, parameters included.
const MAX_LOCALS: u64 = 50_000;

/// What is recorded in [`Facts::limited_counts`] if there is more of it than this number.
const USUAL: &[(&str, u64)] = &[
    ("exports", 20_000),
    ("functions", 50_000),
    (LOCALS, 20_000),
    ("memories", 50),
    (MEMORY_PAGES, MAX_MEMORY_PAGES),
    (NAME_BYTES, 20_000),
    (PARAMETERS, 500),
    (RESULTS, 500),
    (TABLE_ELEMENTS, 1_000_000),
    ("tables", 50),
];
const LOCALS: &str = "locals";
const PARAMETERS: &str = "parameters";
const RESULTS: &str = "results";
const NAME_BYTES: &str = "name-bytes";

/// The words of wasmparser for what one item may have at most, and the lab's.
const SIZES: &[(&str, &str)] =
    &[("function params", PARAMETERS), ("function returns", RESULTS), ("string", NAME_BYTES)];

/// How much a core module has of what [`USUAL`] names, where that is more. What cannot be read is left out.
pub fn limited_counts(bytes: &[u8]) -> BTreeMap<String, u64> {
    let mut found: BTreeMap<&str, u64> = BTreeMap::new();
    let mut most = |name, number: u64| {
        let known = found.entry(name).or_default();
        *known = number.max(*known);
    };
    for payload in Parser::new(0).parse_all(bytes) {
        let Ok(payload) = payload else { break };
        match payload {
            Payload::TypeSection(types) => {
                for ty in types.into_iter_err_on_gc_types().flatten() {
                    most(PARAMETERS, ty.params().len() as u64);
                    most(RESULTS, ty.results().len() as u64);
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports().flatten() {
                    most(NAME_BYTES, import.module.len().max(import.name.len()) as u64);
                    if let TypeRef::Memory(memory) = import.ty {
                        most(MEMORY_PAGES, pages(&memory));
                    }
                }
            }
            Payload::FunctionSection(functions) => most("functions", functions.count().into()),
            Payload::TableSection(tables) => {
                most("tables", tables.count().into());
                for table in tables.into_iter().flatten() {
                    most(TABLE_ELEMENTS, table.ty.initial);
                }
            }
            Payload::MemorySection(memories) => {
                most("memories", memories.count().into());
                for memory in memories.into_iter().flatten() {
                    most(MEMORY_PAGES, pages(&memory));
                }
            }
            Payload::ExportSection(exports) => {
                most("exports", exports.count().into());
                for export in exports.into_iter().flatten() {
                    most(NAME_BYTES, export.name.len() as u64);
                }
            }
            Payload::CodeSectionEntry(body) => most(LOCALS, declared(&body).unwrap_or(0)),
            _ => {}
        }
    }
    let is_unusual = |name: &str, number: u64| USUAL.iter().any(|(of, usual)| *of == name && number > *usual);
    let unusual = found.into_iter().filter(|(name, number)| is_unusual(name, *number));
    unusual.map(|(name, number)| (name.to_owned(), number)).collect()
}

/// The initial size in pages of 64 KiB, rounded down.
fn pages(memory: &MemoryType) -> u64 {
    memory.initial >> (16 - memory.page_size_log2.unwrap_or(16).min(16))
}

/// The facts of a module with an item that is too large to be read, but that is all there.
pub fn rejected_facts(bytes: &[u8], error: &InspectError) -> Option<Facts> {
    let (subject, number) = oversized(bytes, error)?;
    let message =
        format!("it has {number} {subject} in one place, more than the limit that implementations have agreed on");
    let kind = RejectionKind::ImplementationLimit;
    let rejection = Rejection { kind, subject: subject.to_owned(), message };
    let mut facts = outline::rejected_facts(bytes, BinaryKind::Module, rejection);
    facts.limited_counts.insert(subject.to_owned(), number);
    Some(facts)
}

/// What there is too much of, if the parser's message is about that, and how much. A number for which the file is too
/// short is an error in the file.
fn oversized(bytes: &[u8], error: &InspectError) -> Option<(&'static str, u64)> {
    let (InspectError::Invalid { offset, message } | InspectError::Malformed { offset, message }) = error else {
        return None;
    };
    let words =
        message.strip_suffix(" size is out of bounds").or_else(|| message.strip_suffix(" size out of bounds"))?;
    let (_, subject) = SIZES.iter().find(|(of, _)| *of == words)?;
    let mut at = usize::try_from(*offset).ok()?;
    // The parser names the last byte of a name's length.
    while *subject == NAME_BYTES && at > 0 && bytes.get(at - 1)? & 0x80 != 0 {
        at -= 1;
    }
    let mut reader = BinaryReader::new(bytes.get(at..)?, at as u64);
    let number = u64::from(reader.read_var_u32().ok()?);
    (number <= reader.bytes_remaining() as u64).then_some((*subject, number))
}

/// The rejection, if the validator's message is about such a limit.
pub fn rejection(bytes: &[u8], error: &InspectError) -> Option<Rejection> {
    let (InspectError::Invalid { offset, message } | InspectError::Malformed { offset, message }) = error else {
        return None;
    };
    let offset = *offset;
    let of = |subject: &str, message: String| {
        Some(Rejection { kind: RejectionKind::ImplementationLimit, subject: subject.to_owned(), message })
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
    // Only wasmparser has this limit, against files that take long to validate.
    if message.starts_with("effective type size exceeds the limit") {
        let message = "in total, its types are larger than the lab's reader, and runtimes with the same parser, accept";
        return of("type-size", message.to_owned());
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

#[cfg(test)]
mod tests {
    use crate::{InspectError, facts};

    /// Checks the counts of a module, and the limit because of which it is refused.
    fn check(wat: &str, expected: &[(&str, u64)], refused: Option<&str>) {
        let facts = facts(&wat::parse_str(format!("(module {wat})")).unwrap()).unwrap();
        let found: Vec<(&str, u64)> =
            facts.limited_counts.iter().map(|(name, number)| (name.as_str(), *number)).collect();
        assert_eq!((found.as_slice(), facts.rejection.as_ref().map(|it| it.subject.as_str())), (expected, refused));
    }

    #[test]
    fn unusual_quantities_are_facts() {
        let list = |number: usize| " i32".repeat(number);
        check("(func (local i32 i32))", &[], None);
        check(&format!("(func (local{}))", list(40_000)), &[("locals", 40_000)], None);
        check(&format!("(func (param{}))", list(1_000)), &[("parameters", 1_000)], None);
        check(&format!("(func (param{}))", list(1_001)), &[("parameters", 1_001)], Some("parameters"));
        check(&format!("(type (func (result{})))", list(1_001)), &[("results", 1_001)], Some("results"));
        let named = |bytes: usize| format!("(func (export \"{}\"))", "n".repeat(bytes));
        check(&named(100_000), &[("name-bytes", 100_000)], None);
        check(&named(100_001), &[("name-bytes", 100_001)], Some("name-bytes"));
        check(&named(20_000), &[], None);
        check(&"(memory 0)".repeat(101), &[("memories", 101)], Some("memories"));
        check(&"(table 0 funcref)".repeat(101), &[("tables", 101)], None);
    }

    #[test]
    fn sizes_are_facts_above_the_limits_of_the_lab() {
        check("(memory 16384)", &[], None);
        check("(memory 16385)", &[("memory-pages", 16_385)], None);
        check("(import \"env\" \"memory\" (memory 16385))", &[("memory-pages", 16_385)], None);
        check("(memory 1) (memory 16385)", &[("memory-pages", 16_385)], None);
        check("(memory i64 0x1_0000_0000)", &[("memory-pages", 1 << 32)], None);
        check("(memory 0x4000_0000 (pagesize 1))", &[], None);
        check("(memory 0x4001_0000 (pagesize 1))", &[("memory-pages", 16_385)], None);
        check("(table 1000000 funcref)", &[], None);
        check("(table 1000001 funcref)", &[("table-elements", 1_000_001)], None);
    }

    #[test]
    fn a_number_that_the_file_does_not_hold_is_an_error() {
        // A type with more parameters than the file has bytes.
        let bytes = b"\0asm\x01\0\0\0\x01\x06\x01\x60\xff\xff\x03\x00";
        assert!(matches!(facts(bytes), Err(InspectError::Malformed { .. } | InspectError::Invalid { .. })));
    }
}

//! Where a binary needs a proposal first: byte offset and function.

use std::collections::BTreeMap;

use wasmlab_model::facts::FirstUse;
use wasmlab_model::proposals::COMMON_PROPOSALS;
use wasmparser::{Encoding, ExternalKind, KnownCustom, Name, Operator, Parser, Payload, WasmFeatures};

use super::flags;
use super::search::{Found, UseLocation, place};

/// The first place of each proposal that not every runtime has.
pub(super) fn first_uses(bytes: &[u8], found: &Found) -> BTreeMap<String, FirstUse> {
    let rare: Vec<(String, WasmFeatures)> = flags::all()
        .filter(|flag| found.set.contains(*flag))
        .filter_map(|flag| Some((flags::names(flag).pop_first()?, flag)))
        .filter(|(name, _)| !COMMON_PROPOSALS.contains(&name.as_str()))
        .collect();
    if rare.is_empty() {
        return BTreeMap::new();
    }
    let known = |flag: WasmFeatures| found.places.iter().find(|place| place.flags.contains(flag)).copied();
    let places: Vec<(String, UseLocation)> = rare
        .into_iter()
        .filter_map(|(name, flag)| Some((name, known(flag).or_else(|| place(bytes, found.set, flag))?)))
        .collect();
    let mut names: BTreeMap<u32, Option<String>> =
        places.iter().filter_map(|(_, place)| Some((place.function?, None))).collect();
    let is_module = find_names(bytes, &mut names);
    let first_use = |place: UseLocation| FirstUse {
        offset: place.offset,
        // In a component, an index means nothing without the module that it belongs to.
        function_index: place.function.filter(|_| is_module),
        function_name: place
            .function
            .filter(|_| is_module)
            .and_then(|function| names.get(&function).cloned().flatten()),
    };
    places.into_iter().map(|(name, place)| (name, first_use(place))).collect()
}

/// Fills in the names of functions, from the name section or else from an export. Returns whether the binary is a
/// module.
fn find_names(bytes: &[u8], wanted: &mut BTreeMap<u32, Option<String>>) -> bool {
    for payload in Parser::new(0).parse_all(bytes).filter_map(Result::ok) {
        match payload {
            Payload::Version { encoding: Encoding::Component, .. } => return false,
            Payload::ExportSection(exports) => {
                for export in exports.into_iter().flatten().filter(|export| export.kind == ExternalKind::Func) {
                    if let Some(name) = wanted.get_mut(&export.index) {
                        name.get_or_insert_with(|| cut(export.name));
                    }
                }
            }
            Payload::CustomSection(custom) => {
                let KnownCustom::Name(names) = custom.as_known() else { continue };
                let functions = names.into_iter().filter_map(Result::ok);
                let functions =
                    functions.filter_map(|name| if let Name::Function(map) = name { Some(map) } else { None });
                for naming in functions.flatten().flatten() {
                    if let Some(name) = wanted.get_mut(&naming.index) {
                        *name = Some(cut(naming.name));
                    }
                }
            }
            _ => {}
        }
    }
    true
}

/// Longest name that is kept, characters: a file may give many functions the same long name.
const MAX_NAME: usize = 200;

fn cut(name: &str) -> String {
    name.chars().take(MAX_NAME).collect()
}

/// Whether code uses the standard form of exceptions. A tag is common to both forms.
pub(super) fn has_standard_exceptions(bytes: &[u8]) -> bool {
    has(bytes, |operator| matches!(operator, Operator::TryTable { .. } | Operator::ThrowRef))
}

/// Whether code waits for another thread.
pub(super) fn has_atomic_wait(bytes: &[u8]) -> bool {
    has(bytes, |operator| matches!(operator, Operator::MemoryAtomicWait32 { .. } | Operator::MemoryAtomicWait64 { .. }))
}

/// Whether code has an instruction of some kind.
fn has(bytes: &[u8], is_meant: impl Fn(&Operator) -> bool) -> bool {
    Parser::new(0).parse_all(bytes).filter_map(Result::ok).any(|payload| match payload {
        Payload::CodeSectionEntry(body) => body
            .get_operators_reader()
            .is_ok_and(|operators| operators.into_iter().filter_map(Result::ok).any(|operator| is_meant(&operator))),
        _ => false,
    })
}

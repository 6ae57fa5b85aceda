//! Checks with the validator that the set found is sufficient and minimal.

use super::{flags, minimal};
use crate::InspectError;
use std::collections::BTreeSet;
use wasmparser::{Validator, WasmFeatures};

mod modules;
mod overlaps;
mod places;
mod random;
mod speed;

/// The union of the named flags.
fn features<'n>(names: impl Iterator<Item = &'n String>) -> WasmFeatures {
    names.fold(flags::ALWAYS, |set, name| {
        let constant = name.to_ascii_uppercase().replace('-', "_");
        set | WasmFeatures::from_name(&constant).unwrap_or_else(|| panic!("no flag {constant}"))
    })
}

fn accepts(bytes: &[u8], set: WasmFeatures) -> bool {
    Validator::new_with_features(set).validate_all(bytes).is_ok()
}

/// Checks both halves of the definition, using only the validator.
fn assert_defined(bytes: &[u8], found: &BTreeSet<String>, what: &str) {
    assert!(accepts(bytes, features(found.iter())), "{what}: {found:?} does not suffice");
    for name in found {
        let rest = features(found.iter().filter(|other| *other != name));
        assert!(!accepts(bytes, rest), "{what}: {found:?} holds {name} in vain");
    }
}

fn check(wat: &str, expected: &[&str]) {
    let bytes = wat::parse_str(wat).unwrap_or_else(|error| panic!("{wat}: {error}"));
    let found = minimal(&bytes).unwrap_or_else(|error| panic!("{wat}: {error}"));
    assert_defined(&bytes, &found, wat);
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected, "{wat}");
}

fn check_all(table: &[(&str, &[&str])]) {
    for (wat, expected) in table {
        check(wat, expected);
    }
}

#[test]
fn flag_names_round_trip() {
    for flag in flags::all() {
        let names = flags::names(flag);
        assert_eq!(names.len(), 1, "{names:?}");
        assert_eq!(features(names.iter()), flag | flags::ALWAYS);
    }
    assert_eq!(flags::all().fold(flags::ALWAYS, |set, flag| set | flag), WasmFeatures::all());
}

#[test]
fn errors_have_offset_and_message() {
    assert_eq!(
        minimal(b"\0asm\x01\0\0\0\x63\0"),
        Err(InspectError::Malformed { offset: 10, message: "malformed section id: 99".to_owned() })
    );
    let bytes = wat::parse_str("(module (func (result i32) i64.const 0))").unwrap();
    let error = minimal(&bytes).unwrap_err();
    assert!(matches!(&error, InspectError::Invalid { message, .. } if message.contains("type mismatch")), "{error}");
    // The validator finds the unknown type first, but the undecodable byte decides.
    let mut bytes = wat::parse_str("(module (import \"a\" \"b\" (func (type 7))) (func nop))").unwrap();
    let body = bytes.len() - 2;
    bytes[body] = 0xff;
    assert!(matches!(minimal(&bytes), Err(InspectError::Malformed { .. })));
    assert!(matches!(minimal(b""), Err(InspectError::Malformed { .. })));
}

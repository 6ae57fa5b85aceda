//! Files that are not modules, damaged files, and files that this reader refuses.

use crate::{InspectError, facts, invalid_file, outline};
use wasmlab_model::facts::{BinaryKind, RejectionKind};

#[test]
fn other_file_types_are_recognized() {
    let check = |bytes: &[u8], expected: &str| {
        let error = outline(bytes).unwrap_err().to_string();
        assert!(error.contains(expected), "{error} does not say {expected}");
        assert_eq!(outline(bytes).unwrap_err(), facts(bytes).unwrap_err());
    };
    check(b"", "the file is empty");
    check(b"(module)", "WebAssembly text");
    check(b"hello, world", "(text)");
    check(b"import init from './app.js';", "(text, perhaps JavaScript)");
    check(b"(function () {})()", "(text, perhaps JavaScript)");
    check(b"\x7fELF\x02\x01\x01", "a native program");
    check(b"\x1f\x8b\x08\x00", "gzip");
    check(b"\0as", "after 3 of 8 bytes");
    check(b"\0asm\x01\0\x07\0", "malformed at byte 0x6: layer 7");
    check(b"\0asm\x02\0\0\0", "malformed at byte 0x4: no specification has format version 0x2");
    check(b"\n<!DOCTYPE html><html>", "an HTML page");
    check(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "a Git LFS pointer");
    check(b"PK\x03\x04", "a zip archive");
    check(b"\xff\xfe\x00\x01", "begins with ff fe 00 01");
}

#[test]
fn invalid_and_malformed_modules_differ_and_have_offsets() {
    let invalid = wat::parse_str("(module (func (result i32)))").unwrap();
    assert!(matches!(facts(&invalid), Err(InspectError::Invalid { offset: 1.., .. })), "{:?}", facts(&invalid));
    let malformed = b"\0asm\x01\0\0\0\x01\x02\x01\x07";
    assert!(matches!(facts(malformed), Err(InspectError::Malformed { offset: 1.., .. })), "{:?}", facts(malformed));
}

#[test]
fn truncated_file_names_the_incomplete_part() {
    let whole = wat::parse_str("(module (func (export \"f\") nop nop nop))").unwrap();
    let check = |end: usize, expected: &str| {
        let error = invalid_file(&whole[..end]).unwrap();
        assert!(error.to_string().contains(expected) && error.remedy().is_some(), "{end}: {error}");
    };
    check(0, "the file is empty");
    check(6, "its header, after 6 of 8 bytes");
    check(9, "its type section, at the section's size");
    check(whole.len() - 3, "its code section, which continues for 3 more bytes");
    assert_eq!(invalid_file(&whole), None);
    // Whether it is malformed or invalid is left to the runtimes.
    assert_eq!(invalid_file(b"\0asm\x01\0\0\0\x63\x7f"), None);
}

#[test]
fn other_format_versions_and_limits_are_refusals_with_partial_facts() {
    let check = |bytes: &[u8], kind, rejection: RejectionKind, subject: &str, expected: &str| {
        let facts = facts(bytes).unwrap();
        let found = facts.rejection.unwrap();
        assert_eq!((facts.kind, found.kind, found.subject.as_str()), (kind, rejection, subject));
        assert!(found.message.contains(expected), "{} does not say {expected}", found.message);
    };
    let version = RejectionKind::FormatVersion;
    check(b"\0asm\x0a\0\x01\0", BinaryKind::Component, version, "0xa", "of a pre-release; the current one is 0xd");
    check(b"\0asm\x0e\0\x01\0", BinaryKind::Component, version, "0xe", "newer than this lab");
    check(
        b"\0asm\x0b\0\0\0\0\0",
        BinaryKind::Module,
        version,
        "0xb",
        "from before WebAssembly 1.0; the current one is 0x1",
    );
    let locals = |n: usize, name: &str| {
        let f = format!("(func {name} (result i32) (local{}) (i32.const 7))", " i32".repeat(n));
        wat::parse_str(format!("(module (import \"m\" \"f\" (func)) (func nop) {f})")).unwrap()
    };
    let limit = RejectionKind::ImplementationLimit;
    check(&nested_component(150), BinaryKind::Component, limit, "nesting", "deeper than 100 levels");
    let expected = "function `big` (index 2) declares 50001 local variables, but implementations accept at most 50000";
    check(&locals(50_001, "$big"), BinaryKind::Module, limit, "locals", expected);
    check(
        &locals(60_000, "(export \"e\")"),
        BinaryKind::Module,
        limit,
        "locals",
        "function `e` (index 2) declares 60000",
    );
    assert_eq!(facts(&locals(50_000, "$fits")).unwrap().rejection, None);
    let exports: String = (0..1100).map(|n| format!("(export \"e{n}\" (func 0))")).collect();
    let large = format!("(module (func {}) {exports})", "(param i32)".repeat(1000));
    check(&wat::parse_str(large).unwrap(), BinaryKind::Module, limit, "type-size", "larger than the lab's reader");
}

#[test]
fn abandoned_proposals_are_named() {
    let check = |after_header: &[u8], subject: &str| {
        let bytes = [b"\0asm\x01\0\0\0", after_header].concat();
        let found = facts(&bytes).map(|facts| facts.rejection);
        let Ok(Some(rejection)) = found else { panic!("{subject}: {found:?}") };
        assert_eq!(
            (rejection.kind, rejection.subject.as_str()),
            (RejectionKind::AbandonedProposal, subject),
            "{}",
            rejection.message
        );
    };
    let function = |second: u8| {
        let code = [b"\x0a\x07\x01\x05\0\xfb".as_slice(), &[second, 0x01], b"\x0b"].concat();
        [b"\x01\x04\x01\x60\0\0\x03\x02\x01\0".as_slice(), &code].concat()
    };
    // string.const, a type of the draft, a renumbered instruction (rtt.canon).
    check(&function(0x82), "stringref");
    check(&function(0x30), "gc-draft");
    check(b"\x01\x05\x01\x60\x01\x67\0", "stringref");
    check(b"\x0e\x04\0\x01\x01a", "stringref");
    check(b"\x0e\x0a\x01\x08\0asm\x01\0\0\0", "module-linking");
    check(b"\x0f\x01\0", "module-linking");
    check(b"\x10\x01\0", "module-linking");
    // A construct that no proposal ever had is malformed.
    let other = [b"\0asm\x01\0\0\0".as_slice(), b"\x01\x05\x01\x60\x01\x40\0"].concat();
    assert!(matches!(facts(&other), Err(InspectError::Malformed { .. } | InspectError::Invalid { .. })));
}

#[test]
fn file_that_ends_between_sections_is_truncated() {
    let wat = "(module (memory 1) (func (export \"f\") (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 0))) (data \"a\"))";
    let whole = wat::parse_str(wat).unwrap();
    let outline = outline(&whole).unwrap();
    let end = |name: &str| {
        let section = outline.sections.iter().find(|s| s.name == name).unwrap();
        (section.offset + section.bytes) as usize
    };
    let within = |end: usize| match invalid_file(&whole[..end]) {
        Some(InspectError::Truncated { within }) => within,
        other => panic!("{other:?}"),
    };
    assert!(within(end("export")).starts_with("the module, after its export section: its code section is missing"));
    assert!(within(end("code")).starts_with("the module, after its code section: its data section is missing"));
    assert_eq!(invalid_file(&whole), None);
}

/// A component with this many others nested in it.
fn nested_component(levels: usize) -> Vec<u8> {
    const HEADER: &[u8] = b"\0asm\x0d\0\x01\0";
    let mut inner = HEADER.to_vec();
    for _ in 0..levels {
        // Section 4 holds a component; its size takes two bytes of LEB128.
        let size = inner.len();
        let section = [4, (size & 0x7f) as u8 | 0x80, (size >> 7) as u8];
        inner = [HEADER, &section, &inner].concat();
    }
    inner
}

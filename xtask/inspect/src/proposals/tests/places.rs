//! Where a proposal is needed first.

use crate::proposals::needed;

/// A proposal, the function and its name, and the bytes at the offset.
type ExpectedUse<'a> = (&'a str, Option<u32>, Option<&'a str>, &'a [u8]);

fn check(wat: &str, expected: &[ExpectedUse]) {
    let bytes = wat::parse_str(wat).unwrap();
    let needed = needed(&bytes).unwrap();
    let found: Vec<_> = needed
        .first_uses
        .iter()
        .map(|(proposal, at)| {
            (proposal.as_str(), at.function_index, at.function_name.as_deref(), usize::try_from(at.offset).unwrap())
        })
        .collect();
    assert_eq!(found.len(), expected.len(), "{wat}: {found:?}");
    for ((proposal, function, name, offset), expected) in found.into_iter().zip(expected) {
        assert_eq!((proposal, function, name), (expected.0, expected.1, expected.2), "{wat}");
        assert!(bytes[offset..].starts_with(expected.3), "{wat}: {proposal} at {offset:#x}: {:x?}", &bytes[offset..]);
    }
}

#[test]
fn first_use_is_the_first_instruction_that_needs_it() {
    let simd: &[u8] = &[0xfd, 0x0c];
    check("(module (func) (func $f (drop (v128.const i64x2 0 0))))", &[("simd", Some(1), Some("f"), simd)]);
    // An import has the first index; without a name section, an export names the function.
    let exported = "(module (import \"a\" \"b\" (func)) (func (export \"run\") (drop (v128.const i64x2 0 0))))";
    check(exported, &[("simd", Some(1), Some("run"), simd)]);
    let twice = "(module (func (drop (v128.const i64x2 0 0))) (func (drop (v128.const i64x2 0 0)) (return_call 0)))";
    check(twice, &[("simd", Some(0), None, simd), ("tail-call", Some(1), None, &[0x12])]);
    // Common proposals are left out.
    check("(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))))", &[]);
}

#[test]
fn first_use_outside_of_code_has_no_function() {
    let bytes = wat::parse_str("(module (type (struct)) (func))").unwrap();
    let at = &needed(&bytes).unwrap().first_uses["gc"];
    assert_eq!((at.function_index, at.offset < bytes.len() as u64), (None, true));
}

#[test]
fn both_forms_of_exceptions_in_code() {
    let check = |wat: &str, mixed: bool| {
        assert_eq!(needed(&wat::parse_str(wat).unwrap()).unwrap().mixes_exceptions, mixed, "{wat}")
    };
    check("(module (tag $e) (func try catch_all end))", false);
    check("(module (tag $e) (func (block $b (try_table (catch_all $b)))))", false);
    check("(module (tag $e) (func try catch_all end) (func (block $b (try_table (catch_all $b)))))", true);
    check("(module (tag $e) (func try catch_all end) (func (param exnref) (throw_ref (local.get 0))))", true);
}

#[test]
fn non_null_externref_alone_is_told_from_the_rest_of_function_references() {
    let check = |wat: &str, alone: bool| {
        assert_eq!(needed(&wat::parse_str(wat).unwrap()).unwrap().only_non_null_externref, alone, "{wat}")
    };
    check("(module (import \"wasm:js-string\" \"length\" (func (param (ref extern)) (result i32))))", true);
    check("(module (func (param (ref extern)) (local externref) (local.set 1 (local.get 0))))", true);
    check("(module (func (param externref)))", false);
    check("(module (func (param (ref func))))", false);
    check("(module (type $f (func)) (func (param (ref $f) (ref extern))))", false);
    check("(module (func (param externref) (result (ref extern)) (ref.as_non_null (local.get 0))))", false);
    check("(module (type $f (func)) (import \"a\" \"g\" (global (ref null $f))))", false);
    check("(module (type $f (func)) (table 1 (ref null $f)))", false);
    check("(module (type $f (func)) (global (ref null $f) (ref.null $f)))", false);
    check("(module (type $f (func)) (func (param (ref extern)) (drop (ref.null $f))))", false);
    check("(module (type $f (func)) (func (param (ref extern)) (local (ref null $f))))", false);
}

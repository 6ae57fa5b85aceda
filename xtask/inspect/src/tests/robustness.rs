//! Truncated, mutated and oversized files.

use crate::{InspectError, facts, outline};
use wasmlab_model::facts::Facts;

/// Guests to truncate and mutate: two with most constructs of binaries, and a real one from fixtures/.
fn samples() -> Vec<Vec<u8>> {
    let module = "(module (import \"wasi_snapshot_preview1\" \"fd_write\" (func (param i32 i32 i32 i32) (result i32)))
        (memory (export \"memory\") 1) (data (i32.const 8) \"hello\") (table 1 funcref) (elem (i32.const 0) 0)
        (global (mut i32) (i32.const 1)) (func (export \"_start\") (drop (call 0 (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 20)))
        (block (br_if 0 (i32.const 1)))) (@producers (language \"wat\" \"1\")) (@custom \"target_features\" \"\\01+\\04simd\"))";
    let component =
        "(component (core module (func (export \"f\"))) (import \"wasi:cli/environment@0.2.0\" (instance)))";
    let mut samples: Vec<Vec<u8>> = [module, component].iter().map(|w| wat::parse_str(w).unwrap()).collect();
    let real = "../../fixtures/rust-unknown-unknown-lib/rust_unknown_unknown_lib.wasm";
    samples.push(std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(real)).unwrap());
    samples
}

#[test]
fn every_truncation_is_read_or_refused_with_an_offset() {
    for bytes in samples() {
        for end in 0..bytes.len() {
            if let Err(InspectError::Malformed { offset, .. } | InspectError::Invalid { offset, .. }) =
                facts(&bytes[..end])
            {
                assert!(offset <= end as u64 + 1, "offset {offset} of {end} bytes");
            }
        }
    }
}

#[test]
fn ten_thousand_mutations_do_not_panic() {
    // xorshift: the same mutations on every machine.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    let samples = samples();
    for round in 0..10_000 {
        let mut bytes = samples[round % samples.len()].clone();
        for _ in 0..=next() % 4 {
            let at = next() % bytes.len();
            bytes[at] = next() as u8;
        }
        let _ = facts(&bytes);
        let _ = outline(&bytes);
    }
}

/// The text with each number in place of `#`.
fn many(text: &str, times: usize) -> String {
    (0..times).map(|n| text.replace('#', &n.to_string())).collect()
}

fn bytes(facts: &Facts) -> usize {
    serde_json::to_vec(facts).unwrap().len()
}

/// One long type, referenced many times: small as a file, gigabytes as text.
#[test]
fn facts_use_bounded_memory() {
    let long = format!("(type $t (func {} {}))", "(param i64)".repeat(1000), "(result i64)".repeat(1000));
    let exports = many("(export \"f#\" (func $f))", 20_000);
    let wat = format!("(module {long} (func $f (type $t) unreachable) {exports})");
    let facts = outline(&wat::parse_str(&wat).unwrap()).unwrap();
    assert_eq!(facts.exports.len(), 20_000);
    assert!(facts.exports[0].signature.is_some() && facts.exports[19_999].signature.is_none());
    assert_eq!(facts.exports[19_999].ty, "func of 1000 parameters and 1000 results");
    assert!(bytes(&facts) < 100 << 20, "{}", bytes(&facts));
    let imports = many("(import \"m\" \"f#\" (func (type $t)))", 20_000);
    let facts = outline(&wat::parse_str(format!("(module {long} {imports})")).unwrap()).unwrap();
    assert!(facts.imports.len() == 20_000 && bytes(&facts) < 100 << 20, "{}", bytes(&facts));
    // Sections of three bytes each.
    let tiny = [b"\0asm\x01\0\0\0".to_vec(), [0, 1, 0].repeat(1_000_000)].concat();
    assert!(bytes(&outline(&tiny).unwrap()) < 10 << 20);
}

/// The same for components: one long interface, imported many times, and one long function type, exported many times.
#[test]
fn facts_of_components_use_bounded_memory() {
    let functions = many("(export \"f#\" (func (type 0)))", 1000);
    let imports = many("(import \"i#\" (instance (type $t)))", 20_000);
    let wat = format!("(component (type $t (instance (type (func)) {functions})) {imports})");
    let facts = outline(&wat::parse_str(&wat).unwrap()).unwrap();
    assert_eq!((facts.imports.len(), facts.imports[0].functions.len()), (20_000, 1000));
    assert!(facts.imports[19_999].functions.is_empty());
    let params = many("(param \"p#\" u64)", 1000);
    let exports = many("(export \"e#\" (func $f))", 20_000);
    let wat = format!("(component (type $t (func {params})) (import \"f\" (func $f (type $t))) {exports})");
    let facts = outline(&wat::parse_str(&wat).unwrap()).unwrap();
    assert_eq!(facts.exports.len(), 20_000);
    assert!(facts.exports[0].signature.is_some() && facts.exports[19_999].signature.is_none());
}

//! The answer for files, from the published profiles.

use std::fs;
use std::path::Path;

use wasmlab_inspect as inspect;
use wasmlab_model::profile::{Profile, Support};

use crate::answer::{ReaderAnswer, answer};
use crate::{predictions, source};

fn profiles() -> Vec<Profile> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../snapshots/profiles");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| serde_json::from_slice(&fs::read(file).unwrap()).unwrap()).collect()
}

fn answer_for(file: &str, text: &str) -> ReaderAnswer {
    answer(file, text.as_bytes(), &profiles())
}

const HELLO: &str = "(module
  (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))
  (memory (export \"memory\") 1)
  (func (export \"_start\") (call $exit (i32.const 0))))";

#[test]
fn every_runtime_is_in_one_group_and_those_that_run_come_first() {
    for text in [
        HELLO,
        "(module)",
        "(component)",
        "(module (func (export \"_start\") (return_call 0)))",
        "(module (func (result i32)))",
    ] {
        let answer = answer_for("a.wat", text);
        let mut members: Vec<usize> = answer.groups.iter().flat_map(|group| group.members.clone()).collect();
        members.sort_unstable();
        assert_eq!(members, (0..profiles().len()).collect::<Vec<_>>(), "{text}");
        let rank = |outcome: &str| {
            ["runs", "may-fail", "fails", "not-attempted", "not-applicable"].iter().position(|v| *v == outcome)
        };
        assert!(answer.groups.iter().map(|group| rank(group.outcome)).is_sorted(), "{text}");
        for group in &answer.groups {
            assert!(!group.names.is_empty(), "{text}");
            let same = |at: &usize| answer.prediction.predictions[*at].remedy.as_deref();
            assert!(group.members.iter().all(|at| same(at) == same(&group.members[0])), "{text}");
        }
    }
}

/// Each version of a runtime has its own prediction.
#[test]
fn profiles_of_two_versions_are_kept_apart() {
    let [new, old] = [Support::Yes, Support::No].map(|support| {
        let mut profile = profiles().into_iter().find(|profile| profile.runtime == "node").unwrap();
        profile.proposals.get_mut("tail-call").unwrap().support = support;
        profile
    });
    let text = "(module (func (export \"_start\") (return_call 0)))";
    for profiles in [[new.clone(), old.clone()], [old, new]] {
        let outcomes = answer("a.wat", text.as_bytes(), &profiles).prediction.predictions;
        for (found, profile) in outcomes.iter().zip(&profiles) {
            let runs = profile.proposals["tail-call"].support == Support::Yes;
            assert_eq!(found.outcome == "fails", !runs, "{found:?}");
        }
    }
}

#[test]
fn a_call_is_not_attempted_where_only_programs_run() {
    let check = |text: &str, export: &str, expected: &[&str]| {
        let binary = source::binary(Path::new("a.wat"), text.as_bytes()).unwrap();
        let facts = inspect::facts(&binary).unwrap();
        let of_file = predictions::predict_file("a.wat", Ok(&facts), Some(export), &profiles());
        let outcomes: Vec<&str> = ["wasmi", "wazero", "wamr-zig"]
            .map(|id| of_file.predictions.iter().find(|one| one.runtime == id).unwrap().outcome)
            .to_vec();
        assert_eq!(outcomes, expected, "{text}");
    };
    check("(module (func (export \"f\")))", "f", &["runs", "not-attempted", "not-attempted"]);
    check("(module (func (export \"f\")))", "g", &["fails", "fails", "fails"]);
    // The file would not load there, whatever is called.
    check(
        "(module (type $s (struct)) (func (export \"f\") (drop (struct.new $s))))",
        "f",
        &["fails", "fails", "fails"],
    );
}

#[test]
fn a_runtime_without_wasi_is_the_last_reason() {
    // It needs a proposal that some runtimes lack, and WASI, which others lack.
    let text = HELLO.replace("(call $exit", "(drop (v128.const i64x2 0 0)) (call $exit");
    let answer = answer_for("a.wat", &text);
    let codes: Vec<_> = answer
        .groups
        .iter()
        .filter(|group| group.outcome == "fails")
        .map(|group| answer.prediction.predictions[group.members[0]].code.unwrap())
        .collect();
    assert!(codes.len() > 1 && codes.last() == Some(&"missing-import"), "{codes:?}");
}

#[test]
fn text_and_binary_have_the_same_answer() {
    let json = |answer: ReaderAnswer| serde_json::to_string(&answer).unwrap();
    let binary = wat::parse_str(HELLO).unwrap();
    let from_text = json(answer_for("a.wat", HELLO)).replace("a.wat", "a.wasm");
    assert_eq!(json(answer("a.wasm", &binary, &profiles())), from_text);
}

#[test]
fn what_cannot_be_read_says_why() {
    let check = |file: &str, contents: &[u8], expected: &str| {
        let prediction = answer(file, contents, &profiles()).prediction;
        let invalid = prediction.invalid.unwrap();
        assert!(invalid.contains(expected), "{file}: {invalid}");
        prediction.predictions.len()
    };
    let none = |file: &str, contents: &[u8], expected: &str| assert_eq!(check(file, contents, expected), 0, "{file}");
    none("a.wat", b"(module\n  (func (oops)))", "a.wat:2:");
    none("a.wasm", b"", "the file is empty");
    none("a.wasm", b"<!doctype html>", "not a WebAssembly binary");
    none("a.wasm", b"\0asm\x01\0\0\0\x01", "truncated");
    assert_eq!(check("a.wasm", b"\0asm\x01\0\0\0\x01\x01\xff", "malformed"), profiles().len());
}

#[test]
fn long_lists_are_cut_and_counted() {
    let imports: String = (0..5000).map(|n| format!("(import \"env\" \"f{n}\" (func))")).collect();
    let answer = answer_for("a.wat", &format!("(module {imports})"));
    assert_eq!((answer.counts.imports, answer.facts.unwrap().imports.len()), (5000, 2000));
    assert!(answer.bytes.is_empty(), "a larger file has no table of bytes");
}

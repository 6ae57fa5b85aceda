//! Translation of the directives of a `.wast` file.

use std::path::Path;
use std::sync::Arc;

use super::{WastFile, read};
use wasmlab_model::scenario::ScriptEnd;
use wasmlab_protocol::TrapKind;

fn file(text: &str) -> WastFile {
    read(Path::new("t.wast"), "t.wast", text).unwrap()
}

/// The parts of a file, one line each, and what is left out.
fn shown(text: &str) -> (Vec<String>, Vec<String>) {
    let file = file(text);
    let part = |part: &super::WastPart| {
        let spec = &part.scenario.spec;
        let script = spec.expect.script.as_ref().unwrap();
        let calls: Vec<&str> = spec.run.call.iter().map(|call| call.export.as_str()).collect();
        let lines: Vec<u64> = script.assertions.iter().map(|assertion| assertion.line).collect();
        let end = match script.end {
            ScriptEnd::Returns => "returns".to_owned(),
            ref other => format!("{other:?}"),
        };
        let valid = wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all())
            .validate_all(&part.module)
            .map(drop);
        assert!(valid.is_ok() || script.end == ScriptEnd::Refused, "{}: {valid:?}", part.scenario.name);
        format!("{} {calls:?} {lines:?} {end}", part.scenario.name)
    };
    let parts = file.parts.iter().map(part).collect();
    (parts, file.left_out.iter().map(|(why, count)| format!("{count} {why}")).collect())
}

fn check(text: &str, parts: &[&str], left_out: &[&str]) {
    let (found, left) = shown(text);
    assert_eq!(found, parts, "{text}");
    assert!(left.len() == left_out.len(), "{left:?}");
    for (left, expected) in left.iter().zip(left_out) {
        assert!(left.contains(expected), "{left} does not say {expected}");
    }
}

const STATEFUL: &str = r#"(module (global $g (mut i32) (i32.const 0))
  (func (export "set") (param i32) (global.set $g (local.get 0)))
  (func (export "get") (result i32) (global.get $g))
  (func (export "pure") (unreachable))
  (func (export "impure") (global.set $g (i32.const 1)) (unreachable)))
"#;

#[test]
fn calls_that_return_are_one_process_and_traps_are_others() {
    check(
        &format!(
            r#"{STATEFUL}(invoke "set" (i32.const 1))
            (assert_return (invoke "get") (i32.const 1))
            (assert_trap (invoke "pure") "unreachable")
            (assert_return (invoke "set" (i32.const 2)))
            (assert_trap (invoke "impure") "unreachable")
            (assert_return (invoke "get") (i32.const 2))
            (assert_trap (invoke "pure") "unreachable")"#
        ),
        &[
            r#"t.wast:1 ["set", "get", "set"] [7, 9] returns"#,
            r#"t.wast:8 ["set", "pure"] [8] Traps(Some(Unreachable))"#,
            r#"t.wast:10 ["set", "set", "impure"] [10] Traps(Some(Unreachable))"#,
        ],
        &["2 an earlier call trapped and may have changed the instance"],
    );
}

#[test]
fn values_that_hosts_change_do_not_cross() {
    check(
        r#"(module (func (export "f") (param f32) (result f32) (local.get 0)) (func (export "i") (result i32) (i32.const 1))
          (global (export "g") f64 (f64.const 1)) (func (export "r") (param externref)))
        (assert_return (invoke "f" (f32.const nan:0x200000)) (f32.const nan:0x200000))
        (assert_return (invoke "i") (i32.const 1))
        (assert_return (get "g") (f64.const 1))
        (assert_return (invoke "r" (ref.null extern)))
        (assert_return (invoke "r" (ref.extern 1)))"#,
        &[r#"t.wast:1 ["wasmlab:0", "i", "wasmlab:1", "wasmlab:2"] [3, 4, 5, 6] returns"#],
        &["1 it needs a host reference"],
    );
}

#[test]
fn modules_are_parts_of_their_own() {
    check(
        r#"(assert_malformed (module binary "\00asm\02\00\00\00") "unknown binary version")
        (assert_malformed (module quote "(func") "x")
        (assert_invalid (module (func (result i32))) "type mismatch")
        (assert_unlinkable (module (import "a" "b" (func))) "unknown import")
        (assert_unlinkable (module (import "a" "b" (func))) "incompatible import type")
        (assert_trap (module (func $f unreachable) (start $f)) "unreachable")
        (module $m) (module (import "spectest" "print" (func)))
        (module (import "spectest" "global_i32" (global i32)))
        (component)"#,
        &[
            "t.wast:1 [] [1] Refused",
            "t.wast:3 [] [3] Refused",
            "t.wast:4 [] [4] Unlinkable",
            "t.wast:6 [] [6] Traps(Some(Unreachable))",
            "t.wast:7 [] [7] returns",
            "t.wast:7.2 [] [7] returns",
        ],
        &[
            "1 it imports from another module (spectest.global_i32)",
            "1 it is a component",
            "1 it is about the text",
            "1 it needs an import of another type",
        ],
    );
    assert_eq!(
        file("(module) (module (import \"spectest\" \"print\" (func)))").parts[1].scenario.spec.run.host_functions,
        ["spectest.print"]
    );
}

#[test]
fn errors_name_line_and_column() {
    let check = |text: &str, expected: &str| {
        let error = read(Path::new("dir/t.wast"), "t.wast", text).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
    };
    check("(module)\n(assert_return (invoke \"f\") (i32.cons 1))", "dir/t.wast:2:30: expected a [type].const");
    check("(module)\n\n  (assert_nothing)", "dir/t.wast:3:4: ");
    check("(module (func (call $none)))", "dir/t.wast:1:21: unknown func");
    check("(module", "dir/t.wast:1:");
    let module = "(module (func (export \"f\") (param i32) (result i64) (i64.const 0)))\n";
    let of_module = |assertion: &str, expected: &str| check(&format!("{module}{assertion}"), expected);
    of_module("(assert_return (invoke \"g\"))", "dir/t.wast:2:17: the module exports no function `g`");
    of_module("(assert_return (get \"f\"))", "dir/t.wast:2:17: the module exports no global `f`");
    of_module("(assert_trap (invoke \"f\") \"unreachable\")", "dir/t.wast:2:15: `f` takes 1 argument, not 0");
    of_module(
        "(assert_return (invoke \"f\" (f32.const 1)) (i64.const 0))",
        "dir/t.wast:2:17: argument 1 of `f` is not of the parameter's type, i32",
    );
    of_module(
        "(assert_return (invoke \"f\" (i32.const 1)) (i32.const 0))",
        "dir/t.wast:2:17: the expected result 1 is not of the result's type, i64",
    );
    of_module("(assert_return (invoke \"f\" (i32.const 1)))", "dir/t.wast:2:17: the call has 1 result, not 0");
}

#[test]
fn the_beginning_of_a_trap_s_message_is_enough() {
    let check = |message: &str, expected: Result<Option<TrapKind>, ()>| {
        assert_eq!(super::trap(message).map_err(drop), expected, "{message}");
    };
    check("unreachable", Ok(Some(TrapKind::Unreachable)));
    check("uninitialized element 7", Ok(Some(TrapKind::NullReference)));
    check("undefined", Ok(Some(TrapKind::TableOutOfBounds)));
    // Of memory, a table or an array.
    check("out of bounds", Ok(None));
    check("unhandled tag", Ok(None));
    check("", Ok(None));
    check("the world ends", Err(()));
}

/// A copy for each part or instance would take gigabytes for a file of some megabytes.
#[test]
fn parts_share_their_module() {
    let traps = "(assert_trap (invoke \"pure\") \"unreachable\")".repeat(2);
    let instances = "(module definition $m) (module instance $a $m) (module instance $b $m)".to_owned();
    for text in [format!("{STATEFUL}{traps}"), instances] {
        let parts = file(&text).parts;
        assert!(parts.len() == 2 && Arc::ptr_eq(&parts[0].module, &parts[1].module), "{text}");
    }
}

#[test]
fn parts_of_several_files_have_different_names() {
    let name = |title: &str| read(Path::new("t.wast"), title, "(module)").unwrap().parts[0].scenario.name.clone();
    assert_ne!(name("a/b.wast"), name("a-b.wast"));
}

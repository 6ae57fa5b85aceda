//! Constructs of each proposal, in modules and components.

use super::check_all;

#[test]
fn numbers() {
    check_all(&[
        ("(module)", &[]),
        ("(module (global (mut i32) (i32.const 0)) (func (export \"f\") (result f32) f32.const 1))", &[]),
        ("(module (func (param i32) (result i32) local.get 0 i32.extend8_s))", &["sign-extension"]),
        ("(module (func (param f32) (result i32) local.get 0 i32.trunc_sat_f32_s))", &["saturating-float-to-int"]),
        ("(module (func (param v128)))", &["simd"]),
        ("(module (func (local v128)))", &["simd"]),
        ("(module (global v128 (v128.const i64x2 0 0)))", &["simd"]),
        ("(module (memory 1) (func (drop (v128.load (i32.const 0)))))", &["simd"]),
        (
            "(module (func (param v128) (result v128)
                local.get 0 local.get 0 i8x16.relaxed_swizzle))",
            &["relaxed-simd", "simd"],
        ),
        ("(module (func unreachable i8x16.relaxed_swizzle drop))", &["relaxed-simd"]),
        (
            "(module (func (param i64 i64 i64 i64)
                local.get 0 local.get 1 local.get 2 local.get 3 i64.add128 drop drop))",
            &["wide-arithmetic"],
        ),
        ("(module (global i32 (i32.add (i32.const 1) (i32.const 2))))", &["extended-const"]),
    ]);
}

#[test]
fn control() {
    check_all(&[
        ("(module (func (result i32 i32) i32.const 0 i32.const 1))", &["multi-value"]),
        ("(module (func i32.const 0 block (param i32) drop end))", &["multi-value"]),
        ("(module (func block (result i32 i32) i32.const 0 i32.const 1 end drop drop))", &["multi-value"]),
        ("(module (func $f return_call $f))", &["tail-call"]),
        ("(module (table 0 funcref) (func i32.const 0 return_call_indirect))", &["tail-call"]),
        ("(module (tag))", &["exceptions"]),
        ("(module (tag $t) (func throw $t))", &["exceptions"]),
        ("(module (func try_table end))", &["exceptions"]),
        ("(module (func (param exnref)))", &["exceptions", "reference-types"]),
        ("(module (func try catch_all end))", &["legacy-exceptions"]),
        ("(module (tag $t) (func try catch $t end))", &["exceptions", "legacy-exceptions"]),
        (
            "(module (type $f (func)) (type $c (cont $f)) (func (param (ref $c)) local.get 0 resume $c))",
            &["function-references", "reference-types", "stack-switching"],
        ),
        ("(module (tag (result i32)))", &["exceptions", "stack-switching"]),
    ]);
}

#[test]
fn memories() {
    check_all(&[
        ("(module (memory 1) (memory 1))", &["multi-memory"]),
        ("(module (memory 1) (memory $m 1) (func (drop (i32.load $m (i32.const 0)))))", &["multi-memory"]),
        ("(module (memory i64 1))", &["memory64"]),
        ("(module (table i64 1 funcref))", &["memory64"]),
        ("(module (memory 1 1 shared))", &["threads"]),
        ("(module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))", &["threads"]),
        ("(module (func atomic.fence))", &["threads"]),
        (
            "(module (memory 1) (func (drop (i32.atomic.load acqrel (i32.const 0)))))",
            &["acquire-release-atomics", "threads"],
        ),
        ("(module (memory 1 (pagesize 1)))", &["custom-page-sizes"]),
        ("(module (memory 1) (func (memory.discard (i32.const 0) (i32.const 0))))", &["memory-control"]),
        ("(module (global (import \"a\" \"b\") (mut i32)))", &["mutable-global"]),
        ("(module (global (export \"g\") (mut i32) (i32.const 0)))", &["mutable-global"]),
        ("(module (memory 1) (data \"a\"))", &["bulk-memory"]),
        ("(module (table 1 funcref) (elem declare func 0) (func))", &["bulk-memory"]),
        ("(module (memory 1) (func (memory.copy (i32.const 0) (i32.const 0) (i32.const 0))))", &["bulk-memory-opt"]),
        ("(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))))", &["bulk-memory-opt"]),
        ("(module (table 1 funcref) (func (table.copy (i32.const 0) (i32.const 0) (i32.const 0))))", &["bulk-memory"]),
    ]);
}

#[test]
fn references() {
    check_all(&[
        ("(module (table 1 funcref) (elem (i32.const 0) func 0) (func))", &[]),
        ("(module (table 1 funcref) (table 1 funcref))", &["reference-types"]),
        ("(module (table 1 externref))", &["reference-types"]),
        ("(module (func (param externref)))", &["reference-types"]),
        (
            "(module (func (param i32) (select (result i32) (local.get 0) (local.get 0) (local.get 0)) drop))",
            &["reference-types"],
        ),
        ("(module (table 1 funcref) (func (drop (table.get (i32.const 0)))))", &["reference-types"]),
        ("(module (func (param (ref func))))", &["function-references", "reference-types"]),
        ("(module (type $t (func)) (func (param (ref null $t))))", &["function-references", "reference-types"]),
        (
            "(module (type $t (func)) (func (param (ref $t)) local.get 0 call_ref $t))",
            &["function-references", "reference-types"],
        ),
        ("(module (table 1 funcref (ref.null func)))", &["function-references", "reference-types"]),
        ("(module (type (struct)))", &["gc"]),
        ("(module (type (array i8)))", &["gc"]),
        ("(module (rec (type (func)) (type (func))))", &["gc"]),
        ("(module (type (sub (func))))", &["gc"]),
        ("(module (func (param anyref)))", &["gc", "reference-types"]),
        ("(module (global $a i32 (i32.const 0)) (global i32 (global.get $a)))", &["gc"]),
        ("(module (type (shared (func))))", &["shared-everything-threads"]),
        (
            "(module (rec (type $a (descriptor $b) (struct)) (type $b (describes $a) (struct))))",
            &["custom-descriptors", "gc"],
        ),
    ]);
}

#[test]
fn components() {
    check_all(&[
        ("(component)", &["component-model"]),
        ("(component (core module))", &["component-model"]),
        ("(component (core module (func (param v128))))", &["component-model", "simd"]),
        (
            "(component
                (core module (func $f return_call $f))
                (component (core module (memory i64 1))))",
            &["component-model", "memory64", "tail-call"],
        ),
        ("(component (import \"f\" (func async)))", &["cm-async", "component-model"]),
        ("(component (core func (canon error-context.drop)))", &["cm-error-context", "component-model"]),
        ("(component (type (list u8 4)))", &["cm-fixed-length-lists", "component-model"]),
        ("(component (type (map string u8)))", &["cm-map", "component-model"]),
        ("(component (core func (canon thread.index)))", &["cm-threading", "component-model"]),
        ("(component (import \"a:b:c/d\" (func)))", &["cm-nested-names", "component-model"]),
        ("(component (import \"v\" (value $v string)) (export \"w\" (value $v)))", &["cm-values", "component-model"]),
    ]);
}

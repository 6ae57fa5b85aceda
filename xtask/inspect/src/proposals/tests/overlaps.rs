//! Proposals that contain or replace each other, or differ only in the encoding.

use super::{assert_defined, check, check_all};
use crate::proposals::{minimal, search};
use wasm_encoder::{CodeSection, Function, FunctionSection, Module, TableSection, TableType, TypeSection};

#[test]
fn only_the_outer_proposal_is_listed() {
    check_all(&[
        (
            "(module (memory 1) (data \"a\")
                (func (memory.copy (i32.const 0) (i32.const 0) (i32.const 0))))",
            &["bulk-memory"],
        ),
        ("(module (table 1 funcref) (table 1 funcref) (func (call_indirect 1 (i32.const 0))))", &["reference-types"]),
    ]);
}

#[test]
fn gc_replaces_function_references_for_types_by_index() {
    check(
        "(module (type $t (func)) (global (ref null $t) (ref.null $t)))",
        &["function-references", "reference-types"],
    );
    check("(module (type $f (func)) (type (func (param (ref null $f)))) (type (struct)))", &["gc", "reference-types"]);
    check(
        "(module (type $s (struct)) (func (param (ref $s)) (result (ref func)) unreachable))",
        &["function-references", "gc", "reference-types"],
    );
}

#[test]
fn a_body_decides_between_alternatives() {
    check(
        "(module
            (type $t (func))
            (func (param (ref null $t)))
            (func (drop (ref.i31 (i32.const 0)))))",
        &["gc", "reference-types"],
    );
}

#[test]
fn features_found_in_bodies_recanonicalize_types() {
    let wat = "(module
        (type $a (func)) (type $b (func))
        (func (local $a (ref null $a)) (local $b (ref null $b)) (local.set $b (local.get $a))))";
    check(wat, &["function-references", "reference-types"]);
    assert!(search::quick(&wat::parse_str(wat).unwrap()).is_ok());
}

#[test]
fn overlong_table_index_is_a_separate_proposal() {
    let module = |table: &[u8]| {
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let mut functions = FunctionSection::new();
        functions.function(0);
        let mut tables = TableSection::new();
        tables.table(TableType {
            element_type: wasm_encoder::RefType::FUNCREF,
            table64: false,
            minimum: 1,
            maximum: None,
            shared: false,
        });
        let mut body = Function::new([]);
        body.raw([0x41, 0x00, 0x11, 0x00].into_iter().chain(table.iter().copied()).chain([0x0b]));
        let mut code = CodeSection::new();
        code.function(&body);
        let mut module = Module::new();
        module.section(&types).section(&functions).section(&tables).section(&code);
        module.finish()
    };
    assert!(minimal(&module(&[0])).unwrap().is_empty());
    let bytes = module(&[0x80, 0x80, 0x80, 0x80, 0x00]);
    let found = minimal(&bytes).unwrap();
    assert_defined(&bytes, &found, "overlong");
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["call-indirect-overlong"]);
}

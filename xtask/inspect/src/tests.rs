//! Small binaries and the facts read from them.

use super::outline;
use wasmlab_model::facts::{BinaryKind, Facts, Shape};

mod abi;
mod rejected_files;
mod robustness;

fn read(wat: &str) -> Facts {
    outline(&wat::parse_str(wat).unwrap()).unwrap()
}

#[test]
fn shapes_follow_exports_and_sections() {
    let check = |wat: &str, kind, shape| {
        let facts = read(wat);
        assert_eq!((facts.kind, facts.shape), (kind, shape), "{wat}");
    };
    check("(module (func (export \"_start\")))", BinaryKind::Module, Shape::Command);
    check("(module (func (export \"_main\")))", BinaryKind::Module, Shape::Command);
    for name in ["main", "__main_argc_argv", "__main_void", "wasi:cli/run@0.2.10#run"] {
        check(&format!("(module (func (export \"{name}\")))"), BinaryKind::Module, Shape::Command);
    }
    let go = "(import \"gojs\" \"runtime.wasmExit\" (func (param i32)))";
    check(&format!("(module {go} (func (export \"run\")))"), BinaryKind::Module, Shape::Command);
    check(
        "(module (func (export \"run\")) (global (export \"main\") i32 (i32.const 0)))",
        BinaryKind::Module,
        Shape::Library,
    );
    check("(module (func (export \"_initialize\")))", BinaryKind::Module, Shape::Reactor);
    check("(module (func (export \"add\")))", BinaryKind::Module, Shape::Library);
    check("(module (@custom \"linking\" \"\\02\"))", BinaryKind::Module, Shape::Object);
    check("(module (@custom \"dylink.0\" (before first) \"\"))", BinaryKind::Module, Shape::SideModule);
    let loader = "(import \"GOT.mem\" \"__stack_high\" (global (mut i32))) (import \"env\" \"memory\" (memory 1))";
    let main = format!("(module (@custom \"dylink.0\" (before first) \"\") {loader} (func (export \"malloc\")))");
    check(&main, BinaryKind::Module, Shape::Library);
    check("(component)", BinaryKind::Component, Shape::Library);
    let run = "(component (instance $i) (export \"wasi:cli/run@0.2.0\" (instance $i)))";
    check(run, BinaryKind::Component, Shape::Command);
    check(&run.replace("cli/run", "http/incoming-handler"), BinaryKind::Component, Shape::Reactor);
}

#[test]
fn imports_and_exports_are_listed_with_types() {
    let facts = read(
        "(module (import \"m\" \"f\" (func (param i32 f64) (result i64))) (import \"m\" \"g\" (global i32))
           (memory (export \"mem\") 1 16) (table (export \"t\") 2 funcref) (global (export \"gl\") (mut i64) (i64.const 0))
           (tag (export \"e\") (param i32)) (func (export \"add\") (param i32 i32) (result i32) unreachable))",
    );
    let imports: Vec<_> = facts.imports.iter().map(|i| i.ty.as_str()).collect();
    assert_eq!(imports, ["func (i32, f64) -> (i64)", "global i32"]);
    let exports: Vec<_> = facts.exports.iter().map(|e| e.ty.as_str()).collect();
    assert_eq!(
        exports,
        ["memory 1..16", "table 2.. funcref", "global i64 mut", "tag (i32)", "func (i32, i32) -> (i32)"]
    );
    assert_eq!(facts.exports[4].signature.as_ref().unwrap().params, ["i32", "i32"]);
}

#[test]
fn component_functions_are_listed_with_types() {
    let check = |wat: &str, name: &str, expected: Option<(&[&str], &[&str])>| {
        let facts = read(wat);
        let export = facts.exports.iter().find(|e| e.name == name).unwrap();
        let found = export.signature.as_ref().map(|s| (s.params.clone(), s.results.clone()));
        let texts = |list: &[&str]| list.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        assert_eq!(found, expected.map(|(params, results)| (texts(params), texts(results))), "{name}");
    };
    let component = r#"(component
        (core module $m (func (export "add") (param i32 i64) (result i32) unreachable) (func (export "none")))
        (core instance $i (instantiate $m))
        (import "there" (func $there (param "text" string) (result bool)))
        (type $alias u8)
        (func (export "add") (param "a" s32) (param "b" u64) (result $alias) (canon lift (core func $i "add")))
        (func (export "none") (canon lift (core func $i "none")))
        (export "passed-on" (func $there))
        (instance $inner (export "f" (func $there)))
        (export "inner" (instance $inner)))"#;
    check(component, "add", Some((&["s32", "u64"], &["u8"])));
    check(component, "none", Some((&[], &[])));
    check(component, "passed-on", Some((&["string"], &["bool"])));
    check(component, "inner", None);
}

#[test]
fn sizes_include_nested_modules() {
    let core = "(core module (memory 1) (data (i32.const 0) \"0123456789\") (func nop nop) (@custom \".debug_info\" \"xxxx\"))";
    let facts = read(&format!("(component {core} {core})"));
    assert!(facts.sizes.data > 20 && facts.sizes.code > 6 && facts.sizes.debug > 8, "{:?}", facts.sizes);
    assert_eq!(facts.sections.iter().filter(|s| s.name == "core module").count(), 2);
    assert_eq!(facts.imports.len() + facts.exports.len(), 0);
}

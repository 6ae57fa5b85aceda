//! What jco makes of the names in a component. The tests start the lab as a command: within the lab, whoever runs cells
//! ends all other children of its process. Columns that are not installed are ignored.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use libtest_mimic::Arguments;

#[path = "common/columns.rs"]
mod columns;
#[expect(dead_code, reason = "other tests use the rest")]
mod common;
#[expect(dead_code, reason = "other tests need programs on PATH")]
#[path = "common/trials.rs"]
mod trials;

fn main() {
    let trial = |id: &&'static str| columns::trial("component names stay names", id, component_names_stay_names);
    libtest_mimic::run(&Arguments::from_args(), ["node+jco", "deno+jco", "bun+jco"].iter().map(trial).collect()).exit();
}

/// Names of a component that mean something in the JavaScript that jco makes of it.
fn component_names_stay_names(id: &str) {
    let workspace = common::Workspace::new();
    // A component with an `import`, and a function `add` that calls the core function `called` and is exported as more.
    let component = |import: &str, called: &str, exports: &str| {
        format!(
            "(component {import} (core module $m (import \"i\" \"f\" (func (result i32))) (export \"a\" (func 0))) \
             (core module $own (func (export \"f\") (result i32) i32.const 7)) (core instance $own (instantiate $own)) \
             (core instance $n (export \"f\" (func {called}))) (core instance $i (instantiate $m (with \"i\" (instance $n)))) \
             (func $f (result u32) (canon lift (core func $i \"a\"))) {exports})"
        )
    };
    let foreign = |name: &str, function: &str| {
        format!(
            "(import \"{name}\" (instance $q (export \"{function}\" (func (result u32))))) \
             (core func $c (canon lower (func $q \"{function}\")))"
        )
    };
    let invoked = |name: &str, wat: String, expected: &dyn Fn(&serde_json::Value) -> bool| {
        workspace.write("app.wat", wat);
        let args = ["check", "app.wat", "--output", "json", "--runtime", id, "--invoke", name, "--expect-stdout", "7"];
        let report = workspace.run(&args).json();
        let cell = &report["cells"][0];
        assert!(expected(cell), "{name}: {cell}");
    };
    let called = "$own \"f\"";
    let add = "(export \"add\" (func $f))";
    for (name, function) in [("node:fs/promises", "read-file-sync"), ("constructor", "constructor")] {
        let wat = component(&foreign(name, function), "$c", add);
        invoked("add", wat, &|cell| cell["code"] == "custom-host" && cell["subject"] == name);
    }
    let wat = component("", called, "(export \"then\" (func $f))");
    invoked("then", wat, &|cell| cell["verdict"] == "pass");
    let wat = component("", called, &format!("{add} (export \"eval\" (func $f)) (export \"arguments\" (func $f))"));
    invoked("add", wat, &|cell| cell["verdict"] == "not-attempted" && cell["subject"] == "jco-output");
    // A name that would end a string is not given to jco at all.
    let import = "(core module (import \"q': (()=>{process.exit(0)})(), 'z\" \"f\" (func)))";
    invoked("add", component(import, called, add), &|cell| {
        let says = cell["detail"].as_str().unwrap_or_default();
        cell["verdict"] == "not-attempted" && says.contains("would run there as code")
    });
}

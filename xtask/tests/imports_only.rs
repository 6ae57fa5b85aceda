//! A runtime that compiles a whole module before it links it gets the imports of a large module first.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use common::Workspace;

/// A module that lacks an import, with `body` in a function and data of `bytes` bytes.
fn lacks_import(body: &str, bytes: usize) -> String {
    let data = "a".repeat(bytes);
    format!(
        r#"(module (import "env" "nothing" (func)) (memory 20) (data (i32.const 0) "{data}")
        (func (export "_start") {body}))"#
    )
}

/// Some runtimes get the imports of a large module first. That changes the time but not the answer.
#[test]
fn imports_of_a_large_module_are_linked_before_it_is_compiled() {
    const LARGE: usize = 1 << 20;
    let workspace = Workspace::new();
    for (name, body) in [("plain", "call 0"), ("refused", "try call 0 catch_all end")] {
        workspace.scenario(&format!("{name}-small"), &lacks_import(body, 1), "");
        workspace.scenario(&format!("{name}-large"), &lacks_import(body, LARGE), "");
    }
    let columns = "{wasmtime-winch,wasmer-singlepass,wasmtime-cli,wasmtime-py,wasmer-cli,wazero,wasmedge-aot}";
    let ran = workspace.run(&["run-all", "--engines", "built", "--runtime", columns, "--output", "json"]);
    let report = ran.json();
    common::measured(&report);
    let cells = report["cells"].as_array().unwrap();
    let (large, small): (Vec<_>, Vec<_>) = cells
        .iter()
        .filter(|cell| cell["verdict"] != "absent")
        .partition(|cell| cell["scenario"].as_str().unwrap().ends_with("-large"));
    assert!(!large.is_empty(), "no runtime was measured: {}", ran.stderr);
    assert_eq!(large.len(), small.len(), "each large module has its small one");
    for (large, small) in large.iter().zip(small) {
        let result =
            |cell: &serde_json::Value| [cell["runtime"].clone(), cell["code"].clone(), cell["subject"].clone()];
        assert_eq!(result(large), result(small), "{large}");
        let is_linked_first = large["code"] == "custom-host";
        assert_eq!(large["imports_only"] == true, is_linked_first, "{large}");
        assert!(small["imports_only"].is_null(), "{small}");
        assert!(is_linked_first || large["scenario"] == "refused-large", "{large}");
    }
}

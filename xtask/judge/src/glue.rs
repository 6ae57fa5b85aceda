//! Remedies for modules that a toolchain's own JavaScript loads: Go, AssemblyScript, Node-API. From the file's own
//! evidence, because the way to load a module differs between versions of a toolchain.

use wasmlab_model::facts::{Abi, Facts};
use wasmlab_model::names::first_listed;

/// Names listed in a remedy.
const MAX_LISTED: usize = 3;

/// For Go: the version that wrote the file, if it says which.
pub fn go(facts: Option<&Facts>) -> String {
    let version = facts.and_then(|f| f.producers.iter().find(|p| p.field == "language" && p.name == "Go"));
    let version = version.and_then(|producer| producer.version.strip_prefix("go"));
    let file = match version {
        Some(version) => format!("the `wasm_exec.js` of Go {version}, which built it"),
        None => "the `wasm_exec.js` of the same Go (or TinyGo) version".to_owned(),
    };
    format!(
        "Run it in a JavaScript host with {file}; or, if its source does not use `syscall/js`, build it with GOOS=wasip1."
    )
}

/// For AssemblyScript: its exports tell which loader fits; one option of the compiler removes one import.
pub fn assembly_script(facts: Option<&Facts>) -> String {
    let exports = |name: &str| facts.is_some_and(|f| f.exports.iter().any(|e| e.name == name));
    let from_asc = facts.iter().flat_map(|f| &f.abis).filter(|a| a.abi == Abi::AssemblyScript);
    let only_abort =
        from_asc.clone().count() == 1 && from_asc.flat_map(|a| &a.evidence).all(|import| import == "env.abort");
    let define =
        "define `env.abort` in the program that embeds it (JavaScript: `{ env: { abort() { throw Error() } } }`)";
    // 0.17 renamed `__alloc` to `__new`, and 0.18 replaced `__retain`.
    let load = if exports("__alloc") || exports("__retain") {
        let newest = if exports("__alloc") { "0.16" } else { "0.17" };
        Some(format!(
            "Run it in a JavaScript host with the `@assemblyscript/loader` of the release of `asc` that built it ({newest} or \
             older)"
        ))
    } else if exports("__new") || exports("__pin") {
        Some("Run it in a JavaScript host with the bindings that `asc --bindings esm` generates".to_owned())
    } else {
        None
    };
    match (load, only_abort) {
        (Some(load), true) => format!("{load}; or {define}; or compile it without `env.abort`: `asc --use abort=`."),
        (None, true) => format!("D{}; or compile it without `env.abort`: `asc --use abort=`.", &define[1..]),
        (load, false) => format!(
            "{}; or compile it with `@assemblyscript/wasi-shim`, which implements these imports on WASI 0.1.",
            load.as_deref().unwrap_or("Run it in a JavaScript host through the glue that came with it")
        ),
    }
}

/// For Kotlin's output for JavaScript hosts. Libraries of the page, such as Compose, exist for no other target.
pub fn kotlin(facts: Option<&Facts>) -> &'static str {
    let is_own = |module: &str| module == "js_code" || module == "intrinsics" || module.is_empty();
    if facts.is_none_or(|facts| facts.imports.iter().all(|import| is_own(&import.module))) {
        "Run it in a JavaScript host through the `.mjs` file that Kotlin's compiler generated; or build it for the target \
         `wasm-wasi`."
    } else {
        "Run it in a JavaScript host through the `.mjs` file that Kotlin's compiler generated."
    }
}

/// For addons of Node-API that emnapi does not load; `None` if it does.
pub fn napi(facts: Option<&Facts>) -> Option<String> {
    let facts = facts.filter(|f| f.exports.iter().any(|e| e.name == "napi_wasm_malloc"))?;
    let others = facts.imports.iter().filter(|i| !i.name.starts_with("napi_"));
    let others: Vec<String> = others.map(|i| format!("`{}`", i.shown(facts.kind))).collect();
    let also = match others.as_slice() {
        [] => String::new(),
        names => format!(", which also defines {}", first_listed(names, MAX_LISTED)),
    };
    Some(format!(
        "Load it in a JavaScript host through its package's own JavaScript{also}; that uses the npm package `napi-wasm`. \
         emnapi cannot load it."
    ))
}

#[cfg(test)]
mod tests {
    use super::{assembly_script, go, napi};
    use wasmlab_model::facts::Facts;

    fn facts(wat: &str) -> Facts {
        wasmlab_inspect::facts(&wat::parse_str(format!("(module {wat})")).unwrap()).unwrap()
    }

    #[test]
    fn remedy_follows_from_what_the_file_shows() {
        let check = |of: fn(Option<&Facts>) -> String, wat: &str, says: &str, not: &str| {
            let remedy = of(Some(&facts(wat)));
            assert!(remedy.contains(says) && !remedy.contains(not), "{wat}: {remedy}");
        };
        let import = "(import \"gojs\" \"syscall/js.valueGet\" (func (param i32)))";
        let producer = "(@producers (language \"Go\" \"go1.26.5\"))";
        check(go, &format!("{producer} {import}"), "the `wasm_exec.js` of Go 1.26.5", "TinyGo");
        check(go, import, "of the same Go (or TinyGo) version; or, if its source does not use `syscall/js`", "go1");
        let abort = "(import \"env\" \"abort\" (func (param i32 i32 i32 i32)))";
        let exports = |name: &str| format!("{abort} (func (export \"{name}\"))");
        check(assembly_script, &exports("__new"), "--bindings esm", "loader");
        check(assembly_script, &exports("__retain"), "`asc` that built it (0.17 or older)", "bindings");
        check(assembly_script, &exports("__alloc"), "`asc` that built it (0.16 or older)", "bindings");
        check(assembly_script, &exports("digest"), "Define `env.abort`", "bindings");
        let seed = "(import \"env\" \"seed\" (func (result f64)))";
        check(assembly_script, &format!("{seed} {}", exports("__new")), "wasi-shim", "abort=");
    }

    #[test]
    fn addon_of_napi_wasm_is_not_sent_to_emnapi() {
        let import = "(import \"env\" \"napi_create_object\" (func)) (import \"env\" \"await_promise_sync\" (func))";
        assert_eq!(napi(Some(&facts(import))), None);
        let remedy = napi(Some(&facts(&format!("{import} (func (export \"napi_wasm_malloc\"))")))).unwrap();
        assert!(remedy.contains("also defines `env.await_promise_sync`") && remedy.contains("`napi-wasm`"), "{remedy}");
    }
}

//! Imports that linking with `-sSTANDALONE_WASM` would leave to JavaScript: all except those that Emscripten's
//! standalone library defines (`system/lib/standalone` in its sources, and the parts of musl that are linked only
//! then).

use wasmlab_model::facts::Facts;

/// JavaScript functions that a standalone module contains itself.
const DEFINED: &[&str] = &[
    "abort",
    "exit",
    "getTempRet0",
    "setTempRet0",
    "__assert_fail",
    "__throw_exception_with_stack_trace",
    "_abort_js",
    "_emscripten_get_now_is_monotonic",
    "_emscripten_get_progname",
    "_emscripten_memcpy_big",
    "_emscripten_memcpy_js",
    "_emscripten_runtime_keepalive_clear",
    "_gmtime_js",
    "_localtime_js",
    "_mktime_js",
    "_mmap_js",
    "_munmap_js",
    "_setitimer_js",
    "_timegm_js",
    "_tzset_js",
    "emscripten_date_now",
    "emscripten_get_heap_max",
    "emscripten_get_now",
    "emscripten_memcpy_big",
    "emscripten_memcpy_js",
    "emscripten_resize_heap",
];

/// The needs of a host other than JavaScript, after a semicolon.
pub fn other_host_needs(facts: Option<&Facts>) -> String {
    let names = || super::names(facts);
    let has = |starts: &[&str]| names().any(|name| starts.iter().any(|start| name.starts_with(start)));
    let with_threads = facts.is_some_and(|facts| facts.proposals.contains("threads"));
    let has_wide_pointers = facts.is_some_and(|facts| facts.proposals.contains("memory64"));
    if has_wide_pointers {
        return "for another host, build it without `-sMEMORY64`: the pointers of WASI 0.1 have 32 bits".to_owned();
    }
    if has(&["_embind_", "_emval_"]) {
        return "for another host, export C functions in place of its bindings for JavaScript (embind)".to_owned();
    }
    if with_threads || names().any(|name| name.contains("pthread")) {
        return "for another host, build it without `-pthread`: a standalone module has no threads".to_owned();
    }
    if has(&["invoke_"]) {
        return "for another host, compile it with `-fwasm-exceptions` and `-sSUPPORT_LONGJMP=wasm`, and link it with \
                -sSTANDALONE_WASM: it throws exceptions through JavaScript"
            .to_owned();
    }
    let is_function = |name: &str| {
        let import = facts.and_then(|facts| facts.imports.iter().find(|import| import.name == name));
        import.is_some_and(|import| import.ty.starts_with("func "))
    };
    match names().find(|name| is_function(name) && !DEFINED.contains(name)) {
        Some(name) => format!("for another host, also replace what only JavaScript provides, such as `{name}`"),
        // It would tell JavaScript that the memory has grown.
        None if grows(facts) => "or link it with -sPURE_WASI for any runtime with WASI 0.1".to_owned(),
        None => "or link it with -sSTANDALONE_WASM for any runtime with WASI 0.1".to_owned(),
    }
}

/// Whether its memory may grow.
fn grows(facts: Option<&Facts>) -> bool {
    facts
        .into_iter()
        .flat_map(Facts::memory_types)
        .filter_map(|limits| limits.split(' ').next()?.split_once(".."))
        .any(|(least, most)| least != most)
}

#[cfg(test)]
mod tests {
    use super::other_host_needs;

    #[test]
    fn only_what_a_standalone_module_holds_needs_no_javascript() {
        let check = |names: &[&str], memory: &str, says: &str| {
            let imports: String = names.iter().map(|name| format!("(import \"env\" \"{name}\" (func))")).collect();
            let wat = format!("(module {imports} (memory (export \"memory\") {memory}))");
            let facts = wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap();
            let found = other_host_needs(Some(&facts));
            assert!(found.contains(says), "{names:?}: {found}");
        };
        let library = ["_abort_js", "_emscripten_memcpy_js", "emscripten_resize_heap"];
        check(&library, "256 256", "-sSTANDALONE_WASM");
        check(&library, "256 32768", "-sPURE_WASI");
        check(&["_abort_js", "_embind_register_void"], "1 1", "(embind)");
        check(&["__pthread_create_js"], "1 1", "without `-pthread`");
        check(&["abort"], "1 1 shared", "without `-pthread`");
        check(&["invoke_vii"], "1 1", "`-fwasm-exceptions`");
        check(&["_abort_js", "glClear"], "1 1", "such as `glClear`");
    }
}

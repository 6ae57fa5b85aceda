//! The names of the host's functions. They stand in its `match` expressions, so they are found by trying every string
//! literal of its sources. Tests of engines with this host include this file by path.

use wasmlab_host_emscripten::host_function;

const SOURCES: [&str; 3] = [
    include_str!("../../src/imports/fastcomp.rs"),
    include_str!("../../src/imports/upstream.rs"),
    include_str!("../../src/sys/wasi.rs"),
];

/// Module and name of every function.
pub fn all() -> Vec<(&'static str, String)> {
    let literals = SOURCES.iter().flat_map(|source| source.split('"')).chain(["nullFunc_ii"]);
    let named = literals.flat_map(|text| [text.to_owned(), format!("__syscall_{text}")]);
    let mut names: Vec<String> = (0..400).map(|number| format!("___syscall{number}")).chain(named).collect();
    names.sort();
    names.dedup();
    let modules = ["env", "wasi_snapshot_preview1"];
    let all = names.iter().flat_map(|name| modules.map(|module| (module, name.clone())));
    let found: Vec<_> = all.filter(|(module, name)| host_function(module, name).is_some()).collect();
    assert!(found.len() > 150, "only {} functions were found", found.len());
    found
}

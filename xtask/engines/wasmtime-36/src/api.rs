//! What differs from the current version: see `../../wasmtime/src/api.rs`.

use std::path::Path;

use wasmtime::{Config, Error, Result, Val};
use wasmtime_wasi::{DirPerms, FilePerms, WasiCtxBuilder};

pub(crate) use wasmtime_wasi::{preview0 as p0, preview1 as p1};

/// What this version has and leaves off by default: the call, the proposal. Those of garbage collection it calls
/// incomplete; exceptions it does not offer: the documentation hides the switch.
pub(crate) const SWITCHES: &[(&str, &str)] = &[
    ("Config::wasm_wide_arithmetic(true)", "wide-arithmetic"),
    ("Config::wasm_custom_page_sizes(true)", "custom-page-sizes"),
    ("Config::wasm_stack_switching(true)", "stack-switching"),
    ("Config::wasm_function_references(true)", "function-references"),
    ("Config::wasm_gc(true)", "gc"),
];

/// Turns on what one of [`SWITCHES`] gives.
pub(crate) fn turn_on(config: &mut Config, enables: &str) {
    match enables {
        "wide-arithmetic" => config.wasm_wide_arithmetic(true),
        "custom-page-sizes" => config.wasm_custom_page_sizes(true),
        "stack-switching" => config.wasm_stack_switching(true),
        "function-references" => config.wasm_function_references(true),
        "gc" => config.wasm_gc(true),
        _ => config,
    };
}

/// Gives the guest a directory, to read and to write.
pub(crate) fn preopen(wasi: &mut WasiCtxBuilder, host: &Path, guest: &str) -> Result<()> {
    wasi.preopened_dir(host, guest, DirPerms::all(), FilePerms::all()).map(|_| ())
}

/// Whether the guest threw an exception that nobody caught: this version has none.
pub(crate) fn is_uncaught_exception(_: &Error) -> bool {
    false
}

/// Whether a reference is null whose kind not every version has.
pub(crate) fn is_null(value: &Val) -> bool {
    matches!(value, Val::ExnRef(None))
}

//! What differs from the current version: see `../../wasmtime/src/api.rs`.

use std::path::Path;

use wasmtime::component::{self, Func};
use wasmtime::{Config, Error, Result, Store, Val};
use wasmtime_wasi::{DirPerms, FilePerms, WasiCtxBuilder};

pub(crate) use wasmtime_wasi::{preview0 as p0, preview1 as p1};

use crate::component::calls::Signature;

/// What this version has and leaves off by default: the call, the proposal. Those of garbage collection it calls
/// incomplete; exceptions it does not offer: the documentation hides the switch.
pub(crate) const SWITCHES: &[(&str, &str)] = &[
    ("Config::wasm_wide_arithmetic(true)", "wide-arithmetic"),
    ("Config::wasm_custom_page_sizes(true)", "custom-page-sizes"),
    ("Config::wasm_stack_switching(true)", "stack-switching"),
    ("Config::wasm_function_references(true)", "function-references"),
    ("Config::wasm_gc(true)", "gc"),
    ("Config::wasm_component_model_async(true)", "cm-async"),
    ("Config::wasm_component_model_async_builtins(true)", "cm-async-builtins"),
    ("Config::wasm_component_model_async_stackful(true)", "cm-async-stackful"),
    ("Config::wasm_component_model_error_context(true)", "cm-error-context"),
];

/// Turns on what one of [`SWITCHES`] gives.
pub(crate) fn turn_on(config: &mut Config, enables: &str) {
    match enables {
        "wide-arithmetic" => config.wasm_wide_arithmetic(true),
        "custom-page-sizes" => config.wasm_custom_page_sizes(true),
        "stack-switching" => config.wasm_stack_switching(true),
        "function-references" => config.wasm_function_references(true),
        "gc" => config.wasm_gc(true),
        "cm-async" => config.wasm_component_model_async(true),
        "cm-async-builtins" => config.wasm_component_model_async_builtins(true),
        "cm-async-stackful" => config.wasm_component_model_async_stackful(true),
        "cm-error-context" => config.wasm_component_model_error_context(true),
        _ => config,
    };
}

/// What an engine that runs components needs of its configuration: this version does not tell by the functions that
/// are called whether the host waits.
pub(crate) fn for_components(config: &mut Config) {
    config.async_support(true);
}

/// The type of a component's function.
pub(crate) fn signature<T>(func: &Func, store: &Store<T>) -> Signature {
    Signature { params: func.params(store).into_vec(), results: func.results(store).into_vec() }
}

/// Calls a component's function, and lets it clean up.
pub(crate) async fn call<T: Send>(
    func: &Func,
    store: &mut Store<T>,
    args: &[component::Val],
    results: &mut [component::Val],
) -> Result<()> {
    func.call_async(&mut *store, args, results).await?;
    func.post_return_async(store).await
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

//! What differs from the current version: see `../../wasmtime/src/api.rs`.

use std::path::Path;

use wasmtime::{Config, Error, Result, Val};
use wasmtime_wasi::{DirPerms, FilePerms, WasiCtxBuilder};

pub(crate) use wasmtime_environ::wasmparser::WasmFeatures;
pub(crate) use wasmtime_wasi::{preview0 as p0, preview1 as p1};

/// Proposals that this version implements and leaves off by default. Those of garbage collection it calls
/// incomplete; exceptions it does not offer: the documentation hides the switch.
pub(crate) const OPTIONAL: WasmFeatures = WasmFeatures::WIDE_ARITHMETIC
    .union(WasmFeatures::CUSTOM_PAGE_SIZES)
    .union(WasmFeatures::STACK_SWITCHING)
    .union(WasmFeatures::FUNCTION_REFERENCES)
    .union(WasmFeatures::GC);

/// A switch of a configuration.
type Switch = fn(&mut Config, bool) -> &mut Config;

/// Switches a proposal on. This version has a method for each, and none for all.
pub(crate) fn switch_on(config: &mut Config, feature: WasmFeatures) {
    const SWITCHES: [(WasmFeatures, Switch); 5] = [
        (WasmFeatures::WIDE_ARITHMETIC, Config::wasm_wide_arithmetic),
        (WasmFeatures::CUSTOM_PAGE_SIZES, Config::wasm_custom_page_sizes),
        (WasmFeatures::STACK_SWITCHING, Config::wasm_stack_switching),
        (WasmFeatures::FUNCTION_REFERENCES, Config::wasm_function_references),
        (WasmFeatures::GC, Config::wasm_gc),
    ];
    if let Some((_, switch)) = SWITCHES.iter().find(|(flag, _)| *flag == feature) {
        switch(config, true);
    }
}

/// Shared memories are on with the threads proposal.
pub(crate) fn allow_shared_memory(_: &mut Config) {}

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

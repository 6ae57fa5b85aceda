//! What differs between the versions of wasmtime that the lab builds. The other files of this folder know
//! none of it: `../../wasmtime-36` takes them as they are, with an `api.rs` of its own.

use std::path::Path;

use wasmtime::{Config, Error, Result, ThrownException, Val};
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

pub(crate) use wasmtime::WasmFeatures;
pub(crate) use wasmtime_wasi::{p0, p1};

/// Proposals that wasmtime implements and leaves off by default. (Those on by default it takes out by
/// itself where a compiler lacks them; what is asked for explicitly it refuses, by name.)
pub(crate) const OPTIONAL: WasmFeatures =
    WasmFeatures::WIDE_ARITHMETIC.union(WasmFeatures::CUSTOM_PAGE_SIZES).union(WasmFeatures::STACK_SWITCHING);

/// Switches a proposal on.
pub(crate) fn switch_on(config: &mut Config, feature: WasmFeatures) {
    config.wasm_features(feature, true);
}

/// The threads proposal is on by default, the memories that it is about are not.
pub(crate) fn allow_shared_memory(config: &mut Config) {
    config.shared_memory(true);
}

/// Gives the guest a directory, to read and to write.
pub(crate) fn preopen(wasi: &mut WasiCtxBuilder, host: &Path, guest: &str) -> Result<()> {
    wasi.preopened_dir(host, guest, FsPerms::ReadWrite).map(|_| ())
}

/// Whether the guest threw an exception that nobody caught.
pub(crate) fn is_uncaught_exception(error: &Error) -> bool {
    error.is::<ThrownException>()
}

/// Whether a reference is null whose kind not every version has.
pub(crate) fn is_null(value: &Val) -> bool {
    matches!(value, Val::ExnRef(None) | Val::ContRef(None))
}

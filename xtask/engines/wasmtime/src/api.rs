//! Differences between the versions of wasmtime that the lab builds. The other files of this folder do not depend on
//! it: `../../wasmtime-36` includes them unchanged and has its own `api.rs`.

mod handler;
mod outgoing;

use std::path::Path;

use wasmtime::component::{self, Func, InstancePre, Linker};
use wasmtime::{Config, Error, Result, Store, ThrownException, Val, WasmFeatures};
use wasmtime_wasi::{FsPerms, WasiCtxBuilder, p3};
use wasmtime_wasi_http::{WasiHttpCtxView, WasiHttpView};

pub(crate) use wasmtime_wasi::{p0, p1};

pub(crate) use handler::Handler;
pub(crate) use outgoing::Outgoing;

use crate::component::calls::Signature;
use crate::component::host::Host;

/// Proposals that wasmtime has but disables by default: the API call and the proposal. Not every compiler supports all
/// of them. (The threads proposal is enabled, but shared memories are not.)
pub(crate) const SWITCHES: &[(&str, &str)] = &[
    ("Config::shared_memory(true)", "threads"),
    ("Config::wasm_wide_arithmetic(true)", "wide-arithmetic"),
    ("Config::wasm_custom_page_sizes(true)", "custom-page-sizes"),
    ("Config::wasm_stack_switching(true)", "stack-switching"),
    ("Config::wasm_shared_everything_threads(true)", "shared-everything-threads"),
    ("Config::wasm_component_model_more_async_builtins(true)", "cm-more-async-builtins"),
    ("Config::wasm_component_model_async_stackful(true)", "cm-async-stackful"),
    ("Config::wasm_component_model_error_context(true)", "cm-error-context"),
    ("Config::wasm_component_model_threading(true)", "cm-threading"),
    ("Config::wasm_component_model_fixed_length_lists(true)", "cm-fixed-length-lists"),
];

/// Enables what one of [`SWITCHES`] provides.
pub(crate) fn turn_on(config: &mut Config, enables: &str) {
    let feature = match enables {
        "threads" => {
            config.shared_memory(true);
            return;
        }
        "wide-arithmetic" => WasmFeatures::WIDE_ARITHMETIC,
        "custom-page-sizes" => WasmFeatures::CUSTOM_PAGE_SIZES,
        "stack-switching" => WasmFeatures::STACK_SWITCHING,
        "shared-everything-threads" => WasmFeatures::SHARED_EVERYTHING_THREADS,
        "cm-more-async-builtins" => WasmFeatures::CM_MORE_ASYNC_BUILTINS,
        "cm-async-stackful" => WasmFeatures::CM_ASYNC_STACKFUL,
        "cm-error-context" => WasmFeatures::CM_ERROR_CONTEXT,
        "cm-threading" => WasmFeatures::CM_THREADING,
        "cm-fixed-length-lists" => WasmFeatures::CM_FIXED_LENGTH_LISTS,
        _ => return,
    };
    config.wasm_features(feature, true);
}

/// Configures an engine for components.
pub(crate) fn for_components(_: &mut Config) {}

/// The type of a component's function.
pub(crate) fn signature<T>(func: &Func, store: &Store<T>) -> Signature {
    let ty = func.ty(store);
    let params = ty.params().map(|(name, ty)| (name.to_owned(), ty)).collect();
    Signature { params, results: ty.results().collect() }
}

/// Calls a component's function.
pub(crate) async fn call<T: Send>(
    func: &Func,
    store: &mut Store<T>,
    args: &[component::Val],
    results: &mut [component::Val],
) -> Result<()> {
    func.call_async(store, args, results).await
}

/// Preopens a directory for reading and writing.
pub(crate) fn preopen(wasi: &mut WasiCtxBuilder, host: &Path, guest: &str) -> Result<()> {
    wasi.preopened_dir(host, guest, FsPerms::ReadWrite).map(|_| ())
}

/// Whether the guest threw an uncaught exception.
pub(crate) fn is_uncaught_exception(error: &Error) -> bool {
    error.is::<ThrownException>()
}

/// Whether a reference of a kind that not every version has is null.
pub(crate) fn is_null(value: &Val) -> bool {
    matches!(value, Val::ExnRef(None) | Val::ContRef(None))
}

/// An instantiated WASI 0.3 command.
pub(crate) struct Command03(p3::bindings::Command);

impl Command03 {
    /// Instantiates `unlinked`.
    pub(crate) async fn new(unlinked: InstancePre<Host>, store: &mut Store<Host>) -> Result<Self> {
        p3::bindings::CommandPre::new(unlinked)?.instantiate_async(store).await.map(Self)
    }

    /// Calls `wasi:cli/run`.
    pub(crate) async fn run(self, store: &mut Store<Host>) -> Result<Result<(), ()>> {
        let run = async |store: &_| self.0.wasi_cli_run().call_run(store).await;
        store.run_concurrent(run).await.flatten()
    }
}

impl WasiHttpView for Host {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.outgoing }
    }
}

/// Defines `wasi:http` for the versions that are needed.
pub(crate) fn add_http(linker: &mut Linker<Host>, of_0_2: bool, of_0_3: bool) -> Result<()> {
    if of_0_2 {
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    }
    if of_0_3 {
        wasmtime_wasi_http::p3::add_to_linker(linker)?;
    }
    Ok(())
}

//! Differences from the current version; see `../../wasmtime/src/api.rs`.

mod handler;
mod outgoing;

use std::path::Path;

use wasmtime::component::{self, Func, Instance, InstancePre, Linker, ResourceTable};
use wasmtime::{Config, Error, Result, Store, Val};
use wasmtime_wasi::{DirPerms, FilePerms, WasiCtxBuilder, p3};
use wasmtime_wasi_http::body::HyperOutgoingBody;
use wasmtime_wasi_http::types::{HostFutureIncomingResponse, OutgoingRequestConfig};
use wasmtime_wasi_http::{HttpResult, WasiHttpCtx, WasiHttpView};

pub(crate) use wasmtime_wasi::{preview0 as p0, preview1 as p1};

pub(crate) use handler::Handler;
pub(crate) use outgoing::Outgoing;

use crate::component::calls::Signature;
use crate::component::host::Host;

/// Proposals that this version has but disables by default: the API call and the proposal. It calls garbage collection
/// incomplete, and does not offer exceptions: their switch is hidden from the documentation.
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

/// Enables what one of [`SWITCHES`] provides.
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

/// Configures an engine for components: in this version, async support does not follow from the functions called.
pub(crate) fn for_components(config: &mut Config) {
    config.async_support(true);
}

/// The type of a component's function.
pub(crate) fn signature<T>(func: &Func, store: &Store<T>) -> Signature {
    Signature { params: func.params(store).into_vec(), results: func.results(store).into_vec() }
}

/// Calls a component's function and lets it clean up.
pub(crate) async fn call<T: Send>(
    func: &Func,
    store: &mut Store<T>,
    args: &[component::Val],
    results: &mut [component::Val],
) -> Result<()> {
    func.call_async(&mut *store, args, results).await?;
    func.post_return_async(store).await
}

/// Preopens a directory for reading and writing.
pub(crate) fn preopen(wasi: &mut WasiCtxBuilder, host: &Path, guest: &str) -> Result<()> {
    wasi.preopened_dir(host, guest, DirPerms::all(), FilePerms::all()).map(|_| ())
}

/// Whether the guest threw an uncaught exception, which is not possible in this version.
pub(crate) fn is_uncaught_exception(_: &Error) -> bool {
    false
}

/// Whether a reference of a kind that not every version has is null.
pub(crate) fn is_null(value: &Val) -> bool {
    matches!(value, Val::ExnRef(None))
}

/// An instantiated command of this version's draft of WASI 0.3, which has the version number of the release.
pub(crate) struct Command03(Instance, p3::bindings::Command);

impl Command03 {
    /// Instantiates `unlinked`.
    pub(crate) async fn new(unlinked: InstancePre<Host>, store: &mut Store<Host>) -> Result<Self> {
        let instance = unlinked.instantiate_async(&mut *store).await?;
        let command = p3::bindings::Command::new(&mut *store, &instance)?;
        Ok(Self(instance, command))
    }

    /// Calls `wasi:cli/run`.
    pub(crate) async fn run(self, store: &mut Store<Host>) -> Result<Result<(), ()>> {
        let Self(instance, command) = self;
        let run = async |store: &_| command.wasi_cli_run().call_run(store).await;
        instance.run_concurrent(store, run).await.flatten()
    }
}

impl WasiHttpView for Host {
    fn ctx(&mut self) -> &mut WasiHttpCtx {
        &mut self.http
    }

    fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }

    fn send_request(
        &mut self,
        request: hyper::Request<HyperOutgoingBody>,
        config: OutgoingRequestConfig,
    ) -> HttpResult<HostFutureIncomingResponse> {
        Ok(self.outgoing.send(request, config))
    }
}

/// Defines `wasi:http` 0.2 if needed. This version does not have 0.3.
pub(crate) fn add_http(linker: &mut Linker<Host>, of_0_2: bool, _of_0_3: bool) -> Result<()> {
    if of_0_2 {
        wasmtime_wasi_http::add_only_http_to_linker_async(linker)?;
    }
    Ok(())
}

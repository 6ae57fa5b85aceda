//! Host interfaces for components, linked if imported.

use wasmlab_protocol::{Cause, CellSpec};
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Store, StoreLimits};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView, p2, p3};
use wasmtime_wasi_http::WasiHttpCtx;
use wasmtime_wasi_keyvalue::{WasiKeyValue, WasiKeyValueCtx};

use crate::api::{self, Outgoing};
use crate::cause::engine_error;
use crate::link;

/// The data of a component's store.
pub(crate) struct Host {
    wasi: WasiCtx,
    /// For [`api`], like the next two.
    pub(crate) http: WasiHttpCtx,
    pub(crate) outgoing: Outgoing,
    pub(crate) table: ResourceTable,
    keyvalue: WasiKeyValueCtx,
    limits: StoreLimits,
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// A new store with everything in the specification.
pub(crate) fn store(engine: &Engine, spec: &CellSpec) -> Result<Store<Host>, Cause> {
    let host = Host {
        wasi: link::wasi(spec)?.build(),
        http: WasiHttpCtx::new(),
        outgoing: Outgoing { network: spec.network },
        keyvalue: WasiKeyValueCtx::builder().build(),
        table: ResourceTable::new(),
        limits: link::limits(spec),
    };
    let mut store = Store::new(engine, host);
    store.limiter(|host| &mut host.limits);
    Ok(store)
}

/// Defines the imports of `component`. Nothing else is defined, because that takes time.
pub(crate) fn linker(engine: &Engine, component: &Component) -> Result<Linker<Host>, Cause> {
    let ty = component.component_type();
    let imports = |package: &str, version: &str| {
        ty.imports(engine).any(|(name, _)| {
            name.starts_with(package) && name.rsplit_once('@').is_some_and(|(_, v)| v.starts_with(version))
        })
    };
    let mut linker = Linker::<Host>::new(engine);
    let define = |l: &mut Linker<Host>| -> wasmtime::Result<()> {
        // WASI 0.2 is always defined, so that a wrong name can be distinguished from a missing host.
        p2::add_to_linker_async(l)?;
        if imports("wasi:", "0.3") {
            p3::add_to_linker(l)?;
        }
        api::add_http(l, imports("wasi:http/", "0.2"), imports("wasi:http/", "0.3"))?;
        if imports("wasi:keyvalue/", "0.2") {
            wasmtime_wasi_keyvalue::add_to_linker(l, |host| WasiKeyValue::new(&host.keyvalue, &mut host.table))?;
        }
        Ok(())
    };
    define(&mut linker).map_err(|e| engine_error(&e))?;
    Ok(linker)
}

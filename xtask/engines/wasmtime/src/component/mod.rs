//! Runs components: WASI 0.2 and 0.3, `wasi:http`, `wasi:keyvalue`. What is specific to a version of wasmtime is in its
//! `api.rs`.

pub(crate) mod calls;
mod command;
pub(crate) mod host;
pub(crate) mod http;
mod imports;

use wasmlab_engine::{CompiledCode, EventLog};
use wasmlab_protocol::{Cause, CellSpec, EntryPoint, Stage};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::WASMTIME;
use crate::cause::engine_error;
use crate::compile::compiled;

/// Runs the component in `bytes`.
pub(crate) fn run(spec: &CellSpec, log: &EventLog, engine: &Engine, bytes: &[u8]) -> Result<(), Cause> {
    let component: Component = compiled(log, engine, bytes, CompiledCode::of(spec, &WASMTIME, bytes))?;

    log.stage(Stage::Link);
    let linker = host::linker(engine, &component)?;
    let unlinked = linker.instantiate_pre(&component).map_err(|e| imports::of_linking(&e, engine, &component))?;

    // Everything runs on this thread, the guest's code and the host's.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| engine_error(&e))?;
    let result = runtime.block_on(async {
        match &spec.entry {
            EntryPoint::Command => command::run(spec, log, &component, unlinked).await,
            EntryPoint::Http { port } => http::serve(spec, log, &component, unlinked, *port).await,
            EntryPoint::Calls(calls) => calls::run(spec, log, unlinked, calls).await,
        }
    });
    // A pending read of stdin that the guest no longer waits for must not block the process.
    runtime.shutdown_background();
    result
}

/// The export of `component` whose name starts with `interface`, followed by a version.
fn exported(engine: &Engine, component: &Component, interface: &str) -> Option<String> {
    let ty = component.component_type();
    ty.exports(engine).map(|(name, _)| name.to_owned()).find(|name| name.starts_with(interface))
}

/// The cause if `component` exports no `interface` that this host can call, because of `error`.
fn no_export(engine: &Engine, component: &Component, interface: &str, error: &wasmtime::Error) -> Cause {
    match exported(engine, component, interface) {
        // There is one, but with a version or a type that this host cannot call.
        Some(name) => {
            Cause::MissingExport { name: format!("{interface} (the component has {name}: {})", error.root_cause()) }
        }
        None => Cause::MissingExport { name: interface.to_owned() },
    }
}

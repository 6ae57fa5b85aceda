//! Running a command component of WASI 0.2, and nothing else that components do: see the current version.

use wasmlab_engine::{self as engine, Log};
use wasmlab_protocol::{Cause, CellSpec, EntryPoint, Stage};
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Store, StoreLimits};
use wasmtime_wasi::p2::{self, bindings::sync::CommandPre};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::cause::{engine_error, of_running};
use crate::compile::compiled;
use crate::{imports, link, network};

/// What is called in a command; its version follows.
const RUN: &str = "wasi:cli/run";

struct Host {
    wasi: WasiCtx,
    table: ResourceTable,
    limits: StoreLimits,
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// Runs the component in `bytes`.
pub(crate) fn run(spec: &CellSpec, log: &Log, engine: &Engine, bytes: &[u8]) -> Result<(), Cause> {
    let component: Component = compiled(spec, log, engine, bytes)?;

    log.stage(Stage::Link);
    match spec.entry {
        EntryPoint::Command => {}
        EntryPoint::Http { .. } => {
            let why = "the lab's program has no server for wasi:http in this version of wasmtime";
            return Err(engine::not_attempted("http-handler", why));
        }
        EntryPoint::Calls(_) => {
            let why = "the lab's program calls no exports of components in this version of wasmtime";
            return Err(engine::not_attempted("component-calls", why));
        }
    }
    let mut linker = Linker::<Host>::new(engine);
    p2::add_to_linker_sync(&mut linker).map_err(|e| engine_error(&e))?;
    let unlinked = linker.instantiate_pre(&component).map_err(|e| imports::of_linking(&e, engine, &component))?;
    let command = CommandPre::new(unlinked).map_err(|error| match exports_run(engine, &component) {
        // There is a `wasi:cli/run`, but of a version or a type that this host does not call.
        Some(name) => {
            Cause::MissingExport { name: format!("{RUN} (the component has {name}: {})", error.root_cause()) }
        }
        None => Cause::MissingExport { name: RUN.to_owned() },
    })?;

    log.stage(Stage::Instantiate);
    let mut wasi = link::wasi(spec)?;
    network::allow(&mut wasi, spec.network);
    let host = Host { wasi: wasi.build(), table: ResourceTable::new(), limits: link::limits(spec) };
    let mut store = Store::new(engine, host);
    store.limiter(|host| &mut host.limits);
    let command = command.instantiate(&mut store).map_err(|e| of_running(&e, Stage::Instantiate))?;

    log.stage(Stage::Run);
    match command.wasi_cli_run().call_run(&mut store) {
        Ok(Ok(())) => Ok(()),
        // `run` returned an error: every host's exit code for that is 1.
        Ok(Err(())) => Err(Cause::Exit { code: 1 }),
        Err(error) => Err(of_running(&error, Stage::Run)),
    }
}

fn exports_run(engine: &Engine, component: &Component) -> Option<String> {
    let ty = component.component_type();
    ty.exports(engine).map(|(name, _)| name.to_owned()).find(|name| name.starts_with(RUN))
}

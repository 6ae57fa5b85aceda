//! Running a command component of WASI 0.2.

use wasmlab_cell::engine::Log;
use wasmlab_cell::{Cause, CellSpec, Entry, Stage};
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Error, Store, StoreLimits};
use wasmtime_wasi::p2::{self, bindings::sync::CommandPre};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::cause::{engine_error, of_running};
use crate::compile::compiled;
use crate::link;

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
    link::refuse_sockets(spec)?;
    if spec.entry != Entry::Command {
        let message = "exports of components are called by their interface types, which a cell cannot name".to_owned();
        return Err(Cause::Unsupported { what: "component-calls".to_owned(), message });
    }
    let mut linker = Linker::<Host>::new(engine);
    p2::add_to_linker_sync(&mut linker).map_err(|e| engine_error(&e))?;
    let unlinked = linker.instantiate_pre(&component).map_err(|e| of_linking(&e, engine, &component))?;
    let command = CommandPre::new(unlinked).map_err(|error| match exports_run(engine, &component) {
        // There is a `wasi:cli/run`, but of a version or a type that this host does not call.
        Some(name) => Cause::NoExport { name: format!("{RUN} (the component has {name}: {})", error.root_cause()) },
        None => Cause::NoExport { name: RUN.to_owned() },
    })?;

    log.stage(Stage::Instantiate);
    let host = Host { wasi: link::wasi(spec)?.build(), table: ResourceTable::new(), limits: link::limits(spec) };
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

/// Which import wasmtime did not find, or found with another type. It says so in words only, and finds
/// versions by rules of its own: so the component's imports are looked for in the words.
fn of_linking(error: &Error, engine: &Engine, component: &Component) -> Cause {
    let message = format!("{error:#}");
    let ty = component.component_type();
    let mut imports = ty.imports(engine).map(|(name, _)| name.to_owned());
    let Some(module) = imports.find(|name| error.to_string().contains(&format!("`{name}`"))) else {
        return Cause::EngineError { message };
    };
    // The item of the interface, where the words name one: "instance export `f` has the wrong type".
    let item = error.chain().map(ToString::to_string).find(|words| words.starts_with("instance export"));
    let name = item.and_then(|words| words.split('`').nth(1).map(str::to_owned)).unwrap_or_default();
    if error.root_cause().to_string().contains("is missing") {
        return Cause::MissingImport { module, name, ty: "instance".to_owned(), missing: 0 };
    }
    Cause::ImportTypeMismatch { module, name, message }
}

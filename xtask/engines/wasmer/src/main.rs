//! wasmer as an engine of the lab: Cranelift and Singlepass, with its own host for WASI 0.1 and WASIX.

mod cause;
mod compile;
#[cfg(target_os = "linux")]
mod emscripten;
mod host;
mod limits;
mod link;
mod network;
mod runtime;
mod socket;
mod values;

use std::process::ExitCode;

use tokio::runtime::Runtime;
use wasmer::{Engine, Instance, Module, Store};
use wasmlab_engine::{self as engine, Log};
use wasmlab_protocol::{Call, Cause, CellSpec, EntryPoint, Stage, Value};

use crate::cause::{engine_error, of_running};
use crate::host::Wasi;

const WASMER: engine::Engine =
    engine::Engine { name: "wasmer", lock: include_str!("../Cargo.lock"), modes: MODES, switches: &[], run };

/// The last one is Cranelift with Emscripten's system calls, which need Linux.
#[cfg(target_os = "linux")]
const MODES: &[&str] = &["cranelift", "singlepass", emscripten::MODE];
#[cfg(not(target_os = "linux"))]
const MODES: &[&str] = &["cranelift", "singlepass"];

fn main() -> ExitCode {
    WASMER.main()
}

fn run(spec: &CellSpec, log: &Log) -> Result<(), Cause> {
    let bytes = engine::load(spec, log)?;
    let engine = compile::engine(spec);
    link_first(spec, log, &engine, &bytes)?;
    let module = compile::compiled(spec, log, &engine, &bytes)?;

    #[cfg(target_os = "linux")]
    if spec.mode == emscripten::MODE {
        return emscripten::run(spec, log, engine, &module, &bytes);
    }

    log.stage(Stage::Link);
    let tokio = tokio()?;
    let _entered = tokio.enter();
    let mut store = Store::new(engine.clone());
    let mut wasi = Wasi::new(spec, log, &module, &engine, &mut store, &tokio)?;
    let imports = link::imports(spec, log, &module, &mut store, &wasi)?;

    log.stage(Stage::Instantiate);
    let done =
        Instance::new(&mut store, &module, &imports).map_err(|e| cause::of_instantiating(&e)).and_then(|instance| {
            wasi.attach(&mut store, &instance, &imports)?;
            log.stage(Stage::Run);
            enter(spec, log, &mut store, &instance)
        });
    // From here on, a failing thread fails because its program has ended. Never unlocked, because the last event is
    // still to be written.
    std::mem::forget(runtime::begin_end());
    wasi.close(&store, done.as_ref().err());
    // Threads left by the guest end with the process, not before.
    tokio.shutdown_background();
    done
}

/// A runtime for wasmer-wasix, which does its I/O on tokio and panics outside of a runtime.
fn tokio() -> Result<Runtime, Cause> {
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(1).build();
    tokio.map_err(|e| engine_error(&e))
}

/// Ends the cell of a large module that is valid and lacks an import, before the module is compiled.
fn link_first(spec: &CellSpec, log: &Log, engine: &Engine, bytes: &[u8]) -> Result<(), Cause> {
    // Singlepass refuses valid modules while it compiles. The host takes the sockets, and there is one of each.
    if spec.mode != "cranelift" || !spec.sockets.is_empty() || compile::is_kept(spec, bytes) {
        return Ok(());
    }
    let Some(imports) = engine::imports_only(bytes) else { return Ok(()) };
    let Ok(imports) = Module::from_binary(engine, &imports) else { return Ok(()) };
    let tokio = tokio()?;
    let _entered = tokio.enter();
    let mut store = Store::new(engine.clone());
    let linked = Wasi::new(spec, log, &imports, engine, &mut store, &tokio)
        .and_then(|wasi| link::imports(spec, log, &imports, &mut store, &wasi));
    tokio.shutdown_background();
    let Err(cause) = linked else { return Ok(()) };
    // What else is wrong with the module is found first, by the compile stage.
    if Module::validate(engine, bytes).is_err() {
        return Ok(());
    }
    log.stage(Stage::Validate);
    log.stage(Stage::Link);
    Err(cause)
}

fn enter(spec: &CellSpec, log: &Log, store: &mut Store, instance: &Instance) -> Result<(), Cause> {
    let calls = match &spec.entry {
        EntryPoint::Calls(calls) => calls,
        EntryPoint::Http { .. } => return Err(engine::no_http()),
        EntryPoint::Command => {
            return invoke(store, instance, &Call { export: "_start".to_owned(), args: vec![] }).map(drop);
        }
    };
    if let Ok(initialize) = instance.exports.get_function("_initialize") {
        initialize.call(store, &[]).map_err(|e| of_running(&e))?;
    }
    for call in calls {
        let results = invoke(store, instance, call)?;
        log.call_returned(&call.export, results);
    }
    Ok(())
}

fn invoke(store: &mut Store, instance: &Instance, call: &Call) -> Result<Vec<Value>, Cause> {
    let no_export = |_| Cause::MissingExport { name: call.export.clone() };
    let function = instance.exports.get_function(&call.export).map_err(no_export)?;
    let args = values::args(call, &function.ty(store))?;
    let results = function.call(store, &args).map_err(|e| of_running(&e))?;
    Ok(results.iter().map(values::to_lab).collect())
}

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
use wasmlab_engine::{self as engine, CompiledCode, EventLog, ModuleInstance};
use wasmlab_protocol::{Call, Cause, CellSpec, Stage, Value};

use crate::cause::{engine_error, of_running};
use crate::host::Wasi;

const WASMER: engine::Engine =
    engine::Engine { name: "wasmer", version: env!("ENGINE_VERSION"), modes: MODES, switches: &[], run };

/// The last one is Cranelift with Emscripten's system calls, which need Linux.
#[cfg(target_os = "linux")]
const MODES: &[&str] = &["cranelift", "singlepass", emscripten::MODE];
#[cfg(not(target_os = "linux"))]
const MODES: &[&str] = &["cranelift", "singlepass"];

fn main() -> ExitCode {
    WASMER.main()
}

fn run(spec: &CellSpec, log: &EventLog) -> Result<(), Cause> {
    let bytes = engine::load(spec, log)?;
    let engine = compile::engine(spec);
    let cache = CompiledCode::of(spec, &WASMER, &bytes);
    try_imports_only(spec, log, &engine, &bytes, cache.as_ref())?;
    let module = compile::compiled(log, &engine, &bytes, cache)?;

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
    let result =
        Instance::new(&mut store, &module, &imports).map_err(|e| cause::of_instantiating(&e)).and_then(|instance| {
            wasi.attach(&mut store, &instance, &imports)?;
            engine::run_entry_point(spec, log, &mut Running { store: &mut store, instance })
        });
    // From here on, a failing thread fails because its program has ended. Never unlocked, because the last event is
    // still to be written.
    std::mem::forget(runtime::lock_end_event());
    wasi.close(&store, result.as_ref().err());
    // Threads left by the guest end with the process, not before.
    tokio.shutdown_background();
    result
}

/// A runtime for wasmer-wasix, which does its I/O on tokio and panics outside of a runtime.
fn tokio() -> Result<Runtime, Cause> {
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(1).build();
    tokio.map_err(|e| engine_error(&e))
}

/// Links before compiling, where that is possible.
fn try_imports_only(
    spec: &CellSpec,
    log: &EventLog,
    engine: &Engine,
    bytes: &[u8],
    cache: Option<&CompiledCode>,
) -> Result<(), Cause> {
    // Singlepass refuses valid modules while it compiles. The host takes the sockets, and there is one of each.
    if spec.mode != "cranelift" || !spec.sockets.is_empty() {
        return Ok(());
    }
    let link = |imports: &[u8]| {
        let Ok(imports) = Module::from_binary(engine, imports) else { return Ok(()) };
        let tokio = tokio()?;
        let _entered = tokio.enter();
        let mut store = Store::new(engine.clone());
        let linked = Wasi::new(spec, log, &imports, engine, &mut store, &tokio)
            .and_then(|wasi| link::imports(spec, log, &imports, &mut store, &wasi));
        tokio.shutdown_background();
        linked.map(drop)
    };
    engine::try_imports_only(log, bytes, cache, link, || Module::validate(engine, bytes).is_ok())
}

/// An instance with its store.
struct Running<'a> {
    store: &'a mut Store,
    instance: Instance,
}

impl ModuleInstance for Running<'_> {
    fn initialize(&mut self) -> Result<(), Cause> {
        let Ok(initialize) = self.instance.exports.get_function("_initialize") else { return Ok(()) };
        initialize.call(self.store, &[]).map(drop).map_err(|e| of_running(&e))
    }

    fn invoke(&mut self, call: &Call) -> Result<Vec<Value>, Cause> {
        let no_export = |_| Cause::MissingExport { name: call.export.clone() };
        let function = self.instance.exports.get_function(&call.export).map_err(no_export)?;
        let args = values::args(call, &function.ty(self.store))?;
        let results = function.call(self.store, &args).map_err(|e| of_running(&e))?;
        Ok(results.iter().map(values::to_lab).collect())
    }
}

//! Runs a core module.

use wasmlab_engine::{self as engine, CompiledCode, EventLog, ModuleInstance};
use wasmlab_protocol::{Call, Cause, CellSpec, Stage, Value};
use wasmtime::{Engine, Instance, Linker, Module, Store, Val};

use crate::cause::of_running;
use crate::compile::compiled;
use crate::link::{self, Host};
use crate::{WASMTIME, values};

/// Runs the core module in `bytes`.
pub(crate) fn run(spec: &CellSpec, log: &EventLog, engine: &Engine, bytes: &[u8]) -> Result<(), Cause> {
    let cache = CompiledCode::of(spec, &WASMTIME, bytes);
    try_imports_only(spec, log, engine, bytes, cache.as_ref())?;
    let module: Module = compiled(log, engine, bytes, cache)?;

    log.stage(Stage::Link);
    let (mut store, linker) = linked(spec, log, engine, &module)?;

    log.stage(Stage::Instantiate);
    let instance = linker.instantiate(&mut store, &module).map_err(|e| of_running(&e, Stage::Instantiate))?;

    engine::run_entry_point(spec, log, &mut Running { store, instance })
}

/// Defines and checks the imports of `module`.
fn linked(
    spec: &CellSpec,
    log: &EventLog,
    engine: &Engine,
    module: &Module,
) -> Result<(Store<Host>, Linker<Host>), Cause> {
    let mut linker = Linker::new(engine);
    link::define(spec, log, module, &mut linker)?;
    let mut store = Store::new(engine, Host { wasi: link::wasi(spec)?.build_p1(), limits: link::limits(spec) });
    store.limiter(|host| &mut host.limits);
    link::check(module, &linker, &mut store)?;
    Ok((store, linker))
}

/// Links before compiling, where that is possible.
fn try_imports_only(
    spec: &CellSpec,
    log: &EventLog,
    engine: &Engine,
    bytes: &[u8],
    cache: Option<&CompiledCode>,
) -> Result<(), Cause> {
    // Winch refuses valid modules while it compiles.
    if spec.mode == "winch" {
        return Ok(());
    }
    let link = |imports: &[u8]| {
        let Ok(imports) = Module::from_binary(engine, imports) else { return Ok(()) };
        linked(spec, log, engine, &imports).map(drop)
    };
    engine::try_imports_only(log, bytes, cache, link, || Module::validate(engine, bytes).is_ok())
}

/// An instance with its store.
struct Running {
    store: Store<Host>,
    instance: Instance,
}

impl ModuleInstance for Running {
    fn initialize(&mut self) -> Result<(), Cause> {
        let Some(initialize) = self.instance.get_func(&mut self.store, "_initialize") else { return Ok(()) };
        initialize.call(&mut self.store, &[], &mut []).map_err(|e| of_running(&e, Stage::Run))
    }

    fn invoke(&mut self, call: &Call) -> Result<Vec<Value>, Cause> {
        let Self { store, instance } = self;
        let no_export = || Cause::MissingExport { name: call.export.clone() };
        let func = instance.get_func(&mut *store, &call.export).ok_or_else(no_export)?;
        let ty = func.ty(&*store);
        let args = values::args(call, &ty)?;
        // Overwritten by the call, whatever their types.
        let mut results = vec![Val::I32(0); ty.results().len()];
        func.call(&mut *store, &args, &mut results).map_err(|e| of_running(&e, Stage::Run))?;
        Ok(results.iter().map(values::to_lab).collect())
    }
}

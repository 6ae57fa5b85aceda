//! Runs a core module.

use wasmlab_engine::{self as engine, Log};
use wasmlab_protocol::{Call, Cause, CellSpec, EntryPoint, Stage, Value};
use wasmtime::{Engine, Instance, Linker, Module, Store, Val};

use crate::cause::of_running;
use crate::compile::{self, compiled};
use crate::link::{self, Host};
use crate::values;

/// Runs the core module in `bytes`.
pub(crate) fn run(spec: &CellSpec, log: &Log, engine: &Engine, bytes: &[u8]) -> Result<(), Cause> {
    link_first(spec, log, engine, bytes)?;
    let module: Module = compiled(spec, log, engine, bytes)?;

    log.stage(Stage::Link);
    let (mut store, linker) = linked(spec, log, engine, &module)?;

    log.stage(Stage::Instantiate);
    let instance = linker.instantiate(&mut store, &module).map_err(|e| of_running(&e, Stage::Instantiate))?;

    log.stage(Stage::Run);
    match &spec.entry {
        EntryPoint::Command => {
            invoke(&mut store, instance, &Call { export: "_start".to_owned(), args: vec![] }).map(drop)
        }
        EntryPoint::Http { .. } => Err(engine::no_http()),
        EntryPoint::Calls(calls) => {
            if let Some(initialize) = instance.get_func(&mut store, "_initialize") {
                initialize.call(&mut store, &[], &mut []).map_err(|e| of_running(&e, Stage::Run))?;
            }
            for call in calls {
                let results = invoke(&mut store, instance, call)?;
                log.call_returned(&call.export, results);
            }
            Ok(())
        }
    }
}

/// Defines and checks the imports of `module`.
fn linked(spec: &CellSpec, log: &Log, engine: &Engine, module: &Module) -> Result<(Store<Host>, Linker<Host>), Cause> {
    let mut linker = Linker::new(engine);
    link::define(spec, log, module, &mut linker)?;
    let mut store = Store::new(engine, Host { wasi: link::wasi(spec)?.build_p1(), limits: link::limits(spec) });
    store.limiter(|host| &mut host.limits);
    link::check(module, &linker, &mut store)?;
    Ok((store, linker))
}

/// Ends the cell of a large module that is valid and lacks an import, before the module is compiled.
fn link_first(spec: &CellSpec, log: &Log, engine: &Engine, bytes: &[u8]) -> Result<(), Cause> {
    // Winch refuses valid modules while it compiles.
    if spec.mode == "winch" || compile::is_kept(spec, bytes) {
        return Ok(());
    }
    let Some(imports) = engine::imports_only(bytes) else { return Ok(()) };
    let Ok(imports) = Module::from_binary(engine, &imports) else { return Ok(()) };
    let Err(cause) = linked(spec, log, engine, &imports) else { return Ok(()) };
    // What else is wrong with the module is found first, by the compile stage.
    if Module::validate(engine, bytes).is_err() {
        return Ok(());
    }
    log.stage(Stage::Validate);
    log.stage(Stage::Link);
    Err(cause)
}

fn invoke(store: &mut Store<Host>, instance: Instance, call: &Call) -> Result<Vec<Value>, Cause> {
    let no_export = || Cause::MissingExport { name: call.export.clone() };
    let func = instance.get_func(&mut *store, &call.export).ok_or_else(no_export)?;
    let ty = func.ty(&*store);
    let args = values::args(call, &ty)?;
    // Overwritten by the call, whatever their types.
    let mut results = vec![Val::I32(0); ty.results().len()];
    func.call(&mut *store, &args, &mut results).map_err(|e| of_running(&e, Stage::Run))?;
    Ok(results.iter().map(values::to_lab).collect())
}

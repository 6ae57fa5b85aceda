//! Connects Emscripten's host to wasmi.

use std::fmt;

use wasmi::errors::HostError;
use wasmi::{AsContextMut, Error, Extern, ExternType, Global, Instance, Linker, Memory, Module, Ref};
use wasmi::{Store, StoreContextMut, Table, Val};
use wasmlab_engine::EventLog;
use wasmlab_host_emscripten::{self as host, GlobalValue, Guest, MemoryMap, Termination};
use wasmlab_protocol::{Cause, CellSpec, Stage};

use crate::{Host, cause, link};

/// The mode's name.
pub(crate) const MODE: &str = "interpreter+emscripten";

/// The host's state for its guest.
pub(crate) struct Program {
    host: host::Host,
    memory: Option<Memory>,
    instance: Option<Instance>,
}

/// A guest while it is calling the host.
struct Running<'a>(StoreContextMut<'a, Host>);

impl Running<'_> {
    fn program(&self) -> Option<&Program> {
        self.0.data().emscripten.as_ref()
    }

    fn linear_memory(&self) -> Option<Memory> {
        self.program()?.memory
    }
}

impl Guest for Running<'_> {
    fn host(&mut self) -> &mut host::Host {
        let program = self.0.data_mut().emscripten.as_mut();
        // `run` sets it before any function of the guest can be called.
        &mut program.unwrap_or_else(|| unreachable!("a guest without its host")).host
    }

    fn memory(&self) -> &[u8] {
        self.linear_memory().map_or(&[], |memory| memory.data(&self.0))
    }

    fn memory_mut(&mut self) -> &mut [u8] {
        match self.linear_memory() {
            Some(memory) => memory.data_mut(&mut self.0),
            None => &mut [],
        }
    }

    fn grow(&mut self, pages: u32) -> bool {
        self.linear_memory().is_some_and(|memory| memory.grow(&mut self.0, pages.into()).is_ok())
    }

    fn call(&mut self, export: &str, args: &[i32]) -> Result<Option<i32>, Termination> {
        let no_export = || Termination::MissingExport(export.to_owned());
        let instance = self.program().and_then(|p| p.instance).ok_or_else(no_export)?;
        let func = instance.get_func(&self.0, export).ok_or_else(no_export)?;
        let ty = func.ty(&self.0);
        if ty.params().len() != args.len() {
            return Err(no_export());
        }
        let args: Vec<Val> = args.iter().map(|arg| Val::I32(*arg)).collect();
        let mut results: Vec<Val> = ty.results().iter().map(|ty| Val::default_for_ty(*ty)).collect();
        func.call(&mut self.0, &args, &mut results).map_err(termination)?;
        Ok(results.first().and_then(Val::i32))
    }
}

/// The end of a guest, passed through wasmi as an error.
#[derive(Debug)]
struct TerminationError(Termination);

impl fmt::Display for TerminationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl HostError for TerminationError {}

fn termination(error: Error) -> Termination {
    if let Some(code) = error.i32_exit_status() {
        return Termination::Exit(code);
    }
    if error.downcast_ref::<TerminationError>().is_none() {
        return Termination::Engine(Box::new(error));
    }
    match error.downcast() {
        Some(TerminationError(termination)) => termination,
        None => unreachable!("it was one of these just now"),
    }
}

fn error(termination: Termination) -> Error {
    match termination {
        Termination::Exit(code) => Error::i32_exit(code),
        Termination::Engine(error) => match error.downcast::<Error>() {
            Ok(error) => *error,
            Err(other) => Error::new(other.to_string()),
        },
        other => Error::host(TerminationError(other)),
    }
}

/// Runs a guest, starting with linking.
pub(crate) fn run(
    spec: &CellSpec,
    log: &EventLog,
    bytes: &[u8],
    module: &Module,
    mut linker: Linker<Host>,
    mut store: Store<Host>,
) -> Result<(), Cause> {
    let host = host::Host::new(spec.into()).map_err(|e| Cause::EngineError { message: e.to_string() })?;
    store.data_mut().emscripten = Some(Program { host, memory: None, instance: None });
    let map = MemoryMap::new(host::data_end(bytes));
    define(module, &mut linker, &mut store, &map).map_err(|e| cause::of(&e, Stage::Instantiate))?;
    let is_defined = |module: &str, name: &str| linker.get(&store, module, name).is_some();
    link::missing(module, &linker, is_defined).map_or(Ok(()), Err)?;
    log.stage(Stage::Instantiate);
    let is_fastcomp = host::is_fastcomp(module.exports().map(|export| export.name()));
    if is_fastcomp {
        map.prepare(&mut Running(store.as_context_mut())).map_err(|message| Cause::ResourceLimit { message })?;
    }
    let instance = linker.instantiate_and_start(&mut store, module).map_err(|e| cause::of(&e, Stage::Instantiate))?;
    let exported = instance.get_memory(&store, "memory");
    if let Some(program) = store.data_mut().emscripten.as_mut() {
        program.instance = Some(instance);
        program.memory = exported.or(program.memory);
    }
    log.stage(Stage::Run);
    let engine_cause = |error: Error| cause::of(&error, Stage::Run);
    host::run_entry_point(spec, &mut Running(store.as_context_mut()), is_fastcomp, engine_cause)
}

/// Defines those of the module's imports that the host has.
fn define(module: &Module, linker: &mut Linker<Host>, store: &mut Store<Host>, map: &MemoryMap) -> Result<(), Error> {
    for import in module.imports() {
        let (from, name) = (import.module(), import.name());
        let item = match import.ty() {
            ExternType::Func(ty) => {
                let Some(function) = host::host_function(from, name) else { continue };
                let results = ty.results().to_vec();
                let defined = linker.func_new(from, name, ty.clone(), move |mut caller, args, out| {
                    let args = host::Args::of(args, wide);
                    let result = function.call(&mut Running(caller.as_context_mut()), &args).map_err(error)?;
                    for (out, ty) in out.iter_mut().zip(&results) {
                        *out =
                            if matches!(ty, wasmi::ValType::I64) { Val::I64(result) } else { Val::I32(result as i32) };
                    }
                    Ok(())
                });
                // A second import of the same function is already defined.
                defined.ok();
                continue;
            }
            ExternType::Memory(ty) if (from, name) == ("env", "memory") => {
                let memory = Memory::new(&mut *store, *ty)?;
                if let Some(program) = store.data_mut().emscripten.as_mut() {
                    program.memory = Some(memory);
                }
                Extern::Memory(memory)
            }
            ExternType::Table(ty) if (from, name) == ("env", "table") => {
                Extern::Table(Table::new(&mut *store, *ty, Ref::default_for_ty(ty.element()))?)
            }
            ExternType::Global(ty) => {
                let Some(value) = host::global(from, name, map) else { continue };
                let value = match value {
                    GlobalValue::I32(value) => Val::I32(value),
                    GlobalValue::F64(value) => Val::F64(value.into()),
                };
                Extern::Global(Global::new(&mut *store, value, ty.mutability()))
            }
            _ => continue,
        };
        linker.define(from, name, item).ok();
    }
    Ok(())
}

/// An integer, widened for the host.
fn wide(value: &Val) -> i64 {
    match value {
        Val::I32(value) => (*value).into(),
        Val::I64(value) => *value,
        _ => 0,
    }
}

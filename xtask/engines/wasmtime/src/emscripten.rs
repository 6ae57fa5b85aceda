//! Connects Emscripten's host to wasmtime.

use std::fmt;

use wasmlab_engine::{self as engine, CompiledCode, EventLog};
use wasmlab_host_emscripten::{self as host, GlobalValue, Guest, MemoryMap, Termination};
use wasmlab_protocol::{Cause, CellSpec, Stage};
use wasmtime::{AsContextMut, Caller, Engine, Error, ExternType, FuncType, Global, Instance, Linker, Memory, Module};
use wasmtime::{Ref, Result, Store, StoreContextMut, StoreLimits, Table, Val, ValType};

use crate::cause::{engine_error, of_running};
use crate::compile::compiled;
use crate::{WASMTIME, link};

/// The mode's name.
pub(crate) const MODE: &str = "cranelift+emscripten";

/// The data of a store.
struct Program {
    host: host::Host,
    limits: StoreLimits,
    memory: Option<Memory>,
    instance: Option<Instance>,
}

/// A guest while it is calling the host.
struct Running<'a>(StoreContextMut<'a, Program>);

impl Guest for Running<'_> {
    fn host(&mut self) -> &mut host::Host {
        &mut self.0.data_mut().host
    }

    fn memory(&self) -> &[u8] {
        self.0.data().memory.map_or(&[], |memory| memory.data(&self.0))
    }

    fn memory_mut(&mut self) -> &mut [u8] {
        match self.0.data().memory {
            Some(memory) => memory.data_mut(&mut self.0),
            None => &mut [],
        }
    }

    fn grow(&mut self, pages: u32) -> bool {
        let memory = self.0.data().memory;
        memory.is_some_and(|memory| memory.grow(&mut self.0, pages.into()).is_ok())
    }

    fn call(&mut self, export: &str, args: &[i32]) -> std::result::Result<Option<i32>, Termination> {
        let no_export = || Termination::MissingExport(export.to_owned());
        let instance = self.0.data().instance.ok_or_else(no_export)?;
        let func = instance.get_func(&mut self.0, export).ok_or_else(no_export)?;
        let ty = func.ty(&self.0);
        if ty.params().len() != args.len() {
            return Err(no_export());
        }
        let args: Vec<Val> = args.iter().map(|arg| Val::I32(*arg)).collect();
        // Overwritten by the call, whatever their types.
        let mut results = vec![Val::I32(0); ty.results().len()];
        func.call(&mut self.0, &args, &mut results).map_err(termination)?;
        Ok(results.first().and_then(Val::i32))
    }
}

/// wasmtime's error as an error of the standard library.
#[derive(Debug)]
struct Wrapped(Error);

impl fmt::Display for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl std::error::Error for Wrapped {}

fn termination(error: Error) -> Termination {
    match error.downcast::<Termination>() {
        Ok(termination) => termination,
        Err(error) => Termination::Engine(Box::new(Wrapped(error))),
    }
}

/// Runs the module in `bytes`.
pub(crate) fn run(spec: &CellSpec, log: &EventLog, engine: &Engine, bytes: &[u8]) -> std::result::Result<(), Cause> {
    let module: Module = compiled(log, engine, bytes, CompiledCode::of(spec, &WASMTIME, bytes))?;

    log.stage(Stage::Link);
    refuse_threads(&module)?;
    let host = host::Host::new(spec.into()).map_err(|e| engine_error(&e))?;
    let program = Program { host, limits: link::limits(spec), memory: None, instance: None };
    let mut store = Store::new(engine, program);
    store.limiter(|program| &mut program.limits);
    let map = MemoryMap::new(host::data_end(bytes));
    let mut linker = Linker::new(engine);
    define(&module, &mut linker, &mut store, &map).map_err(|e| of_running(&e, Stage::Instantiate))?;
    link::check(&module, &linker, &mut store)?;

    log.stage(Stage::Instantiate);
    let is_fastcomp = host::is_fastcomp(module.exports().map(|export| export.name()));
    if is_fastcomp {
        let prepared = map.prepare(&mut Running(store.as_context_mut()));
        prepared.map_err(|message| Cause::ResourceLimit { message })?;
    }
    let instance = linker.instantiate(&mut store, &module).map_err(|e| of_running(&e, Stage::Instantiate))?;
    let exported = instance.get_memory(&mut store, "memory");
    let program = store.data_mut();
    program.instance = Some(instance);
    program.memory = exported.or(program.memory);

    log.stage(Stage::Run);
    let engine_cause = |error: Wrapped| of_running(&error.0, Stage::Run);
    host::run_entry_point(spec, &mut Running(store.as_context_mut()), is_fastcomp, engine_cause)
}

/// Refuses shared memories, imported or exported: they are not a [`Memory`], and wasmtime provides no slice of them.
fn refuse_threads(module: &Module) -> std::result::Result<(), Cause> {
    let types = module.imports().map(|import| import.ty()).chain(module.exports().map(|export| export.ty()));
    let shared = types.filter_map(|ty| ty.memory().map(wasmtime::MemoryType::is_shared)).any(|shared| shared);
    if shared { Err(engine::no_threads()) } else { Ok(()) }
}

/// Defines those of the module's imports that the host has.
fn define(module: &Module, linker: &mut Linker<Program>, store: &mut Store<Program>, map: &MemoryMap) -> Result<()> {
    // A name may be imported twice.
    linker.allow_shadowing(true);
    for import in module.imports() {
        let (from, name) = (import.module(), import.name());
        match import.ty() {
            ExternType::Func(ty) => {
                let Some(function) = host::host_function(from, name) else { continue };
                if !define_typed(linker, from, name, &ty, function)? {
                    define_any(linker, from, name, ty, function)?;
                }
            }
            ExternType::Memory(ty) if (from, name) == ("env", "memory") => {
                let memory = Memory::new(&mut *store, ty)?;
                store.data_mut().memory = Some(memory);
                linker.define(&mut *store, from, name, memory)?;
            }
            ExternType::Table(ty) if (from, name) == ("env", "table") => {
                let table = Table::new(&mut *store, ty, Ref::Func(None))?;
                linker.define(&mut *store, from, name, table)?;
            }
            ExternType::Global(ty) => {
                let Some(value) = host::global(from, name, map) else { continue };
                let value = match value {
                    GlobalValue::I32(value) => Val::I32(value),
                    GlobalValue::F64(value) => value.into(),
                };
                let global = Global::new(&mut *store, ty, value)?;
                linker.define(&mut *store, from, name, global)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Defines a function whose parameters are all `i32`, like most: called directly by compiled code, without a list of
/// values. Returns whether `ty` is such a type.
fn define_typed(
    linker: &mut Linker<Program>,
    from: &str,
    name: &str,
    ty: &FuncType,
    function: host::HostFunction,
) -> Result<bool> {
    macro_rules! typed {
        ($results:ty, $convert:expr, $($arg:ident)*) => {
            linker.func_wrap(from, name, move |mut caller: Caller<Program>, $($arg: i32),*| -> Result<$results> {
                let args: &[i64] = &[$($arg.into()),*];
                let result = function.call(&mut Running(caller.as_context_mut()), args).map_err(error)?;
                Ok($convert(result))
            })?
        };
    }
    let is_i32 = |ty: ValType| matches!(ty, ValType::I32);
    if !ty.params().all(is_i32) || !ty.results().all(is_i32) {
        return Ok(false);
    }
    match (ty.params().len(), ty.results().len()) {
        (0, 0) => typed!((), discard,),
        (1, 0) => typed!((), discard, a),
        (2, 0) => typed!((), discard, a b),
        (0, 1) => typed!(i32, truncate,),
        (1, 1) => typed!(i32, truncate, a),
        (2, 1) => typed!(i32, truncate, a b),
        (3, 1) => typed!(i32, truncate, a b c),
        (4, 1) => typed!(i32, truncate, a b c d),
        (5, 1) => typed!(i32, truncate, a b c d e),
        (6, 1) => typed!(i32, truncate, a b c d e f),
        _ => return Ok(false),
    };
    Ok(true)
}

fn discard(_: i64) {}

fn truncate(result: i64) -> i32 {
    result as i32
}

/// Defines a function of any type.
fn define_any(
    linker: &mut Linker<Program>,
    from: &str,
    name: &str,
    ty: FuncType,
    function: host::HostFunction,
) -> Result<()> {
    let results: Vec<ValType> = ty.results().collect();
    linker.func_new(from, name, ty, move |mut caller, args, out| {
        let args = host::Args::of(args, wide);
        let result = function.call(&mut Running(caller.as_context_mut()), &args).map_err(error)?;
        for (out, ty) in out.iter_mut().zip(&results) {
            *out = if matches!(ty, ValType::I64) { Val::I64(result) } else { Val::I32(truncate(result)) };
        }
        Ok(())
    })?;
    Ok(())
}

fn error(termination: Termination) -> Error {
    match termination {
        Termination::Engine(error) => match error.downcast::<Wrapped>() {
            Ok(error) => error.0,
            Err(other) => Error::msg(other.to_string()),
        },
        termination => Error::new(termination),
    }
}

/// An integer, widened for the host.
fn wide(value: &Val) -> i64 {
    match value {
        Val::I32(value) => (*value).into(),
        Val::I64(value) => *value,
        _ => 0,
    }
}

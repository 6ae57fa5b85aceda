//! Connects Emscripten's host to wasmer.

use wasmer::{Engine, ExternType, Function, FunctionEnv, FunctionEnvMut, Global, Imports};
use wasmer::{Instance, Memory, Module, Pages, RuntimeError, Store, Table, Type, Value};
use wasmlab_engine::EventLog;
use wasmlab_host_emscripten::{self as host, GlobalValue, Guest, MemoryMap, Termination};
use wasmlab_protocol::{Cause, CellSpec, Stage};

use crate::cause::{engine_error, of_instantiating, of_running};
use crate::link;

/// The mode's name.
pub(crate) const MODE: &str = "cranelift+emscripten";

/// State shared by the host's functions.
struct Program {
    host: host::Host,
    memory: Option<Memory>,
    instance: Option<Instance>,
}

/// A guest while it is calling the host.
struct Running<'a>(FunctionEnvMut<'a, Program>);

impl Running<'_> {
    /// Start and length of the guest's memory; `None` if it has none.
    fn extent(&self) -> Option<(*mut u8, usize)> {
        let view = self.0.data().memory.as_ref()?.view(&self.0);
        let len = usize::try_from(view.data_size()).ok()?;
        (len != 0).then(|| (view.data_ptr(), len))
    }
}

impl Guest for Running<'_> {
    fn host(&mut self) -> &mut host::Host {
        &mut self.0.data_mut().host
    }

    fn memory(&self) -> &[u8] {
        let Some((start, len)) = self.extent() else { return &[] };
        // SAFETY: the memory has `len` bytes from `start`. Only the holder of the store can move or write it, and the
        // store is borrowed as long as the slice. No other thread has it, because guests start none.
        unsafe { std::slice::from_raw_parts(start, len) }
    }

    fn memory_mut(&mut self) -> &mut [u8] {
        let Some((start, len)) = self.extent() else { return &mut [] };
        // SAFETY: as above, and the store is borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(start, len) }
    }

    fn grow(&mut self, pages: u32) -> bool {
        let memory = self.0.data().memory.clone();
        memory.is_some_and(|memory| memory.grow(&mut self.0, Pages(pages)).is_ok())
    }

    fn call(&mut self, export: &str, args: &[i32]) -> Result<Option<i32>, Termination> {
        let no_export = || Termination::MissingExport(export.to_owned());
        let instance = self.0.data().instance.as_ref().ok_or_else(no_export)?;
        let function = instance.exports.get_function(export).map_err(|_| no_export())?.clone();
        if function.ty(&self.0).params().len() != args.len() {
            return Err(no_export());
        }
        let args: Vec<Value> = args.iter().map(|arg| Value::I32(*arg)).collect();
        let results = function.call(&mut self.0, &args).map_err(termination)?;
        Ok(results.first().and_then(Value::i32))
    }
}

fn termination(error: RuntimeError) -> Termination {
    match error.downcast::<Termination>() {
        Ok(termination) => termination,
        Err(error) => Termination::Engine(Box::new(error)),
    }
}

/// Runs `module`, starting with linking.
pub(crate) fn run(spec: &CellSpec, log: &EventLog, engine: Engine, module: &Module, bytes: &[u8]) -> Result<(), Cause> {
    log.stage(Stage::Link);
    let mut store = Store::new(engine);
    let host = host::Host::new(spec.into()).map_err(|e| engine_error(&e))?;
    let env = FunctionEnv::new(&mut store, Program { host, memory: None, instance: None });
    let map = MemoryMap::new(host::data_end(bytes));
    let imports = define(module, &mut store, &env, &map)?;
    link::check(module, &store, &imports).map_or(Ok(()), Err)?;

    log.stage(Stage::Instantiate);
    let is_fastcomp = host::is_fastcomp(
        module.exports().map(|export| export.name().to_owned()).collect::<Vec<_>>().iter().map(String::as_str),
    );
    if is_fastcomp {
        let prepared = map.prepare(&mut Running(env.clone().into_mut(&mut store)));
        prepared.map_err(|message| Cause::ResourceLimit { message })?;
    }
    let instance = Instance::new(&mut store, module, &imports).map_err(|e| of_instantiating(&e))?;
    let exported = instance.exports.get_memory("memory").ok().cloned();
    let program = env.as_mut(&mut store);
    program.memory = exported.or(program.memory.take());
    program.instance = Some(instance);

    log.stage(Stage::Run);
    let engine_cause = |error: RuntimeError| of_running(&error);
    host::run_entry_point(spec, &mut Running(env.into_mut(&mut store)), is_fastcomp, engine_cause)
}

/// Defines those of the module's imports that the host has.
fn define(module: &Module, store: &mut Store, env: &FunctionEnv<Program>, map: &MemoryMap) -> Result<Imports, Cause> {
    let limit = |message: String| Cause::ResourceLimit { message };
    let mut imports = Imports::new();
    for import in module.imports() {
        let (from, name) = (import.module(), import.name());
        match import.ty() {
            ExternType::Function(ty) => {
                let Some(function) = host::host_function(from, name) else { continue };
                let results = ty.results().to_vec();
                let call = move |env: FunctionEnvMut<Program>, args: &[Value]| {
                    let args = host::Args::of(args, wide);
                    let result = function.call(&mut Running(env), &args).map_err(error)?;
                    let typed = |ty: &Type| {
                        if *ty == Type::I64 { Value::I64(result) } else { Value::I32(result as i32) }
                    };
                    Ok(results.iter().map(typed).collect())
                };
                imports.define(from, name, Function::new_with_env(store, env, ty, call));
            }
            ExternType::Memory(ty) if (from, name) == ("env", "memory") => {
                let memory = Memory::new(store, *ty).map_err(|e| limit(e.to_string()))?;
                env.as_mut(store).memory = Some(memory.clone());
                imports.define(from, name, memory);
            }
            ExternType::Table(ty) if (from, name) == ("env", "table") => {
                let table = Table::new(store, *ty, Value::FuncRef(None)).map_err(|e| limit(e.to_string()))?;
                imports.define(from, name, table);
            }
            ExternType::Global(_) => {
                let Some(value) = host::global(from, name, map) else { continue };
                let value = match value {
                    GlobalValue::I32(value) => Value::I32(value),
                    GlobalValue::F64(value) => Value::F64(value),
                };
                imports.define(from, name, Global::new(store, value));
            }
            _ => {}
        }
    }
    Ok(imports)
}

fn error(termination: Termination) -> RuntimeError {
    match termination {
        Termination::Engine(error) => match error.downcast::<RuntimeError>() {
            Ok(error) => *error,
            Err(other) => RuntimeError::user(other),
        },
        termination => RuntimeError::user(Box::new(termination)),
    }
}

/// An integer, widened for the host.
fn wide(value: &Value) -> i64 {
    match value {
        Value::I32(value) => (*value).into(),
        Value::I64(value) => *value,
        _ => 0,
    }
}

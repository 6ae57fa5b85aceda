//! tinywasm as an engine of the lab: a small interpreter for core modules without WASI. A program can only use what its
//! embedder defines.

mod cause;
mod link;
mod values;

use std::process::ExitCode;

use tinywasm::engine::{Config, StackConfig};
use tinywasm::types::{ExternalKind, FuncType, MemoryType, Module, ModuleInner};
use tinywasm::{Engine, ModuleInstance, Store};
use wasmlab_engine::{self as engine, EventLog};
use wasmlab_protocol::{Call, Cause, CellSpec, Stage, Value};

const TINYWASM: engine::Engine = engine::Engine {
    name: "tinywasm",
    version: env!("ENGINE_VERSION"),
    modes: &["interpreter"],
    switches: &[(DEPTH, wasmlab_protocol::STACK_DEPTH)],
    run,
};

/// Raises limits that compiling engines do not have.
const DEPTH: &str = "Config::with_call_stack(dynamic(1024, 20000)).with_value_stack(dynamic(4096, 1048576))";

fn main() -> ExitCode {
    TINYWASM.main()
}

fn run(spec: &CellSpec, log: &EventLog) -> Result<(), Cause> {
    let bytes = engine::load(spec, log)?;

    // Validated and translated to tinywasm's bytecode in one step, faster than reading it back would be, so
    // `spec.code_cache` is not used.
    log.stage(Stage::Compile);
    let module = tinywasm::parse_bytes(&bytes).map_err(|e| cause::of(&e.into(), Stage::Compile))?;

    log.stage(Stage::Link);
    let mut store = Store::new(Engine::new(config(spec)));
    let imports = link::imports(spec, log, &module, &mut store)?;

    log.stage(Stage::Instantiate);
    let module = limited(spec, &module)?;
    let instance = ModuleInstance::instantiate(&mut store, &module, Some(imports))
        .map_err(|e| cause::of(&e, Stage::Instantiate))?;

    engine::run_entry_point(spec, log, &mut Running { store, module, instance })
}

/// An instance with its store and module.
struct Running {
    store: Store,
    module: Module,
    instance: ModuleInstance,
}

impl engine::ModuleInstance for Running {
    fn initialize(&mut self) -> Result<(), Cause> {
        if exported(&self.module, "_initialize").is_none() {
            return Ok(());
        }
        self.invoke(&Call { export: "_initialize".to_owned(), args: vec![] }).map(drop)
    }

    fn invoke(&mut self, call: &Call) -> Result<Vec<Value>, Cause> {
        let Self { store, module, instance } = self;
        let ty = exported(module, &call.export).ok_or_else(|| Cause::MissingExport { name: call.export.clone() })?;
        let args = values::args(call, ty)?;
        let function = instance.func_untyped(store, &call.export).map_err(|e| cause::of(&e, Stage::Run))?;
        let results = function.call(store, &args).map_err(|e| cause::of(&e, Stage::Run))?;
        Ok(results.iter().map(values::to_lab).collect())
    }
}

/// tinywasm's default configuration, plus what the specification enables. The call stack then has the same limits as
/// the lab's other interpreter, instead of 1,000 frames. Endless recursion still ends within milliseconds.
fn config(spec: &CellSpec) -> Config {
    let config = Config::new();
    if !spec.switches.iter().any(|name| name == DEPTH) {
        return config;
    }
    config
        .with_call_stack(StackConfig::dynamic(1 << 10, 20_000))
        .with_value_stack(StackConfig::dynamic(4 << 10, 1 << 20))
}

/// `module` with the maximum of every memory lowered to the cell's limit. tinywasm has no limiter, but respects what a
/// module declares. (Its tables have a limit of their own.)
fn limited(spec: &CellSpec, module: &Module) -> Result<Module, Cause> {
    let lowered = |ty: &MemoryType| {
        let pages = spec.memory_limit / ty.page_size().max(1);
        if ty.page_count_initial() > pages {
            let message = format!("a memory of {} bytes is more than the limit", ty.initial_size());
            return Err(Cause::ResourceLimit { message });
        }
        Ok(ty.with_page_count_max(Some(ty.page_count_max().min(pages))))
    };
    let memory_types = module.memory_types.iter().map(lowered).collect::<Result<_, _>>()?;
    Ok(ModuleInner { memory_types, ..ModuleInner::clone(module) }.into())
}

/// The type of the exported function `name`.
fn exported<'a>(module: &'a Module, name: &str) -> Option<&'a FuncType> {
    let export = module.exports.iter().find(|export| &*export.name == name && export.kind == ExternalKind::Func)?;
    let ty = module.func_type_idxs.get(export.index as usize)?;
    module.func_types.get(*ty as usize).map(|ty| &**ty)
}

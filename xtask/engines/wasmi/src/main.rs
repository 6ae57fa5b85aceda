//! wasmi as an engine of the lab: an interpreter, with WASI 0.1 from wasi-common.

mod cause;
#[cfg(target_os = "linux")]
mod emscripten;
mod link;
mod values;

use std::process::ExitCode;

use wasmi::{Config, Engine, Instance, Linker, Module, Store, StoreLimits, StoreLimitsBuilder, Val};
use wasmi_wasi::WasiCtx;
use wasmlab_engine::{self as engine, EventLog, ModuleInstance};
use wasmlab_protocol::{Call, Cause, CellSpec, Stage, Value};

const WASMI: engine::Engine =
    engine::Engine { name: "wasmi", version: env!("ENGINE_VERSION"), modes: MODES, switches: SWITCHES, run };

/// Features that wasmi disables by default, and limits that compiling engines do not have.
const SWITCHES: &[(&str, &str)] =
    &[(PAGE_SIZES, "custom-page-sizes"), (WIDE, "wide-arithmetic"), (DEPTH, wasmlab_protocol::STACK_DEPTH)];
const PAGE_SIZES: &str = "Config::wasm_custom_page_sizes(true)";
const WIDE: &str = "Config::wasm_wide_arithmetic(true)";
const DEPTH: &str = "Config::set_max_recursion_depth(20000).set_max_stack_height(8388608)";

/// The second one is the interpreter with Emscripten's system calls, which need Linux.
#[cfg(target_os = "linux")]
const MODES: &[&str] = &["interpreter", emscripten::MODE];
#[cfg(not(target_os = "linux"))]
const MODES: &[&str] = &["interpreter"];

fn main() -> ExitCode {
    WASMI.main()
}

/// The data of a store.
pub(crate) struct Host {
    wasi: WasiCtx,
    limits: StoreLimits,
    #[cfg(target_os = "linux")]
    emscripten: Option<emscripten::Program>,
}

fn run(spec: &CellSpec, log: &EventLog) -> Result<(), Cause> {
    let bytes = engine::load(spec, log)?;
    let engine = Engine::new(&config(spec));

    // Modules are validated here and each function is translated when first called, which is wasmi's default. There is
    // no compiled code worth caching, so `spec.code_cache` is not used.
    log.stage(Stage::Compile);
    let module = Module::new(&engine, &bytes).map_err(|e| cause::of(&e, Stage::Compile))?;

    log.stage(Stage::Link);
    let mut linker = Linker::new(&engine);
    let host = Host {
        wasi: link::wasi(spec)?,
        limits: limits(spec),
        #[cfg(target_os = "linux")]
        emscripten: None,
    };
    let mut store = Store::new(&engine, host);
    store.limiter(|host| &mut host.limits);
    #[cfg(target_os = "linux")]
    if spec.mode == emscripten::MODE {
        return emscripten::run(spec, log, &bytes, &module, linker, store);
    }
    link::define(spec, log, &module, &mut linker)?;

    log.stage(Stage::Instantiate);
    let instance = linker.instantiate_and_start(&mut store, &module).map_err(|e| cause::of(&e, Stage::Instantiate))?;

    engine::run_entry_point(spec, log, &mut Running { store, instance })
}

/// An instance with its store.
struct Running {
    store: Store<Host>,
    instance: Instance,
}

impl ModuleInstance for Running {
    fn initialize(&mut self) -> Result<(), Cause> {
        let Some(initialize) = self.instance.get_func(&self.store, "_initialize") else { return Ok(()) };
        initialize.call(&mut self.store, &[], &mut []).map_err(|e| cause::of(&e, Stage::Run))
    }

    fn invoke(&mut self, call: &Call) -> Result<Vec<Value>, Cause> {
        let Self { store, instance } = self;
        let no_export = || Cause::MissingExport { name: call.export.clone() };
        let func = instance.get_func(&*store, &call.export).ok_or_else(no_export)?;
        let ty = func.ty(&*store);
        let args = values::args(call, &ty)?;
        let mut results: Vec<_> = ty.results().iter().map(|ty| Val::default_for_ty(*ty)).collect();
        func.call(store, &args, &mut results).map_err(|e| cause::of(&e, Stage::Run))?;
        Ok(results.iter().map(values::to_lab).collect())
    }
}

/// wasmi's default configuration, plus what the specification enables.
fn config(spec: &CellSpec) -> Config {
    let mut config = Config::default();
    let on = |switch: &str| spec.switches.iter().any(|name| name == switch);
    config.wasm_custom_page_sizes(on(PAGE_SIZES)).wasm_wide_arithmetic(on(WIDE));
    // wasmi keeps the guest's stack on the heap and by default stops at 1,000 frames and 1 MB, while browsers and
    // compiling engines allow some ten thousand. These limits are close to those, and endless recursion still ends
    // within milliseconds.
    if on(DEPTH) {
        config.set_max_recursion_depth(20_000).set_max_stack_height(8 << 20);
    }
    config
}

fn limits(spec: &CellSpec) -> StoreLimits {
    StoreLimitsBuilder::new()
        .memory_size(usize::try_from(spec.memory_limit).unwrap_or(usize::MAX))
        .table_elements(wasmlab_protocol::MAX_TABLE_ELEMENTS)
        .build()
}

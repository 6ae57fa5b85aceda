//! wasmtime as an engine of the lab: Cranelift, Winch and Pulley; WASI 0.1 and, for components, 0.2 and 0.3.

mod api;
mod cause;
mod compile;
mod component;
mod config;
#[cfg(target_os = "linux")]
mod emscripten;
mod link;
mod module;
mod network;
mod values;

use std::process::ExitCode;

use wasmlab_engine::{self as engine, EventLog};
use wasmlab_protocol::{Cause, CellSpec};

const WASMTIME: engine::Engine =
    engine::Engine { name: "wasmtime", version: env!("ENGINE_VERSION"), modes: MODES, switches: api::SWITCHES, run };

/// The last one is Cranelift with Emscripten's system calls, which need Linux.
#[cfg(target_os = "linux")]
const MODES: &[&str] = &["cranelift", "winch", "pulley", emscripten::MODE];
#[cfg(not(target_os = "linux"))]
const MODES: &[&str] = &["cranelift", "winch", "pulley"];

fn main() -> ExitCode {
    WASMTIME.main()
}

fn run(spec: &CellSpec, log: &EventLog) -> Result<(), Cause> {
    let bytes = engine::load(spec, log)?;
    let engine = config::engine(spec, &bytes)?;
    #[cfg(target_os = "linux")]
    if spec.mode == emscripten::MODE {
        return emscripten::run(spec, log, &engine, &bytes);
    }
    if engine::is_component(&bytes) {
        component::run(spec, log, &engine, &bytes)
    } else {
        module::run(spec, log, &engine, &bytes)
    }
}

//! The previous wasmtime with long support as an engine of the lab, to show what an upgrade changes. What can
//! be the same as for the current version is the same file.

mod api;
#[path = "../../wasmtime/src/cause.rs"]
mod cause;
#[path = "../../wasmtime/src/compile.rs"]
mod compile;
mod component;
#[path = "../../wasmtime/src/config.rs"]
mod config;
#[path = "../../wasmtime/src/component/imports.rs"]
mod imports;
#[path = "../../wasmtime/src/link.rs"]
mod link;
#[path = "../../wasmtime/src/module.rs"]
mod module;
mod network;
#[path = "../../wasmtime/src/values.rs"]
mod values;

use std::process::ExitCode;

use wasmlab_engine::{self as engine, Log};
use wasmlab_protocol::{Cause, CellSpec};

const WASMTIME: engine::Engine = engine::Engine {
    name: "wasmtime",
    lock: include_str!("../Cargo.lock"),
    modes: &["cranelift"],
    switches: api::SWITCHES,
    run,
};

fn main() -> ExitCode {
    WASMTIME.main()
}

fn run(spec: &CellSpec, log: &Log) -> Result<(), Cause> {
    let bytes = engine::load(spec, log)?;
    let engine = config::engine(spec, bytes.len())?;
    if engine::is_component(&bytes) {
        component::run(spec, log, &engine, &bytes)
    } else {
        module::run(spec, log, &engine, &bytes)
    }
}

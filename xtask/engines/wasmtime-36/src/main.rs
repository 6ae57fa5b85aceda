//! The previous long-term support version of wasmtime as an engine of the lab, to show what an upgrade changes. It
//! shares all source files that can be the same as for the current version.

mod api;
#[path = "../../wasmtime/src/cause.rs"]
mod cause;
#[path = "../../wasmtime/src/compile.rs"]
mod compile;
#[path = "../../wasmtime/src/component/mod.rs"]
mod component;
#[path = "../../wasmtime/src/config.rs"]
mod config;
#[path = "../../wasmtime/src/link.rs"]
mod link;
#[path = "../../wasmtime/src/module.rs"]
mod module;
mod network;
#[path = "../../wasmtime/src/values.rs"]
mod values;

use std::process::ExitCode;

use wasmlab_engine::{self as engine, EventLog};
use wasmlab_protocol::{Cause, CellSpec};

const WASMTIME: engine::Engine = engine::Engine {
    name: "wasmtime",
    version: env!("ENGINE_VERSION"),
    modes: &["cranelift"],
    switches: api::SWITCHES,
    run,
};

fn main() -> ExitCode {
    WASMTIME.main()
}

fn run(spec: &CellSpec, log: &EventLog) -> Result<(), Cause> {
    let bytes = engine::load(spec, log)?;
    let engine = config::engine(spec, &bytes)?;
    if engine::is_component(&bytes) {
        component::run(spec, log, &engine, &bytes)
    } else {
        module::run(spec, log, &engine, &bytes).map_err(of_threads)
    }
}

/// This version still supports WASI 0.1 threads, in a separate crate that this program is built without.
fn of_threads(cause: Cause) -> Cause {
    match &cause {
        Cause::MissingImport { module, name, .. } if module == "wasi" && name == "thread-spawn" => {
            engine::not_attempted(
                "wasi-threads",
                "wasmtime 36 has threads of WASI 0.1 (crate wasmtime-wasi-threads), and the lab's program does not link them",
            )
        }
        _ => cause,
    }
}

//! The configuration of each mode: wasmtime's defaults, plus what the specification enables.

use wasmlab_protocol::{Cause, CellSpec};
use wasmtime::{Config, Engine, Strategy};

use crate::{api, cause};

/// Smaller modules are compiled on one thread, because starting the others takes longer.
const SMALL: usize = 64 << 10;

/// The engine for the specification's mode and the module or component in `bytes`.
pub(crate) fn engine(spec: &CellSpec, bytes: &[u8]) -> Result<Engine, Cause> {
    let mut config = Config::new();
    config.parallel_compilation(bytes.len() > SMALL);
    if wasmlab_engine::is_component(bytes) {
        api::for_components(&mut config);
    }
    for (switch, enables) in api::SWITCHES {
        if spec.switches.iter().any(|name| name == switch) {
            api::turn_on(&mut config, enables);
        }
    }
    match spec.mode.as_str() {
        "winch" => config.strategy(Strategy::Winch),
        // Pulley is a virtual machine: Cranelift compiles to its bytecode.
        "pulley" => config.strategy(Strategy::Cranelift).target(pulley()).map_err(|e| cause::engine_error(&e))?,
        _ => config.strategy(Strategy::Cranelift),
    };
    Engine::new(&config).map_err(|error| match spec.switches.is_empty() {
        true => cause::engine_error(&error),
        // A mode may lack what others have behind the same switch.
        false => Cause::Unsupported { feature: "switch".to_owned(), message: error.to_string() },
    })
}

/// The name of the Pulley target for this machine, chosen like wasmtime does.
fn pulley() -> &'static str {
    match (cfg!(target_pointer_width = "64"), cfg!(target_endian = "big")) {
        (true, false) => "pulley64",
        (true, true) => "pulley64be",
        (false, false) => "pulley32",
        (false, true) => "pulley32be",
    }
}

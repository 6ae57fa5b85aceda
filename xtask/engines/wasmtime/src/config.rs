//! The configuration of each mode: wasmtime as it comes, and what the specification turns on.

use wasmlab_protocol::{Cause, CellSpec};
use wasmtime::{Config, Engine, Strategy};

use crate::{api, cause};

/// Below this size a module is compiled on one thread: starting the others takes longer.
const SMALL: usize = 64 << 10;

/// The engine of the specification's mode for the module or component in `bytes`.
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
        // Pulley is a machine without hardware: Cranelift compiles to its bytecode.
        "pulley" => config.strategy(Strategy::Cranelift).target(pulley()).map_err(|e| cause::engine_error(&e))?,
        _ => config.strategy(Strategy::Cranelift),
    };
    Engine::new(&config).map_err(|error| match spec.switches.is_empty() {
        true => cause::engine_error(&error),
        // A mode may be without what others have behind the same switch.
        false => Cause::Unsupported { feature: "switch".to_owned(), message: error.to_string() },
    })
}

/// The Pulley that fits this machine, as wasmtime's own choice of name.
fn pulley() -> &'static str {
    match (cfg!(target_pointer_width = "64"), cfg!(target_endian = "big")) {
        (true, false) => "pulley64",
        (true, true) => "pulley64be",
        (false, false) => "pulley32",
        (false, true) => "pulley32be",
    }
}

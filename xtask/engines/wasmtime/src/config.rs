//! The configuration of each mode: every proposal that wasmtime has there.

use wasmlab_protocol::Cause;
use wasmtime::{Config, Engine, Strategy};

use crate::api::{OPTIONAL, WasmFeatures};
use crate::{api, cause};

/// Below this size a module is compiled on one thread: starting the others takes longer.
const SMALL: usize = 64 << 10;

/// The engine of `mode` for a module of `size` bytes.
pub(crate) fn engine(mode: &str, size: usize) -> Result<Engine, Cause> {
    let mut asked = OPTIONAL;
    loop {
        match Engine::new(&config(mode, size, asked)?) {
            Ok(engine) => return Ok(engine),
            // Which proposals a mode has is asked of wasmtime, one refusal at a time: it names the
            // feature, and the next attempt goes without it.
            Err(error) => match named(asked, &error.to_string()) {
                Some(refused) => asked.remove(refused),
                None => return Err(cause::engine_error(&error)),
            },
        }
    }
}

fn config(mode: &str, size: usize, asked: WasmFeatures) -> Result<Config, Cause> {
    let mut config = Config::new();
    config.parallel_compilation(size > SMALL);
    api::allow_shared_memory(&mut config);
    for (_, feature) in asked.iter_names() {
        api::switch_on(&mut config, feature);
    }
    match mode {
        "winch" => config.strategy(Strategy::Winch),
        // Pulley is a machine without hardware: Cranelift compiles to its bytecode.
        "pulley" => config.strategy(Strategy::Cranelift).target(pulley()).map_err(|e| cause::engine_error(&e))?,
        _ => config.strategy(Strategy::Cranelift),
    };
    Ok(config)
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

/// The feature of `asked` that wasmtime names in a refusal: `the wasm_stack_switching feature is not …`.
fn named(asked: WasmFeatures, refusal: &str) -> Option<WasmFeatures> {
    let mut features = asked.iter_names();
    features.find(|(name, _)| refusal.contains(&format!("wasm_{} ", name.to_lowercase()))).map(|(_, feature)| feature)
}

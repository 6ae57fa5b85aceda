//! wasmtime, embedded: its three compilers, and Cranelift with Emscripten's system calls.

use crate::{HostLayer, Runtime, embedded};

/// The command line of the same engine has a switch for it.
pub const STACK: Option<&str> = Some(
    "`Config::max_wasm_stack(BYTES)` of the program that embeds it; on its command line `-W max-wasm-stack=BYTES`",
);

pub fn columns() -> Vec<Runtime> {
    let column = |id, mode| Runtime { build_minutes: 7, stack_hint: STACK, ..embedded::column(id, "wasmtime", mode) };
    let cranelift = column("wasmtime-cranelift", "cranelift");
    vec![
        cranelift.clone(),
        // Cranelift and Pulley compile every valid module, so the engine itself links its imports first.
        Runtime { compiles_before_linking: true, ..column("wasmtime-winch", "winch") },
        column("wasmtime-pulley", "pulley"),
        cranelift.with_host_layer(HostLayer::Emscripten),
    ]
}

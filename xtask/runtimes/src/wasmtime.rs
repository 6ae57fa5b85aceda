//! wasmtime, embedded: by each of its three ways to run code, and with Emscripten's system calls.

use crate::{HostLayer, Runtime, embedded};

pub fn columns() -> Vec<Runtime> {
    let column = |id, mode| Runtime { slow_to_build: true, ..embedded::column(id, "wasmtime", mode) };
    let cranelift = column("wasmtime-cranelift", "cranelift");
    vec![
        cranelift.clone(),
        column("wasmtime-winch", "winch"),
        column("wasmtime-pulley", "pulley"),
        cranelift.with_host_layer(HostLayer::Emscripten),
    ]
}

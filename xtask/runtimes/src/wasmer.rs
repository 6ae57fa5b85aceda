//! wasmer, embedded: with its WASIX host by two of its compilers, and with Emscripten's system calls.

use crate::{HostLayer, Runtime, embedded};

pub fn columns() -> Vec<Runtime> {
    let column = |id, mode| Runtime { slow_to_build: true, ..embedded::column(id, "wasmer", mode) };
    let cranelift = column("wasmer-cranelift", "cranelift");
    vec![
        cranelift.clone(),
        column("wasmer-singlepass", "singlepass"),
        cranelift.with_host_layer(HostLayer::Emscripten),
    ]
}

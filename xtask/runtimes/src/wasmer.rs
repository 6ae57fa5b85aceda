//! wasmer, embedded: with its WASIX host by two of its compilers, and with Emscripten's system calls.

use crate::{HostLayer, Runtime, Sockets, embedded};

pub fn columns() -> Vec<Runtime> {
    let column = |id, mode| {
        let column = embedded::column(id, "wasmer", mode);
        Runtime { slow_to_build: true, sockets: Sockets::Inherited, ..column }
    };
    let cranelift = column("wasmer-cranelift", "cranelift");
    vec![
        cranelift.clone(),
        column("wasmer-singlepass", "singlepass"),
        cranelift.with_host_layer(HostLayer::Emscripten),
    ]
}

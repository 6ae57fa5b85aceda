//! wasmer, embedded: two of its compilers with its WASIX host, and Cranelift with Emscripten's system calls.

use crate::{HostLayer, PortAccess, Runtime, SocketPassing, embedded};

const STACK: Option<&str> = Some("`wasmer::sys::vm::set_stack_size(BYTES)` in the program that embeds it");

pub fn columns() -> Vec<Runtime> {
    let column = |id, mode| {
        let column = embedded::column(id, "wasmer", mode);
        Runtime {
            build_minutes: 7,
            sockets: SocketPassing::Inherited,
            port_access: PortAccess::CellAndEphemeral,
            stack_hint: STACK,
            ..column
        }
    };
    let cranelift = column("wasmer-cranelift", "cranelift");
    vec![
        cranelift.clone(),
        Runtime { compiles_before_linking: true, ..column("wasmer-singlepass", "singlepass") },
        cranelift.with_host_layer(HostLayer::Emscripten),
    ]
}

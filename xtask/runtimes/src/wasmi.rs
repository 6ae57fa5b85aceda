//! wasmi, an interpreter, embedded: plain, and with Emscripten's system calls.

use crate::{HostLayer, Runtime, SocketPassing, embedded};

const STACK: Option<&str> =
    Some("`Config::set_max_recursion_depth(CALLS)` and `set_max_stack_height(BYTES)` of the program that embeds it");

pub fn columns() -> Vec<Runtime> {
    let wasmi = embedded::column("wasmi", "wasmi", "interpreter");
    let wasmi = Runtime { sockets: SocketPassing::Inherited, stack_hint: STACK, ..wasmi };
    vec![wasmi.clone(), wasmi.with_host_layer(HostLayer::Emscripten)]
}

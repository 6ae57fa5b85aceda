//! wasmi, an interpreter, embedded: by itself, and with Emscripten's system calls.

use crate::{HostLayer, Runtime, Sockets, embedded};

pub fn columns() -> Vec<Runtime> {
    let wasmi = Runtime { sockets: Sockets::Inherited, ..embedded::column("wasmi", "wasmi", "interpreter") };
    vec![wasmi.clone(), wasmi.with_host_layer(HostLayer::Emscripten)]
}

//! The previous wasmtime with long support, embedded: beside the current one it shows what an upgrade changes.

use crate::wasmtime::STACK;
use crate::{Runtime, embedded};

pub fn columns() -> Vec<Runtime> {
    let column = embedded::column("wasmtime-36-cranelift", "wasmtime-36", "cranelift");
    vec![Runtime { slow_to_build: true, stack_hint: STACK, ..column }]
}

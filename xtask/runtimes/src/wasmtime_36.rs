//! The previous long-term support version of wasmtime, embedded: compared with the current one, it shows what an
//! upgrade changes.

use crate::wasmtime::STACK;
use crate::{Runtime, embedded};

pub fn columns() -> Vec<Runtime> {
    let column = embedded::column("wasmtime-36-cranelift", "wasmtime-36", "cranelift");
    vec![Runtime { build_minutes: 6, stack_hint: STACK, ..column }]
}

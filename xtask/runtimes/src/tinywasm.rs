//! tinywasm, a small interpreter, embedded. It has no WASI: it runs guests that need no host, or only the cell's host
//! functions.

use crate::{Runtime, embedded};

const STACK: Option<&str> = Some("`Config::with_call_stack` and `with_value_stack` of the program that embeds it");

pub fn columns() -> Vec<Runtime> {
    vec![Runtime { stack_hint: STACK, ..embedded::column("tinywasm", "tinywasm", "interpreter") }]
}

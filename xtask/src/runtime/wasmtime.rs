//! wasmtime, embedded: by each of its three ways to run code, and with Emscripten's system calls.

use super::Runtime;
use super::embedded::{Embedded, WithEmscripten};

/// The registry's entries.
pub const COLUMNS: &[&dyn Runtime] = &[
    &column("wasmtime-cranelift", "cranelift"),
    &column("wasmtime-winch", "winch"),
    &column("wasmtime-pulley", "pulley"),
    &WithEmscripten(column("wasmtime-cranelift+emscripten", "cranelift+emscripten")),
];

const fn column(id: &'static str, mode: &'static str) -> Embedded {
    Embedded { id, engine: "wasmtime", mode, slow: true }
}

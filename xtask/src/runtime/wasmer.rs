//! wasmer, embedded: with its WASIX host by two of its compilers, and with Emscripten's system calls.

use super::Runtime;
use super::embedded::{Embedded, WithEmscripten};

/// The registry's entries.
pub const COLUMNS: &[&dyn Runtime] = &[
    &column("wasmer-cranelift", "cranelift"),
    &column("wasmer-singlepass", "singlepass"),
    &WithEmscripten(column("wasmer-cranelift+emscripten", "cranelift+emscripten")),
];

const fn column(id: &'static str, mode: &'static str) -> Embedded {
    Embedded { id, engine: "wasmer", mode, slow: true }
}

//! wasmi, an interpreter, embedded: by itself, and with Emscripten's system calls.

use super::Runtime;
use super::embedded::{Embedded, WithEmscripten};

/// The registry's entries.
pub const COLUMNS: &[&dyn Runtime] = &[
    &column("wasmi", "interpreter"),
    &WithEmscripten(column("wasmi+emscripten", "interpreter+emscripten")),
];

const fn column(id: &'static str, mode: &'static str) -> Embedded {
    Embedded { id, engine: "wasmi", mode, slow: false }
}

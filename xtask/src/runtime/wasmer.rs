//! wasmer, embedded, with its WASIX host, by two of its compilers.

use super::Runtime;
use super::embedded::Embedded;

/// The registry's entries.
pub const COLUMNS: &[&dyn Runtime] = &[&column("wasmer-cranelift", "cranelift"), &column("wasmer-singlepass", "singlepass")];

const fn column(id: &'static str, mode: &'static str) -> Embedded {
    Embedded { id, engine: "wasmer", mode, slow: true }
}

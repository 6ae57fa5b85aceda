//! wasmtime, embedded, by each of its three ways to run code.

use super::Runtime;
use super::embedded::Embedded;

/// The registry's entries.
pub const COLUMNS: &[&dyn Runtime] = &[&column("wasmtime-cranelift", "cranelift"), &column("wasmtime-winch", "winch"), &column("wasmtime-pulley", "pulley")];

const fn column(id: &'static str, mode: &'static str) -> Embedded {
    Embedded { id, engine: "wasmtime", mode, slow: true }
}

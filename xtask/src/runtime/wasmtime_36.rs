//! The previous wasmtime with long support, embedded: beside the current one it shows what an upgrade changes.

use super::Runtime;
use super::embedded::Embedded;

/// The registry's entries.
pub const COLUMNS: &[&dyn Runtime] =
    &[&Embedded { id: "wasmtime-36-cranelift", engine: "wasmtime-36", mode: "cranelift", slow: true }];

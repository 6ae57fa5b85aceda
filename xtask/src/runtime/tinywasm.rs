//! tinywasm, a small interpreter, embedded. It has no WASI: what runs on it needs no host at all, or the cell's
//! own host functions.

use super::Runtime;
use super::embedded::Embedded;

/// The registry's entries.
pub const COLUMNS: &[&dyn Runtime] =
    &[&Embedded { id: "tinywasm", engine: "tinywasm", mode: "interpreter", slow: false }];

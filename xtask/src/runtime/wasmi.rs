//! wasmi, an interpreter, embedded.

use super::Runtime;
use super::embedded::Embedded;

/// The registry's entries.
pub const COLUMNS: &[&dyn Runtime] = &[&Embedded { id: "wasmi", engine: "wasmi", mode: "interpreter", slow: false }];

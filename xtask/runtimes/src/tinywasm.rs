//! tinywasm, a small interpreter, embedded. It has no WASI: what runs on it needs no host at all, or the cell's
//! own host functions.

use crate::{Runtime, embedded};

pub fn columns() -> Vec<Runtime> {
    vec![embedded::column("tinywasm", "tinywasm", "interpreter")]
}

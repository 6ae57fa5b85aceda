//! The checkout that the tests belong to.

use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().canonicalize().unwrap()
}

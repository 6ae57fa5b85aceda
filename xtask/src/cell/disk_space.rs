//! Free space in the temporary folder. If the folder is full, a guest that fails is not to blame: the cell becomes a
//! lab error, which is not cached.

use std::io;
use std::path::Path;

use wasmlab_process::disk_space;
use wasmlab_report::visible::VisiblePath;

/// The variable that sets how many bytes must stay free.
pub const VARIABLE: &str = "WASMLAB_MIN_FREE";

/// Bytes and files that must stay free.
const MIN_BYTES: u64 = 64 << 20;
const MIN_FILES: u64 = 1000;

/// Whether the file system of `path` is almost full.
pub fn is_almost_full(path: &Path) -> bool {
    let wanted = std::env::var(VARIABLE).ok().and_then(|text| text.parse().ok()).unwrap_or(MIN_BYTES);
    disk_space(path).is_some_and(|left| left.bytes < wanted || left.files < MIN_FILES)
}

/// The message for a cell that ran out of space.
pub fn error() -> io::Error {
    let parent = std::env::temp_dir();
    let message = "is almost full: free some space, or set TMPDIR to another folder";
    io::Error::new(
        io::ErrorKind::StorageFull,
        format!("`{}`, the temporary folder (TMPDIR), {message}", parent.visible()),
    )
}

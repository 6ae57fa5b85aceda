//! The room that a cell takes on the disk, looked at by a thread of its own: whoever supervises a guest must not wait
//! for a disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;

use wasmlab_process::{DiskUsage, disk_usage};

/// How often it is looked. Most cells have ended by the first time.
const PERIOD: Duration = Duration::from_millis(200);

/// Looks at a cell's folders for as long as it lives.
pub struct DiskWatch {
    is_over: Arc<AtomicBool>,
    /// Its end ends the thread.
    _alive: Sender<()>,
}

impl DiskWatch {
    /// Watches these folders: what they hold now is not the guest's. Where no thread is to be had the guest is bounded
    /// by what its file system has.
    pub fn start(folders: Vec<PathBuf>, limit: DiskUsage) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (alive, ended) = mpsc::channel::<()>();
        let shared = Arc::clone(&is_over);
        let had = used(&folders, DiskUsage { bytes: u64::MAX, files: u64::MAX });
        let most =
            DiskUsage { bytes: had.bytes.saturating_add(limit.bytes), files: had.files.saturating_add(limit.files) };
        let look = move || {
            while ended.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
                if used(&folders, most).exceeds(most) {
                    shared.store(true, Ordering::Relaxed);
                    return;
                }
            }
        };
        let _ = std::thread::Builder::new().name("disk".to_owned()).spawn(look);
        Self { is_over, _alive: alive }
    }

    /// Whether the guest took more than it may; asked without waiting.
    pub fn is_over(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.is_over)
    }
}

fn used(folders: &[PathBuf], most: DiskUsage) -> DiskUsage {
    disk_usage(folders.iter().map(PathBuf::as_path), most)
}

/// The folders of a cell that a guest can fill.
pub fn folders(root: &Path, dirs: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let own = ["work", "home", "dirs", "guest"].map(|name| root.join(name));
    let elsewhere = dirs.filter(|dir| !dir.starts_with(root));
    own.into_iter().chain(elsewhere).collect()
}

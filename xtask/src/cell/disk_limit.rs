//! Watches a cell's disk usage on a separate thread, because the guest's supervisor must not wait for a disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;

use wasmlab_process::{DiskUsage, disk_usage};

/// How often usage is measured. Most cells end before the first measurement.
const PERIOD: Duration = Duration::from_millis(200);

/// Measures a cell's folders until dropped.
pub struct DiskWatch {
    exceeded: Arc<AtomicBool>,
    /// Dropping it stops the thread.
    _alive: Sender<()>,
}

impl DiskWatch {
    /// Watches these folders; their current contents do not count. If no thread can be started, only the file system
    /// limits the guest.
    pub fn start(folders: Vec<PathBuf>, limit: DiskUsage) -> Self {
        let exceeded = Arc::new(AtomicBool::new(false));
        let (alive, stopped) = mpsc::channel::<()>();
        let shared = Arc::clone(&exceeded);
        let had = used(&folders, DiskUsage { bytes: u64::MAX, files: u64::MAX });
        let most =
            DiskUsage { bytes: had.bytes.saturating_add(limit.bytes), files: had.files.saturating_add(limit.files) };
        let measure = move || {
            while stopped.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
                if used(&folders, most).exceeds(most) {
                    shared.store(true, Ordering::Relaxed);
                    return;
                }
            }
        };
        let _ = std::thread::Builder::new().name("disk".to_owned()).spawn(measure);
        Self { exceeded, _alive: alive }
    }

    /// A flag that is set once the guest exceeded its limit.
    pub fn exceeded_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.exceeded)
    }
}

fn used(folders: &[PathBuf], most: DiskUsage) -> DiskUsage {
    disk_usage(folders.iter().map(PathBuf::as_path), most)
}

/// The folders of a cell that a guest can fill.
pub fn folders(root: &Path, dirs: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let cell_folders = ["work", "home", "dirs", "guest"].map(|name| root.join(name));
    let elsewhere = dirs.filter(|dir| !dir.starts_with(root));
    cell_folders.into_iter().chain(elsewhere).collect()
}

//! A cell's temporary folder, removed with everything that the guest left in it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

use wasmlab_process::remove_tree;
use wasmlab_report::visible::{VisiblePath, visible};

/// Prefix of the folders of cells; folders to keep have another one.
const PREFIX: &str = "wasmlab-cell-";
const KEPT_PREFIX: &str = "wasmlab-kept-";

/// A younger folder may belong to a lab that is about to lock it.
const MIN_AGE: Duration = Duration::from_secs(60);

/// The files that could not be removed, with reasons.
static LEFTOVERS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A folder that is removed when dropped.
#[derive(Debug)]
pub struct TempDir {
    path: PathBuf,
    /// A kernel lock held while the folder is in use; if it can be acquired, the folder's lab has exited.
    _lock: Option<File>,
    keep: bool,
}

impl TempDir {
    /// Creates a folder in this machine's temporary folder; with `keep`, it is never removed.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn create(keep: bool) -> io::Result<Self> {
        static SWEPT: Once = Once::new();
        let parent = std::env::temp_dir();
        SWEPT.call_once(|| remove_stale(&parent));
        let prefix = if keep { KEPT_PREFIX } else { PREFIX };
        let dir = tempfile::Builder::new().prefix(prefix).tempdir().map_err(|e| {
            io::Error::new(
                e.kind(),
                format!("failed to create a folder in `{}`, the temporary folder (TMPDIR): {e}", parent.visible()),
            )
        })?;
        let path = dir.keep();
        let lock = File::open(&path).ok().filter(|file| file.try_lock().is_ok());
        Ok(Self { path, _lock: lock, keep })
    }

    /// Creates a folder with these folders in it.
    ///
    /// # Errors
    /// If one cannot be created.
    pub fn with_folders(keep: bool, names: &[&str]) -> io::Result<Self> {
        let dir = Self::create(keep)?;
        names.iter().try_for_each(|name| fs::create_dir(dir.path.join(name)))?;
        Ok(dir)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        if !self.keep {
            remove(&self.path);
        }
    }
}

fn remove(path: &Path) {
    if let Err(why) = remove_tree(path) {
        let mut leftovers = LEFTOVERS.lock().unwrap_or_else(PoisonError::into_inner);
        leftovers.push(format!("`{}` could not be removed: {why}", path.visible()));
    }
}

/// The files that could not be removed since the last call, with reasons.
#[must_use]
pub fn take_leftovers() -> Vec<String> {
    std::mem::take(&mut LEFTOVERS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// If removing a folder takes longer than this, a message on stderr says so.
const SILENT: Duration = Duration::from_secs(1);

/// Removes a folder of a killed lab; a guest may have made it so deep that this takes long.
fn remove_stale_folder(path: &Path) {
    let (done, removed) = mpsc::channel::<()>();
    let notice = format!("removing files of a killed lab in `{}`", path.visible());
    let tell = move || {
        if removed.recv_timeout(SILENT) == Err(RecvTimeoutError::Timeout) {
            let _ = writeln!(io::stderr(), "{}", visible(&notice, false));
        }
    };
    // If the thread cannot be started, there is no notice.
    let _ = std::thread::Builder::new().name("removal".to_owned()).spawn(tell);
    let _ = remove_tree(path);
    drop(done);
}

/// Removes folders of killed labs, which are the ones no longer locked.
fn remove_stale(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten().filter(|e| e.file_name().to_string_lossy().starts_with(PREFIX)) {
        let is_old =
            entry.metadata().and_then(|m| m.modified()).is_ok_and(|t| t.elapsed().is_ok_and(|age| age > MIN_AGE));
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        // Another user's folder cannot be opened or removed; that is not an error.
        if is_old && is_folder && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok()) {
            remove_stale_folder(&entry.path());
        }
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::fs::{self, File, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;
    use std::time::SystemTime;

    use super::{MIN_AGE, PREFIX, TempDir, remove_stale};

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn directories_without_permissions_are_removed() {
        let outside = tempfile::tempdir().unwrap();
        fs::set_permissions(outside.path(), Permissions::from_mode(0o500)).unwrap();
        let folder = TempDir::create(false).unwrap();
        let top = folder.path().to_owned();
        let deep = top.join("dirs/0/a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("file"), "text").unwrap();
        symlink(outside.path(), deep.join("out")).unwrap();
        for (folder, mode) in [("dirs/0/a/b", 0o0), ("dirs/0/a", 0o500), ("dirs/0", 0o0)] {
            fs::set_permissions(top.join(folder), Permissions::from_mode(mode)).unwrap();
        }
        drop(folder);
        assert!(fs::symlink_metadata(&top).is_err(), "it is still there");
        assert_eq!(mode(outside.path()), 0o500, "the target of a link is unchanged");
    }

    #[test]
    fn leftovers_are_reported_unchanged() {
        let folder = TempDir::create(true).unwrap();
        let top = folder.path().to_owned();
        fs::create_dir(top.join("shut")).unwrap();
        fs::set_permissions(top.join("shut"), Permissions::from_mode(0o0)).unwrap();
        drop(folder);
        assert_eq!(mode(&top.join("shut")), 0);
        fs::remove_dir(top.join("shut")).and_then(|()| fs::remove_dir(top)).unwrap();
    }

    #[test]
    fn folders_of_killed_labs_are_removed() {
        let parent = tempfile::tempdir().unwrap();
        let check = |name: &str, old: bool, held: bool, stays: bool| {
            let dir = parent.path().join(name);
            fs::create_dir(&dir).unwrap();
            fs::write(dir.join("file"), "text").unwrap();
            let file = File::open(&dir).unwrap();
            if old {
                file.set_modified(SystemTime::now() - 2 * MIN_AGE).unwrap();
            }
            let _lock = held.then(|| file.try_lock().unwrap());
            remove_stale(parent.path());
            assert_eq!(dir.exists(), stays, "{name}");
        };
        check(&format!("{PREFIX}gone"), true, false, false);
        check(&format!("{PREFIX}held"), true, true, true);
        check(&format!("{PREFIX}young"), false, false, true);
        check("wasmlab-kept-by-the-user", true, false, true);
        check("another", true, false, true);
    }
}

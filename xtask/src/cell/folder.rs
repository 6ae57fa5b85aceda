//! The folder of a cell, which goes with all that a guest may have left in it.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A folder that is removed when it is no longer needed.
pub struct Folder {
    dir: TempDir,
    kept: bool,
}

impl Folder {
    /// A new one, in the temporary folder of this machine.
    ///
    /// # Errors
    /// When none can be made there.
    pub fn make() -> io::Result<Self> {
        let dir = tempfile::Builder::new().prefix("wasmlab-").tempdir().map_err(|e| {
            let parent = std::env::temp_dir();
            io::Error::new(
                e.kind(),
                format!("no folder can be made in `{}`, the temporary folder (TMPDIR): {e}", parent.display()),
            )
        })?;
        Ok(Self { dir, kept: false })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Leaves it behind.
    pub fn keep(&mut self) {
        self.kept = true;
        self.dir.disable_cleanup(true);
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.kept {
            open_up(self.dir.path());
        }
    }
}

/// Gives the owner all rights to each folder from `top` on: a guest may have taken them (`chmod`, `mkdir` with mode
/// 0, `umask`), and what is in such a folder cannot be removed. Links are not followed: they may lead out. By now
/// no process of the cell is left that could put one in a folder's place.
#[cfg(unix)]
fn open_up(top: &Path) {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    let mut rest: Vec<PathBuf> = vec![top.to_owned()];
    while let Some(path) = rest.pop() {
        let Ok(meta) = fs::symlink_metadata(&path) else { continue };
        if !meta.is_dir() {
            continue;
        }
        let mode = meta.permissions().mode();
        if mode & 0o700 != 0o700 && fs::set_permissions(&path, Permissions::from_mode(mode | 0o700)).is_err() {
            continue;
        }
        if let Ok(entries) = fs::read_dir(&path) {
            rest.extend(entries.flatten().map(|entry| entry.path()));
        }
    }
}

/// Rights of folders are no matter of modes there.
#[cfg(not(unix))]
fn open_up(_: &Path) {}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
    }

    /// What a guest can leave: folders that nobody may enter, one within the other, and links out.
    fn left(top: &Path, outside: &Path) {
        let deep = top.join("dirs/0/a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("file"), "text").unwrap();
        symlink(outside, deep.join("out")).unwrap();
        symlink(outside, top.join("dirs/out")).unwrap();
        fs::set_permissions(deep.join("file"), Permissions::from_mode(0o0)).unwrap();
        for (folder, mode) in [("dirs/0/a/b", 0o0), ("dirs/0/a", 0o500), ("dirs/0", 0o0)] {
            fs::set_permissions(top.join(folder), Permissions::from_mode(mode)).unwrap();
        }
    }

    #[test]
    fn what_a_guest_shut_is_opened_and_removed() {
        let outside = tempfile::tempdir().unwrap();
        fs::create_dir(outside.path().join("shut")).unwrap();
        for path in [outside.path().join("shut"), outside.path().to_owned()] {
            fs::set_permissions(path, Permissions::from_mode(0o500)).unwrap();
        }
        let folder = Folder::make().unwrap();
        let top = folder.path().to_owned();
        left(&top, outside.path());
        // Root may enter and remove in any case: so the modes are looked at too.
        open_up(&top);
        assert_eq!((mode(&top.join("dirs/0")), mode(&top.join("dirs/0/a"))), (0o700, 0o700));
        assert_eq!((mode(&top.join("dirs/0/a/b")), mode(&top.join("dirs/0/a/b/file"))), (0o700, 0));
        assert_eq!((mode(outside.path()), mode(&outside.path().join("shut"))), (0o500, 0o500));
        drop(folder);
        assert!(fs::symlink_metadata(&top).is_err(), "it is still there");

        let folder = Folder::make().unwrap();
        let top = folder.path().to_owned();
        left(&top, outside.path());
        drop(folder);
        assert!(fs::symlink_metadata(&top).is_err(), "it is still there");
        assert_eq!((mode(outside.path()), mode(&outside.path().join("shut"))), (0o500, 0o500));
        fs::set_permissions(outside.path(), Permissions::from_mode(0o700)).unwrap();
    }

    #[test]
    fn what_stays_is_as_the_guest_left_it() {
        let mut folder = Folder::make().unwrap();
        let top = folder.path().to_owned();
        fs::create_dir(top.join("shut")).unwrap();
        fs::set_permissions(top.join("shut"), Permissions::from_mode(0o0)).unwrap();
        folder.keep();
        drop(folder);
        assert_eq!(mode(&top.join("shut")), 0);
        fs::remove_dir(top.join("shut")).and_then(|()| fs::remove_dir(top)).unwrap();
    }
}

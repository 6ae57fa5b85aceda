//! Removes what a guest left behind: directories of any depth or without permissions, links that lead outside.
//!
//! Uses one descriptor at a time and returns by `..` instead of recursion, so that no depth overflows the stack or
//! exceeds a path length. Nothing may change the tree meanwhile. Entries that cannot be removed are skipped and
//! reported.

use std::io;
use std::path::Path;

/// Removes `top` and everything below it.
///
/// # Errors
/// The first entry that could not be removed, and why.
#[cfg(not(target_os = "linux"))]
pub fn remove_tree(top: &Path) -> io::Result<()> {
    std::fs::remove_dir_all(top)
}

/// Removes `top` and everything below it.
///
/// # Errors
/// The first entry that could not be removed, and why.
#[cfg(target_os = "linux")]
pub fn remove_tree(top: &Path) -> io::Result<()> {
    let (Some(parent), Some(name)) = (top.parent(), top.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    linux::remove(parent, name)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeSet;
    use std::ffi::{CString, OsStr};
    use std::io;
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, fchmod, fstat, open, openat, statat, unlinkat};
    use rustix::io::Errno;

    const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

    /// The state of a removal.
    struct Removal {
        current: OwnedFd,
        /// For each directory above: its inode, and the name of its subdirectory that is being emptied.
        above: Vec<(u64, CString)>,
        /// Entries that could not be removed: inode of their directory, and name.
        stays: BTreeSet<(u64, CString)>,
        /// The first entry that could not be removed, and why.
        first: Option<(CString, Errno)>,
    }

    pub fn remove(parent: &Path, name: &OsStr) -> io::Result<()> {
        let current = open(parent, OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY, Mode::empty())?;
        let mut removal = Removal { current, above: Vec::new(), stays: BTreeSet::new(), first: None };
        let name = CString::new(name.as_bytes())?;
        if removal.unlink(&name)? {
            return Ok(());
        }
        removal.enter(name)?;
        while !removal.above.is_empty() {
            match removal.folder_left()? {
                Some(folder) => {
                    if let Err(error) = removal.enter(folder.clone()) {
                        removal.record_failure(folder, error)?;
                    }
                }
                None => removal.leave()?,
            }
        }
        match removal.first {
            None => Ok(()),
            Some((name, error)) => {
                let (count, name) = (removal.stays.len(), name.to_string_lossy().into_owned());
                let remaining =
                    if count == 1 { "1 entry remains:" } else { &format!("{count} entries remain, the first is") };
                Err(io::Error::new(error.kind(), format!("{remaining} `{}`: {error}", name.escape_debug())))
            }
        }
    }

    impl Removal {
        /// Removes an entry that is not a directory; `false` if it is one.
        fn unlink(&self, name: &CString) -> Result<bool, Errno> {
            match unlinkat(&self.current, name, AtFlags::empty()) {
                Ok(()) => Ok(true),
                Err(Errno::ISDIR | Errno::PERM) if self.is_folder(name) => Ok(false),
                Err(error) => Err(error),
            }
        }

        fn is_folder(&self, name: &CString) -> bool {
            let stat = statat(&self.current, name, AtFlags::SYMLINK_NOFOLLOW);
            stat.is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory)
        }

        /// Enters a directory. A guest may have removed its permissions (`chmod`, `mkdir` with mode 0); as the owner,
        /// restore them.
        fn enter(&mut self, name: CString) -> Result<(), Errno> {
            let inode = fstat(&self.current)?.st_ino;
            let opened = match openat(&self.current, &name, FOLDER | OFlags::RDONLY, Mode::empty()) {
                Err(Errno::ACCESS) => {
                    // By descriptor of the parent directory, so that a link is not followed.
                    rustix::fs::chmodat(&self.current, &name, Mode::RWXU, AtFlags::empty())?;
                    openat(&self.current, &name, FOLDER | OFlags::RDONLY, Mode::empty())?
                }
                opened => opened?,
            };
            // Removing its entries needs write permission.
            fchmod(&opened, Mode::RWXU)?;
            self.above.push((inode, name));
            self.current = opened;
            Ok(())
        }

        /// Removes everything in this directory except directories; returns one of those.
        fn folder_left(&mut self) -> Result<Option<CString>, Errno> {
            let inode = fstat(&self.current)?.st_ino;
            let mut entries = Dir::read_from(&self.current)?;
            while let Some(entry) = entries.read() {
                let name = entry?.file_name().to_owned();
                if name.as_bytes() == b"." || name.as_bytes() == b".." || self.stays.contains(&(inode, name.clone())) {
                    continue;
                }
                match self.unlink(&name) {
                    Ok(true) => {}
                    Ok(false) => return Ok(Some(name)),
                    Err(error) => self.record_failure(name, error)?,
                }
            }
            Ok(None)
        }

        /// Returns to the parent and removes the directory, which is now empty.
        fn leave(&mut self) -> io::Result<()> {
            let Some((inode, name)) = self.above.pop() else { return Ok(()) };
            self.current = openat(&self.current, "..", FOLDER | OFlags::RDONLY, Mode::empty())?;
            if fstat(&self.current)?.st_ino != inode {
                return Err(io::Error::other("a directory was moved during its removal"));
            }
            if let Err(error) = unlinkat(&self.current, &name, AtFlags::REMOVEDIR) {
                self.record_failure(name, error)?;
            }
            Ok(())
        }

        fn record_failure(&mut self, name: CString, error: Errno) -> Result<(), Errno> {
            let inode = fstat(&self.current)?.st_ino;
            self.first.get_or_insert_with(|| (name.clone(), error));
            self.stays.insert((inode, name));
            Ok(())
        }
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    use super::remove_tree;

    /// Creates nested directories, `depth` levels, without long paths.
    fn nest(top: &Path, depth: usize) {
        use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut current = openat(CWD, top, flags, Mode::empty()).unwrap();
        for _ in 0..depth {
            mkdirat(&current, "folder", Mode::RWXU).unwrap();
            current = openat(&current, "folder", flags, Mode::empty()).unwrap();
        }
    }

    #[test]
    fn remove_tree_removes_everything_inside_and_nothing_outside() {
        let root = tempfile::tempdir().unwrap();
        let (top, outside) = (root.path().join("top"), root.path().join("outside"));
        for dir in [top.join("a/b"), top.join("shut/in"), outside.clone()] {
            fs::create_dir_all(dir).unwrap();
        }
        fs::write(outside.join("file"), "text").unwrap();
        fs::write(top.join("a/b/file"), "text").unwrap();
        symlink(&outside, top.join("a/out")).unwrap();
        symlink("..", top.join("up")).unwrap();
        nest(&top.join("a"), 16_000);
        (0..300).for_each(|n| fs::create_dir(top.join(format!("many-{n}"))).unwrap());
        for path in ["shut/in", "shut"] {
            fs::set_permissions(top.join(path), Permissions::from_mode(0o0)).unwrap();
        }
        remove_tree(&top).unwrap();
        assert!(fs::symlink_metadata(&top).is_err(), "`top` still exists");
        assert_eq!(fs::read_to_string(outside.join("file")).unwrap(), "text");
        assert!(remove_tree(&top).is_err(), "removing a missing tree must fail");
    }
}

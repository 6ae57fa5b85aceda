//! Removing what a guest left: folders as deep as it liked, closed to their owner, links out.
//!
//! One descriptor at a time, by `..` and not by the stack: no depth overflows anything, and no path grows too long.
//! Nothing may run any more that could change the tree meanwhile. What cannot be removed is passed over, and told.

use std::io;
use std::path::Path;

/// Removes `top` with all below it.
///
/// # Errors
/// What stays, and why.
#[cfg(not(target_os = "linux"))]
pub fn remove_tree(top: &Path) -> io::Result<()> {
    std::fs::remove_dir_all(top)
}

/// Removes `top` with all below it.
///
/// # Errors
/// What stays, and why.
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

    /// Where the removal stands.
    struct Removal {
        here: OwnedFd,
        /// The inode of each folder above, and the name of the one below it that is being emptied.
        above: Vec<(u64, CString)>,
        /// Inode of the folder, and name, of each entry that could not be removed.
        stays: BTreeSet<(u64, CString)>,
        /// The first that could not be, and why.
        first: Option<(CString, Errno)>,
    }

    pub fn remove(parent: &Path, name: &OsStr) -> io::Result<()> {
        let here = open(parent, OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY, Mode::empty())?;
        let mut removal = Removal { here, above: Vec::new(), stays: BTreeSet::new(), first: None };
        let name = CString::new(name.as_bytes())?;
        if removal.unlink(&name)? {
            return Ok(());
        }
        removal.enter(name)?;
        while !removal.above.is_empty() {
            match removal.folder_left()? {
                Some(folder) => {
                    if let Err(why) = removal.enter(folder.clone()) {
                        removal.stay(folder, why)?;
                    }
                }
                None => removal.leave()?,
            }
        }
        match removal.first {
            None => Ok(()),
            Some((name, why)) => {
                let (count, name) = (removal.stays.len(), name.to_string_lossy().into_owned());
                Err(io::Error::new(why.kind(), format!("{count} entries stay, `{}` first: {why}", name.escape_debug())))
            }
        }
    }

    impl Removal {
        /// Removes an entry that is no folder; `false`: it is one.
        fn unlink(&self, name: &CString) -> Result<bool, Errno> {
            match unlinkat(&self.here, name, AtFlags::empty()) {
                Ok(()) => Ok(true),
                Err(Errno::ISDIR | Errno::PERM) if self.is_folder(name) => Ok(false),
                Err(why) => Err(why),
            }
        }

        fn is_folder(&self, name: &CString) -> bool {
            let stat = statat(&self.here, name, AtFlags::SYMLINK_NOFOLLOW);
            stat.is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory)
        }

        /// Goes into a folder; a guest may have shut it (`chmod`, `mkdir` with mode 0), and its owner opens it.
        fn enter(&mut self, name: CString) -> Result<(), Errno> {
            let inode = fstat(&self.here)?.st_ino;
            let opened = match openat(&self.here, &name, FOLDER | OFlags::RDONLY, Mode::empty()) {
                Err(Errno::ACCESS) => {
                    // By a descriptor of the very folder, so that a link is not followed.
                    rustix::fs::chmodat(&self.here, &name, Mode::RWXU, AtFlags::empty())?;
                    openat(&self.here, &name, FOLDER | OFlags::RDONLY, Mode::empty())?
                }
                opened => opened?,
            };
            // Without the right to write nothing in it can be removed.
            fchmod(&opened, Mode::RWXU)?;
            self.above.push((inode, name));
            self.here = opened;
            Ok(())
        }

        /// Removes all in this folder but folders; gives one of those.
        fn folder_left(&mut self) -> Result<Option<CString>, Errno> {
            let inode = fstat(&self.here)?.st_ino;
            let mut entries = Dir::read_from(&self.here)?;
            while let Some(entry) = entries.read() {
                let name = entry?.file_name().to_owned();
                if name.as_bytes() == b"." || name.as_bytes() == b".." || self.stays.contains(&(inode, name.clone())) {
                    continue;
                }
                match self.unlink(&name) {
                    Ok(true) => {}
                    Ok(false) => return Ok(Some(name)),
                    Err(why) => self.stay(name, why)?,
                }
            }
            Ok(None)
        }

        /// Goes up, and removes the folder that is empty now.
        fn leave(&mut self) -> io::Result<()> {
            let Some((inode, name)) = self.above.pop() else { return Ok(()) };
            self.here = openat(&self.here, "..", FOLDER | OFlags::RDONLY, Mode::empty())?;
            if fstat(&self.here)?.st_ino != inode {
                return Err(io::Error::other("a folder was moved while it was removed"));
            }
            if let Err(why) = unlinkat(&self.here, &name, AtFlags::REMOVEDIR) {
                self.stay(name, why)?;
            }
            Ok(())
        }

        fn stay(&mut self, name: CString, why: Errno) -> Result<(), Errno> {
            let inode = fstat(&self.here)?.st_ino;
            self.first.get_or_insert_with(|| (name.clone(), why));
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

    /// As deep as `depth`, made without long paths.
    fn nest(top: &Path, depth: usize) {
        use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut here = openat(CWD, top, flags, Mode::empty()).unwrap();
        for _ in 0..depth {
            mkdirat(&here, "folder", Mode::RWXU).unwrap();
            here = openat(&here, "folder", flags, Mode::empty()).unwrap();
        }
    }

    #[test]
    fn whatever_a_guest_leaves_goes_and_nothing_else() {
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
        assert!(fs::symlink_metadata(&top).is_err(), "it is still there");
        assert_eq!(fs::read_to_string(outside.join("file")).unwrap(), "text");
        assert!(remove_tree(&top).is_err(), "what is not there cannot be removed");
    }
}

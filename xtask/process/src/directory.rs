//! A directory that is held open, so that everything below it is found even if its path is replaced.
//!
//! No lookup follows a link or leaves the directory: on Linux by `openat2(2)`, and where the kernel or a container
//! refuses that call, component by component with `O_NOFOLLOW`. On other systems, paths are used.

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
use paths as system;

/// An open directory.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    handle: system::Handle,
}

impl Directory {
    /// Opens `path`, following links.
    ///
    /// # Errors
    /// If it is not a directory, or cannot be read.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), handle: system::open(path)? })
    }

    /// The path under which it was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its own metadata.
    ///
    /// # Errors
    /// If the system fails.
    pub fn metadata(&self) -> io::Result<Metadata> {
        system::own_metadata(self)
    }

    /// Whether its path still leads to it; otherwise it was moved, removed or replaced.
    #[must_use]
    pub fn is_in_place(&self) -> bool {
        system::is_in_place(self)
    }

    /// Metadata of the entry at `path`, a relative path; of a link, those of the link.
    ///
    /// # Errors
    /// If it does not exist, or a link or `..` leads to it.
    pub fn metadata_of(&self, path: &Path) -> io::Result<Metadata> {
        system::metadata_of(self, path)
    }

    /// The target of the link at `path`.
    ///
    /// # Errors
    /// As [`Directory::metadata_of`], or if it is not a link.
    pub fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        system::read_link(self, path)
    }

    /// Opens the regular file at `path` for reading, without blocking.
    ///
    /// # Errors
    /// As [`Directory::metadata_of`], or if it is a link or no regular file, or cannot be read.
    pub fn open_file(&self, path: &Path) -> io::Result<File> {
        let file = system::open_file(self, path)?;
        if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("not a regular file")) }
    }

    /// Opens the directory at `path`; an empty path is this directory.
    ///
    /// # Errors
    /// As [`Directory::metadata_of`], or if it is not a directory.
    pub fn open_folder(&self, path: &Path) -> io::Result<Self> {
        Ok(Self { path: self.path.join(path), handle: system::open_folder(self, path)? })
    }

    /// The names in the directory at `path`; an empty path is this directory.
    ///
    /// # Errors
    /// As [`Directory::metadata_of`], or if it is not a directory.
    pub fn names(&self, path: &Path) -> io::Result<Vec<OsString>> {
        system::names(self, path)
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::{OsStr, OsString};
    use std::fs::{File, Metadata};
    use std::io;
    use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    use std::os::unix::fs::MetadataExt;
    use std::path::{Component, Path, PathBuf};

    use rustix::fs::{CWD, Dir, Mode, OFlags, ResolveFlags, openat, openat2, readlinkat};
    use rustix::io::Errno;

    use super::Directory;

    pub type Handle = OwnedFd;

    const ENTRY: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
    const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
    const FILE: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

    pub fn open(path: &Path) -> io::Result<OwnedFd> {
        Ok(openat(CWD, path, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
    }

    pub fn own_metadata(dir: &Directory) -> io::Result<Metadata> {
        File::from(dir.handle.try_clone()?).metadata()
    }

    pub fn is_in_place(dir: &Directory) -> bool {
        let known = own_metadata(dir).map(|meta| (meta.dev(), meta.ino()));
        let found = std::fs::symlink_metadata(&dir.path).map(|meta| (meta.dev(), meta.ino()));
        matches!((known, found), (Ok(known), Ok(found)) if known == found)
    }

    pub fn metadata_of(dir: &Directory, path: &Path) -> io::Result<Metadata> {
        File::from(beneath(dir.handle.as_fd(), path, ENTRY)?).metadata()
    }

    pub fn read_link(dir: &Directory, path: &Path) -> io::Result<PathBuf> {
        let entry = beneath(dir.handle.as_fd(), path, ENTRY)?;
        Ok(OsString::from_vec(readlinkat(&entry, "", Vec::new())?.into_bytes()).into())
    }

    pub fn open_file(dir: &Directory, path: &Path) -> io::Result<File> {
        Ok(beneath(dir.handle.as_fd(), path, FILE)?.into())
    }

    pub fn open_folder(dir: &Directory, path: &Path) -> io::Result<OwnedFd> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        Ok(beneath(dir.handle.as_fd(), path, FOLDER)?)
    }

    pub fn names(dir: &Directory, path: &Path) -> io::Result<Vec<OsString>> {
        let mut entries = Dir::read_from(beneath(dir.handle.as_fd(), path, FOLDER)?)?;
        let mut names = Vec::new();
        while let Some(entry) = entries.read() {
            let name = entry?.file_name().to_bytes().to_owned();
            if name != b"." && name != b".." {
                names.push(OsString::from_vec(name));
            }
        }
        Ok(names)
    }

    fn beneath(top: BorrowedFd, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        match openat2(top, path, flags, Mode::empty(), resolve) {
            // No such call: Linux before 5.6, or a container's filter.
            Err(Errno::NOSYS | Errno::PERM) => step_by_step(top, path, flags),
            opened => opened,
        }
    }

    /// Opens each folder on the way without following links.
    pub(super) fn step_by_step(top: BorrowedFd, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        let mut parts = path.components().filter(|part| *part != Component::CurDir).peekable();
        let mut folder = openat(top, ".", FOLDER, Mode::empty())?;
        if parts.peek().is_none() {
            return openat(&folder, ".", flags, Mode::empty());
        }
        while let Some(part) = parts.next() {
            let Component::Normal(name) = part else { return Err(Errno::XDEV) };
            let flags = if parts.peek().is_none() { flags } else { FOLDER | OFlags::PATH };
            folder = openat(&folder, OsStr::from_bytes(name.as_bytes()), flags, Mode::empty())?;
        }
        Ok(folder)
    }
}

#[cfg(not(target_os = "linux"))]
mod paths {
    use std::ffi::OsString;
    use std::fs::{self, File, Metadata};
    use std::io;
    use std::path::{Path, PathBuf};

    use super::Directory;

    pub type Handle = ();

    pub fn open(path: &Path) -> io::Result<()> {
        fs::read_dir(path).map(drop)
    }

    pub fn own_metadata(dir: &Directory) -> io::Result<Metadata> {
        fs::metadata(&dir.path)
    }

    pub fn is_in_place(dir: &Directory) -> bool {
        fs::symlink_metadata(&dir.path).is_ok_and(|found| found.is_dir())
    }

    /// The full path, if no part of it leads out.
    fn beneath(dir: &Directory, path: &Path) -> io::Result<PathBuf> {
        let full = dir.path.join(path);
        let (top, folder) = (fs::canonicalize(&dir.path)?, fs::canonicalize(full.parent().unwrap_or(&full))?);
        let leaves = || io::Error::other("it leads out of the directory");
        if folder.starts_with(&top) { Ok(full) } else { Err(leaves()) }
    }

    pub fn metadata_of(dir: &Directory, path: &Path) -> io::Result<Metadata> {
        fs::symlink_metadata(beneath(dir, path)?)
    }

    pub fn read_link(dir: &Directory, path: &Path) -> io::Result<PathBuf> {
        fs::read_link(beneath(dir, path)?)
    }

    pub fn open_file(dir: &Directory, path: &Path) -> io::Result<File> {
        let full = beneath(dir, path)?;
        if fs::symlink_metadata(&full)?.is_file() {
            File::open(full)
        } else {
            Err(io::Error::other("not a regular file"))
        }
    }

    pub fn open_folder(dir: &Directory, path: &Path) -> io::Result<()> {
        fs::read_dir(beneath(dir, path)?).map(drop)
    }

    pub fn names(dir: &Directory, path: &Path) -> io::Result<Vec<OsString>> {
        fs::read_dir(dir.path.join(path))?.map(|entry| Ok(entry?.file_name())).collect()
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::fs;
    use std::io::Read;
    use std::os::fd::AsFd;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::Directory;

    fn text(dir: &Directory, path: &str) -> Option<String> {
        let mut text = String::new();
        dir.open_file(Path::new(path)).ok()?.read_to_string(&mut text).ok().map(|_| text)
    }

    #[test]
    fn nothing_outside_is_found_even_if_the_directory_is_replaced() {
        let root = tempfile::tempdir().unwrap();
        let (top, outside) = (root.path().join("top"), root.path().join("outside"));
        fs::create_dir_all(top.join("a/b")).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("file"), "secret").unwrap();
        fs::write(top.join("a/b/file"), "own").unwrap();
        symlink(&outside, top.join("out")).unwrap();
        symlink("a/b/file", top.join("inside")).unwrap();
        let dir = Directory::open(&top).unwrap();
        assert!(dir.is_in_place());
        for (path, expected) in [
            ("a/b/file", Some("own")),
            ("out/file", None),
            ("inside", None),
            ("../outside/file", None),
            ("a", None),
            ("/etc/passwd", None),
        ] {
            assert_eq!(text(&dir, path).as_deref(), expected, "{path}");
        }
        let folder = |path: &str| dir.open_folder(Path::new(path));
        assert_eq!(text(&folder("a/b").unwrap(), "file").as_deref(), Some("own"));
        assert!(folder("").unwrap().names(Path::new("a")).is_ok());
        assert!(["out", "inside", "a/b/file", "..", "none"].iter().all(|path| folder(path).is_err()));
        assert_eq!(dir.read_link(Path::new("inside")).unwrap(), Path::new("a/b/file"));
        assert!(dir.metadata_of(Path::new("out")).unwrap().is_symlink() && dir.names(Path::new("out")).is_err());
        fs::rename(&top, root.path().join("moved")).unwrap();
        assert!(!dir.is_in_place());
        symlink(&outside, &top).unwrap();
        assert!(!dir.is_in_place());
        assert_eq!((text(&dir, "file"), text(&dir, "a/b/file").as_deref()), (None, Some("own")));
        let mut names = dir.names(Path::new("")).unwrap();
        names.sort();
        assert_eq!(names, ["a", "inside", "out"]);
    }

    /// The fallback if the kernel lacks `openat2`.
    #[test]
    fn walk_by_components_finds_the_same() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("a/b")).unwrap();
        fs::write(root.path().join("a/b/file"), "own").unwrap();
        symlink("a", root.path().join("link")).unwrap();
        let top = fs::File::open(root.path()).unwrap();
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::CLOEXEC;
        for (path, found) in
            [("a/b/file", true), (".", true), ("link/b/file", false), ("link", false), ("../x", false), ("/etc", false)]
        {
            assert_eq!(super::linux::step_by_step(top.as_fd(), Path::new(path), flags).is_ok(), found, "{path}");
        }
    }
}

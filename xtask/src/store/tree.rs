//! Copies folders: each cell works on its own copy, and the original does not change.
//!
//! `std::fs::copy` shares a file's blocks (a reflink) if the file system supports it, and copies its bytes otherwise. A
//! copy has the contents, permissions, symbolic links and times of the original. Nothing outside the folder is read:
//! links are copied as links.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use super::files;
use crate::machine;

/// Minimum size that an entry counts as, bytes, so that a folder of a million empty files also reaches the limit.
const MIN_ENTRY_BYTES: u64 = 4096;
/// Maximum number of entries read; a folder with more exceeds any limit.
const MAX_ENTRIES: usize = 1_000_000;

/// The contents of a folder.
#[derive(Debug)]
pub struct Tree {
    root: PathBuf,
    metadata: Metadata,
    /// Sorted: a folder precedes its contents. The root is not included.
    entries: Vec<Entry>,
    /// Total size of its files, bytes.
    pub bytes: u64,
    /// Entries that a copy lacks, and links that lead nowhere in a copy; one line each.
    pub notes: Vec<String>,
}

#[derive(Debug)]
struct Entry {
    /// Relative to the root.
    path: PathBuf,
    kind: Kind,
    metadata: Metadata,
}

#[derive(Debug)]
enum Kind {
    Folder,
    File,
    /// The target of the link in a copy.
    Link(PathBuf),
}

impl Tree {
    /// Lists everything below `root`, an absolute path without links.
    ///
    /// # Errors
    /// If `root` itself cannot be read. Unreadable entries below it become notes.
    pub fn read(root: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(root)?;
        let mut tree = Self { root: root.to_owned(), metadata, entries: Vec::new(), bytes: 0, notes: Vec::new() };
        let list = |folder: &Path| fs::read_dir(root.join(folder))?.collect::<io::Result<Vec<_>>>();
        let mut found = list(Path::new(""))?;
        while let Some(next) = found.pop().filter(|_| tree.entries.len() < MAX_ENTRIES) {
            let path = next.path().strip_prefix(root).unwrap_or(&next.path()).to_owned();
            let Some(entry) = tree.entry(&path) else { continue };
            if matches!(entry.kind, Kind::Folder) {
                match list(&path) {
                    Ok(below) => found.extend(below),
                    Err(error) => {
                        tree.notes.push(format!("`{}` cannot be read: {error}", path.display()));
                        continue;
                    }
                }
            }
            let size = if matches!(entry.kind, Kind::File) { entry.metadata.len() } else { 0 };
            tree.bytes = tree.bytes.saturating_add(size.max(MIN_ENTRY_BYTES));
            tree.entries.push(entry);
        }
        tree.entries.sort_by(|a, b| a.path.cmp(&b.path));
        tree.notes.sort();
        Ok(tree)
    }

    /// The number of files and folders.
    pub fn entries(&self) -> usize {
        self.entries.len()
    }

    /// Reads one entry; what cannot be copied becomes a note.
    fn entry(&mut self, path: &Path) -> Option<Entry> {
        let full = self.root.join(path);
        let shown = path.display();
        let kind = |metadata: &Metadata| -> io::Result<Option<Kind>> {
            let kind = metadata.file_type();
            if kind.is_symlink() {
                return Ok(Some(Kind::Link(fs::read_link(&full)?)));
            }
            if kind.is_file() {
                // An unreadable file would make the copy fail.
                File::open(&full)?;
                return Ok(Some(Kind::File));
            }
            Ok(kind.is_dir().then_some(Kind::Folder))
        };
        let found = fs::symlink_metadata(&full).and_then(|metadata| Ok((kind(&metadata)?, metadata)));
        match found {
            Err(error) => self.notes.push(format!("`{shown}` cannot be read: {error}")),
            Ok((None, _)) => self.notes.push(format!("`{shown}` is a socket, a pipe or a device")),
            Ok((Some(Kind::Link(target)), metadata)) => {
                let (target, leads_out) = link_within(&self.root, path, target);
                if leads_out {
                    let to = target.display();
                    self.notes.push(format!("`{shown}` is a link out of the folder to `{to}`; it is not copied"));
                }
                return Some(Entry { path: path.to_owned(), kind: Kind::Link(target), metadata });
            }
            Ok((Some(kind), metadata)) => return Some(Entry { path: path.to_owned(), kind, metadata }),
        }
        None
    }

    /// Copies everything into `to`, an existing empty folder.
    ///
    /// # Errors
    /// The file that cannot be copied, and why: it has changed meanwhile, or the disk is full.
    pub fn copy(&self, to: &Path) -> io::Result<()> {
        for entry in &self.entries {
            entry.copy(&self.root, to).map_err(|e| {
                io::Error::new(e.kind(), format!("`{}` cannot be copied: {e}", self.root.join(&entry.path).display()))
            })?;
        }
        // Folders last: creating entries changes a folder's time, and needs permissions that it may not have in the
        // end.
        for entry in self.entries.iter().rev().filter(|entry| matches!(entry.kind, Kind::Folder)) {
            finish(&to.join(&entry.path), &entry.metadata)?;
        }
        finish(to, &self.metadata)
    }

    /// A hash of everything that a guest can observe: names, contents, permissions, times.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn sha256(&self) -> io::Result<String> {
        let mut hash = Sha256::new();
        for Entry { path, kind, metadata } in &self.entries {
            let modified = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
            let (kind, contents) = match kind {
                Kind::Folder => ("folder", String::new()),
                Kind::File => ("file", machine::sha256_of(File::open(self.root.join(path))?)?),
                Kind::Link(target) => ("link", format!("{target:?}")),
            };
            // The modification time of a link cannot be set on the copy.
            let modified = if kind == "link" { 0 } else { modified };
            hash.update(format!("{path:?} {kind} {:?} {modified} {contents}\n", metadata.permissions()));
        }
        Ok(machine::hex(&hash.finalize()))
    }
}

impl Entry {
    fn copy(&self, root: &Path, to: &Path) -> io::Result<()> {
        let copy = to.join(&self.path);
        match &self.kind {
            Kind::Folder => fs::create_dir(&copy),
            Kind::File => {
                fs::copy(root.join(&self.path), &copy)?;
                finish(&copy, &self.metadata)
            }
            Kind::Link(target) => files::link(target, &copy),
        }
    }
}

/// Applies time and permissions of the original to a copy.
fn finish(copy: &Path, original: &Metadata) -> io::Result<()> {
    // If the time cannot be set, the copy keeps its own.
    let _ = File::open(copy).and_then(|file| file.set_modified(original.modified()?));
    fs::set_permissions(copy, original.permissions())
}

/// The target of the link at `path` in a copy, and whether it leads out of the folder. An absolute target inside the
/// folder becomes relative, because otherwise a guest would reach the original through it.
fn link_within(root: &Path, path: &Path, target: PathBuf) -> (PathBuf, bool) {
    let depth = path.components().count().saturating_sub(1);
    if target.is_absolute() {
        return match target.strip_prefix(root) {
            Ok(below) => ((0..depth).map(|_| "..").collect::<PathBuf>().join(below), false),
            Err(_) => (target, true),
        };
    }
    let mut above = Some(depth);
    for part in target.components() {
        above = match (part, above) {
            (Component::ParentDir, Some(depth)) => depth.checked_sub(1),
            (Component::Normal(_), Some(depth)) => Some(depth + 1),
            (_, above) => above,
        };
    }
    (target, above.is_none())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;
    use std::path::Path;
    use std::time::{Duration, UNIX_EPOCH};

    use super::Tree;

    /// A folder with one of everything, to compare with its copy.
    fn folder() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir_all(at("a/deep")).unwrap();
        fs::create_dir(at("empty")).unwrap();
        fs::write(at("a/deep/file"), [0, 0xff, b'\n']).unwrap();
        fs::write(at("run.sh"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(at("run.sh"), Permissions::from_mode(0o750)).unwrap();
        symlink("../run.sh", at("a/up")).unwrap();
        symlink(fs::canonicalize(at("run.sh")).unwrap(), at("a/deep/absolute")).unwrap();
        symlink("/etc/passwd", at("outside")).unwrap();
        symlink("../../above", at("a/above")).unwrap();
        drop(UnixListener::bind(at("socket")).unwrap());
        let past = UNIX_EPOCH + Duration::from_secs(1_538_000_000);
        fs::File::open(at("a/deep/file")).unwrap().set_modified(past).unwrap();
        fs::File::open(at("a/deep")).unwrap().set_modified(past).unwrap();
        fs::set_permissions(at("a/deep"), Permissions::from_mode(0o500)).unwrap();
        dir
    }

    fn read(dir: &Path) -> Tree {
        Tree::read(&fs::canonicalize(dir).unwrap()).unwrap()
    }

    #[test]
    fn copy_is_equal_and_independent() {
        let (from, to) = (folder(), tempfile::tempdir().unwrap());
        let tree = read(from.path());
        tree.copy(to.path()).unwrap();
        let copied = |name: &str| to.path().join(name);
        assert_eq!(fs::read(copied("a/deep/file")).unwrap(), [0, 0xff, b'\n']);
        let mode = |name: &str| fs::metadata(copied(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("run.sh"), mode("a/deep")), (0o750, 0o500));
        for name in ["a/deep/file", "a/deep"] {
            let modified = fs::metadata(copied(name)).unwrap().modified().unwrap();
            assert_eq!(modified, UNIX_EPOCH + Duration::from_secs(1_538_000_000), "{name}");
        }
        for (link, target) in [
            ("a/up", "../run.sh"),
            ("a/deep/absolute", "../../run.sh"),
            ("outside", "/etc/passwd"),
            ("a/above", "../../above"),
        ] {
            assert_eq!(fs::read_link(copied(link)).unwrap(), Path::new(target));
        }
        assert!(copied("empty").is_dir() && !copied("socket").exists());
        let notes = [
            "`a/above` is a link out of the folder to `../../above`; it is not copied",
            "`outside` is a link out of the folder to `/etc/passwd`; it is not copied",
            "`socket` is a socket, a pipe or a device",
        ];
        assert_eq!((tree.notes.as_slice(), tree.entries()), (&notes.map(str::to_owned)[..], 9));
        assert_eq!(read(to.path()).sha256().unwrap(), tree.sha256().unwrap());
        fs::write(copied("run.sh"), "changed").unwrap();
        assert_eq!(fs::read_to_string(from.path().join("run.sh")).unwrap(), "#!/bin/sh\n");
        for dir in [&from, &to] {
            fs::set_permissions(dir.path().join("a/deep"), Permissions::from_mode(0o700)).unwrap();
        }
    }

    #[test]
    fn hash_covers_everything_a_guest_can_observe() {
        let dir = folder();
        let at = |name: &str| dir.path().join(name);
        fs::set_permissions(at("a/deep"), Permissions::from_mode(0o700)).unwrap();
        let hash = || read(dir.path()).sha256().unwrap();
        let first = hash();
        assert_eq!(hash(), first);
        let changes: [(&str, &dyn Fn()); 6] = [
            ("contents", &|| fs::write(at("a/deep/file"), "x").unwrap()),
            ("name", &|| fs::rename(at("run.sh"), at("walk.sh")).unwrap()),
            ("permissions", &|| fs::set_permissions(at("walk.sh"), Permissions::from_mode(0o700)).unwrap()),
            ("time", &|| fs::File::open(at("walk.sh")).unwrap().set_modified(UNIX_EPOCH).unwrap()),
            ("link", &|| fs::remove_file(at("a/up")).and_then(|()| symlink("x", at("a/up"))).unwrap()),
            ("folder", &|| fs::remove_dir(at("empty")).unwrap()),
        ];
        let mut before = first;
        for (what, change) in changes {
            change();
            let now = hash();
            assert_ne!(now, before, "{what}");
            before = now;
        }
    }

    #[test]
    fn small_files_count_towards_the_limit() {
        let dir = tempfile::tempdir().unwrap();
        for name in 0..100 {
            fs::write(dir.path().join(name.to_string()), "").unwrap();
        }
        fs::File::create(dir.path().join("sparse")).unwrap().set_len(1 << 40).unwrap();
        assert_eq!(read(dir.path()).bytes, 100 * 4096 + (1 << 40));
        assert!(Tree::read(&dir.path().join("none")).is_err());
        assert!(Tree::read(&dir.path().join("1")).is_err());
    }
}

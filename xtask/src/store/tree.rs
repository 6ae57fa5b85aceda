//! Copies folders: each cell works on its own copy, and the original does not change.
//!
//! A copy shares a file's blocks (a reflink) if the file system supports it, and its holes stay holes. It has the
//! contents, permissions (without set-user-ID and the like), symbolic links and times of the original. Nothing outside
//! the folder is read, even if somebody replaces parts of it meanwhile: links are copied as links, and everything is
//! opened below one descriptor.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};
use wasmlab_process::{Directory, copy_sparse};

use super::files;
use crate::machine;
use wasmlab_report::visible::VisiblePath;

/// Minimum size that an entry counts as, bytes, so that a folder of a million empty files also reaches the limit.
const MIN_ENTRY_BYTES: u64 = 4096;
/// Maximum number of entries read; a folder with more exceeds any limit.
const MAX_ENTRIES: usize = 1_000_000;

/// The contents of a folder.
#[derive(Debug)]
pub struct Tree {
    root: Directory,
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
    kind: EntryKind,
    metadata: Metadata,
}

#[derive(Debug)]
enum EntryKind {
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
        Self::of(Directory::open(root)?)
    }

    /// Lists everything below a directory, which may have been moved since it was opened.
    ///
    /// # Errors
    /// If the directory itself cannot be read. Unreadable entries below it become notes.
    pub fn of(root: Directory) -> io::Result<Self> {
        let metadata = root.metadata()?;
        let mut tree = Self { root, metadata, entries: Vec::new(), bytes: 0, notes: Vec::new() };
        let list = |tree: &Self, folder: &Path| -> io::Result<Vec<PathBuf>> {
            Ok(tree.root.names(folder)?.into_iter().map(|name| folder.join(name)).collect())
        };
        let mut found = list(&tree, Path::new(""))?;
        while let Some(path) = found.pop().filter(|_| tree.entries.len() < MAX_ENTRIES) {
            let Some(entry) = tree.entry(&path) else { continue };
            if matches!(entry.kind, EntryKind::Folder) {
                match list(&tree, &path) {
                    Ok(below) => found.extend(below),
                    Err(error) => {
                        tree.notes.push(format!("`{}` cannot be read: {error}", path.visible()));
                        continue;
                    }
                }
            }
            let size = if matches!(entry.kind, EntryKind::File) { entry.metadata.len() } else { 0 };
            tree.bytes = tree.bytes.saturating_add(size.max(MIN_ENTRY_BYTES));
            tree.entries.push(entry);
        }
        tree.entries.sort_by(|a, b| a.path.cmp(&b.path));
        tree.notes.sort();
        Ok(tree)
    }

    /// Leaves out the files that exceed `max_bytes` together, by their sizes with holes; each becomes a note.
    #[must_use]
    pub fn limited_to(mut self, max_bytes: u64) -> Self {
        let mut left = max_bytes;
        let (mut notes, mut entries) = (std::mem::take(&mut self.notes), std::mem::take(&mut self.entries));
        entries.retain(|Entry { path, kind, metadata }| {
            let size = if matches!(kind, EntryKind::File) { metadata.len() } else { 0 };
            let fits = size <= left;
            if fits {
                left -= size;
            } else {
                notes.push(format!("`{}` has {size} bytes: too large", path.visible()));
            }
            fits
        });
        Self { notes, entries, ..self }
    }

    /// Leaves out entries whose names end with `suffix`, with everything below.
    #[must_use]
    pub fn without(mut self, suffix: &str) -> Self {
        let is_left_out = |part: Component| part.as_os_str().to_string_lossy().ends_with(suffix);
        self.entries.retain(|entry| !entry.path.components().any(is_left_out));
        self
    }

    /// The number of files and folders.
    pub fn entries(&self) -> usize {
        self.entries.len()
    }

    /// Reads one entry; what cannot be copied becomes a note.
    fn entry(&mut self, path: &Path) -> Option<Entry> {
        let shown = path.visible();
        let kind = |metadata: &Metadata| -> io::Result<Option<EntryKind>> {
            let kind = metadata.file_type();
            if kind.is_symlink() {
                return Ok(Some(EntryKind::Link(self.root.read_link(path)?)));
            }
            if kind.is_file() {
                // An unreadable file would make the copy fail.
                self.root.open_file(path)?;
                return Ok(Some(EntryKind::File));
            }
            Ok(kind.is_dir().then_some(EntryKind::Folder))
        };
        let found = self.root.metadata_of(path).and_then(|metadata| Ok((kind(&metadata)?, metadata)));
        match found {
            Err(error) => self.notes.push(format!("`{shown}` cannot be read: {error}")),
            Ok((None, _)) => self.notes.push(format!("`{shown}` is a socket, a pipe or a device")),
            Ok((Some(EntryKind::Link(target)), metadata)) => {
                let (target, leads_out) = link_within(self.root.path(), path, target);
                if leads_out {
                    let to = target.visible();
                    self.notes.push(format!(
                        "`{shown}` is a link to `{to}`, outside the folder: the link is copied, but not its target"
                    ));
                }
                return Some(Entry { path: path.to_owned(), kind: EntryKind::Link(target), metadata });
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
                let path = self.root.path().join(&entry.path);
                io::Error::new(e.kind(), format!("`{}` cannot be copied: {e}", path.visible()))
            })?;
        }
        // Folders last: creating entries changes a folder's time, and needs permissions that it may not have in the
        // end.
        for entry in self.entries.iter().rev().filter(|entry| matches!(entry.kind, EntryKind::Folder)) {
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
                EntryKind::Folder => ("folder", String::new()),
                EntryKind::File => ("file", machine::sha256_of(self.root.open_file(path)?)?),
                EntryKind::Link(target) => ("link", format!("{target:?}")),
            };
            // The modification time of a link cannot be set on the copy.
            let modified = if kind == "link" { 0 } else { modified };
            hash.update(format!("{path:?} {kind} {:?} {modified} {contents}\n", metadata.permissions()));
        }
        Ok(machine::hex(&hash.finalize()))
    }
}

impl Entry {
    fn copy(&self, root: &Directory, to: &Path) -> io::Result<()> {
        let copy = to.join(&self.path);
        match &self.kind {
            EntryKind::Folder => fs::create_dir(&copy),
            EntryKind::File => {
                copy_sparse(&root.open_file(&self.path)?, &File::create_new(&copy)?)?;
                finish(&copy, &self.metadata)
            }
            EntryKind::Link(target) => files::link(target, &copy),
        }
    }
}

/// Applies time and permissions of the original to a copy.
fn finish(copy: &Path, original: &Metadata) -> io::Result<()> {
    // If the time cannot be set, the copy keeps its own.
    let _ = File::open(copy).and_then(|file| file.set_modified(original.modified()?));
    fs::set_permissions(copy, permissions(original))
}

/// Without set-user-ID, set-group-ID and the sticky bit: a guest's file must not run with the rights of its owner.
#[cfg(unix)]
fn permissions(original: &Metadata) -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::Permissions::from_mode(original.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn permissions(original: &Metadata) -> fs::Permissions {
    original.permissions()
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
            "`a/above` is a link to `../../above`, outside the folder: the link is copied, but not its target",
            "`outside` is a link to `/etc/passwd`, outside the folder: the link is copied, but not its target",
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
    fn copies_keep_holes_and_drop_special_permissions() {
        use std::os::unix::fs::MetadataExt;
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::File::create(from.path().join("hole")).unwrap().set_len(200 << 20).unwrap();
        fs::write(from.path().join("small"), "text").unwrap();
        fs::set_permissions(from.path().join("small"), Permissions::from_mode(0o6755)).unwrap();
        read(from.path()).copy(to.path()).unwrap();
        let copied = |name: &str| fs::metadata(to.path().join(name)).unwrap();
        assert_eq!((copied("hole").len(), copied("hole").blocks()), (200 << 20, 0));
        assert_eq!(copied("small").permissions().mode() & 0o7777, 0o755);
        let limited = read(from.path()).limited_to(100 << 20);
        assert_eq!(
            (limited.notes.as_slice(), limited.entries()),
            (&["`hole` has 209715200 bytes: too large".into()][..], 1)
        );
    }

    #[test]
    fn replaced_folder_is_not_read() {
        let (root, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let at = |name: &str| root.path().join(name);
        fs::create_dir(at("own")).unwrap();
        fs::write(at("own/file"), "own").unwrap();
        fs::create_dir(at("private")).unwrap();
        fs::write(at("private/secret"), "secret").unwrap();
        let opened = wasmlab_process::Directory::open(&at("own")).unwrap();
        fs::rename(at("own"), at("moved")).unwrap();
        symlink(at("private"), at("own")).unwrap();
        let tree = Tree::of(opened).unwrap();
        // Another link, where the list has a file.
        fs::remove_file(at("moved/file")).unwrap();
        symlink(at("private/secret"), at("moved/file")).unwrap();
        assert!(tree.copy(to.path()).is_err());
        assert!(!to.path().join("secret").exists() && !fs::read(to.path().join("file")).is_ok_and(|t| !t.is_empty()));
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

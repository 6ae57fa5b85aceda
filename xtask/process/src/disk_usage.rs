//! The disk usage of a directory tree that may change while it is read.

use std::path::Path;

/// Maximum number of directories that a search of a guest's files holds open because some of their subdirectories are
/// still to be read. Only a tree built to hide files in is wide on that many levels.
pub const MAX_OPEN_DIRECTORIES: usize = 200;

/// Disk usage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskUsage {
    /// Bytes on disk: holes take none, and a file with several hard links counts once.
    pub bytes: u64,
    /// Files, directories and links.
    pub files: u64,
}

impl DiskUsage {
    /// Whether it exceeds `limit` in bytes or in files.
    #[must_use]
    pub fn exceeds(self, limit: Self) -> bool {
        self.bytes > limit.bytes || self.files > limit.files
    }
}

/// Usage below these directories. Stops once it exceeds `limit`. Whatever cannot be read is not counted.
#[must_use]
#[cfg(not(target_os = "linux"))]
pub fn disk_usage<'a>(_: impl IntoIterator<Item = &'a Path>, _: DiskUsage) -> DiskUsage {
    DiskUsage::default()
}

/// Usage below these directories. Stops once it exceeds `limit`. Whatever cannot be read is not counted, except that a
/// tree too wide to traverse exceeds every limit.
#[must_use]
#[cfg(target_os = "linux")]
pub fn disk_usage<'a>(tops: impl IntoIterator<Item = &'a Path>, limit: DiskUsage) -> DiskUsage {
    let mut used = DiskUsage::default();
    tops.into_iter().for_each(|top| linux::add(top, limit, &mut used));
    used
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::CString;
    use std::os::fd::OwnedFd;
    use std::path::Path;

    use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, statat};

    use super::{DiskUsage, MAX_OPEN_DIRECTORIES};

    const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

    /// Works on descriptors, so that nothing moved or replaced meanwhile leads out of the tree.
    pub fn add(top: &Path, limit: DiskUsage, used: &mut DiskUsage) {
        let Ok(top) = openat(CWD, top, FOLDER, Mode::empty()) else { return };
        let mut waiting = vec![(read(&top, limit, used), top)];
        while let Some((names, above)) = waiting.last_mut() {
            let opened = names.pop().map(|name| openat(&*above, &name, FOLDER, Mode::empty()));
            if names.is_empty() {
                waiting.pop();
            }
            if let Some(Ok(folder)) = opened {
                waiting.push((read(&folder, limit, used), folder));
            }
            if waiting.len() > MAX_OPEN_DIRECTORIES {
                *used = DiskUsage { bytes: u64::MAX, files: u64::MAX };
                return;
            }
            if used.exceeds(limit) {
                return;
            }
        }
    }

    /// Adds the contents of a directory and returns its subdirectories.
    fn read(folder: &OwnedFd, limit: DiskUsage, used: &mut DiskUsage) -> Vec<CString> {
        let mut folders = Vec::new();
        let Ok(mut entries) = Dir::read_from(folder) else { return folders };
        while let Some(Ok(entry)) = entries.read() {
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let Ok(stat) = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
            let is_folder = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
            let names = if is_folder { 1 } else { stat.st_nlink.max(1) };
            used.files = used.files.saturating_add(1);
            used.bytes = used.bytes.saturating_add(stat.st_blocks.unsigned_abs() * 512 / names);
            if is_folder {
                folders.push(name.to_owned());
            }
            if used.exceeds(limit) {
                break;
            }
        }
        // Whether a tree is too wide must not depend on the order in which its file system lists it.
        folders.sort_unstable();
        folders
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::{DiskUsage, disk_usage};

    const ALL: DiskUsage = DiskUsage { bytes: u64::MAX, files: u64::MAX };

    fn of(top: &Path) -> DiskUsage {
        disk_usage([top], ALL)
    }

    #[test]
    fn every_file_counts_once() {
        let root = tempfile::tempdir().unwrap();
        let (top, outside) = (root.path().join("top"), root.path().join("outside"));
        [&top, &outside].into_iter().for_each(|dir| fs::create_dir(dir).unwrap());
        assert_eq!(of(&top), DiskUsage::default());
        fs::write(outside.join("large"), vec![1; 1 << 20]).unwrap();
        symlink(&outside, top.join("link")).unwrap();
        let with_link = of(&top);
        assert!(with_link.files == 1 && with_link.bytes < 1 << 16, "{with_link:?}");
        fs::create_dir_all(top.join("a/b")).unwrap();
        fs::write(top.join("a/b/file"), vec![1; 1 << 20]).unwrap();
        fs::File::create(top.join("hole")).unwrap().set_len(1 << 30).unwrap();
        let names = (0..8).map(|n| top.join(format!("name-{n}")));
        names.for_each(|name| fs::hard_link(top.join("a/b/file"), name).unwrap());
        let used = of(&top);
        assert_eq!(used.files, 1 + 4 + 8);
        assert!((1 << 20..2 << 20).contains(&used.bytes), "{used:?}");
        assert!(
            disk_usage([top.as_path()], DiskUsage { bytes: 10, files: 3 }).exceeds(DiskUsage { bytes: 10, files: 3 })
        );
        assert_eq!(of(&top.join("none")), DiskUsage::default());
    }

    /// Depth exhausts neither the stack nor the descriptors.
    #[test]
    fn deep_trees_are_counted() {
        use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};
        let check = |depth: usize, beside: usize| {
            let root = tempfile::tempdir().unwrap();
            let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
            let mut folder = openat(CWD, root.path(), flags, Mode::empty()).unwrap();
            for _ in 0..depth {
                (0..beside).for_each(|n| mkdirat(&folder, format!("beside-{n}"), Mode::RWXU).unwrap());
                mkdirat(&folder, "folder", Mode::RWXU).unwrap();
                folder = openat(&folder, "folder", flags, Mode::empty()).unwrap();
            }
            let used = of(root.path());
            crate::remove_tree(root.path()).unwrap();
            used.files
        };
        assert_eq!(check(3000, 0), 3000);
        assert_eq!(check(100, 2), 300);
        assert_eq!(check(300, 1), u64::MAX, "a tree too wide to traverse");
    }
}

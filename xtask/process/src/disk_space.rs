//! Free space on a folder's file system.

use std::path::Path;

/// Free space on a file system for unprivileged users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskSpace {
    /// Bytes.
    pub bytes: u64,
    /// Files that can still be created; unlimited if the file system does not count them.
    pub files: u64,
}

/// Free space where `path` is; `None` if unknown.
#[must_use]
#[cfg(target_os = "linux")]
pub fn disk_space(path: &Path) -> Option<DiskSpace> {
    let all = rustix::fs::statvfs(path).ok()?;
    let files = if all.f_files == 0 { u64::MAX } else { all.f_favail };
    Some(DiskSpace { bytes: all.f_bavail.saturating_mul(all.f_frsize), files })
}

/// Free space where `path` is; `None` if unknown.
#[must_use]
#[cfg(not(target_os = "linux"))]
pub fn disk_space(_: &Path) -> Option<DiskSpace> {
    None
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    #[test]
    fn free_space_is_known() {
        let space = super::disk_space("/tmp".as_ref()).unwrap();
        assert!(space.bytes > 0 && space.files > 0);
        assert_eq!(super::disk_space("/no/such/folder".as_ref()), None);
    }
}

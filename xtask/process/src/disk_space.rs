//! How much room a folder's file system has left.

use std::path::Path;

/// Room on a file system, for who is not root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskSpace {
    /// Bytes.
    pub bytes: u64,
    /// Files that can be made; as many as one likes where the file system does not count them.
    pub files: u64,
}

/// What is left where `path` is; `None` where it cannot be told.
#[must_use]
#[cfg(target_os = "linux")]
pub fn disk_space(path: &Path) -> Option<DiskSpace> {
    let all = rustix::fs::statvfs(path).ok()?;
    let files = if all.f_files == 0 { u64::MAX } else { all.f_favail };
    Some(DiskSpace { bytes: all.f_bavail.saturating_mul(all.f_frsize), files })
}

/// What is left where `path` is; `None` where it cannot be told.
#[must_use]
#[cfg(not(target_os = "linux"))]
pub fn disk_space(_: &Path) -> Option<DiskSpace> {
    None
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    #[test]
    fn a_file_system_says_what_is_left() {
        let space = super::disk_space("/tmp".as_ref()).unwrap();
        assert!(space.bytes > 0 && space.files > 0);
        assert_eq!(super::disk_space("/no/such/folder".as_ref()), None);
    }
}

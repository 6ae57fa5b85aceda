//! Reads files that a guest may have replaced by a link, a pipe without a writer, or an endless device.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

/// Opens a path only if it is a regular file, without following links or blocking.
///
/// # Errors
/// If it does not exist or is not a regular file.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY);
    }
    let file = options.open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("not a regular file")) }
}

/// Reads at most `max_bytes` bytes of a regular file.
///
/// # Errors
/// As [`open_regular`], or if reading fails.
pub fn read_regular(path: &Path, max_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path)?.take(max_bytes).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::read_regular as read;
    use std::process::Command;

    #[test]
    fn only_regular_files_are_read_up_to_max_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("file"), "text").unwrap();
        std::os::unix::fs::symlink(at("file"), at("link")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", at("zero")).unwrap();
        assert!(Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        assert_eq!(read(&at("file"), 3).unwrap(), b"tex");
        for name in ["link", "zero", "pipe", "none", "."] {
            assert!(read(&at(name), 3).is_err(), "{name}");
        }
        assert!(read("/dev/zero".as_ref(), 3).is_err());
    }
}

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

/// Opens a file that somebody else wrote: it must be a regular file, or a link to one, and not be larger than
/// `max_bytes`. A pipe is not waited for.
///
/// # Errors
/// If it does not exist, is not a regular file, or is larger.
pub fn open_limited(path: &Path, max_bytes: u64) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    }
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        Err(io::ErrorKind::IsADirectory.into())
    } else if !metadata.is_file() {
        Err(io::Error::other("not a regular file"))
    } else if metadata.len() > max_bytes {
        Err(too_large(max_bytes))
    } else {
        Ok(file)
    }
}

/// Reads a file that somebody else wrote, as a whole.
///
/// # Errors
/// As [`open_limited`], or if reading fails.
pub fn read_limited(path: &Path, max_bytes: u64) -> io::Result<Vec<u8>> {
    let file = open_limited(path, max_bytes)?;
    let mut bytes = Vec::with_capacity(usize::try_from(file.metadata()?.len()).unwrap_or_default());
    // It may grow meanwhile.
    file.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes { Err(too_large(max_bytes)) } else { Ok(bytes) }
}

/// The same for text.
///
/// # Errors
/// As [`read_limited`], or if it is not UTF-8.
pub fn read_text(path: &Path, max_bytes: u64) -> io::Result<String> {
    let text = String::from_utf8(read_limited(path, max_bytes)?);
    text.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not UTF-8 text"))
}

fn too_large(max_bytes: u64) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {max_bytes} bytes"))
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::{read_limited, read_regular as read, read_text};
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use std::path::PathBuf;

    /// Not by a program: tests beside this one end children that the lab does not supervise.
    fn make_pipe(path: PathBuf) {
        mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    }

    #[test]
    fn only_regular_files_are_read_up_to_max_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("file"), "text").unwrap();
        std::os::unix::fs::symlink(at("file"), at("link")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", at("zero")).unwrap();
        make_pipe(at("pipe"));
        assert_eq!(read(&at("file"), 3).unwrap(), b"tex");
        for name in ["link", "zero", "pipe", "none", "."] {
            assert!(read(&at(name), 3).is_err(), "{name}");
        }
        assert!(read("/dev/zero".as_ref(), 3).is_err());
    }

    #[test]
    fn foreign_files_are_read_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("file"), "text").unwrap();
        std::fs::write(at("binary"), [0xff]).unwrap();
        std::os::unix::fs::symlink(at("file"), at("link")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", at("zero")).unwrap();
        std::fs::File::create(at("sparse")).unwrap().set_len(1 << 40).unwrap();
        make_pipe(at("pipe"));
        for (name, error) in [
            ("zero", "not a regular file"),
            ("pipe", "not a regular file"),
            ("sparse", "larger than 1000 bytes"),
            (".", "is a directory"),
            ("none", "No such file or directory (os error 2)"),
        ] {
            assert_eq!(read_limited(&at(name), 1000).unwrap_err().to_string(), error, "{name}");
        }
        assert_eq!(read_limited(&at("link"), 4).unwrap(), b"text");
        assert_eq!(read_text(&at("file"), 4).unwrap(), "text");
        assert!(read_limited(&at("file"), 3).is_err() && read_text(&at("binary"), 4).is_err());
    }
}

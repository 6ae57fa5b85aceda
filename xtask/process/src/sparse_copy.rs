//! Copies a file's data and leaves its holes as holes, so that a file that takes no space does not fill the disk.

use std::fs::File;
use std::io;

/// Copies everything from `from`, which is at its start, to `to`, an empty file.
///
/// # Errors
/// If reading or writing fails.
#[cfg(target_os = "linux")]
pub fn copy_sparse(from: &File, to: &File) -> io::Result<()> {
    use std::io::{Read, Seek, SeekFrom as Std};

    use rustix::fs::{SeekFrom, seek};
    use rustix::io::Errno;

    let length = from.metadata()?.len();
    let mut at = 0;
    while at < length {
        let data = match seek(from, SeekFrom::Data(at)) {
            Ok(data) => data,
            // Only a hole is left.
            Err(Errno::NXIO) => break,
            // This file system does not know its holes.
            Err(Errno::INVAL) => at,
            Err(error) => return Err(error.into()),
        };
        let end = seek(from, SeekFrom::Hole(data)).unwrap_or(length);
        let (mut source, mut copy) = (from, to);
        source.seek(Std::Start(data))?;
        copy.seek(Std::Start(data))?;
        // Shares blocks where the file system can.
        io::copy(&mut source.take(end - data), &mut copy)?;
        at = end.max(data + 1);
    }
    to.set_len(length)
}

/// Copies everything from `from`, which is at its start, to `to`, an empty file.
///
/// # Errors
/// If reading or writing fails.
#[cfg(not(target_os = "linux"))]
pub fn copy_sparse(mut from: &File, mut to: &File) -> io::Result<()> {
    io::copy(&mut from, &mut to).map(drop)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::fs::{self, File};
    use std::os::unix::fs::{FileExt, MetadataExt};

    use super::copy_sparse;

    #[test]
    fn holes_stay_holes() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let check = |data: &[(u64, &[u8])], length: u64| {
            let from = File::create(at("from")).unwrap();
            data.iter().for_each(|(offset, bytes)| from.write_all_at(bytes, *offset).unwrap());
            from.set_len(length).unwrap();
            copy_sparse(&File::open(at("from")).unwrap(), &File::create(at("to")).unwrap()).unwrap();
            assert!(fs::read(at("from")).unwrap() == fs::read(at("to")).unwrap(), "{length}");
            let blocks = |name: &str| fs::metadata(at(name)).unwrap().blocks();
            assert!(blocks("to") <= blocks("from") + 8, "{} blocks instead of {}", blocks("to"), blocks("from"));
        };
        check(&[], 0);
        check(&[(0, b"text")], 4);
        check(&[], 200 << 20);
        check(&[(0, b"a"), (50 << 20, b"b")], 100 << 20);
        check(&[(64 << 10, b"end")], (64 << 10) + 3);
    }
}

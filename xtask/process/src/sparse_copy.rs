//! Copies a file's data and leaves its holes as holes, so that a file that takes no space does not fill the disk.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

/// The next part of a file, from `at` to its `length`, that is not a hole; `None` if only a hole is left.
///
/// # Errors
/// If the system fails.
#[cfg(target_os = "linux")]
pub fn next_data(file: &File, at: u64, length: u64) -> io::Result<Option<Range<u64>>> {
    use rustix::fs::{SeekFrom, seek};
    use rustix::io::Errno;

    if at >= length {
        return Ok(None);
    }
    let data = match seek(file, SeekFrom::Data(at)) {
        Ok(data) => data,
        Err(Errno::NXIO) => return Ok(None),
        // This file system does not know its holes.
        Err(Errno::INVAL) => at,
        Err(error) => return Err(error.into()),
    };
    let end = seek(file, SeekFrom::Hole(data)).unwrap_or(length);
    Ok(Some(data..end.max(data + 1)))
}

/// The rest of the file, without looking for holes.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn next_data(_: &File, at: u64, length: u64) -> io::Result<Option<Range<u64>>> {
    Ok((at < length).then_some(at..length))
}

/// Copies everything from `from` to `to`, an empty file.
///
/// # Errors
/// If reading or writing fails.
pub fn copy_sparse(mut from: &File, mut to: &File) -> io::Result<()> {
    let length = from.metadata()?.len();
    let mut at = 0;
    while let Some(data) = next_data(from, at, length)? {
        from.seek(SeekFrom::Start(data.start))?;
        to.seek(SeekFrom::Start(data.start))?;
        // Shares blocks where the file system can.
        io::copy(&mut from.take(data.end - data.start), &mut to)?;
        at = data.end;
    }
    to.set_len(length)
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

//! Writes files so that a crash, a full disk or a second lab leaves either the old or the new content.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use wasmlab_report::visible::VisiblePath;

pub use wasmlab_model::shell::quote;

/// Writes `bytes` to a temporary file next to `path` and renames it; creates the folder if it is missing.
///
/// # Errors
/// If the folder cannot be created or written, or the disk is full; the error names the file.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let named = |e: io::Error| io::Error::new(e.kind(), format!("failed to write `{}`: {e}", path.visible()));
    let dir = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(dir).map_err(named)?;
    let mut file = tempfile::Builder::new().prefix(".writing-").tempfile_in(dir).map_err(named)?;
    file.write_all(bytes).map_err(named)?;
    #[cfg(unix)]
    {
        // tempfile creates private files; make them as readable as other output.
        use std::os::unix::fs::PermissionsExt;
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644)).map_err(named)?;
    }
    file.persist(path).map_err(|e| named(e.error))?;
    Ok(())
}

/// Writes a file that the user named, like [`write_atomically`], but follows a link. Anything that is not a regular
/// file, such as `/dev/stdout` or a pipe, is written to and not replaced.
///
/// # Errors
/// As [`write_atomically`].
pub fn write_output(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let named = |e: io::Error| io::Error::new(e.kind(), format!("failed to write `{}`: {e}", path.visible()));
    match fs::metadata(path) {
        Ok(found) if found.is_file() => write_atomically(&fs::canonicalize(path).map_err(named)?, bytes),
        Ok(_) => {
            fs::OpenOptions::new().write(true).open(path).and_then(|mut file| file.write_all(bytes)).map_err(named)
        }
        Err(_) => write_atomically(path, bytes),
    }
}

/// Copies a file with its permissions to a temporary file next to `to`, in an existing folder, and renames it.
///
/// # Errors
/// If `from` cannot be read or the folder cannot be written; the error names `to`.
pub fn copy_atomically(from: &Path, to: &Path) -> io::Result<()> {
    let named = |e: io::Error| io::Error::new(e.kind(), format!("failed to write `{}`: {e}", to.visible()));
    let dir = to.parent().unwrap_or(Path::new("."));
    let copy = tempfile::Builder::new().prefix(".writing-").tempfile_in(dir).map_err(named)?.into_temp_path();
    fs::copy(from, &copy).map_err(named)?;
    copy.persist(to).map_err(|e| named(e.error))
}

/// Copies the files of a folder, except folders with a name in `skip`.
///
/// # Errors
/// If a file cannot be read or written.
pub fn copy_folder(from: &Path, to: &Path, skip: &[&str]) -> io::Result<()> {
    for file in walk(from, skip)? {
        let copy = to.join(&file);
        fs::create_dir_all(copy.parent().unwrap_or(to))?;
        fs::copy(from.join(&file), copy)?;
    }
    Ok(())
}

/// Creates a symbolic link at `path`.
///
/// # Errors
/// If something exists at `path`, or its folder cannot be written.
#[cfg(unix)]
pub fn link(target: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

/// On other systems, links need special privileges and differ for files and folders.
///
/// # Errors
/// Always.
#[cfg(not(unix))]
pub fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "the lab creates symbolic links only on Unix"))
}

/// Every file below `dir`, relative and sorted; folders whose name is in `skip` are left out.
///
/// # Errors
/// If a folder cannot be read.
pub fn walk(dir: &Path, skip: &[&str]) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut queue = vec![PathBuf::new()];
    while let Some(relative) = queue.pop() {
        for entry in fs::read_dir(dir.join(&relative))? {
            let entry = entry?;
            let path = relative.join(entry.file_name());
            if !entry.file_type()?.is_dir() {
                files.push(path);
            } else if !entry.file_name().to_str().is_some_and(|n| skip.contains(&n)) {
                queue.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Creates a named pipe.
#[cfg(all(test, target_os = "linux"))]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
pub fn create_pipe(path: &Path) {
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
}

#[cfg(test)]
mod tests {
    use super::{walk, write_atomically, write_output};

    #[test]
    #[cfg(target_os = "linux")]
    fn outputs_follow_links_and_replace_no_pipe() {
        use super::create_pipe;
        let dir = tempfile::tempdir().unwrap();
        let (real, link, pipe) = (dir.path().join("real"), dir.path().join("link"), dir.path().join("pipe"));
        std::fs::write(&real, "old").unwrap();
        super::link(&real, &link).unwrap();
        write_output(&link, b"new").unwrap();
        assert_eq!(std::fs::read(&real).unwrap(), b"new");
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        create_pipe(&pipe);
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || std::fs::read(pipe).unwrap()
        });
        write_output(&pipe, b"piped").unwrap();
        assert_eq!(reader.join().unwrap(), b"piped");
        assert!(!std::fs::metadata(&pipe).unwrap().is_file());
    }

    #[test]
    fn files_are_replaced_atomically_and_errors_name_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/c.txt");
        write_atomically(&path, b"one").unwrap();
        write_atomically(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(walk(dir.path(), &[]).unwrap(), [std::path::PathBuf::from("a/b/c.txt")]);
        assert!(walk(dir.path(), &["b"]).unwrap().is_empty());
        let error = write_atomically(&path.join("d"), b"").unwrap_err().to_string();
        assert!(error.contains("failed to write") && error.contains("c.txt"), "{error}");
    }
}

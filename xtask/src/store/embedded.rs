//! Measured results compiled into the program: the files of `snapshots/`, used without a checkout.

use std::fs;
use std::io;
use std::path::Path;

use super::files;
use crate::machine::sha256;

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The file that says which files are in a folder.
const STAMP: &str = "embedded";

/// The files of a folder, such as `snapshots/profiles`, sorted: path and text.
pub fn files_below(folder: &str) -> impl Iterator<Item = (&'static Path, &'static str)> {
    FILES.iter().map(|(path, text)| (Path::new(*path), *text)).filter(move |(path, _)| path.starts_with(folder))
}

/// Writes the files below `root`, unless the same ones are there.
///
/// # Errors
/// If the folder cannot be written.
pub fn unpack(root: &Path) -> io::Result<()> {
    let all: String = FILES.iter().map(|(path, text)| format!("{path} {}\n", sha256(text.as_bytes()))).collect();
    let stamp = root.join(STAMP);
    if fs::read_to_string(&stamp).is_ok_and(|found| found == all) {
        return Ok(());
    }
    // File by file, since another lab may be reading them.
    for file in files::walk(&root.join("snapshots"), &[]).unwrap_or_default() {
        let file = Path::new("snapshots").join(file);
        if !FILES.iter().any(|(path, _)| Path::new(path) == file) {
            fs::remove_file(root.join(file))?;
        }
    }
    for (path, text) in FILES {
        let path = root.join(path);
        if fs::read_to_string(&path).ok().as_deref() != Some(*text) {
            files::write_atomically(&path, text.as_bytes())?;
        }
    }
    files::write_atomically(&stamp, all.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::{FILES, unpack};
    use crate::store::files;

    /// If this fails, a file was added or removed: change build.rs, or its modification time.
    #[test]
    fn every_snapshot_is_embedded() {
        let snapshots = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("snapshots");
        let there = files::walk(&snapshots, &[]).unwrap().into_iter();
        let is_kept =
            |file: &PathBuf| file.extension().is_some_and(|end| end == "snap" || end == "json" || end == "toml");
        let there: BTreeSet<_> = there.filter(is_kept).map(|file| Path::new("snapshots").join(file)).collect();
        assert_eq!(FILES.iter().map(|(path, _)| PathBuf::from(path)).collect::<BTreeSet<_>>(), there);
        assert!(there.len() > 50, "{there:?}");
    }

    #[test]
    fn unpacked_files_are_complete_and_of_this_version() {
        let dir = tempfile::tempdir().unwrap();
        let old = dir.path().join("snapshots/profiles/old@1.json");
        files::write_atomically(&old, b"{}").unwrap();
        let check = || {
            unpack(dir.path()).unwrap();
            for (path, text) in FILES {
                assert_eq!(fs::read_to_string(dir.path().join(path)).unwrap(), *text, "{path}");
            }
        };
        check();
        assert!(!old.exists());
        let first = dir.path().join(FILES[0].0);
        let time = || fs::metadata(&first).unwrap().modified().unwrap();
        let written = time();
        check();
        fs::write(dir.path().join(super::STAMP), "of another version").unwrap();
        check();
        assert_eq!(time(), written, "nothing is written twice");
    }
}

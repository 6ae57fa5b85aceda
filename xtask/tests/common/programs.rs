//! Programs that a test starts. Another process writes them: a file that this process has open for writing cannot be
//! started (`Text file busy`), and a child that another thread starts meanwhile keeps it open for a moment.

use std::path::Path;
use std::process::Command;

/// Copies a program, and makes it executable; creates the parent folders.
pub fn copy(from: &Path, to: &Path) {
    let install = || Command::new("install").args(["-D", "-m", "755", "--"]).args([from, to]).output();
    // A test of the matrix, in another thread, ends and reaps every child of this process that the lab did not start.
    let ran = (0..100).filter_map(|_| install().ok()).find(|ran| ran.status.code().is_some()).unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

/// Writes a script, and makes it executable; creates the parent folders.
pub fn script(path: &Path, text: &str) {
    let mut draft = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut draft, text.as_bytes()).unwrap();
    copy(draft.path(), path);
}

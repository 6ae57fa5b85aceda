//! Programs that a test starts. Another process writes them: a file that this process has open for writing cannot be
//! started (`Text file busy`), and a child that another thread starts meanwhile keeps it open for a moment.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Copies a program, and makes it executable; creates the parent folders.
pub fn copy(from: &Path, to: &Path) {
    let install = || Command::new("install").args(["-D", "-m", "755", "--"]).args([from, to]).output();
    // A test of the matrix, in another thread, ends and reaps every child of this process that the lab did not start.
    let ran = (0..100).find_map(|_| {
        let ran = install().ok().filter(|ran| ran.status.code().is_some());
        // It does so until it finds no child, so it must find none for a moment.
        if ran.is_none() {
            std::thread::sleep(Duration::from_millis(20));
        }
        ran
    });
    let ran = ran.unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

/// Writes a script, and makes it executable; creates the parent folders.
pub fn script(path: &Path, text: &str) {
    let mut draft = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut draft, text.as_bytes()).unwrap();
    copy(draft.path(), path);
}

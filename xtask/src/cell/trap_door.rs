//! Bait outside what a guest is given: a file beside its directories, a variable in its runtime's
//! environment, the host's list of users. A guest that shows one, or changes the file, has escaped.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The bait's file name, the neighbour of every preopened directory.
const FILE: &str = "wasmlab-secret";
/// The bait's variable, which no guest is given.
const VARIABLE: &str = "WASMLAB_HOST_SECRET";

/// Bait for one cell.
pub struct TrapDoor {
    file: PathBuf,
    in_file: String,
    in_variable: String,
    /// The first line of the host's list of users, where every directory of the guest is a fresh one.
    in_users: Option<String>,
}

impl TrapDoor {
    /// Lays the file into `dir`, the parent of the cell's preopened directories; `all_fresh`: none of them is
    /// a directory of the user's, which may hold anything.
    pub fn set(dir: &Path, all_fresh: bool) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let tag = format!("{:x}-{:x}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let door = Self {
            in_users: users.lines().next().filter(|l| all_fresh && l.len() > 8).map(str::to_owned),
            file: dir.join(FILE),
            in_file: format!("lab-file-{tag}-secret"),
            in_variable: format!("lab-env-{tag}-secret"),
        };
        fs::write(&door.file, &door.in_file)?;
        Ok(door)
    }

    /// The variable for the runtime's environment.
    pub fn variable(&self) -> (&'static str, String) {
        (VARIABLE, self.in_variable.clone())
    }

    /// What the guest did with the bait.
    pub fn escapes(&self, output: &str) -> Vec<String> {
        let mut escapes = Vec::new();
        if output.contains(&self.in_file) {
            escapes.push("read a file outside its directories".to_owned());
        }
        if output.contains(&self.in_variable) {
            escapes.push("read the host's environment".to_owned());
        }
        if self.in_users.as_ref().is_some_and(|line| output.contains(line)) {
            escapes.push("read the host's /etc/passwd".to_owned());
        }
        if fs::read_to_string(&self.file).ok().as_deref() != Some(&self.in_file) {
            escapes.push("changed a file outside its directories".to_owned());
        }
        escapes
    }
}

#[cfg(test)]
mod tests {
    use super::TrapDoor;

    #[test]
    fn taken_bait_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let door = TrapDoor::set(dir.path(), true).unwrap();
        assert!(door.escapes("harmless").is_empty());
        assert_eq!(door.escapes(&door.in_file), ["read a file outside its directories"]);
        assert_eq!(door.escapes(&door.variable().1), ["read the host's environment"]);
        std::fs::remove_file(&door.file).unwrap();
        assert_eq!(door.escapes(""), ["changed a file outside its directories"]);
    }
}

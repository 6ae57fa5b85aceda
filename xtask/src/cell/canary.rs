//! Canaries outside what a guest is given: a file beside its directories, a variable in its runtime's
//! environment, the host's list of users. A guest that shows one, or changes the file, has escaped.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The canary's file name, the neighbour of every preopened directory.
const FILE: &str = "wasmlab-secret";
/// The canary's variable, which no guest is given.
const VARIABLE: &str = "WASMLAB_HOST_SECRET";

/// The canaries of one cell.
pub struct Canary {
    file: PathBuf,
    in_file: String,
    in_variable: String,
    /// The first line of the host's list of users, where every directory of the guest is a fresh one.
    in_users: Option<String>,
}

impl Canary {
    /// Writes the file into `dir`, the parent of the cell's preopened directories; `all_fresh`: none of them is
    /// a directory of the user's, which may hold anything.
    pub fn place(dir: &Path, all_fresh: bool) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let tag = format!("{:x}-{:x}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let canary = Self {
            in_users: users.lines().next().filter(|l| all_fresh && l.len() > 8).map(str::to_owned),
            file: dir.join(FILE),
            in_file: format!("lab-file-{tag}-secret"),
            in_variable: format!("lab-env-{tag}-secret"),
        };
        fs::write(&canary.file, &canary.in_file)?;
        Ok(canary)
    }

    /// The variable for the runtime's environment.
    pub fn variable(&self) -> (&'static str, String) {
        (VARIABLE, self.in_variable.clone())
    }

    /// What the guest did with them.
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
    use super::Canary;

    #[test]
    fn an_escape_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let canary = Canary::place(dir.path(), true).unwrap();
        assert!(canary.escapes("harmless").is_empty());
        assert_eq!(canary.escapes(&canary.in_file), ["read a file outside its directories"]);
        assert_eq!(canary.escapes(&canary.variable().1), ["read the host's environment"]);
        std::fs::remove_file(&canary.file).unwrap();
        assert_eq!(canary.escapes(""), ["changed a file outside its directories"]);
    }
}

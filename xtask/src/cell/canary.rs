//! Canaries outside what a guest is given: a file beside its directories, a variable in its runtime's
//! environment, the host's list of users. A guest that prints one, keeps one in its directories, or changes the file,
//! has escaped. Their contents are random for each cell, so a guest can know them only if it has read them.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use memchr::memmem;
use wasmlab_process::read_regular;

mod left_behind;

pub use left_behind::{Scope, search};

/// The canary's file name, the neighbour of every preopened directory.
const FILE: &str = "wasmlab-secret";
/// The canary's variable, which no guest is given.
const VARIABLE: &str = "WASMLAB_HOST_SECRET";

/// The canaries of one cell.
pub struct Canary {
    file: PathBuf,
    in_file: String,
    in_variable: String,
    /// The first line of the host's list of users, which is public knowledge. Checked only for the lab's own guests,
    /// all of whose directories are created for the cell.
    in_users: Option<String>,
}

impl Canary {
    /// Writes the file into `dir`, the parent of the cell's preopened directories. `lab_guest`: the guest is one of the
    /// lab's, which prints the list of users only if it could read it, and no directory belongs to the user.
    pub fn create(dir: &Path, lab_guest: bool) -> io::Result<Self> {
        let tag = format!("{:016x}{:016x}", random(), random());
        let users = if lab_guest { fs::read_to_string("/etc/passwd").unwrap_or_default() } else { String::new() };
        let canary = Self {
            in_users: users.lines().next().filter(|l| l.len() > 8).map(str::to_owned),
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

    /// The secrets that these bytes contain.
    fn found_in(&self, bytes: &[u8]) -> Vec<&'static str> {
        let read = [
            (Some(&self.in_file), "read a file outside its directories"),
            (Some(&self.in_variable), "read the host's environment"),
            (self.in_users.as_ref(), "read the host's /etc/passwd"),
        ];
        read.into_iter()
            .filter(|(secret, _)| secret.is_some_and(|s| memmem::find(bytes, s.as_bytes()).is_some()))
            .map(|(_, what)| what)
            .collect()
    }

    /// Length of the longest canary, bytes.
    fn longest(&self) -> usize {
        let users = self.in_users.as_ref().map_or(0, String::len);
        self.in_file.len().max(self.in_variable.len()).max(users)
    }

    /// Returns the canaries that the guest read or changed.
    pub fn escapes(&self, output: &str) -> Vec<String> {
        let mut escapes: Vec<String> = self.found_in(output.as_bytes()).into_iter().map(str::to_owned).collect();
        let most = self.in_file.len() as u64 + 1;
        if read_regular(&self.file, most).ok().as_deref() != Some(self.in_file.as_bytes()) {
            escapes.push("changed a file outside its directories".to_owned());
        }
        escapes
    }
}

/// Each hasher has its own keys from the system's random source.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}

#[cfg(test)]
mod tests {
    use super::Canary;

    #[test]
    #[cfg(unix)]
    fn replaced_canary_file_is_neither_followed_nor_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let canary = Canary::create(dir.path(), false).unwrap();
        for target in ["/dev/zero", "/dev/stdin"] {
            std::fs::remove_file(&canary.file).unwrap();
            std::os::unix::fs::symlink(target, &canary.file).unwrap();
            assert_eq!(canary.escapes("root:x:0:0:root:/root:/bin/bash"), ["changed a file outside its directories"]);
        }
        let other = Canary::create(tempfile::tempdir().unwrap().path(), false).unwrap();
        assert_ne!((other.in_file, other.in_variable), (canary.in_file.clone(), canary.in_variable.clone()));
    }

    #[test]
    fn escape_is_detected() {
        let dir = tempfile::tempdir().unwrap();
        let canary = Canary::create(dir.path(), true).unwrap();
        assert!(canary.escapes("harmless").is_empty());
        assert_eq!(canary.escapes(&canary.in_file), ["read a file outside its directories"]);
        assert_eq!(canary.escapes(&canary.variable().1), ["read the host's environment"]);
        std::fs::remove_file(&canary.file).unwrap();
        assert_eq!(canary.escapes(""), ["changed a file outside its directories"]);
    }
}

//! What toolchains ask about the machine, answered by this one.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use wasmlab_toolchains::{Machine as Asked, Question, Trial};

use super::Machine;

impl Asked for Machine {
    fn which(&self, program: &str) -> Option<PathBuf> {
        self.which(program)
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variable(name)
    }

    fn home(&self) -> Option<PathBuf> {
        std::env::home_dir()
    }

    fn ask(&self, question: &Question) -> Result<String, String> {
        self.ask(question)
    }

    fn refusal(&self, question: &Question) -> Result<Option<String>, String> {
        self.refusal(question)
    }

    fn attempt(&self, trial: &Trial) -> Result<String, String> {
        self.attempt(trial)
    }

    fn is_file(&self, path: &Path) -> bool {
        path.is_file()
    }

    fn is_dir(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn entries(&self, dir: &Path) -> Vec<OsString> {
        let mut names: Vec<_> = fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.file_name()).collect();
        names.sort();
        names
    }

    fn read(&self, file: &Path) -> Result<String, String> {
        fs::read_to_string(file).map_err(|e| e.to_string())
    }

    fn canonical(&self, path: &Path) -> Option<PathBuf> {
        fs::canonicalize(path).ok()
    }

    fn stamp(&self, file: &Path) -> String {
        self.stamp(file)
    }

    fn sha256(&self, file: &Path) -> Result<String, String> {
        self.sha256(file).map_err(|e| e.to_string())
    }

    fn fetched(&self, sha256: &str) -> PathBuf {
        self.fetched(sha256)
    }
}

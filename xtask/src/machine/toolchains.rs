//! Answers the queries of toolchains for this machine.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use wasmlab_toolchains::{Machine as MachineQueries, TestCompile, ToolQuery};

use super::Machine;

impl MachineQueries for Machine {
    fn which(&self, program: &str) -> Option<PathBuf> {
        self.which(program)
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variable(name)
    }

    fn home(&self) -> Option<PathBuf> {
        std::env::home_dir()
    }

    fn query(&self, query: &ToolQuery) -> Result<String, String> {
        self.query(query)
    }

    fn refusal(&self, query: &ToolQuery) -> Result<Option<String>, String> {
        self.refusal(query)
    }

    fn test_compile(&self, test: &TestCompile) -> Result<String, String> {
        self.test_compile(test)
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

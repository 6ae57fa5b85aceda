//! A machine made of data, to test adapters. The lab's own tests use the real machine.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::{Machine, TestCompile, ToolQuery};

/// The installed tools; none by default.
#[derive(Clone, Debug, Default)]
pub struct FakeMachine {
    /// Program names; they are in `/bin`.
    pub programs: BTreeSet<&'static str>,
    /// Environment variables.
    pub variables: BTreeMap<&'static str, &'static str>,
    /// Files with their text, which also serves as their hash.
    pub files: BTreeMap<String, String>,
    /// A program's output, by program name and arguments: `go env GOROOT`.
    pub answers: BTreeMap<&'static str, &'static str>,
    /// Every program and file exists, in addition to those listed.
    pub everything: bool,
    /// No program can be started.
    pub mute: bool,
}

impl FakeMachine {
    /// A machine with every program and file, and everything adapters look for in folders.
    pub fn with_everything() -> Self {
        let targets = ["wasm32-wasip1", "wasm32-unknown-unknown"];
        let std = targets.map(|target| format!("/rust/lib/rustlib/{target}/lib/libstd-1.rlib"));
        let php = "/lib/node_modules/@php-wasm/node-8-4/asyncify/8_4_25/php_8_4.wasm".to_owned();
        Self {
            variables: [("WASI_SDK_PATH", "/wasi-sdk")].into(),
            files: std.into_iter().chain([php]).map(|file| (file, String::new())).collect(),
            answers: [("go env GOROOT", "/go"), ("rustc --print sysroot", "/rust")].into(),
            everything: true,
            ..Self::default()
        }
    }

    /// A machine with package managers and nothing else.
    pub fn with_clients() -> Self {
        let programs = ["apt-get", "cargo", "npm", "python3", "rustc", "rustup"].into();
        Self { programs, answers: [("rustc --print sysroot", "/rust")].into(), ..Self::default() }
    }
}

impl Machine for FakeMachine {
    fn which(&self, program: &str) -> Option<PathBuf> {
        (self.everything || self.programs.contains(program)).then(|| Path::new("/bin").join(program))
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).map(|&value| value.to_owned())
    }

    fn home(&self) -> Option<PathBuf> {
        Some("/home/me".into())
    }

    fn query(&self, query: &ToolQuery) -> Result<String, String> {
        let name = query.program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let args = query.args.iter().map(|arg| arg.to_string_lossy().into_owned());
        let command_line = std::iter::once(name.clone()).chain(args).collect::<Vec<_>>().join(" ");
        match self.answers.get(command_line.as_str()) {
            _ if self.mute && command_line.contains("version") => Err("loading shared libraries".to_owned()),
            Some(&answer) => Ok(answer.to_owned()),
            None if self.everything => Ok(format!("{name} version 14.0.6")),
            None => Err(format!("{name} does not understand")),
        }
    }

    fn refusal(&self, query: &ToolQuery) -> Result<Option<String>, String> {
        Ok(self.query(query).err())
    }

    fn test_compile(&self, test: &TestCompile) -> Result<String, String> {
        self.query(&test.query)
    }

    fn is_file(&self, path: &Path) -> bool {
        self.everything || self.files.contains_key(path.to_str().unwrap_or_default())
    }

    fn is_dir(&self, path: &Path) -> bool {
        self.everything || !self.entries(path).is_empty()
    }

    fn entries(&self, dir: &Path) -> Vec<OsString> {
        let below = self.files.keys().filter_map(|file| Path::new(file).strip_prefix(dir).ok());
        let names: BTreeSet<OsString> = below.filter_map(|rest| Some(rest.iter().next()?.to_owned())).collect();
        names.into_iter().collect()
    }

    fn read(&self, file: &Path) -> Result<String, String> {
        match self.files.get(file.to_str().unwrap_or_default()) {
            Some(text) => Ok(text.clone()),
            None if self.everything => Ok("{ \"version\": \"1.2.3\" }".to_owned()),
            None => Err("no such file".to_owned()),
        }
    }

    fn canonical(&self, path: &Path) -> Option<PathBuf> {
        Some(path.to_owned())
    }

    fn stamp(&self, file: &Path) -> String {
        file.display().to_string()
    }

    fn sha256(&self, file: &Path) -> Result<String, String> {
        match self.files.get(file.to_str().unwrap_or_default()) {
            Some(text) => Ok(text.clone()),
            None if self.everything => Ok("0".repeat(64)),
            None => Err("no such file".to_owned()),
        }
    }

    fn fetched(&self, sha256: &str) -> PathBuf {
        Path::new("/cache/fetched").join(sha256)
    }
}

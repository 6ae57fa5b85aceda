//! The questions that adapters can ask about the machine. The lab implements it; tests use data.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A machine with programs, files and an environment.
pub trait Machine {
    /// The program on PATH, or at this path.
    fn which(&self, program: &str) -> Option<PathBuf>;

    /// A variable of the environment that is set and not empty.
    fn variable(&self, name: &str) -> Option<String>;

    /// The user's home directory.
    fn home(&self) -> Option<PathBuf>;

    /// Runs a tool and returns its stdout (or its stderr, if stdout is empty), trimmed. The answer may come from a
    /// cache.
    ///
    /// # Errors
    /// The message of a tool that cannot be started, fails, or exceeds the time limit.
    fn query(&self, query: &ToolQuery) -> Result<String, String>;

    /// Runs a tool to see whether it refuses; returns its message if it does. Success and refusal are both cached, so
    /// the result must depend on the tool only.
    ///
    /// # Errors
    /// If the tool cannot be started or exceeds the time limit.
    fn refusal(&self, query: &ToolQuery) -> Result<Option<String>, String>;

    /// Compiles a small program and returns what the tool printed on stdout and stderr.
    ///
    /// # Errors
    /// The message of a tool that cannot be started, fails, writes no output file, or exceeds the time limit.
    fn test_compile(&self, test: &TestCompile) -> Result<String, String>;

    /// Whether the path is a regular file.
    fn is_file(&self, path: &Path) -> bool;

    /// Whether the path is a directory.
    fn is_dir(&self, path: &Path) -> bool;

    /// The names in a directory, sorted; empty if it cannot be read.
    fn entries(&self, dir: &Path) -> Vec<OsString>;

    /// The text of a file.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn read(&self, file: &Path) -> Result<String, String>;

    /// The path with symbolic links resolved.
    fn canonical(&self, path: &Path) -> Option<PathBuf>;

    /// Path, size, modification time and inode of a file as text: changes whenever the file does.
    fn stamp(&self, file: &Path) -> String;

    /// SHA-256 of a file, hexadecimal.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn sha256(&self, file: &Path) -> Result<String, String>;

    /// Where the lab stores a downloaded file with this SHA-256.
    fn fetched(&self, sha256: &str) -> PathBuf;
}

/// A command that asks a tool about itself, usually for its version.
#[derive(Clone, Debug)]
pub struct ToolQuery {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Environment variables, beyond the common ones.
    pub env: BTreeMap<OsString, OsString>,
    /// The file on which the answer depends, usually the program: if it changes, cached answers are discarded.
    pub depends_on: PathBuf,
}

impl ToolQuery {
    /// A query to `program`, whose answer depends on the program itself.
    #[must_use]
    pub fn new<A: Into<OsString>>(program: &Path, args: impl IntoIterator<Item = A>) -> Self {
        let args = args.into_iter().map(Into::into).collect();
        Self { program: program.to_owned(), args, env: BTreeMap::new(), depends_on: program.to_owned() }
    }

    /// Sets environment variables, beyond the common ones.
    #[must_use]
    pub fn with_env(self, env: BTreeMap<OsString, OsString>) -> Self {
        Self { env, ..self }
    }
}

/// A test compilation: the tool turns `source` into `output`, in an empty temporary folder that is its working
/// directory.
#[derive(Clone, Debug)]
pub struct TestCompile {
    /// The command, which names both files without a folder. With arguments that make the tool list the files it uses
    /// (`-v`), a cached answer is also discarded when one of those changes.
    pub query: ToolQuery,
    /// Name and text of the source file.
    pub source: (&'static str, &'static str),
    /// Name of the file that the tool must write.
    pub output: &'static str,
}

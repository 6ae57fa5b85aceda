//! What an adapter may ask about the machine. The lab answers; tests answer with data.

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

    /// A tool's answer on stdout (or, where that is empty, on stderr), trimmed.
    ///
    /// # Errors
    /// The message of a tool that cannot be started, fails, or does not answer in time.
    fn ask(&self, question: &Question) -> Result<String, String>;

    /// The message with which a tool refuses a question, where it does: both are its answer. Only for questions
    /// whose answer is the tool's alone.
    ///
    /// # Errors
    /// The message of a tool that cannot be started or does not answer in time.
    fn refusal(&self, question: &Question) -> Result<Option<String>, String>;

    /// Has a tool make something small: what it printed while it did, on stdout and stderr.
    ///
    /// # Errors
    /// The message of a tool that cannot be started, fails, leaves no output, or is not done in time.
    fn attempt(&self, trial: &Trial) -> Result<String, String>;

    /// Whether there is a regular file.
    fn is_file(&self, path: &Path) -> bool;

    /// Whether there is a directory.
    fn is_dir(&self, path: &Path) -> bool;

    /// The names in a directory, sorted; none where it cannot be read.
    fn entries(&self, dir: &Path) -> Vec<OsString>;

    /// The text of a file.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn read(&self, file: &Path) -> Result<String, String>;

    /// The path without symbolic links.
    fn canonical(&self, path: &Path) -> Option<PathBuf>;

    /// Path, size, modification time and inode of a file, as text: changes whenever the file does.
    fn stamp(&self, file: &Path) -> String;

    /// SHA-256 of a file, hexadecimal.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn sha256(&self, file: &Path) -> Result<String, String>;

    /// Where the lab keeps a downloaded file with this SHA-256.
    fn fetched(&self, sha256: &str) -> PathBuf;
}

/// A question to a tool: a command that says its version.
#[derive(Clone, Debug)]
pub struct Question {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Environment beside the common one.
    pub env: BTreeMap<OsString, OsString>,
    /// The file whose change makes the answer stale; usually the program.
    pub witness: PathBuf,
}

impl Question {
    /// The program with these arguments; the program is the witness.
    #[must_use]
    pub fn new<A: Into<OsString>>(program: &Path, args: impl IntoIterator<Item = A>) -> Self {
        let args = args.into_iter().map(Into::into).collect();
        Self { program: program.to_owned(), args, env: BTreeMap::new(), witness: program.to_owned() }
    }

    /// The same with an environment beside the common one.
    #[must_use]
    pub fn with_env(self, env: BTreeMap<OsString, OsString>) -> Self {
        Self { env, ..self }
    }
}

/// A tool's task: make `output` of `source`, in an empty folder of its own, which is the current one.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The tool and its arguments, which name the two files by their bare names. Arguments that make the tool name
    /// the files it uses (`-v`) make the answer as fresh as those files.
    pub question: Question,
    /// The source: its file's name and its text.
    pub source: (&'static str, &'static str),
    /// The name of the file that is to be there afterwards.
    pub output: &'static str,
}

//! What is on this machine: tools on PATH, what they say of themselves and can do, hashes of files. Answers are
//! remembered (see [`memory`]), so that a warm run starts nothing and reads no large file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use crate::store::files;
use wasmlab_process::{self as process, Command, CompletedProcess, ExitReason, Input, Limits};

mod cache;
mod toolchains;
mod trial;

use cache::{MachineCache, question_key};
pub use wasmlab_toolchains::{Question, Trial};

/// How long a tool may take to say what it is: a moment, but for a machine with much else to do.
const LIMIT: Duration = Duration::from_secs(30);

/// Asks the machine, and remembers.
#[derive(Debug)]
pub struct Machine {
    memory_file: PathBuf,
    memory: Mutex<MachineCache>,
}

impl Machine {
    /// With the memory in `memory_file`; a damaged memory is an empty one.
    #[must_use]
    pub fn new(memory_file: PathBuf) -> Self {
        let memory = Mutex::new(MachineCache::read(&memory_file));
        Self { memory_file, memory }
    }

    /// Writes the memory, if it grew. A memory that cannot be written costs time, nothing else.
    pub fn save(&self) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if !memory.changed {
            return;
        }
        // Another lab may have written meanwhile: what it learned is kept.
        memory.merge(MachineCache::read(&self.memory_file));
        if let Ok(bytes) = serde_json::to_vec(&*memory)
            && files::write_atomically(&self.memory_file, &bytes).is_ok()
        {
            memory.changed = false;
        }
    }

    /// Forgets what tools said: `doctor` and `setup` tell what is, not what was.
    pub fn forget_answers(&self) {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).forget_answers();
    }

    /// Where a file with this SHA-256 is kept that was fetched.
    #[must_use]
    pub fn fetched(&self, sha256: &str) -> PathBuf {
        self.memory_file.with_file_name("fetched").join(sha256)
    }

    /// The program on PATH.
    #[must_use]
    pub fn which(&self, program: &str) -> Option<PathBuf> {
        which::which(program).ok()
    }

    /// A variable of the environment that is set and not empty.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|v| !v.is_empty())
    }

    /// Path, size, inode and times of a file, as text; `absent` for none.
    #[must_use]
    pub fn stamp(&self, path: &Path) -> String {
        stamp(path)
    }

    /// SHA-256 of a file, hexadecimal.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn sha256(&self, path: &Path) -> io::Result<String> {
        let key = stamp(path);
        if let Some(hash) = self.remembered(|m| m.hashes.get(&key).cloned()) {
            return Ok(hash);
        }
        // A device has no end, and a pipe waits for somebody.
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let hash = sha256_of(fs::File::open(path)?)?;
        self.remember(|m| {
            m.hashes.insert(key, hash.clone());
            m.changed = true;
        });
        Ok(hash)
    }

    /// The words with which a tool refuses a question, where it does: both are its answer. Only for questions
    /// whose answer is the tool's alone: what else may be wrong on a machine can be repaired at any time.
    ///
    /// # Errors
    /// As [`Machine::ask`], for a tool that cannot be started or does not answer.
    pub fn refusal(&self, question: &Question) -> Result<Option<String>, String> {
        let words = self.answer_of(question_key("refuses", question, ""), question, || {
            let ended = put(question, Path::new("/"), LIMIT)?;
            let words = String::from_utf8_lossy(&ended.stderr).lines().next().unwrap_or_default().to_owned();
            match ended.exit_reason {
                ExitReason::Exited(0) => Ok(String::new()),
                ExitReason::Exited(code) if words.is_empty() => Ok(format!("exit code {code}, without a word")),
                ExitReason::Exited(_) => Ok(words),
                other => Err(format!("{} ended with {other:?}: {words}", question.program.display())),
            }
        })?;
        Ok(Some(words).filter(|words| !words.is_empty()))
    }

    /// A tool's answer on stdout (or, where that is empty, on stderr), trimmed.
    ///
    /// # Errors
    /// The words of a tool that cannot be started, fails, or does not answer within half a minute.
    pub fn ask(&self, question: &Question) -> Result<String, String> {
        self.answer_of(question_key("says", question, ""), question, || {
            // A place that is always there: TMPDIR may be wrong, and that is no fault of the tool.
            let ended = put(question, Path::new("/"), LIMIT)?;
            let (stdout, stderr) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
            if !ended.success() {
                let words = stderr.lines().next().unwrap_or("no message").to_owned();
                return Err(format!("{} ended with {:?}: {words}", question.program.display(), ended.exit_reason));
            }
            Ok(if stdout.trim().is_empty() { stderr.trim() } else { stdout.trim() }.to_owned())
        })
    }

    /// The answer that is remembered and still holds, or the one that `put` gets.
    fn answer_of(
        &self,
        key: String,
        question: &Question,
        put: impl FnOnce() -> Result<String, String>,
    ) -> Result<String, String> {
        if let Some(answer) = self.remembered(|memory| memory.answer(&key)) {
            return answer;
        }
        let answer = put();
        self.remember(|memory| memory.keep(key, &answer, &[&question.program, &question.witness]));
        answer
    }

    fn remembered<T>(&self, get: impl FnOnce(&MachineCache) -> Option<T>) -> Option<T> {
        get(&self.memory.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn remember<T>(&self, put: impl FnOnce(&mut MachineCache) -> T) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        put(&mut memory);
    }
}

/// Puts a question to its tool, in this folder.
fn put(question: &Question, folder: &Path, wall: Duration) -> Result<CompletedProcess, String> {
    let mut env = process::tool_env();
    env.extend(question.env.clone());
    let command = Command {
        program: question.program.clone(),
        args: question.args.clone(),
        env,
        cwd: folder.to_owned(),
        stdin: Input::Bytes(Vec::new()),
        inherit: Vec::new(),
        sandbox: None,
        report: None,
        limits: Limits { output: 1 << 20, ..Limits::compiler(wall) },
    };
    process::run(&command).map_err(|e| format!("{}: {e}", question.program.display()))
}

fn stamp(path: &Path) -> String {
    let Ok(meta) = fs::metadata(path) else { return format!("{} absent", path.display()) };
    let modified = meta.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    format!("{} {} {} {}", path.display(), meta.len(), modified.as_nanos(), identity(&meta))
}

/// What nobody but the system sets: the inode, and when it was last changed in any way. A file that was changed in place
/// and given its old time back is another.
#[cfg(unix)]
fn identity(meta: &fs::Metadata) -> String {
    use std::os::unix::fs::MetadataExt;
    format!("{} {}.{:09}", meta.ino(), meta.ctime(), meta.ctime_nsec())
}

#[cfg(not(unix))]
fn identity(_: &fs::Metadata) -> String {
    String::new()
}

struct HashWriter<'a>(&'a mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// SHA-256 of all that a reader gives, hexadecimal.
///
/// # Errors
/// When it cannot be read.
pub fn sha256_of(mut from: impl io::Read) -> io::Result<String> {
    let mut hasher = Sha256::new();
    io::copy(&mut from, &mut HashWriter(&mut hasher))?;
    Ok(hex(&hasher.finalize()))
}

/// SHA-256 of bytes, hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes as hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{Machine, Question, sha256};
    use std::collections::BTreeMap;
    use std::ffi::OsString;

    fn question(program: &std::path::Path) -> Question {
        Question { program: program.to_owned(), args: Vec::new(), env: BTreeMap::new(), witness: program.to_owned() }
    }

    #[test]
    fn a_changed_file_has_a_new_hash_and_an_unchanged_one_is_remembered() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        std::fs::write(&file, "one").unwrap();
        let machine = Machine::new(dir.path().join("memory.json"));
        assert_eq!(machine.sha256(&file).unwrap(), sha256(b"one"));
        std::fs::write(&file, "three").unwrap();
        assert_eq!(machine.sha256(&file).unwrap(), sha256(b"three"));
        // As long as before, in the same file, with its old time.
        let time = std::fs::metadata(&file).unwrap().modified().unwrap();
        std::fs::write(&file, "seven").unwrap();
        std::fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
        assert_eq!(machine.sha256(&file).unwrap(), sha256(b"seven"));
        machine.save();
        let again = Machine::new(dir.path().join("memory.json"));
        assert_eq!(again.memory.lock().unwrap().hashes.len(), 3);
        std::fs::write(dir.path().join("memory.json"), "{damaged").unwrap();
        assert_eq!(Machine::new(dir.path().join("memory.json")).sha256(&file).unwrap(), sha256(b"seven"));
    }

    #[test]
    fn tools_answer_once_and_broken_tools_say_so() {
        let dir = tempfile::tempdir().unwrap();
        let machine = Machine::new(dir.path().join("memory.json"));
        let sh = Question { args: ["-c", "echo 1.2.3"].map(OsString::from).to_vec(), ..question("/bin/sh".as_ref()) };
        assert_eq!(machine.ask(&sh).as_deref(), Ok("1.2.3"));
        assert_eq!(machine.ask(&sh).as_deref(), Ok("1.2.3"));
        assert!(machine.ask(&question("/no/such/tool".as_ref())).is_err());
        let failing = Question {
            args: ["-c", "echo broken >&2; exit 1"].map(OsString::from).to_vec(),
            ..question("/bin/sh".as_ref())
        };
        assert!(machine.ask(&failing).unwrap_err().contains("broken"));
    }

    #[test]
    fn a_refusal_is_remembered_like_an_answer() {
        let dir = tempfile::tempdir().unwrap();
        let tool = dir.path().join("tool");
        let asked = dir.path().join("asked");
        let write = |code: u8| {
            let text = format!("#!/bin/sh\necho asked >> {}\necho no such target >&2\nexit {code}\n", asked.display());
            std::fs::write(&tool, text).unwrap();
            std::fs::set_permissions(&tool, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        };
        let times = || std::fs::read_to_string(&asked).unwrap().lines().count();
        let machine = Machine::new(dir.path().join("memory.json"));
        write(1);
        for _ in 0..2 {
            assert_eq!(machine.refusal(&question(&tool)), Ok(Some("no such target".to_owned())));
        }
        assert_eq!(times(), 1, "a second run asks no tool");
        machine.save();
        let again = Machine::new(dir.path().join("memory.json"));
        assert!(again.refusal(&question(&tool)).unwrap().is_some());
        assert_eq!(times(), 1, "nor does another one");
        std::fs::remove_file(&tool).unwrap();
        write(0);
        assert_eq!(machine.refusal(&question(&tool)), Ok(None));
        assert_eq!(times(), 2, "another tool has an answer of its own");
        assert!(machine.refusal(&question("/no/such/tool".as_ref())).is_err());
    }
}
